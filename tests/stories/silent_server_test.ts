/** A server that takes connections and says nothing: commands and the agent end in time, and nothing is lost. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { pause } from "../../lib/base/deadline.ts";
import { PATHS } from "../../lib/base/wire.ts";
import { record, TestAgent } from "../support/agent.ts";
import { runBounded } from "../support/delivery_trial.ts";
import { eventually } from "../support/eventually.ts";
import { documentsOf } from "../support/program.ts";
import { emitBounded, withSilence } from "../support/silence.ts";

/** Far more than an agent takes to end, its last drain included. */
const ENDING_MS_MAX = 20_000;

Deno.test("emit --wait server: a silent server -> exit 0 and queued, soon after its timeout", () =>
  withSilence(async ({ home }) => {
    await using _agent = await TestAgent.start(home);
    const ms = await emitBounded(
      home,
      "--wait",
      "server",
      "--timeout",
      "500ms",
    );
    ok(ms < 10_000, `${ms} ms`);
  }));

for (const hasAgent of [false, true]) {
  const beside = hasAgent ? " beside an agent" : "";
  Deno.test(`sync now --timeout${beside}: a silent server -> exit 69 soon after, nothing lost`, () =>
    withSilence(async ({ home, proxy }) => {
      await record(home, 3);
      await using agent = hasAgent ? await TestAgent.start(home) : undefined;
      const { code, stdout, stderr, ms } = await runBounded(
        ["sync", "now", "--json", "--timeout", "2s"],
        { SPEC_KITTY_HOME: home },
      );
      strictEqual(code, 69, stdout + stderr);
      ok(ms > 500 && ms < 12_000, `${ms} ms`);
      const [{ delivered, remaining }] = documentsOf(stdout);
      deepStrictEqual([delivered, remaining], [0, 3]);
      match(stderr, /\S/);
      strictEqual(proxy.requests(PATHS.batch), 0);
      strictEqual(await agent?.stop() ?? 143, 143);
    }));
}

Deno.test("agent: a silent server, then SIGTERM -> exit 143 in bounded time, and the next one delivers", () =>
  withSilence(async (trial) => {
    const { home, proxy } = trial;
    await trial.emit(5);
    {
      await using agent = await TestAgent.start(home);
      await eventually("it has come", () => proxy.log.length > 2);
      await trial.emit(5);
      await pause(100);
      const startedMs = performance.now();
      strictEqual(await agent.stop(), 143);
      const ms = performance.now() - startedMs;
      console.log(`ended after ${Math.round(ms)} ms`);
      ok(ms < ENDING_MS_MAX, `${ms} ms: ${agent.log}`);
    }
    const { queued } = await trial.stand();
    strictEqual(queued.length, 10);
    proxy.clear();
    await using _agent = await TestAgent.connected(home);
    await eventually("the queue is empty", async () => {
      const [{ queued }] = await trial.ask("sync", "status", "--json");
      return queued === 0;
    });
    strictEqual((await trial.stand()).held.length, 10);
  }));
