/** `collector prune`: old events, an archive of them, and what stays. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { prune } from "../../../lib/collector/keeping/pruning.ts";
import { memoryEngine } from "../../../lib/collector/memory_engine.ts";
import { encode } from "../../../lib/event/event.ts";
import { ADA, TestCollector } from "../../support/collector.ts";
import { eventOf, idOf } from "../../support/events.ts";
import {
  documentsOf,
  runIn,
  runProgram,
  variantsOf,
} from "../../support/program.ts";
import { TestWorld } from "../../support/world.ts";

/** The n-th event, on the n-th day of 2026. */
function ofDay(n: number, timestamp?: string) {
  const day = new Date(Date.UTC(2026, 0, n)).toISOString();
  const { envelope } = eventOf(n, { team: "acme" });
  return { ...envelope, timestamp: timestamp ?? day };
}

async function unzipped(path: string): Promise<string> {
  const file = await Deno.open(path);
  const stream = file.readable.pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).text();
}

Deno.test("collector prune: running, stopped, killed -> archived on disk, then gone; known for ever", async () => {
  await using collector = await TestCollector.start();
  const { access } = await collector.logIn(ADA);
  const all = Array.from({ length: 40 }, (_, n) => ofDay(n + 1));
  await collector.send(access, all);
  const env = { SPEC_KITTY_HOME: collector.home };
  const run = (...args: string[]) =>
    runProgram(
      ["collector", "prune", "--json", "--team", "acme", ...args],
      env,
    );
  const file = `${collector.home}/old.ndjson.gz`;

  const dry = await run(
    "--before",
    "2026-01-11",
    "--archive",
    file,
    "--dry-run",
  );
  strictEqual(dry.code, 0, dry.stderr);
  const [planned] = documentsOf(dry.stdout);
  deepStrictEqual(
    [planned.removed, planned.left, planned.first, planned.dry_run],
    [10, 30, 10, true],
  );
  strictEqual((await collector.events(access)).length, 40);

  const first = await run("--before", "2026-01-11", "--archive", file);
  strictEqual(first.code, 0, first.stderr);
  const { size, mode } = await Deno.stat(file);
  strictEqual(mode! & 0o777, 0o600);
  deepStrictEqual(documentsOf(first.stdout), [{
    ...planned,
    dry_run: false,
    archive: file,
    archive_bytes: size,
    first_at: "2026-01-11T00:00:00.000Z",
  }]);
  const lines = (await unzipped(file)).split("\n").filter(Boolean);
  deepStrictEqual(lines.map((line) => JSON.parse(line)), all.slice(0, 10));
  deepStrictEqual(await collector.events(access), all.slice(10));
  const again = await collector.send(access, all.slice(0, 12));
  deepStrictEqual(
    new Set(again.json.results.map(({ status }: { status: string }) => status)),
    new Set(["duplicate"]),
  );
  const page = await collector.ask("/api/v1/events/?cursor=3&limit=2", {
    token: access,
  });
  strictEqual(page.json.events[0].event_id, idOf(11));
  strictEqual(page.json.next_cursor, "12");

  const taken = await run("--before", "2026-01-21", "--archive", file);
  strictEqual(taken.code, 64);
  match(taken.stdout, /file_exists/);
  strictEqual((await collector.events(access)).length, 30);

  // What it left says that it can be asked; nobody answers.
  await collector.stop("SIGKILL");
  const second = await run("--before", "2026-01-21");
  strictEqual(second.code, 0, second.stderr + second.stdout);
  strictEqual(documentsOf(second.stdout)[0].removed, 10);
  await collector.restart();
  deepStrictEqual(await collector.events(access), all.slice(20));
  await collector.stop();
  const none = await run("--before", "2026-01-21", "--archive", `${file}2`);
  deepStrictEqual(
    [documentsOf(none.stdout)[0].removed, documentsOf(none.stdout)[0].archive],
    [0, null],
  );
  strictEqual(await Deno.stat(`${file}2`).catch(() => "none"), "none");
});

Deno.test("collector prune: bad words -> said, and nothing is made", async () => {
  await using collector = await TestCollector.start();
  const run = variantsOf(runIn(collector.home));
  const before = (date: string, team = "acme", home = collector.home) =>
    run(
      ["collector", "prune", "--team", team, "--before", date],
      { env: { SPEC_KITTY_HOME: home } },
    );
  const dates = ["yesterday", "2026-13-01", "2026-02-30", "2999-01-01", ""];
  for (const date of dates) {
    strictEqual((await before(date)).code, 64, date);
  }
  const none = await before("2026-01-01");
  strictEqual(none.code, 65);
  match(none.stderr, /no team "acme" has sent anything\n {2}see what there is/);
  const { access } = await collector.logIn(ADA);
  await collector.send(access, [ofDay(1)]);
  match(
    (await before("2026-01-01", "amce")).stderr,
    /no team "amce" has sent anything\n {2}did you mean acme\?/,
  );
  const nowhere = `${collector.home}/nowhere`;
  match(
    (await before("2026-01-01", "acme", nowhere)).stderr,
    /no collector in/,
  );
  strictEqual(await Deno.stat(nowhere).catch(() => "none"), "none");
});

Deno.test("prune: clocks that are wrong -> what lies ahead goes along, what lies behind goes in its turn", async () => {
  const world = new TestWorld();
  await using engine = memoryEngine(world, () => {});
  const { events } = engine;
  const all = [
    ofDay(1),
    ofDay(2, "2093-01-01T00:00:00Z"),
    ofDay(3),
    ofDay(30),
    ofDay(4, "1970-01-01T00:00:00Z"),
  ];
  await events.admit(
    "acme",
    all.map((envelope) => ({ ...encode(envelope), document: { ...envelope } })),
  );
  const nowMs = Date.UTC(2026, 1, 3);
  const { removed, first, first_at } = await prune(events, {
    team: "acme",
    beforeMs: Date.UTC(2026, 0, 10),
    nowMs,
  });
  deepStrictEqual([removed, first, first_at], [
    3,
    3,
    "2026-01-30T00:00:00.000Z",
  ]);
  const rest = { team: "acme", beforeMs: nowMs, nowMs };
  strictEqual((await prune(events, rest)).removed, 2);
});

Deno.test("prune: an archive that cannot be written -> nothing is removed, and nothing left behind", async () => {
  const world = new TestWorld();
  await using engine = memoryEngine(world, () => {});
  const { events } = engine;
  const { envelope } = eventOf(1, { team: "acme" });
  await events.admit("acme", [{
    ...encode(envelope),
    document: { ...envelope },
  }]);
  const nowMs = Date.UTC(2027, 0);
  const pruning = { team: "acme", beforeMs: nowMs, nowMs };
  const into = (archive: string) =>
    prune(events, { ...pruning, archive }).then(
      () => "done",
      (error) => error.code,
    );
  strictEqual(await into("/nowhere/at/all.gz"), "output_failed");
  // Every write to it fails.
  const folder = await Deno.makeTempDir();
  await Deno.symlink("/dev/full", `${folder}/full.gz.part`);
  strictEqual(await into(`${folder}/full.gz`), "file_exists");
  deepStrictEqual((await Array.fromAsync(Deno.readDir(folder))).length, 1);
  strictEqual(await events.first("acme"), 0);
  ok((await events.usage("acme")).events === 1);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("prune: a sink that stands before the first event, as more was removed before it began -> nothing of what is left goes", async () => {
  const world = new TestWorld();
  await using engine = memoryEngine(world, () => {});
  const { events } = engine;
  const all = Array.from({ length: 6 }, (_, n) => ofDay(n + 1));
  await events.admit(
    "acme",
    all.map((envelope) => ({ ...encode(envelope), document: { ...envelope } })),
  );
  await events.prune("acme", 2);
  const nowMs = Date.UTC(2027, 0);
  const unsent = { sink: "lake", position: 0 };
  const pruning = { team: "acme", beforeMs: nowMs, nowMs, unsent };
  const { removed, held_by } = await prune(events, pruning);
  deepStrictEqual([removed, held_by], [0, "lake"]);
  // Where the date holds it as well, the sink is not at fault.
  const early = { ...pruning, beforeMs: Date.UTC(2026, 0, 2) };
  strictEqual((await prune(events, early)).held_by, null);
});
