/** The rules of the command line, each with its message, and all of them at once. */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import type { ArgsSpec } from "../../lib/base/arguments.ts";
import { parseArgs } from "../../lib/cli/args.ts";
import { EXIT, KittyError } from "../../lib/base/errors.ts";

const SPEC: ArgsSpec = {
  positionals: [
    { name: "WP", help: "" },
    { name: "TITLE", help: "", optional: true },
  ],
  options: {
    json: { kind: "flag", help: "" },
    help: { kind: "flag", help: "" },
    feature: { kind: "text", help: "", required: true },
    "changed-by": { kind: "text", help: "" },
    "depends-on": { kind: "list", help: "" },
    wait: { kind: "text", help: "", choices: ["disk", "server"] },
    only: { kind: "list", help: "", choices: ["sent", "dead"] },
  },
};

const REST: ArgsSpec = {
  positionals: [
    { name: "KIND", help: "" },
    { name: "IDS", help: "", rest: true },
  ],
  options: { json: { kind: "flag", help: "" } },
};

const FREE: ArgsSpec = { positionals: [], options: {} };

/** With what is required. */
function parse(...args: string[]) {
  return parseArgs(
    ["WP01", "--feature", "f", ...args],
    SPEC,
    "emit wp-created",
  );
}

/** Message and hint of wrong usage. */
function wrong(
  args: readonly string[],
  spec = SPEC,
  command = "emit wp-created",
): [string, string | undefined] {
  let said: [string, string | undefined] = ["", ""];
  throws(() => parseArgs(args, spec, command), (error) => {
    ok(error instanceof KittyError);
    deepStrictEqual([error.code, error.exit], ["usage", EXIT.usage]);
    said = [error.message, error.hint];
    return true;
  });
  return said;
}

const HELP = "see: kitty-events emit wp-created --help";
const GIVEN = ["WP01", "--feature", "f"];

/** Arguments behind those that are required, and what is said of them. */
const WRONG: readonly [string[], string, string | undefined][] = [
  [["--changed-by"], "--changed-by needs a value", HELP],
  [["--depends-on"], "--depends-on needs a value", HELP],
  [
    ["--changed-by", "--json"],
    "--changed-by needs a value",
    "write --changed-by=--json if that is the value",
  ],
  [
    ["--changed-by", "--wait=disk"],
    "--changed-by needs a value",
    "write --changed-by=--wait=disk if that is the value",
  ],
  [["--json=1"], "--json takes no value", undefined],
  [["--json="], "--json takes no value", undefined],
  [["--help=yes"], "--help takes no value", undefined],
  [
    ["--chnaged-by", "x"],
    "unknown flag --chnaged-by",
    "did you mean --changed-by?",
  ],
  [
    ["--changed_by=x"],
    "unknown flag --changed_by",
    "did you mean --changed-by?",
  ],
  [["--JSON"], "unknown flag --JSON", "did you mean --json?"],
  [["-json"], "unknown flag -json", "did you mean --json?"],
  [
    ["-j"],
    "unknown flag -j",
    `text that begins with a dash goes behind --; ${HELP}`,
  ],
  [
    ["-1"],
    "unknown flag -1",
    `text that begins with a dash goes behind --; ${HELP}`,
  ],
  [
    ["-h=1"],
    "unknown flag -h",
    `text that begins with a dash goes behind --; ${HELP}`,
  ],
  [
    ["--=x"],
    "unknown flag --",
    `text that begins with a dash goes behind --; ${HELP}`,
  ],
  [
    ["--__proto__=x"],
    "unknown flag --__proto__",
    `text that begins with a dash goes behind --; ${HELP}`,
  ],
  [
    ["--toString"],
    "unknown flag --toString",
    `text that begins with a dash goes behind --; ${HELP}`,
  ],
  [
    ["--\x1b[2J\n"],
    "unknown flag --?[2J?",
    `text that begins with a dash goes behind --; ${HELP}`,
  ],
  [
    ["--wait", "sever"],
    "--wait takes one of: disk, server",
    "did you mean --wait server?",
  ],
  [
    ["--wait", "DISK"],
    "--wait takes one of: disk, server",
    "did you mean --wait disk?",
  ],
  [["--wait="], "--wait takes one of: disk, server", undefined],
  [
    ["--wait", "disk", "--wait", "no"],
    "--wait takes one of: disk, server",
    undefined,
  ],
  [
    ["--only=sent", "--only=lost"],
    "--only takes one of: sent, dead",
    undefined,
  ],
  [
    ["a title", "more"],
    "1 argument(s) too many; text with spaces needs quotes",
    HELP,
  ],
  [
    ["of", "--", "three", "--words"],
    "2 argument(s) too many; text with spaces needs quotes",
    HELP,
  ],
];

for (const [args, message, hint] of WRONG) {
  Deno.test(`parseArgs: ${JSON.stringify(args.join(" "))} -> ${message}`, () => {
    deepStrictEqual(wrong([...GIVEN, ...args]), [message, hint]);
  });
}

Deno.test("parseArgs: required positionals and options missing -> all of them named, in the order of the help", () => {
  deepStrictEqual(wrong([]), ["missing: WP, --feature", HELP]);
  deepStrictEqual(wrong(["WP01"]), ["missing: --feature", HELP]);
  deepStrictEqual(wrong(["--feature", "f", "--"]), ["missing: WP", HELP]);
  deepStrictEqual(wrong(["one"], REST, ""), [
    "missing: IDS",
    "see: kitty-events --help",
  ]);
});

Deno.test("parseArgs: an empty value, an empty argument -> given, not missing", () => {
  const args = parseArgs(["", "--feature="], SPEC, "");
  deepStrictEqual(args.positionals, [""]);
  strictEqual(args.text("feature"), "");
  strictEqual(parse("--changed-by", "").text("changed-by"), "");
  deepStrictEqual(
    parse("--depends-on=", "--depends-on", "").list("depends-on"),
    [
      "",
      "",
    ],
  );
});

Deno.test("parseArgs: not given -> no flag, no text, an empty list", () => {
  const args = parse();
  strictEqual(args.flag("json"), false);
  strictEqual(args.text("changed-by"), undefined);
  deepStrictEqual(args.list("depends-on"), []);
  strictEqual(args.flag("no such option"), false);
});

Deno.test("parseArgs: -- -> ends the options once; another one is an argument", () => {
  const { positionals } = parseArgs(
    ["k", "--", "--", "--json", "-h"],
    REST,
    "",
  );
  deepStrictEqual(positionals, ["k", "--", "--json", "-h"]);
  deepStrictEqual(parseArgs(["--"], FREE, "").positionals, []);
});

Deno.test("parseArgs: a lone dash -> an argument or a value", () => {
  deepStrictEqual(parse("-").positionals, ["WP01", "-"]);
  strictEqual(parse("--changed-by", "-").text("changed-by"), "-");
});

Deno.test("parseArgs: options before, between and behind arguments -> the same", () => {
  const orders = [
    ["--feature", "f", "--json", "WP01", "t"],
    ["WP01", "--feature=f", "t", "--json"],
    ["--json", "WP01", "--feature", "f", "--", "t"],
  ];
  for (const order of orders) {
    const args = parseArgs(order, SPEC, "");
    deepStrictEqual(args.positionals, ["WP01", "t"]);
    strictEqual(args.text("feature"), "f");
    ok(args.flag("json"));
  }
});

Deno.test("parseArgs: an option-looking value that is no option here -> the value", () => {
  for (const value of ["--x", "--jsn", "-1", "-h", "-json", "---", "--=a"]) {
    strictEqual(parse("--changed-by", value).text("changed-by"), value);
  }
});

Deno.test("parseArgs: --name=value -> cut at the first equals sign, taken as it is", () => {
  for (
    const value of ["", "=", "a=b", "--json", "-", "--", " x ", "007", "🐈"]
  ) {
    strictEqual(parse(`--changed-by=${value}`).text("changed-by"), value);
  }
});

Deno.test("parseArgs: a command without options or arguments -> takes nothing", () => {
  deepStrictEqual(parseArgs([], FREE, "node-id").positionals, []);
  deepStrictEqual(wrong(["x"], FREE, "node-id"), [
    "1 argument(s) too many; text with spaces needs quotes",
    "see: kitty-events node-id --help",
  ]);
});

Deno.test("parseArgs: --help with arguments missing or too many -> help; with an unknown flag -> said first", () => {
  ok(parseArgs(["--help"], SPEC, "").flag("help"));
  ok(parseArgs(["a", "b", "c", "-h"], SPEC, "").flag("help"));
  strictEqual(wrong(["--help", "--nonsense"])[0], "unknown flag --nonsense");
});

Deno.test("parseArgs: wrong usage -> values are not repeated", () => {
  for (
    const args of [
      ["--chnaged-by=s3cret"],
      ["--wait=s3cret"],
      ["--wait", "s3cret"],
      ["--json=s3cret"],
      ["s3cret", "s3cret"],
    ]
  ) {
    ok(!wrong([...GIVEN, ...args]).join().includes("s3cret"), args.join(" "));
  }
});

Deno.test("parseArgs: any arguments written in any of their forms -> what was meant", () => {
  const plain = fc.string({ unit: "binary" });
  const word = plain.filter((text) => !text.startsWith("-") || text === "-");
  const isOption = (text: string) =>
    text.startsWith("--") &&
    Object.hasOwn(SPEC.options, text.slice(2).split("=")[0]!);
  type Item = { name: string; value: string; inline: boolean };
  const option = fc.record<Item>({
    name: fc.constantFrom("feature", "changed-by", "depends-on", "json"),
    value: plain,
    inline: fc.boolean(),
  }).filter(({ value, inline }) => inline || !isOption(value));
  const items = fc.array(fc.oneof(option, word));
  const spec = {
    ...SPEC,
    positionals: [{ name: "WORDS", help: "", optional: true, rest: true }],
  };
  fc.assert(
    fc.property(items, fc.array(plain), (items, behind) => {
      const argv = items.flatMap((item) => {
        if (typeof item === "string") return item;
        const { name, value, inline } = item;
        if (name === "json") return "--json";
        return inline ? `--${name}=${value}` : [`--${name}`, value];
      });
      const args = parseArgs(
        ["--feature", "first", ...argv, "--", ...behind],
        spec,
        "",
      );
      const options = items.filter((item) => typeof item !== "string");
      const values = (name: string) =>
        options.filter((item) => item.name === name).map(({ value }) => value);
      deepStrictEqual(args.positionals, [
        ...items.filter((item) => typeof item === "string"),
        ...behind,
      ]);
      strictEqual(args.text("feature"), values("feature").at(-1) ?? "first");
      strictEqual(args.text("changed-by"), values("changed-by").at(-1));
      deepStrictEqual(args.list("depends-on"), values("depends-on"));
      strictEqual(args.flag("json"), values("json").length > 0);
    }),
  );
});
