/** The topics of the help, against the program and the README. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { findTopic, TOPICS } from "../../lib/cli/topics.ts";
import { EXIT } from "../../lib/base/errors.ts";
import { documentsOf, variantsOf, withProgram } from "../support/program.ts";
import { inShell, newUser } from "../support/user.ts";
import { MANUAL } from "../support/readme.ts";

/** What stands in backquotes in the first cells of a README's table, by the first cell of its head. */
function firstCells(head: string): string[] {
  const lines = MANUAL.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  ok(start >= 0, head);
  const end = lines.findIndex((line, i) => i > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) => line.split("|")[1]!.trim());
}

function terms(topic: string): string[] {
  return findTopic(topic)!.rows.map(([term]) => term);
}

/** Names in backquotes; one that begins with a dash goes on from the one before. */
function names(cells: readonly string[]): string[] {
  return cells.flatMap((cell) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)
  );
}

Deno.test("help <topic>: each -> at most a screen of 80 columns; the program's help names it", () =>
  withProgram(async (run) => {
    const program = (await run(["help"])).stdout;
    const help = variantsOf(run);
    for (const { name, summary } of TOPICS) {
      ok(program.includes(name), name);
      const { code, stdout } = await help(["help", name]);
      strictEqual(code, 0);
      ok(stdout.startsWith(`${summary}\n`), name);
      const lines = stdout.trimEnd().split("\n");
      ok(lines.length <= 40, `${name}: ${lines.length} lines`);
      for (const line of lines) ok(line.length <= 80, line);
    }
  }));

Deno.test("help: a topic mistyped -> 64 with the right one", () =>
  withProgram(async (run) => {
    const help = variantsOf(run);
    for (
      const [typed, meant] of [
        ["exit-code", "exit-codes"],
        ["enviroment", "environment"],
        ["reciepts", "receipts"],
        ["spol", "spool"],
      ]
    ) {
      const { code, stderr } = await help(["help", typed!]);
      strictEqual(code, 64);
      match(stderr, new RegExp(`did you mean: kitty-events help ${meant}\\?`));
    }
  }));

Deno.test("topic exit-codes: its codes -> those of the program and of the README", () => {
  const codes = terms("exit-codes");
  deepStrictEqual(codes, firstCells("code").flatMap((c) => c.split(", ")));
  for (const code of Object.values(EXIT)) ok(codes.includes(String(code)));
});

Deno.test("topic receipts: its words -> those of the README, in its order", () => {
  deepStrictEqual(terms("receipts"), names(firstCells("status")));
});

Deno.test("topic environment: its variables -> the README's, and the runtime's that count here", () => {
  const others = ["DENO_TLS_CA_STORE", "NO_COLOR", "CLICOLOR_FORCE"];
  deepStrictEqual(
    [...terms("environment"), ...terms("containers"), ...terms("network")]
      .filter((name) => /^[A-Z_]+$/.test(name) && !others.includes(name))
      .sort(),
    names(firstCells("environment"))
      .filter((name) => !others.includes(name)).sort(),
  );
});

Deno.test("topic files: its names -> the README's", () => {
  deepStrictEqual(
    terms("files").sort(),
    names(firstCells("file")).filter((name) => !name.startsWith("-")).sort(),
  );
});

Deno.test("topic spool: its fields -> all that a draft may have", () =>
  withProgram(async (run) => {
    const { stdout } = await run(["help", "emit"]);
    const fields = [...stdout.matchAll(/"(\w+)"/g)].map(([, name]) => name!);
    deepStrictEqual(
      terms("spool").flatMap((term) => term.split(", ")).sort(),
      fields.sort(),
    );
  }));

Deno.test(
  inShell("topic spool: its example -> a queued event", async () => {
    await using user = await newUser();
    const { code, stdout, stderr } = await user.run(
      `${findTopic("spool")!.example!.join("\n")}\nkitty-events queue export`,
    );
    strictEqual(code, 0, stderr);
    const [event, ...more] = documentsOf(stdout);
    deepStrictEqual(more, []);
    strictEqual(event.payload.entry_content, "hello");
  }),
);

Deno.test("help: clock, receipts, exit codes, emit, the whole -> what one would miss is named", () =>
  withProgram(async (run) => {
    const said: [string, string][] = [
      ["clock", "clock receive N moves it past a value"],
      ["receipts", "could not be used in time, or older drafts wait there"],
      ["exit-codes", "All commands but emit always use them."],
      ["emit", "To record a single event, name its type:"],
      ["", "kitty-events --version shows the versions."],
    ];
    for (const [topic, words] of said) {
      const { stdout } = await run(["help", topic].filter(Boolean));
      ok(stdout.replace(/\s+/g, " ").includes(words), topic);
    }
  }));

Deno.test("help: a word that is no command -> those of the overview, no others", () =>
  withProgram(async (run) => {
    const { code, stderr } = await run(["xyzzy"]);
    strictEqual(code, 64);
    const offered = stderr.match(/one of: (.+)/)![1]!.split(", ");
    const { stdout } = await run(["help"]);
    deepStrictEqual(
      offered,
      [...stdout.matchAll(/^ {2}([a-z]\S*) {2}/gm)].map(([, word]) => word),
    );
  }));
