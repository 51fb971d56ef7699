/** A few of the kills of `deno task proof`, which makes as many as one likes. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { DeliveryKills, VICTIMS } from "../proof/delivery_kills.ts";
import { noFindings } from "../proof/findings.ts";
import { inTrial, SEED } from "../support/delivery_trial.ts";
import { IS_FULL } from "../support/needs.ts";

/** Of each victim, and more where none of these fell in the middle of a drain. */
const ROUNDS = IS_FULL ? 8 : 3, ROUNDS_MAX = 80;
const VERIFY_EVERY = 3;

for (const victim of VICTIMS) {
  Deno.test(`delivery: the ${victim} killed at ${ROUNDS} random moments of a drain -> nothing acknowledged is lost, nothing is doubled`, async () => {
    console.log(`seed ${SEED}`);
    await inTrial(async (trial) => {
      const kills = new DeliveryKills(trial, victim, SEED);
      try {
        await kills.measure();
        const isEnough = (round: number) =>
          round > ROUNDS && kills.counts.halfway > 0 || round > ROUNDS_MAX;
        for (let round = 1; !isEnough(round); round++) {
          await kills.round();
          if (round % VERIFY_EVERY === 0) {
            deepStrictEqual(await kills.verify(), noFindings());
          }
        }
        deepStrictEqual(await kills.recover(), noFindings());
      } finally {
        console.log({ ...kills.counts, events: trial.recorded.size });
      }
      const { killed, halfway } = kills.counts;
      ok(killed > ROUNDS / 4, "most drains ended before the kill");
      ok(halfway > 0, "no kill fell in the middle of a drain");
    });
  });
}
