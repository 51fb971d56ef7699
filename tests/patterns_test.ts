/** No pattern takes more than linear time: text from outside would hold up everything with it. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { isSafePattern } from "redos-detector";

const ROOT = new URL("../", import.meta.url);

/** A pattern as it stands in the source. */
interface Pattern {
  readonly place: string;
  readonly source: string;
  readonly flags: string;
}

/** All patterns of a file, read by the runtime's own parser. */
function patternsOf(path: string, text: string): Pattern[] {
  const patterns: Pattern[] = [];
  Deno.lint.runPlugin(
    {
      name: "patterns",
      rules: {
        collect: {
          create: () => ({
            Literal(node) {
              if (!("regex" in node) || !node.regex) return;
              const { pattern: source, flags } = node.regex as {
                pattern: string;
                flags: string;
              };
              const line = text.slice(0, node.range[0]).split("\n").length;
              patterns.push({ place: `${path}:${line}`, source, flags });
            },
            NewExpression(node) {
              const { callee, arguments: [source, flags] } = node;
              if (callee.type !== "Identifier" || callee.name !== "RegExp") {
                return;
              }
              const line = text.slice(0, node.range[0]).split("\n").length;
              const valueOf = (argument: typeof source) =>
                argument?.type === "Literal"
                  ? String(argument.value)
                  : undefined;
              patterns.push({
                place: `${path}:${line}`,
                // What is put together at run time counts as the worst.
                source: valueOf(source) ?? "(a+)+$",
                flags: valueOf(flags) ?? "",
              });
            },
          }),
        },
      },
    },
    path,
    text,
  );
  return patterns;
}

async function* sourcesIn(folder: string): AsyncGenerator<string> {
  for await (
    const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))
  ) {
    if (isDirectory) yield* sourcesIn(`${folder}${name}/`);
    else if (/\.[jt]sx?$/.test(name)) yield `${folder}${name}`;
  }
}

/** In so many ways a pattern may match from one place of a text on. */
const MAX_WAYS = 1_000;

/**
 * No fewer ways than those in which a pattern without `*`, `+` and counted
 * groups can match from one place on: each `|` and each `?` doubles them, and
 * a count has one for each of its numbers. Infinity for other patterns.
 */
function waysOf(source: string): number {
  const bare = source
    // A class, an escape and the beginning of a group are a letter each.
    .replace(/\\./gs, "x").replace(/\[[^\]]*\]/g, "x")
    .replace(/\(\?(?:[:=!]|<[=!])/g, "(");
  if (/[*+[\]]|\)\{|\(\?|,\}/.test(bare)) return Infinity;
  let ways = 2 ** bare.replace(/[^|?]/g, "").length;
  for (const [, from, to] of bare.matchAll(/\{(\d+),(\d+)\}/g)) {
    ways *= Number(to) - Number(from) + 1;
  }
  return ways;
}

/** Whether the number of ways in which a pattern can match does not grow with the text. */
function isLinear({ source, flags }: Pattern): boolean {
  // Most need no more than counting, at no cost.
  if (waysOf(source) < MAX_WAYS) return true;
  return isSafePattern(source, {
    unicode: flags.includes("u"),
    caseInsensitive: flags.includes("i"),
    multiLine: flags.includes("m"),
    dotAll: flags.includes("s"),
    maxScore: MAX_WAYS,
    timeout: 20_000,
  }).safe;
}

/** Files whose patterns are for the program's own text: its contract, what is generated of it, a few short samples. */
const OWN_TEXT: ReadonlySet<string> = new Set([
  "contracts/generate.ts",
  "contracts/standalone.ts",
  "lib/api/samples.ts",
  "lib/cli/commands/contract.ts",
]);

/** Libraries of the page have patterns of their own in what is generated of them. */
const NOT_OURS = "web/generated/assets.js";

Deno.test("patterns of lib, contracts and web -> none takes more than linear time", async () => {
  const patterns: Pattern[] = [];
  for (const folder of ["lib/", "contracts/", "web/"]) {
    for await (const path of sourcesIn(folder)) {
      if (path === NOT_OURS) continue;
      const text = await Deno.readTextFile(new URL(path, ROOT));
      patterns.push(...patternsOf(path, text));
    }
  }
  ok(patterns.length > 60, `${patterns.length} patterns`);
  const slow = patterns
    .filter(({ place }) => !OWN_TEXT.has(place.replace(/:\d+$/, "")))
    .filter((pattern) => !isLinear(pattern));
  deepStrictEqual(slow, []);
});

Deno.test("waysOf: patterns that count -> no fewer ways than there are; those that repeat without end -> Infinity", () => {
  const cases: readonly [string, number][] = [
    ["^\\d{3}-x$", 1],
    ["(?:a|b)?c{1,9}", 36],
    ["(?:a|a)".repeat(12), 4_096],
    ["[|?*+]\\?\\|\\*(?<!x)(?=y)", 1],
    ...["a*", "a+", "a{0,}", "(?:a{0,9}){9}", "[^]]*", "(?<n>a)"]
      .map((source): [string, number] => [source, Infinity]),
  ];
  for (const [source, ways] of cases) strictEqual(waysOf(source), ways, source);
});

Deno.test("isLinear: patterns that backtrack -> found; one that does not -> passes", () => {
  for (const source of ["\\s+#.*$", "^(.*?)\\s*$", "(a+)+$", "\\s+$"]) {
    strictEqual(isLinear({ place: "", source, flags: "" }), false, source);
  }
  for (const source of ["^\\d{3}-x", "^[^=]+=."]) {
    strictEqual(isLinear({ place: "", source, flags: "" }), true, source);
  }
});
