/** A server that takes connections and says nothing: whoever records an event does not notice. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { pause } from "../../lib/base/deadline.ts";
import { PATHS } from "../../lib/base/wire.ts";
import { record, TestAgent } from "../support/agent.ts";
import { inTrial, runBounded, type Trial } from "../support/delivery_trial.ts";
import { eventually } from "../support/eventually.ts";
import { silentAccept } from "../support/fault/pipe.ts";
import { tempHome } from "../support/home.ts";
import { documentsOf } from "../support/program.ts";

/** Measured: about 1. Machines are noisy. */
const RATIO_MAX = 1.5;
const RUNS = 25;
/** Far more than an agent takes to end, its last drain included. */
const ENDING_MS_MAX = 20_000;

/** A home that is logged in at a server that has fallen silent. */
function withSilence(work: (trial: Trial) => Promise<void>): Promise<void> {
  return inTrial(async (trial) => {
    trial.proxy.inject(silentAccept());
    trial.proxy.freeze();
    await work(trial);
  });
}

/** One event by a process of its own: recorded whatever the server does; how long it took. */
async function emit(home: string, ...options: string[]): Promise<number> {
  const { code, stdout, stderr, ms } = await runBounded(
    [
      "emit",
      "wp-status-changed",
      "WP01",
      "planned",
      "doing",
      "--json",
      ...options,
    ],
    { SPEC_KITTY_HOME: home },
  );
  strictEqual(code, 0, stderr);
  strictEqual(documentsOf(stdout)[0].status, "queued");
  return ms;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

Deno.test("emit: a silent server, with an agent and without -> takes no longer than without a server", () =>
  withSilence(async (trial) => {
    await using other = await tempHome();
    await using bare = await tempHome();
    await using _agent = await TestAgent.start(trial.home);
    await Deno.mkdir(other.path);
    await Deno.copyFile(
      `${trial.home}/credentials`,
      `${other.path}/credentials`,
    );
    const homes = {
      "no server": bare.path,
      "silent server": other.path,
      "silent server, agent": trial.home,
    };
    const times: Record<string, number[]> = {};
    for (const name in homes) times[name] = [];
    // In turn, so that what else goes on meets all of them.
    for (let run = 0; run < RUNS; run++) {
      for (const [name, home] of Object.entries(homes)) {
        times[name]!.push(await emit(home));
      }
    }
    const base = median(times["no server"]!);
    for (const [name, list] of Object.entries(times)) {
      const ratio = median(list) / base;
      console.log(
        `${name}: ${median(list).toFixed(1)} ms, ${ratio.toFixed(2)}`,
      );
      ok(ratio < RATIO_MAX, `${name}: ${ratio}`);
    }
    for (const home of Object.values(homes)) {
      const { stdout } = await runBounded(["sync", "status", "--json"], {
        SPEC_KITTY_HOME: home,
      });
      strictEqual(documentsOf(stdout)[0].queued, RUNS);
    }
  }));

Deno.test("emit --wait server: a silent server -> exit 0 and queued, soon after its timeout", () =>
  withSilence(async ({ home }) => {
    await using _agent = await TestAgent.start(home);
    const ms = await emit(home, "--wait", "server", "--timeout", "500ms");
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
