/** The whole story, with real processes: work offline, log in, see everything arrive. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { linesOf } from "../support/child.ts";
import { ADA, BOB, TestCollector } from "../support/collector.ts";
import { documentsOf, spawnProgram, withProgram } from "../support/program.ts";
import { HISTORY, HISTORY_FILE, IS_FULL, needing } from "../support/needs.ts";

/** Its valid events; 330 are discarded. */
const VALID = 20_588;

Deno.test(needing(
  [HISTORY],
  "story: a history recorded offline, then a server -> all of it there once, in order, and the accounts balance",
  () =>
    withProgram(async (run, home) => {
      const emitted = await run(["emit", "--stdin", "--quiet"], {
        stdin: await Deno.readFile(HISTORY_FILE),
      });
      const ids = documentsOf(emitted.stdout)
        .filter(({ status }) => status === "queued")
        .map(({ event_id }) => event_id);
      strictEqual(ids.length, VALID);

      await using collector = await TestCollector.start();
      const login = await run([
        ...["auth", "login", "--server", collector.url],
        ...["--username", ADA.name, "--password-stdin"],
      ], { stdin: `${ADA.password}\n` });
      strictEqual(login.code, 0, login.stderr);
      const sync = await run(["sync", "now", "--json"]);
      strictEqual(sync.code, 0, sync.stderr);
      const [summary] = documentsOf(sync.stdout);
      deepStrictEqual(
        [summary.delivered, summary.duplicates, summary.rejected],
        [VALID, 0, 0],
      );
      deepStrictEqual([summary.remaining, summary.local], [0, VALID]);
      console.log(
        `${VALID} events in ${summary.duration_ms} ms: ${
          Math.round(VALID / summary.duration_ms * 1_000)
        } events/s; peak memory of the collector: ${await peakMiB(
          collector.pid,
        )} MiB`,
      );

      const { access } = await collector.logIn();
      const events = await collector.events(access);
      deepStrictEqual(events.map(({ event_id }) => event_id), ids);
      deepStrictEqual(
        events.map(({ lamport_clock }) => lamport_clock),
        Array.from({ length: VALID }, (_, i) => i + 1),
      );
      ok(events.every(({ team_slug }) => team_slug === ADA.team));

      const [{ queued, dead, totals }] = documentsOf(
        (await run(["sync", "status", "--json"])).stdout,
      );
      deepStrictEqual([queued, dead, totals.delivered], [0, 0, VALID]);
      strictEqual(
        totals.accepted + totals.imported,
        queued + totals.delivered + dead + totals.dropped,
      );
      await arrive(home, collector);
    }),
));

/** Events that are seen arriving one by one. */
const ONE_BY_ONE = IS_FULL ? 200 : 50;

/** With an agent: each event is at another subscriber at once. Prints how soon. */
async function arrive(home: string, collector: TestCollector): Promise<void> {
  const env = { SPEC_KITTY_HOME: home };
  const agent = spawnProgram(["agent", "run"], env);
  const logged = readAll(agent.stderr);
  const listening = await linesOf(agent.stdout).next();
  ok(JSON.parse(listening.value!).listening);
  const { access } = await collector.logIn(BOB);
  await using subscriber = await collector.connect(access);

  const emit = spawnProgram(["emit", "--stdin", "--quiet"], env);
  const receipts = linesOf(emit.stdout), said = readAll(emit.stderr);
  const writer = emit.stdin.getWriter();
  const delaysMs: number[] = [];
  for (let n = 0; n < ONE_BY_ONE; n++) {
    const payload = {
      wp_id: "WP01",
      entry_type: "note",
      entry_content: `${n}`,
    };
    const draft = { event_type: "HistoryAdded", payload };
    const startedMs = performance.now();
    await writer.write(new TextEncoder().encode(`${JSON.stringify(draft)}\n`));
    const { event } = await subscriber.nextOf("event");
    delaysMs.push(performance.now() - startedMs);
    strictEqual(event.payload.entry_content, `${n}`);
    const receipt = JSON.parse((await receipts.next()).value!);
    strictEqual(receipt.event_id, event.event_id);
  }
  await writer.close();
  strictEqual((await emit.status).code, 0, await said);
  agent.kill("SIGTERM");
  strictEqual((await agent.status).code, 143, await logged);
  await agent.stdin.close();
  delaysMs.sort((a, b) => a - b);
  const at = (share: number) =>
    delaysMs[Math.floor(share * delaysMs.length)]!.toFixed(1);
  console.log(
    `from the draft to another subscriber: p50 ${at(0.5)} ms, p99 ${
      at(0.99)
    } ms`,
  );
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<string> {
  return await new Response(stream).text();
}

/** Peak memory of a process; unknown but on Linux. */
async function peakMiB(pid: number): Promise<string> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  const [, kib] = status.match(/VmHWM:\s+(\d+)/) ?? [];
  return kib ? String(Math.round(Number(kib) / 1024)) : "unknown";
}
