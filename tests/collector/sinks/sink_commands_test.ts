/** `collector sink`: real collectors, killed and started again, and what their keeper sees. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { HOP, PATHS } from "../../../lib/base/wire.ts";
import { ADA, TestCollector } from "../../support/collector.ts";
import { eventOf } from "../../support/events.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/ports.ts";
import { documentsOf, runProgram } from "../../support/program.ts";
import { lane, rowOf } from "../../support/project.ts";
import { Sink } from "../../support/sink.ts";

const envelopesOf = (from: number, to: number) =>
  Array.from(
    { length: to - from + 1 },
    (_, i) => eventOf(from + i, { team: "acme" }).envelope,
  );

function commandsOf({ home }: TestCollector) {
  const run = (...args: string[]) =>
    runProgram(["collector", "sink", ...args], { SPEC_KITTY_HOME: home });
  const status = async (name: string) =>
    documentsOf((await run("status", name, "--json")).stdout)[0];
  return { run, status };
}

Deno.test("collector sink: three, the collector killed with -9 again and again -> every event in each, in order, and a status that says so", async () => {
  await using collector = await TestCollector.start();
  const { run, status } = commandsOf(collector);
  await using good = new Sink();
  await using slow = new Sink();
  slow.onRequest = async () => {
    await new Promise((done) => setTimeout(done, 100));
    return undefined as unknown as Response;
  };
  const dead = `http://127.0.0.1:${freePort()}/x`;
  const added = await run("add", "good", good.url, "--team", "acme");
  strictEqual(added.code, 0, added.stderr);
  match(added.stdout, /^good: acme -> http:.* \(batch\)$/m);
  await run("add", "slow", slow.url, "--team", "acme");
  const other = await run("add", "dead", dead, "--team", "acme");
  match(other.stderr, /nobody answers .* now; it is tried again/);

  const { access } = await collector.logIn(ADA);
  const COUNT = 600, ROUND = 200;
  for (let from = 1; from <= COUNT; from += ROUND) {
    for (let n = from; n < from + ROUND; n += 40) {
      const { status } = await collector.send(access, envelopesOf(n, n + 39));
      strictEqual(status, 200);
    }
    await eventually("some has arrived", () => good.taken.length >= from);
    await collector.stop("SIGKILL");
    await collector.restart();
  }
  const all = envelopesOf(1, COUNT).map(({ event_id }) => event_id);
  const LIMIT_MS = 60_000;
  for (const [name, sink] of [["good", good], ["slow", slow]] as const) {
    await eventually(
      `${name} has all`,
      async () => (await status(name)).lag === 0,
      LIMIT_MS,
    );
    // Each once, in order; what came twice came after its first time.
    deepStrictEqual([...new Set(sink.taken.map(({ id }) => id))], all);
    // The look that was had at it when it was added.
    deepStrictEqual(sink.odd, ["TypeError: no cloud event detected"]);
  }
  const shown = await run("status");
  strictEqual(shown.code, 69);
  match(shown.stdout, /^good: 600 events delivered, 0 to go$/m);
  match(
    shown.stdout,
    /^dead: 0 events delivered, 600 to go\n {2}since 20.*: no answer from/m,
  );
  ok(!shown.stdout.includes("id"));
  const { text } = await collector.ask("/metrics");
  match(text, /^kitty_collector_sink_lag_events\{sink="dead"\} 600$/m);
  match(text, /^kitty_collector_sink_in_trouble\{sink="dead"\} 1$/m);
  match(text, /^kitty_collector_sink_in_trouble\{sink="good"\} 0$/m);

  // What it has not had stays.
  const pruned = await runProgram(
    [
      "collector",
      "prune",
      "--team",
      "acme",
      "--before",
      "2026-02-04",
      "--json",
    ],
    { SPEC_KITTY_HOME: collector.home },
  );
  deepStrictEqual(
    [
      documentsOf(pruned.stdout)[0].removed,
      documentsOf(pruned.stdout)[0].held_by,
    ],
    [0, "dead"],
  );
  match(pruned.stderr, /the sink dead has not had/);
  strictEqual((await run("remove", "dead")).code, 0);
  await collector.stop();
  // The same without a collector that runs.
  strictEqual((await status("good")).lag, 0);
  strictEqual((await run("status")).code, 0);
});

Deno.test("collector sink add: bad names, addresses, the collector itself -> refused, and nothing is added", async () => {
  await using collector = await TestCollector.start();
  const { run } = commandsOf(collector);
  const add = (name: string, url: string, ...more: string[]) =>
    run("add", name, url, "--team", "acme", ...more);
  for (
    const [code, ...args] of [
      [64, "a b", "http://127.0.0.1:1/"],
      [64, "x", "http://127.0.0.1:1/", "--format", "neither"],
      [64, "x", "http://127.0.0.1:1/", "--token-file", "/nowhere"],
      // Of no type would be of all.
      [64, "x", "http://127.0.0.1:1/", "--types", " , "],
      // Nothing would ever go there.
      [64, "x", "http://127.0.0.1:1/", "--types", "HistoryAdded,Nothing"],
      [78, "x", "http://events.example.org/in"],
      [78, "x", "ftp://127.0.0.1/"],
      [78, "x", "https://user:secret@example.org/"],
      [65, "x", collector.url + PATHS.cloudEvents],
      [65, "x", collector.url],
    ] as const
  ) {
    const [name, url, ...more] = args as unknown as [string, string];
    const result = await add(name, url, ...more);
    strictEqual(result.code, code, `${args}: ${result.stdout}${result.stderr}`);
    ok(!result.stderr.includes("secret"));
  }
  match((await add("x", collector.url)).stderr, /leads back to this collector/);
  strictEqual((await run("list")).stdout, "");
  for (const word of ["remove", "pause", "resume", "status"]) {
    strictEqual((await run(word, "x")).code, 65, word);
  }
  await using sink = new Sink();
  strictEqual((await add("x", sink.url)).code, 0);
  strictEqual((await add("x", sink.url)).code, 65);
  strictEqual(documentsOf((await run("list", "--json")).stdout).length, 1);
});

Deno.test("sink that passes events on to the collector they came from -> refused there, and said; what loses its mark is known, and stored once", async () => {
  await using collector = await TestCollector.start();
  const { run, status } = commandsOf(collector);
  const { access } = await collector.logIn(ADA);
  const answers: number[] = [];
  let passesHop = true;
  const proxy = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      // The probe of `add` finds nothing wrong with it.
      if (request.method === "GET") return new Response();
      const hop = request.headers.get(HOP)!;
      const { status } = await fetch(collector.url + PATHS.cloudEvents, {
        method: "POST",
        body: await request.text(),
        headers: {
          "content-type": request.headers.get("content-type")!,
          authorization: `Bearer ${access}`,
          ...passesHop && { [HOP]: hop },
        },
      }).then(async (answer) => (await answer.body?.cancel(), answer));
      answers.push(status);
      return new Response(null, { status });
    },
  );
  const url = `http://127.0.0.1:${proxy.addr.port}/`;
  strictEqual((await run("add", "loop", url, "--team", "acme")).code, 0);
  const rows = [1, 2, 3].map((n) => ({
    ...rowOf(lane(n)),
    lamportclock: n,
  }));
  strictEqual((await collector.send(access, rows)).status, 200);
  const trouble = await eventually(
    "it is known",
    async () => (await status("loop")).trouble ?? undefined,
  );
  match(trouble.words, /leads back to this collector/);
  strictEqual((await collector.events(access)).length, 3);
  // Those that come back all the same are known, and go no further.
  passesHop = false;
  await eventually(
    "they go round once",
    async () => (await status("loop")).lag === 0,
    60_000,
  );
  strictEqual(answers.at(-1), 200);
  strictEqual((await collector.events(access)).length, 3);
  await proxy.shutdown();
});
