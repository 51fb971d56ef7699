/** Odd arguments, as a shell passes them to the compiled program. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { needing } from "../support/needs.ts";
import { runHere } from "../support/in_process.ts";
import { documentsOf } from "../support/program.ts";
import type { User } from "../support/user.ts";
import { programUser, RUNTIME_BASE } from "./built.ts";

const NOTE = "kitty-events emit history-added WP01 note";

/** Records with a script; the payload that it stored. */
async function payloadOf(
  user: User,
  script: string,
): Promise<Record<string, unknown>> {
  const { code, stdout: id, stderr } = await user.run(script);
  strictEqual(code, 0, `${script}\n${stderr}`);
  const env = { SPEC_KITTY_HOME: user.home };
  const shown = await runHere(["queue", "show", id.trim(), "--json"], env);
  return documentsOf(shown.stdout)[0].event.payload;
}

/** Shell words by the text that they mean. */
const TEXTS: readonly [string, string][] = [
  ["'it'\\''s \"quoted\"'", `it's "quoted"`],
  ["'$HOME `date` \\ \\n'", "$HOME `date` \\ \\n"],
  ["$'a\\nb\\r\\nc\\td'", "a\nb\r\nc\td"],
  ["$'bell \\a, escape \\e[31m'", "bell \x07, escape \x1b[31m"],
  ["' '", " "],
  ["'ünï-côde 😀'", "ünï-côde 😀"],
  ["007", "007"],
  ["-- --json", "--json"],
  ["-- --", "--"],
  ["-- -x", "-x"],
  ["=", "="],
  ["*", "*"],
  ["{}", "{}"],
];

Deno.test(needing(
  [RUNTIME_BASE],
  "arguments: quotes, line breaks, dashes, controls -> stored as they are",
  async () => {
    await using user = await programUser();
    for (const [words, text] of TEXTS) {
      const { entry_content } = await payloadOf(
        user,
        `set -f; ${NOTE} ${words}`,
      );
      strictEqual(entry_content, text, words);
    }
  },
));

Deno.test(needing(
  [RUNTIME_BASE],
  "arguments: a title - -> is that title; a text - -> is read from stdin",
  async () => {
    await using user = await programUser();
    const { title } = await payloadOf(
      user,
      "kitty-events emit wp-created WP01 - --feature f",
    );
    strictEqual(title, "-");
    const { entry_content } = await payloadOf(
      user,
      `printf 'from stdin' | ${NOTE} -`,
    );
    strictEqual(entry_content, "from stdin");
  },
));

Deno.test(needing(
  [RUNTIME_BASE],
  "arguments: a text of 100 KB, a list of 1,000 -> stored whole",
  async () => {
    await using user = await programUser();
    const long = await payloadOf(
      user,
      `${NOTE} "$(head -c 100000 /dev/zero | tr '\\0' x)"`,
    );
    strictEqual(long.entry_content, "x".repeat(100_000));
    const many = await payloadOf(
      user,
      `kitty-events emit wp-created WP01 T --feature f $(printf -- '--depends-on=WP%02d ' {1..99} {1..99} {1..99} {1..99} {1..99} {1..99} {1..99} {1..99} {1..99} {1..99} {1..10})`,
    );
    strictEqual((many.dependencies as string[]).length, 1_000);
  },
));

Deno.test(needing(
  [RUNTIME_BASE],
  "arguments: empty, too many, options alone -> wrong usage, one short message",
  async () => {
    await using user = await programUser();
    for (
      const words of [
        "''",
        "--",
        "-",
        "emit ''",
        "emit -- history-added WP01 note x",
        "emit history-added {1..1000}",
        "emit history-added WP01 note x y",
        "emit history-added WP01 note x --=",
        "emit history-added WP01 note x --home",
        "emit history-added WP01 note x $'--a\\nb'",
      ]
    ) {
      const { code, stdout, stderr } = await user.run(`kitty-events ${words}`);
      deepStrictEqual([code, stdout], [64, ""], words);
      match(stderr, /^kitty-events: .+\n( {2}.+\n)?$/);
    }
  },
));

Deno.test(needing(
  [RUNTIME_BASE],
  "arguments: empty values -> discarded, and said where",
  async () => {
    await using user = await programUser();
    const { code, stdout } = await user.run(
      "kitty-events emit history-added '' note '' --json",
    );
    strictEqual(code, 0);
    deepStrictEqual(
      documentsOf(stdout)[0].problems.map(({ path }: { path: string }) => path),
      ["/payload/wp_id", "/payload/entry_content"],
    );
  },
));

Deno.test(needing(
  [RUNTIME_BASE],
  "--home: empty -> the home of the user; with a line break -> that folder",
  async () => {
    await using user = await programUser();
    await payloadOf(user, `${NOTE} x --home=`);
    await payloadOf(user, `${NOTE} x --home ''`);
    const { code } = await user.run(`${NOTE} x --home $'a\\nb'`);
    strictEqual(code, 0);
    ok((await Deno.stat(`${user.path}/a\nb/events.kv`)).isFile);
  },
));

Deno.test(needing(
  [RUNTIME_BASE],
  "arguments: no UTF-8 -> the runtime ends before the program: exit 101, nothing recorded",
  async () => {
    await using user = await programUser();
    const { code, stdout } = await user.run(`${NOTE} $'\\xff'`);
    deepStrictEqual([code, stdout], [101, ""]);
    // Through standard input the same text is told of, and costs nothing.
    const piped = await user.run(`printf '\\xff' | ${NOTE} - --json`);
    deepStrictEqual(
      [piped.code, JSON.parse(piped.stdout).status],
      [0, "discarded"],
    );
  },
));
