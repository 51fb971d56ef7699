/**
 * Strict reading of one JSON document from outside: stdin, spool, agent,
 * import, collector.
 *
 * `JSON.parse` decides what is JSON. What it lets through and would silently
 * change, or what cannot be written again, is found beside it: one cheap pass
 * over the bytes tells whether there is any flaw, and only then a second, slow
 * walk names the places.
 */
import { jsonTypeOf, type Problem } from "./problem.ts";
import { DEPTH_MAX, findFlaws, isChangedByParsing } from "./json_flaws.ts";

export { DEPTH_MAX };

/** A JSON object. A key `__proto__` is plain data of its own. */
export type JsonObject = Record<string, unknown>;

/**
 * A document, or what is wrong with it. Next to problems, `value` is what
 * could be read all the same: good for naming the document, not for storing.
 */
export type ParsedDocument =
  | { value: JsonObject; problems?: never }
  | { problems: Problem[]; value?: JsonObject };

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
 * @param options `first`: the first document of a stream, which may begin
 * with a byte order mark.
 */
export function parseDocument(
  bytes: Uint8Array,
  options: { first?: boolean } = {},
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

  const problems = isFlawed(body) ? findFlaws(text) : [];
  const found = jsonTypeOf(value);
  if (found !== "object") {
    const elsewhere = problems.filter(({ path }) => path !== "");
    return {
      problems: [{ path: "", expected: "a JSON object", found }, ...elsewhere],
    };
  }
  const object = value as JsonObject;
  return problems.length > 0 ? { problems, value: object } : { value: object };
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

const QUOTE = 0x22, BACKSLASH = 0x5c, LOWER_U = 0x75;
const MINUS = 0x2d, PLUS = 0x2b, POINT = 0x2e, ZERO = 0x30, NINE = 0x39;
const OPEN_BRACKET = 0x5b, CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b, CLOSE_BRACE = 0x7d;

/** Up to so many characters, a number without exponent is always exact enough. */
const PLAIN_NUMBER_CHARS_MAX = 15;

/** Whether valid JSON has any flaw that `findFlaws` would name. */
function isFlawed(json: Uint8Array): boolean {
  const end = json.length;
  let depth = 0;
  let i = 0;
  while (i < end) {
    const byte = json[i]!;
    if (byte === QUOTE) {
      i = skipString(json, i + 1);
      if (i < 0) return true;
    } else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      const start = i;
      let hasExponent = false;
      while (i < end && isNumberByte(json[i]!)) {
        if ((json[i]! | 0x20) === 0x65) hasExponent = true;
        i++;
      }
      if (hasExponent || i - start > PLAIN_NUMBER_CHARS_MAX) {
        const literal = decoder.decode(json.subarray(start, i));
        if (isChangedByParsing(literal)) return true;
      }
    } else {
      i++;
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (++depth > DEPTH_MAX) return true;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        depth--;
      }
    }
  }
  return false;
}

/** Where the string that begins here ends; -1 when half a pair is in it. */
function skipString(json: Uint8Array, start: number): number {
  let i = start;
  while (i < json.length) {
    const byte = json[i++]!;
    if (byte === QUOTE) break;
    if (byte !== BACKSLASH) continue;
    if (json[i] !== LOWER_U) {
      i++;
      continue;
    }
    const half = surrogateHalf(json, i);
    i += 5;
    if (half === "none") continue;
    const paired = half === "high" && json[i] === BACKSLASH &&
      json[i + 1] === LOWER_U && surrogateHalf(json, i + 1) === "low";
    if (!paired) return -1;
    i += 6;
  }
  return i;
}

/** Which half the escape `uXXXX` stands for: D800-DBFF, DC00-DFFF, or none. */
function surrogateHalf(json: Uint8Array, at: number): "high" | "low" | "none" {
  if ((json[at + 1]! | 0x20) !== 0x64) return "none";
  const digit = json[at + 2]! | 0x20;
  if (digit === 0x38 || digit === 0x39) return "high";
  if (digit === 0x61 || digit === 0x62) return "high";
  return digit >= 0x63 && digit <= 0x66 ? "low" : "none";
}

function isNumberByte(byte: number): boolean {
  return (byte >= ZERO && byte <= NINE) || byte === MINUS || byte === PLUS ||
    byte === POINT || (byte | 0x20) === 0x65;
}

/**
 * Whether two JSON values are equal by value; the order of keys does not
 * matter. Needs no call stack, so that depth is no danger.
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
