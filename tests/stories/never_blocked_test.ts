/** A server that takes connections and says nothing: whoever records an event does not notice. */

import { ok, strictEqual } from "node:assert/strict";
import { TestAgent } from "../support/agent.ts";
import { tempHome } from "../support/home.ts";
import { IS_FULL } from "../support/needs.ts";
import { documentsOf, runIn } from "../support/program.ts";
import { emitBounded, withSilence } from "../support/silence.ts";

/** Measured: about 1. Machines are noisy. */
const RATIO_MAX = 1.5;
const RUNS = IS_FULL ? 25 : 15;

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
        times[name]!.push(await emitBounded(home));
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
      const { stdout } = await runIn(home).here(["sync", "status", "--json"]);
      strictEqual(documentsOf(stdout)[0].queued, RUNS);
    }
  }));
