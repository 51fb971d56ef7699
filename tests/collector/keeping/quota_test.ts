/** Quotas: a team that may store no more, on every way in, and what its clients do. */

import {
  deepStrictEqual,
  match,
  ok,
  rejects,
  strictEqual,
} from "node:assert/strict";
import { pause } from "../../../lib/base/deadline.ts";
import { jsonLog } from "../../../lib/base/log.ts";
import { PATHS } from "../../../lib/base/wire.ts";
import { settingsOf } from "../../../lib/collector/engine.ts";
import { collectorFolder } from "../../../lib/collector/folder.ts";
import { Quotas } from "../../../lib/collector/keeping/quotas.ts";
import { MemoryRecords } from "../../../lib/collector/records/memory_records.ts";
import type {
  Recorded,
  Space,
} from "../../../lib/collector/records/records.ts";
import { SinkStore } from "../../../lib/collector/sinks/sink.ts";
import { parseSize } from "../../../lib/cli/size.ts";
import { logIn, TestAgent } from "../../support/agent.ts";
import { ADA, EVE, TestCollector } from "../../support/collector.ts";
import { eventOf } from "../../support/events.ts";
import { eventually } from "../../support/eventually.ts";
import {
  documentsOf,
  runIn,
  variantsOf,
  withProgram,
} from "../../support/program.ts";
import { lane, rowOf } from "../../support/project.ts";
import { TestWorld } from "../../support/world.ts";

const envelopeOf = (n: number) => eventOf(n, { team: "acme" }).envelope;

/** Calls the collector's own commands: the first as a process. */
function commandsOf(collector: TestCollector) {
  const run = variantsOf(runIn(collector.home));
  return async (...args: string[]) => {
    const result = await run(["collector", "quota", ...args]);
    strictEqual(result.code, 0, result.stderr);
    return result;
  };
}

Deno.test("quota: in batches, over a WebSocket, as CloudEvents -> 507, nothing stored; others go on; noticed within seconds", async () => {
  await using collector = await TestCollector.start();
  const quota = commandsOf(collector);
  const { access } = await collector.logIn(ADA);
  const { access: theirs } = await collector.logIn(EVE);
  strictEqual((await collector.send(access, [envelopeOf(1)])).status, 200);
  const { stdout } = await quota("set", "acme", "--events", "2");
  match(stdout, /acme: at most 2 events/);
  let stored = 1;
  const refused = await eventually("it is noticed", async () => {
    const answer = await collector.send(access, [envelopeOf(stored + 1)]);
    if (answer.status === 507) return answer;
    stored += 1;
    return undefined;
  }, 5_000);
  ok(stored >= 2);
  match(refused.json.error, /nothing was stored.* \d+ of 2 events used/);
  strictEqual(refused.headers.get("retry-after"), "60");
  strictEqual((await collector.events(access)).length, stored);

  await using socket = await collector.connect(access);
  await socket.nextOf("snapshot");
  for (const n of [1, 2, 3]) socket.send(envelopeOf(stored + n));
  match((await socket.nextOf("no_room")).error, /of 2 events used/);
  const rows = [1, 2, 3].map((n) => rowOf(lane(n)));
  const cloud = await collector.ask(PATHS.cloudEvents, {
    token: access,
    body: JSON.stringify(rows),
    headers: { "content-type": "application/cloudevents-batch+json" },
  });
  strictEqual(cloud.status, 507, cloud.text);
  strictEqual((await collector.events(access)).length, stored);
  strictEqual(
    (await collector.send(theirs, [eventOf(9, { team: "evil" }).envelope]))
      .status,
    200,
  );
  // What is known needs no room.
  const again = await collector.send(access, [envelopeOf(1)]);
  strictEqual(again.json.results[0].status, "duplicate");

  const { text } = await collector.ask("/metrics");
  match(text, /^kitty_collector_stored_events \d+$/m);
  match(text, /^kitty_collector_stored_bytes [1-9]\d+$/m);
  match(text, /^kitty_collector_fullest_quota_ratio \d+/m);
  ok(!/acme|evil/.test(text));
  const listed = documentsOf((await quota("list", "--json")).stdout);
  deepStrictEqual(
    listed.map(({ team, quota }) => [team, quota]),
    [["acme", { events: 2 }], ["evil", null]],
  );
  await quota("remove", "acme");
  await eventually(
    "it is open again",
    async () =>
      (await collector.send(access, [1_006, 1_007].map(envelopeOf))).status ===
        200,
  );
});

Deno.test("quota of 0: sync now, sync status, an agent -> nothing is lost, no dead letter, and it is said; with room all of it goes", () =>
  withProgram(async (run, home) => {
    await using collector = await TestCollector.start();
    const quota = commandsOf(collector);
    const { stderr } = await quota("set", "acme", "--bytes", "0");
    match(stderr, /nothing new of acme is taken/);
    await logIn(home, collector);
    for (const n of [1, 2, 3]) {
      await run.here(["emit", "history-added", `WP0${n}`, "note", "x"]);
    }
    const now = await run(["sync", "now", "--json", "--timeout", "5s"]);
    ok(now.code !== 0);
    match(now.stdout + now.stderr, /no room for the team: ask its keeper/);
    const status = async () =>
      documentsOf((await run.here(["sync", "status", "--json"])).stdout)[0];
    const before = await status();
    deepStrictEqual([before.queued, before.dead], [3, 0]);
    match(before.last_failure.reason, /no room for the team: ask its keeper/);
    match(
      (await run(["sync", "status"])).stdout,
      /no\s+room\s+for\s+the\s+team/,
    );

    const { checks } =
      documentsOf((await run.here(["doctor", "--json"])).stdout)[0];
    const login = checks.find(({ name }: { name: string }) => name === "login");
    strictEqual(login.status, "warning");
    const keeper = await runIn(collector.home).here(["collector", "doctor"]);
    match(keeper.stdout, /acme has used 100 %/);
    match(login.found, /3 events wait: .*no room for the team/);

    await using agent = await TestAgent.connected(home);
    await eventually("it was tried over the WebSocket", async () => {
      const { text } = await collector.ask("/metrics");
      const [, tried] = text.match(/requests_total\{status="507"\} (\d+)/) ??
        [];
      return Number(tried) > 1;
    });
    const tried = async () => {
      const { text } = await collector.ask("/metrics");
      return Number(text.match(/requests_total\{status="507"\} (\d+)/)?.[1]);
    };
    const triedSoFar = await tried();
    const waited = await run(
      ["emit", "history-added", "WP04", "note", "x", "--wait", "server"],
    );
    match(
      waited.stderr,
      /stays queued: the last attempt failed: the server has no room for the team: ask its keeper/,
    );
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    // It leaves the server alone for as long as that has asked for.
    strictEqual(await tried(), triedSoFar);
    deepStrictEqual([(await status()).queued, (await status()).dead], [4, 0]);
    await agent.stop();
    await quota("remove", "acme");
    const done = await eventually("all goes", async () => {
      const { code, stdout } = await run.here(["sync", "now", "--json"]);
      return code === 0 && documentsOf(stdout)[0];
    });
    strictEqual(done.delivered + done.duplicates, 4);
    const { access } = await collector.logIn(ADA);
    strictEqual((await collector.events(access)).length, 4);
  }));

Deno.test("collector quota: bad words -> said; a damaged file -> what was known counts on", async () => {
  await using collector = await TestCollector.start();
  const runOne = variantsOf(runIn(collector.home));
  const run = (...args: string[]) => runOne(["collector", "quota", ...args]);
  for (
    const args of [
      ["set", "acme"],
      ["set", "acme", "--events", "-1"],
      ["set", "acme", "--events", "1.5"],
      ["set", "acme", "--bytes", "many"],
      ["set"],
    ]
  ) strictEqual((await run(...args)).code, 64, args.join(" "));
  strictEqual((await run("remove", "acme")).code, 65);

  await run("set", "acme", "--events", "0");
  const { access } = await collector.logIn(ADA);
  const send = async () =>
    (await collector.send(access, [envelopeOf(1)])).status;
  await eventually("it counts", async () => await send() === 507);
  await Deno.writeTextFile(`${collector.home}/collector/quotas.json`, "{");
  const first = performance.now();
  while (performance.now() - first < 2_500) {
    strictEqual(await send(), 507);
    await pause(20);
  }
  match(collector.log, /the quotas cannot be read/);
});

Deno.test("Quotas: asked a thousand times -> read once a second", async () => {
  let reads = 0, ms = 0;
  const records = new MemoryRecords();
  const list = records.list.bind(records);
  records.list = (space) => (reads++, list(space));
  const quotas = new Quotas(records, () => ms);
  await quotas.set("acme", { events: 3 });
  const all = await Promise.all(
    Array.from({ length: 1_000 }, () => quotas.of("acme")),
  );
  deepStrictEqual(all.at(-1), { events: 3 });
  strictEqual(reads, 1);
  await quotas.set("acme", { bytes: 5 });
  ms = 999;
  deepStrictEqual(await quotas.of("acme"), { events: 3 });
  ms = 1_000;
  deepStrictEqual(await quotas.of("acme"), { bytes: 5 });
  strictEqual(await quotas.of("beta"), undefined);
  strictEqual(reads, 2);
});

Deno.test("parseSize: sizes as people write them -> bytes", () => {
  const sizes: [string, number | undefined][] = [
    ["0", 0],
    ["512", 512],
    ["512B", 512],
    ["1kB", 1_000],
    ["1.5 MiB", 1_572_864],
    ["2G", 2_000_000_000],
    ["10GiB", 10 * 1024 ** 3],
    ["1 TB", 1e12],
    ["-1", undefined],
    ["ten", undefined],
    ["1iB", undefined],
    ["999999999999TiB", undefined],
    ["", undefined],
  ];
  for (const [text, bytes] of sizes) strictEqual(parseSize(text), bytes, text);
});

/** Settings that answer nothing while they are silent. */
class SilentSettings extends MemoryRecords {
  silence: PromiseWithResolvers<void> | undefined;

  override async list<T extends Recorded>(space: Space) {
    await this.silence?.promise;
    return await super.list<T>(space);
  }
}

Deno.test("Quotas: the settings are silent -> who asks waits where none are known; else those read last count soon", async () => {
  const clock = { ms: 0 }, settings = new SilentSettings();
  const quotas = new Quotas(settings, () => clock.ms);
  await quotas.set("acme", { events: 2 });
  settings.silence = Promise.withResolvers();
  const first = quotas.of("acme");
  setTimeout(settings.silence.resolve, 1_200);
  deepStrictEqual(await first, { events: 2 });
  settings.silence = Promise.withResolvers();
  clock.ms = 2_000;
  deepStrictEqual(await quotas.of("acme"), { events: 2 });
  settings.silence.resolve();
});

Deno.test("Quotas: the settings cannot be read -> that failure where none are known; else those read last, tried once a second, however long", async () => {
  const clock = { ms: 0 }, settings = new SilentSettings();
  const said: string[] = [];
  const log = jsonLog(() => 0, (line) => said.push(line));
  const quotas = new Quotas(settings, () => clock.ms, log);
  await quotas.set("acme", { events: 2 });
  const failing = () => {
    settings.silence = Promise.withResolvers();
    settings.silence.promise.catch(() => {});
    settings.silence.reject(new Error("the disk is gone"));
  };
  failing();
  await rejects(quotas.of("acme"), /the disk is gone/);
  settings.silence = undefined;
  deepStrictEqual(await quotas.of("acme"), { events: 2 });
  failing();
  for (const ms of [1_000, 1_999, 86_400_000]) {
    clock.ms = ms;
    deepStrictEqual(await quotas.of("acme"), { events: 2 });
  }
  strictEqual(said.length, 2, said.join());
});

Deno.test("quotas, sinks: of teams that nobody can be of, set before such names were refused -> listed with a warning, found by doctor, and the metrics go on", async () => {
  await using collector = await TestCollector.start();
  const { access } = await collector.logIn(ADA);
  strictEqual((await collector.send(access, [envelopeOf(1)])).status, 200);
  const long = "x".repeat(3_000), teams = [long, "a b"];
  const { settings } = settingsOf(
    collectorFolder(collector.home),
    new TestWorld(),
  );
  const quotas = new Quotas(settings, () => 0);
  for (const team of teams) await quotas.set(team, { events: 5 });
  await new SinkStore(settings).add({
    name: "nowhere",
    id: "1",
    url: "http://127.0.0.1:9/",
    team: long,
    format: "batch",
    from: 0,
    created_at: new Date(0).toISOString(),
  });
  const { status, text } = await collector.ask("/metrics");
  strictEqual(status, 200, text);
  match(text, /^kitty_collector_stored_events 1$/m);
  match(text, /^kitty_collector_sink_lag_events\{sink="nowhere"\} 0$/m);

  const quota = commandsOf(collector);
  const listsAll = async () => {
    const { stdout, stderr } = await quota("list", "--json");
    deepStrictEqual(
      documentsOf(stdout).map(({ team, stored }) => [team, stored.events]),
      [["a b", 0], ["acme", 1], [long, 0]],
    );
    match(stderr, /nobody can be of the team "a b"/);
    match(stderr, /nobody can be of the team "x+…"/);
  };
  await listsAll();
  const { stdout } = await runIn(collector.home)
    .here(["collector", "doctor", "--json"]);
  const found = JSON.parse(stdout).checks.find(({ name }: { name: string }) =>
    name === "quotas"
  );
  strictEqual(found.status, "warning");
  match(found.found, /^of teams that nobody can be of: "a b", "x{40}"$/);
  await collector.stop();
  await listsAll();
  for (const team of teams) await quota("remove", team);
  strictEqual((await quota("list")).stderr, "");
});
