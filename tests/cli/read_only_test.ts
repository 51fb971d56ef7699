/** Commands that only read leave everything as it is. */

import { ok, strictEqual } from "node:assert/strict";
import { INTAKE_FILES_MAX } from "../../lib/base/limits.ts";
import { idOf } from "../support/events.ts";
import { isThere, namesIn } from "../support/home.ts";
import { documentsOf, withProgram } from "../support/program.ts";

/** Command lines, and the exit code of each where there is nothing. */
const COMMANDS: readonly (readonly [string, number])[] = [
  ["queue list", 0],
  ["queue list --json", 0],
  ["queue stats --json", 0],
  ["queue export", 0],
  [`queue show ${idOf(1)}`, 65],
  ["queue dead list", 0],
  [`queue dead show ${idOf(1)}`, 65],
  ["queue check --json", 0],
  ["queue compact --json", 0],
  ["queue drop --all --yes --json", 0],
  [`queue drop ${idOf(1)}`, 65],
  ["queue dead requeue --all", 0],
  ["contract remove none", 64],
  ["clock", 0],
  ["clock show --json", 0],
  ["sync status --json", 0],
  ["auth status", 0],
  ["agent status --json", 0],
  ["doctor", 0],
  ["validate --draft -", 0],
  ["schema", 0],
  ["node-id", 0],
  ["causation-id", 0],
  ["help", 0],
  ["man", 0],
  ["completions bash", 0],
];

for (const [command, exit] of COMMANDS) {
  Deno.test(`${command}: no home -> exit ${exit}, and still none`, () =>
    withProgram(async (run, home) => {
      const { code, stdout, stderr } = await run(command.split(" "));
      strictEqual(code, exit, stdout + stderr);
      ok(!await isThere(home));
      if (command.endsWith("--json")) documentsOf(stdout);
    }));
}

Deno.test("queue list, stats: a home that is not there yet -> said on stderr", () =>
  withProgram(async (run, home) => {
    for (const word of ["list", "stats"]) {
      const { stderr } = await run(["queue", word]);
      ok(stderr.includes(`the first event makes ${home}`), stderr);
    }
  }));

Deno.test("queue stats, list: more drafts in the spool than an emit takes in -> as many taken in, the rest said; export takes all", () =>
  withProgram(async (run, home) => {
    const spool = `${home}/spool`;
    await Deno.mkdir(spool, { recursive: true });
    const payload = { wp_id: "WP01", entry_type: "note", entry_content: "x" };
    const count = INTAKE_FILES_MAX + 300;
    for (let i = 0; i < count; i++) {
      const draft = { event_type: "HistoryAdded", event_id: idOf(i), payload };
      await Deno.writeTextFile(
        `${spool}/${idOf(i)}.json`,
        JSON.stringify(draft),
      );
    }
    const { stdout, stderr } = await run(["queue", "stats", "--json"]);
    const [{ queued, spooled }] = documentsOf(stdout);
    strictEqual(queued + spooled, count);
    ok(queued <= INTAKE_FILES_MAX, `${queued}`);
    ok(stderr.includes(`${spooled} drafts wait in the spool`), stderr);
    strictEqual((await namesIn(spool)).length, spooled);
    const all = documentsOf((await run.here(["queue", "export"])).stdout);
    strictEqual(all.length, count);
  }));
