/** An agent that takes drafts of others, in a home that others use too, and is killed: all receipts stay true. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { noFindings } from "../proof/findings.ts";
import { KINDS } from "../proof/kinds.ts";
import { IS_FULL, needing } from "../support/needs.ts";

const { needs, run } = KINDS.find(({ name }) => name === "agent")!;

Deno.test(needing(
  needs,
  "emit to an agent, and beside it: the agent killed at random moments -> every receipt is true",
  async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const { findings, counts } = await run(seed, IS_FULL ? 20 : 3);
    deepStrictEqual(findings, noFindings(), `seed ${seed}`);
    ok(counts.killed! > 0 && counts.handed! > counts.spooled!, `seed ${seed}`);
  },
));
