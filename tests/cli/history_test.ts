/** The recorded history of a real project, through the whole program. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { tempHome } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { runProgram } from "../support/program.ts";
import { HISTORY, HISTORY_FILE, needing } from "../support/needs.ts";

Deno.test(needing(
  [HISTORY],
  "emit --stdin: a real history -> 20,588 queued in order, 330 discarded for one reason",
  async () => {
    await using home = await tempHome();
    const env = { SPEC_KITTY_HOME: home.path };
    const { stdout, code } = await runProgram(
      ["emit", "--stdin", "--json"],
      env,
      { stdin: await Deno.readFile(HISTORY_FILE) },
    );
    strictEqual(code, 0);
    const receipts = stdout.trim().split("\n").map((line) => JSON.parse(line));
    deepStrictEqual(
      receipts.map(({ line }) => line),
      Array.from({ length: 20_918 }, (_, i) => i + 1),
    );
    const queued = receipts.filter(({ status }) => status === "queued");
    deepStrictEqual(
      queued.map(({ lamport_clock }) => lamport_clock),
      Array.from({ length: 20_588 }, (_, i) => i + 1),
    );
    const discarded = receipts.filter(({ status }) => status !== "queued");
    strictEqual(discarded.length, 330);
    for (const { event_type, status, problems } of discarded) {
      deepStrictEqual([event_type, status], ["FeatureCreated", "discarded"]);
      deepStrictEqual(
        problems.map(({ path }: { path: string }) => path),
        ["/payload/feature_slug", "/payload/feature_number"],
      );
    }

    const exported = await runHere(["queue", "export"], env);
    const lines = exported.stdout.trim().split("\n");
    strictEqual(lines.length, 20_588);
    deepStrictEqual(
      lines.map((line) => JSON.parse(line).event_id),
      queued.map(({ event_id }) => event_id),
    );
    const valid = await runProgram(["validate"], env, {
      stdin: exported.stdout,
    });
    strictEqual(valid.code, 0, valid.stdout);
    const check = await runHere(["queue", "check"], env);
    strictEqual(check.code, 0, check.stdout);
  },
));
