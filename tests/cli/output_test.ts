/** What the command line says, word by word. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { Output, printable, problemText } from "../../lib/cli/output.ts";
import type { Terminal } from "../../lib/cli/terminal.ts";
import { KittyError, usageError } from "../../lib/base/errors.ts";
import type { Problem } from "../../lib/base/problem.ts";

/** A terminal that keeps what is said. */
function listener() {
  const stdout: string[] = [], stderr: string[] = [];
  const terminal: Terminal = {
    isInteractive: false,
    lost: undefined,
    read: () => Promise.resolve(null),
    readSecret: () => Promise.resolve(undefined),
    write: (text) => Promise.resolve(stdout.push(text) > 0),
    writeError: (line) => Promise.resolve(void stderr.push(line)),
    hurry() {},
    finish: () => Promise.resolve(),
    onStop() {},
    showsErrors: false,
    hasColours: false,
    hasErrorColours: false,
    writeErrorText: () => Promise.resolve(),
    onReload() {},
  };
  const voice = (mode: { json?: boolean; quiet?: boolean } = {}) =>
    new Output(terminal, {
      json: false,
      quiet: false,
      verbose: false,
      ...mode,
    });
  return { stdout, stderr, voice };
}

/** What moves the cursor, changes colours or turns the reading direction. */
const HARMFUL = [
  ...Array.from({ length: 0x20 }, (_, i) => i),
  ...Array.from({ length: 0x21 }, (_, i) => 0x7f + i),
  ...Array.from({ length: 7 }, (_, i) => 0x2028 + i),
].map((code) => String.fromCharCode(code));

Deno.test("printable: each control character and direction mark -> a question mark in its place", () => {
  for (const char of HARMFUL) {
    strictEqual(printable(`a${char}b`), "a?b", JSON.stringify(char));
  }
});

Deno.test("printable: the neighbours of what is harmful -> as they are", () => {
  for (const char of [" ", "~", "\u00a0", "\u2027", "\u202f", "ü", "🐈", "ש"]) {
    strictEqual(printable(`a${char}b`), `a${char}b`);
  }
});

Deno.test("printable: an escape sequence -> nothing that a terminal obeys", () => {
  strictEqual(printable("\x1b[2J\x1b]0;title\x07"), "?[2J?]0;title?");
  strictEqual(printable("one\r\ntwo\n"), "one??two?");
});

Deno.test("printable: up to the length -> whole; longer -> cut, with an ellipsis in the last place", () => {
  strictEqual(printable(""), "");
  strictEqual(printable("x".repeat(60)), "x".repeat(60));
  strictEqual(printable("x".repeat(61)), `${"x".repeat(59)}…`);
  strictEqual(printable("abc", 3), "abc");
  strictEqual(printable("abcd", 3), "ab…");
});

Deno.test("printable: any text -> short, harmless, and the same again", () => {
  const text = fc.array(
    fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...HARMFUL)),
  ).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 80 }), (given, charsMax) => {
      const shown = printable(given, charsMax);
      ok(shown.length <= charsMax);
      ok(!HARMFUL.some((char) => shown.includes(char)));
      strictEqual(printable(shown, charsMax), shown);
    }),
  );
});

Deno.test("problemText: with and without path and hint -> one line that reads as a sentence", () => {
  const problem: Problem = {
    path: "/payload/new_status",
    expected: "one of planned, doing",
    found: "string",
  };
  strictEqual(
    problemText(problem),
    "/payload/new_status: expected one of planned, doing, found string",
  );
  strictEqual(
    problemText({ ...problem, hint: "did you mean doing?" }),
    "/payload/new_status: expected one of planned, doing, found string (did you mean doing?)",
  );
  strictEqual(
    problemText({ path: "", expected: "a JSON object", found: "array" }),
    "the document: expected a JSON object, found array",
  );
  strictEqual(
    problemText({ path: "/payload", expected: "an object", found: "missing" }),
    "/payload: expected an object, found missing",
  );
});

Deno.test("problemText: a path with control characters from a document's key -> harmless, uncut", () => {
  const path = `/payload/\x1b[2J\u202e${"x".repeat(100)}`;
  strictEqual(
    problemText({ path, expected: "no such field", found: "number" }),
    `/payload/?[2J?${"x".repeat(100)}: expected no such field, found number`,
  );
});

Deno.test("Output.data: with and without --json -> the document or the text, one line", async () => {
  const { stdout, stderr, voice } = listener();
  await voice().data({ a: 1 }, "text");
  await voice({ json: true, quiet: true }).data({ a: "x\ny" }, "text");
  deepStrictEqual(stdout, ["text\n", '{"a":"x\\ny"}\n']);
  deepStrictEqual(stderr, []);
});

Deno.test("Output.note, warn: --quiet -> only the warning", async () => {
  const { stdout, stderr, voice } = listener();
  for (const quiet of [false, true]) {
    await voice({ quiet }).note("note");
    await voice({ quiet }).warn("warning");
  }
  deepStrictEqual(stderr, [
    "note",
    "kitty-events: warning",
    "kitty-events: warning",
  ]);
  deepStrictEqual(stdout, []);
});

Deno.test("Output.fail: for people -> message and hint on stderr; --json -> one document on stdout", async () => {
  const { stdout, stderr, voice } = listener();
  const errors = [
    usageError("wrong", "do it right"),
    new KittyError("not_found", "nothing there"),
    new Error("unforeseen"),
  ];
  for (const error of errors) await voice().fail(error);
  deepStrictEqual(stdout, []);
  deepStrictEqual(stderr.splice(0), [
    "kitty-events: wrong\n  do it right",
    "kitty-events: nothing there",
    "kitty-events: unforeseen",
  ]);
  for (const error of errors) await voice({ json: true }).fail(error);
  deepStrictEqual(stderr, []);
  deepStrictEqual(stdout.map((line) => JSON.parse(line)), [
    { error: { code: "usage", message: "wrong", try: "do it right" } },
    { error: { code: "not_found", message: "nothing there" } },
    { error: { code: "internal", message: "unforeseen" } },
  ]);
});
