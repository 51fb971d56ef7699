/**
 * Modules of a bundle as scripts, whose code cache can be kept: `node:vm` takes
 * one for a script, and for a module nothing does.
 *
 * @module
 */

/** A module of the bundle, taken apart. */
export interface Parts {
  /** What it imports at once: names there and here, by file. */
  readonly imports: readonly {
    readonly file: string;
    readonly names: readonly Pair[];
  }[];
  /** Its own names, and those it exports them by. */
  readonly exports: readonly Pair[];
  /** What it loads later: files by their names, and modules of the runtime. */
  readonly later: ReadonlySet<string>;
  readonly body: string;
  /** Characters of the first line that are no part of the body. */
  readonly column: number;
}

type Pair = readonly [string, string];

/** Names in scripts for what loads others; no module may have them. */
const LOAD = "$load", LATER = "$later";

const IMPORTS = /^\s*(?:import(?:\{[^{}]*\}from)?"\.\/[^"]+\.js";)+/;

/** Behind it stand licences at most. */
const EXPORTS =
  /export\{([^{}]*)\};\s*(?:\/\*[^*]*(?:\*(?!\/)[^*]*)*\*\/\s*)*$/;

/** Such a statement elsewhere; where one is missed, the script does not compile. */
const STRAY =
  /(?:^|[;}\n])\s*(?:(?:import|export)\s*["{*]|import [\w$]+(?: from|,)|export (?:default|const|let|var|function|class)\b)|\bimport\((?!")/;

/**
 * Takes apart what the bundler wrote; undefined where a script could not do the
 * same.
 */
export function partsOf(text: string): Parts | undefined {
  const head = IMPORTS.exec(text)?.[0] ?? "";
  const tail = EXPORTS.exec(text);
  const body = text.slice(head.length, tail?.index ?? text.length);
  const isStrange = STRAY.test(body) || body.includes("import.meta") ||
    body.includes(LOAD) || body.includes(LATER);
  if (isStrange) return;
  return {
    imports: [
      ...head.matchAll(/import(?:\{([^{}]*)\}from)?"\.\/([^"]+)\.js";/g),
    ]
      .map(([, names, file]) => ({ file: file!, names: pairsOf(names ?? "") })),
    exports: pairsOf(tail?.[1] ?? ""),
    later: new Set(
      [...body.matchAll(LATER_IMPORT)].map(([, from]) => nameOf(from!)),
    ),
    body,
    column: head.length - (head.lastIndexOf("\n") + 1),
  };
}

const LATER_IMPORT = /\bimport\("([^"]+)"\)/g;

/** A file by its name, anything else, such as `node:sqlite`, by what it is imported by. */
function nameOf(specifier: string): string {
  return /^\.\/(.+)\.js$/.exec(specifier)?.[1] ?? specifier;
}

/** What imports it. */
export function specifierOf(name: string): string {
  return name.includes(":") ? name : `./${name}.js`;
}

/**
 * A function that does what the module does, and returns what it exports.
 *
 * @param options `isWaiting`: it waits before it has run, as only the first may
 */
export function scriptOf(
  parts: Parts,
  { isWaiting = false } = {},
): string {
  return `(${isWaiting ? "async " : ""}${headOf(parts)}` +
    parts.body.replaceAll(
      LATER_IMPORT,
      (_, from) => `${LATER}(${JSON.stringify(nameOf(from))})`,
    ) +
    `\nreturn{${
      parts.exports.map(([here, as]) => `${as}:${here}`).join(",")
    }}})`;
}

/** What stands before the body. */
function headOf({ imports }: Parts): string {
  const taken = imports.map(({ file, names }) => {
    const pairs = names.map(([there, here]) => `${there}:${here}`);
    return `const{${pairs.join(",")}}=${LOAD}("${file}");`;
  });
  return `function(${LOAD},${LATER}){"use strict";${taken.join("")}`;
}

/** By how much columns of a script's first line differ from those of its module. */
export function columnOf(parts: Parts): number {
  return parts.column - `(${headOf(parts)}`.length;
}

/** A module with what a script exports, for modules that import it. */
export function shellOf(name: string, { exports }: Parts): string {
  const names = exports.map(([, as], i) => ({ as, own: `e${i}` }));
  return `import{load as ${LOAD}}from"./main.js";` +
    `const{${names.map(({ as, own }) => `${as}:${own}`).join(",")}}=` +
    `${LOAD}("${name}");` +
    `export{${names.map(({ as, own }) => `${own} as ${as}`).join(",")}};\n`;
}

/** Names of a list as in `a as b,c`: what stands before `as`, and behind it. */
export function pairsOf(list: string): [string, string][] {
  return list.split(",").filter((item) => item !== "").map((item) => {
    const [before, behind] = item.split(" as ") as [string, string?];
    return [before, behind ?? before];
  });
}
