/** A few of the kills of `deno task proof --only follow`. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { noFindings } from "../proof/findings.ts";
import { FollowKills } from "../proof/follow_kills.ts";
import { tempHome } from "../support/home.ts";
import { Project } from "../support/project.ts";
import { mulberry32 } from "../support/world.ts";
import { IS_FULL } from "../support/needs.ts";

const ROUNDS = IS_FULL ? 24 : 12;
const SEED = Math.floor(Math.random() * 2 ** 31);

Deno.test(`follow: killed at ${ROUNDS} random moments, while logs grow and are rewritten -> every line, once`, async () => {
  await using home = await tempHome();
  await using project = await Project.make();
  const kills = new FollowKills(home.path, project, mulberry32(SEED));
  console.log(`seed ${SEED}`);
  for (let round = 1; round <= ROUNDS; round++) await kills.round(round);
  deepStrictEqual(await kills.verify(), noFindings());
  const { killed, lines, events } = kills.counts;
  console.log(kills.counts);
  ok(killed > ROUNDS / 4);
  strictEqual(events, lines);
});
