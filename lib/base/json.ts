/**
 * Strict reading of one JSON document from outside: stdin, spool, agent,
 * import, collector.
 *
 * `JSON.parse` decides what is JSON. What it lets through and would silently
 * change, or what cannot be written again, is found beside it: one cheap look
 * at the text tells whether there may be a flaw, and only then a slow walk
 * names the places.
 *
 * @module
 */
import { jsonTypeOf, type Problem } from "./problem.ts";
import { DEPTH_MAX, findFlaws } from "./json_flaws.ts";

export { DEPTH_MAX };

/** A JSON object. A key `__proto__` is plain data of its own. */
export type JsonObject = Record<string, unknown>;

/** Whether a value is an object, and neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return jsonTypeOf(value) === "object";
}

/**
 * A document, or what is wrong with it. Next to problems, `value` is what
 * could be read all the same: good for naming the document, not for storing.
 */
export type ParsedDocument =
  | { value: JsonObject; problems?: never; isTooLarge?: never }
  | {
    problems: Problem[];
    value?: JsonObject;
    /** It was not looked at any further. */
    isTooLarge?: boolean;
  };

/** How a document is read. */
export interface ParseOptions {
  /** The first document of a stream, which may begin with a byte order mark. */
  readonly first?: boolean;
  /** Bytes that it may have, written without white space and needless escapes. */
  readonly bytesMax?: number;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads one document: a JSON object in UTF-8.
 *
 * Problems are text that is not UTF-8 or not JSON (raw NUL bytes included),
 * anything but an object, nesting deeper than 64, halves of surrogate pairs,
 * and numbers that JSON parsing would change: overflow, underflow to 0, and
 * whatever lies beyond ±(2^53 - 1). Of duplicate keys the last wins; a flaw in
 * an overruled one counts too. Never throws.
 *
 * @param bytes The document; white space around it is fine.
 */
export function parseDocument(
  bytes: Uint8Array,
  options: ParseOptions = {},
): ParsedDocument {
  const body = options.first && startsWithBom(bytes)
    ? bytes.subarray(3)
    : bytes;

  let text: string;
  try {
    text = decoder.decode(body);
  } catch {
    return invalid("text in UTF-8");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return invalid(expectedInsteadOf(text));
  }

  const found = jsonTypeOf(value);
  if (isLarger(bytes, value, options.bytesMax)) {
    const problem = {
      path: "",
      expected: `a document of at most ${options.bytesMax} bytes`,
      found,
    };
    return {
      problems: [problem],
      isTooLarge: true,
      ...found === "object" && { value: value as JsonObject },
    };
  }

  const isDoubtful = DOUBTFUL.test(text) ||
    (opensOften(text) && isDeeper(value, DEPTH_MAX));
  const problems = isDoubtful ? findFlaws(text) : [];
  if (found !== "object") {
    const elsewhere = problems.filter(({ path }) => path !== "");
    return {
      problems: [{ path: "", expected: "a JSON object", found }, ...elsewhere],
    };
  }
  const object = value as JsonObject;
  return problems.length > 0 ? { problems, value: object } : { value: object };
}

/**
 * Whether a document takes more than it may, however sparingly it is written.
 * Then the search for all that is wrong with it is left out, which takes many times as
 * long as reading it does.
 */
function isLarger(
  bytes: Uint8Array,
  value: unknown,
  bytesMax = Infinity,
): boolean {
  if (bytes.length <= bytesMax) return false;
  // `JSON.stringify` takes minutes for brackets in brackets; this stops at the bound.
  let size = 0;
  const open = [value];
  while (open.length > 0 && size <= bytesMax) {
    const next = open.pop();
    if (typeof next === "string") size += next.length + 2;
    else if (Array.isArray(next)) {
      size += 2 * next.length + 1;
      if (size <= bytesMax) { for (const item of next) open.push(item); }
    } else if (typeof next === "object" && next !== null) {
      for (const name in next) {
        size += name.length + 4;
        if (size > bytesMax) break;
        open.push((next as JsonObject)[name]);
      }
    }
  }
  return size > bytesMax;
}

/** Names the two mistakes that are not to be seen when one looks at the text. */
function expectedInsteadOf(text: string): string {
  if (text.startsWith("\ufeff")) return "JSON without a byte order mark";
  return text.includes("\0") ? "JSON without NUL bytes" : "a JSON object";
}

function invalid(expected: string): ParsedDocument {
  return { problems: [{ path: "", expected, found: "invalid" }] };
}

function startsWithBom(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/**
 * Text in which there may be a flaw: the escape of half a surrogate pair, or a
 * number with an exponent or with more than 15 digits. One test of all the
 * text, so that the walk that is sure is seldom needed.
 */
const DOUBTFUL = /\\u[dD]|[:,[\s]-?(?:[\d.]{16}|[\d.]{1,15}[eE])/;

/** Whether a text has brackets enough to be nested too deep; few have, and those are walked. */
function opensOften(text: string): boolean {
  let opened = 0;
  for (const bracket of "{[") {
    let at = text.indexOf(bracket);
    for (; at >= 0; at = text.indexOf(bracket, at + 1)) {
      if (++opened > DEPTH_MAX) return true;
    }
  }
  return false;
}

/** Whether a value is nested deeper than `levels`. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  // An array's places are numbers here: made into names they cost five times as much.
  if (Array.isArray(value)) {
    return value.some((item) => isDeeper(item, levels - 1));
  }
  for (const key in value) {
    if (isDeeper((value as JsonObject)[key], levels - 1)) return true;
  }
  return false;
}

/**
 * Whether two JSON values are equal by value; the order of keys does not
 * matter. Needs no call stack, so that depth does no harm.
 */
export function sameJson(a: unknown, b: unknown): boolean {
  const pairs: [unknown, unknown][] = [[a, b]];
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [left, right] = pair;
    if (left === right) continue;
    const type = jsonTypeOf(left);
    if (type !== jsonTypeOf(right)) return false;
    if (type !== "object" && type !== "array") return false;
    const leftObject = left as JsonObject, rightObject = right as JsonObject;
    const keys = Object.keys(leftObject);
    if (keys.length !== Object.keys(rightObject).length) return false;
    for (const key of keys) {
      if (!Object.hasOwn(rightObject, key)) return false;
      pairs.push([leftObject[key], rightObject[key]]);
    }
  }
  return true;
}
