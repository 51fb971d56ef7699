/** Many compiled programs at once on one home. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { needing } from "../support/needs.ts";
import { documentsOf } from "../support/program.ts";
import { programUser, RUNTIME_BASE } from "./built.ts";

const CALLERS = 16;
const EMITS_EACH = 6;

Deno.test(needing(
  [RUNTIME_BASE],
  `emit: ${CALLERS} callers with ${EMITS_EACH} events each -> distinct clock values without a gap`,
  async () => {
    await using user = await programUser();
    const { code, stdout, stderr } = await user.run(`
      for caller in {1..${CALLERS}}; do
        for i in {1..${EMITS_EACH}}; do
          kitty-events emit history-added WP01 note "$caller: $i" --json --quiet --timeout 60s
        done > "receipts.$caller" &
      done
      wait
      cat receipts.*`);
    strictEqual(code, 0, stderr);
    const receipts = documentsOf(stdout);
    deepStrictEqual(
      [...new Set(receipts.map(({ status }) => status))],
      ["queued"],
    );
    deepStrictEqual(
      receipts.map(({ lamport_clock }) => lamport_clock).sort((a, b) => a - b),
      Array.from({ length: CALLERS * EMITS_EACH }, (_, i) => i + 1),
    );
    const stored = documentsOf(
      (await user.run("kitty-events queue export")).stdout,
    );
    deepStrictEqual(
      stored.map(({ event_id }) => event_id).sort(),
      receipts.map(({ event_id }) => event_id).sort(),
    );
  },
));
