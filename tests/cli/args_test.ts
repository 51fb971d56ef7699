/** Reading the command line, by itself. */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { type ArgsSpec, parseArgs } from "../../lib/cli/args.ts";
import { printable, problemText } from "../../lib/cli/output.ts";
import { KittyError } from "../../lib/errors.ts";

const SPEC: ArgsSpec = {
  positionals: [
    { name: "A", help: "" },
    { name: "B", help: "", optional: true },
  ],
  options: {
    json: { kind: "flag", help: "" },
    help: { kind: "flag", help: "" },
    feature: { kind: "text", help: "" },
    on: { kind: "list", help: "" },
    wait: { kind: "text", help: "", choices: ["disk", "server"] },
  },
};

function parse(...args: string[]) {
  return parseArgs(args, SPEC, "do");
}

/** The message and hint of the usage error. */
function wrong(...args: string[]): string {
  let text = "";
  throws(() => parse(...args), (error) => {
    ok(error instanceof KittyError);
    strictEqual(error.exit, 64);
    text = `${error.message} | ${error.hint ?? ""}`;
    return true;
  });
  return text;
}

Deno.test("parseArgs: words that look like something else -> stay text", () => {
  for (const word of ["007", "-", "", "true", "1e3", "a=b", "__proto__"]) {
    deepStrictEqual(parse(word).positionals, [word]);
    strictEqual(parse("a", "--feature", word).text("feature"), word);
    strictEqual(parse("a", `--feature=${word}`).text("feature"), word);
  }
});

Deno.test("parseArgs: -- -> what follows is text, whatever it looks like", () => {
  const args = parse("--json", "--", "--feature", "-x");
  deepStrictEqual(args.positionals, ["--feature", "-x"]);
  ok(args.flag("json"));
  strictEqual(args.text("feature"), undefined);
});

Deno.test("parseArgs: values -> behind a space or an equals sign, also with dashes; the last of a text, all of a list", () => {
  strictEqual(parse("a", "--feature", "--x").text("feature"), "--x");
  strictEqual(parse("a", "--feature", "-1").text("feature"), "-1");
  strictEqual(parse("a", "--feature=--json").text("feature"), "--json");
  strictEqual(parse("a", "--feature=x=y").text("feature"), "x=y");
  const args = parse("--on", "1", "a", "--on=2", "--feature=x", "--feature=y");
  deepStrictEqual(args.list("on"), ["1", "2"]);
  strictEqual(args.text("feature"), "y");
  deepStrictEqual(args.positionals, ["a"]);
});

Deno.test("parseArgs: wrong usage -> says what, and what to do", () => {
  ok(wrong("a", "--featur", "x").includes("did you mean --feature?"));
  ok(wrong("a", "--nothing-like-it").includes("behind --"));
  ok(wrong("a", "-x").includes("unknown flag -x"));
  ok(wrong("a", "-feature", "x").includes("unknown flag -feature"));
  ok(wrong("a", "--feature").includes("--feature needs a value"));
  ok(wrong("a", "--feature", "--json").includes("write --feature=--json"));
  ok(wrong("a", "--json=yes").includes("takes no value"));
  ok(wrong("a", "--wait", "dsk").includes("did you mean --wait disk?"));
  ok(wrong().includes("missing: A"));
  ok(wrong("a", "b", "c").includes("too many"));
  ok(wrong("a", "--constructor").includes("unknown flag"));
  ok(wrong("a", "--feature=s3cret", "--fetaure=s3cret").includes("--fetaure"));
  ok(!wrong("a", "--fetaure=s3cret").includes("s3cret"));
});

Deno.test("parseArgs: --help, -h -> wins over what is missing", () => {
  ok(parse("--help").flag("help"));
  ok(parse("-h").flag("help"));
});

Deno.test("parseArgs: any words behind -- -> themselves", () => {
  const spec = {
    ...SPEC,
    positionals: [{ name: "A", help: "", optional: true, rest: true }],
  };
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      deepStrictEqual(parseArgs(["--", ...words], spec, "").positionals, words);
    }),
  );
});

Deno.test("printable: control characters, direction marks, long text -> one harmless line", () => {
  strictEqual(printable("a\u001b[31m\n\u202eb\u0085"), "a?[31m??b?");
  strictEqual(printable("x".repeat(100), 10), `${"x".repeat(9)}…`);
  strictEqual(printable("ünï 🐈"), "ünï 🐈");
});

Deno.test("problemText: path, expectation, finding, hint -> one sentence", () => {
  const problem = { path: "/a", expected: "b", found: "string" } as const;
  strictEqual(problemText(problem), "/a: expected b, found string");
  strictEqual(
    problemText({ ...problem, path: "", hint: "c" }),
    "the document: expected b, found string (c)",
  );
});
