/** A few of the kills of `deno task proof`, which makes as many as one likes. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { EmitKills } from "../proof/emit_kills.ts";
import { noFindings } from "../proof/findings.ts";
import { tempHome } from "../support/home.ts";
import { mulberry32 } from "../support/world.ts";
import { IS_FULL } from "../support/needs.ts";

const ROUNDS = IS_FULL ? 60 : 30;
const SEED = Math.floor(Math.random() * 2 ** 31);
const CHECK_EVERY = 25;

Deno.test(`emit: killed at ${ROUNDS} random moments -> nothing acknowledged is lost, nothing is doubled`, async () => {
  await using home = await tempHome();
  const kills = new EmitKills(home.path, mulberry32(SEED));
  console.log(`seed ${SEED}`);
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      await kills.round(round);
      if (round % CHECK_EVERY === 0) {
        deepStrictEqual(await kills.verify(), noFindings());
      }
    }
    deepStrictEqual(await kills.verify(), noFindings());
  } finally {
    console.log(kills.counts);
  }
  const { killed, acknowledged } = kills.counts;
  ok(killed > ROUNDS / 4, "most runs ended before they were killed");
  ok(acknowledged > 0, "no run got as far as a receipt");
});
