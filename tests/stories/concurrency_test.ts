/** Many processes at once on one home. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { tempHome } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { runProgram } from "../support/program.ts";
import { IS_FULL } from "../support/needs.ts";

const PROCESSES = 16;
const EMITS_EACH = IS_FULL ? 15 : 3;
const STREAM_LINES = 2_000;

interface Receipt {
  event_id: string;
  lamport_clock: number;
  status: string;
}

Deno.test(`emit: ${PROCESSES} callers with ${EMITS_EACH} one-shot emits each and a stream of ${STREAM_LINES} at once -> every event once, no gap`, async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  const flags = ["--json", "--timeout", "60s"];

  const oneShots = Array.from({ length: PROCESSES }, async (_, caller) => {
    const receipts: Receipt[] = [];
    for (let i = 0; i < EMITS_EACH; i++) {
      const { stdout } = await runProgram([
        ...["emit", "history-added", "WP01", "note", `caller ${caller}: ${i}`],
        ...flags,
      ], env);
      receipts.push(JSON.parse(stdout));
    }
    return receipts;
  });
  const drafts = Array.from({ length: STREAM_LINES }, (_, i) =>
    JSON.stringify({
      event_type: "HistoryAdded",
      payload: {
        wp_id: "WP02",
        entry_type: "note",
        entry_content: `stream: ${i}`,
      },
    }) + "\n");
  const stream = runProgram(["emit", "--stdin", ...flags], env, {
    stdin: drafts.join(""),
  });

  const receipts = (await Promise.all(oneShots)).flat();
  receipts.push(
    ...(await stream).stdout.trim().split("\n").map((line) => JSON.parse(line)),
  );
  const total = PROCESSES * EMITS_EACH + STREAM_LINES;
  strictEqual(receipts.length, total);
  deepStrictEqual([...new Set(receipts.map(({ status }) => status))], [
    "queued",
  ]);
  deepStrictEqual(
    receipts.map((receipt) => receipt.lamport_clock).sort((a, b) => a - b),
    Array.from({ length: total }, (_, i) => i + 1),
  );

  const { stdout } = await runHere(["queue", "export"], env);
  const events: Receipt[] = stdout.trim().split("\n").map((line) =>
    JSON.parse(line)
  );
  const pairs = (list: readonly Receipt[]) =>
    list.map(({ event_id, lamport_clock }) => `${lamport_clock} ${event_id}`)
      .sort();
  deepStrictEqual(pairs(events), pairs(receipts));
  const check = await runHere(["queue", "check", "--json"], env);
  deepStrictEqual(JSON.parse(check.stdout), { ok: true, problems: [] });
});
