/**
 * Names the places in valid JSON where parsing would change a value or where
 * the limits are broken. Slow and exact; `json.ts` calls it only for documents
 * that have such a place.
 */
import { type Problem, toPointer } from "./problem.ts";

/** The deepest nesting that is taken in; the outermost object is depth 1. */
export const DEPTH_MAX = 64;

const NUMBER_EXPECTED = "a number that JSON parsing keeps as it is";
const TEXT_EXPECTED = "text without halves of surrogate pairs";
const NAMES_EXPECTED = "field names without halves of surrogate pairs";
const DEPTH_EXPECTED = `nesting at most ${DEPTH_MAX} deep`;

/** An open object or array, and the member of it that is being read. */
interface Container {
  isObject: boolean;
  member: string | number;
  /** In an object: the next string is a key. */
  keyIsNext: boolean;
}

/**
 * All flaws of a JSON text, in its order, one for each path. What lies in a
 * container that is too deep is not looked at.
 *
 * @param json Text that `JSON.parse` has accepted.
 */
export function findFlaws(json: string): Problem[] {
  const flaws = new Map<string, Problem>();
  const open: Container[] = [];
  let tooDeep = 0;

  const add = (
    place: readonly Container[],
    expected: string,
    found: Problem["found"],
  ) => {
    const path = toPointer(place.map((container) => container.member));
    if (!flaws.has(path)) flaws.set(path, { path, expected, found });
  };

  for (const token of tokensOf(json)) {
    const container = open.at(-1);
    const first = token[0]!;
    if (first === "{" || first === "[") {
      if (open.length === DEPTH_MAX) {
        if (tooDeep === 0) {
          add(open, DEPTH_EXPECTED, first === "{" ? "object" : "array");
        }
        tooDeep++;
      } else {
        const isObject = first === "{";
        open.push({ isObject, member: isObject ? "" : 0, keyIsNext: isObject });
      }
    } else if (first === "}" || first === "]") {
      if (tooDeep > 0) tooDeep--;
      else open.pop();
    } else if (tooDeep > 0) {
      continue;
    } else if (first === ",") {
      if (container?.isObject) container.keyIsNext = true;
      else if (container) container.member = Number(container.member) + 1;
    } else if (first === '"') {
      const text: string = JSON.parse(token);
      if (container?.keyIsNext) {
        container.member = text;
        container.keyIsNext = false;
        // Such a key makes no pointer, so its object is named.
        if (!text.isWellFormed()) {
          add(open.slice(0, -1), NAMES_EXPECTED, "object");
        }
      } else if (!text.isWellFormed()) {
        add(open, TEXT_EXPECTED, "string");
      }
    } else if (isChangedByParsing(token)) {
      add(open, NUMBER_EXPECTED, "number");
    }
  }
  return [...flaws.values()];
}

/**
 * Whether `JSON.parse` would make another number of this literal: infinity, 0
 * of what is not 0, or an integer beyond ±(2^53 - 1). Rounding of fractions is
 * what every reader of JSON does and is no change.
 */
export function isChangedByParsing(literal: string): boolean {
  const value = Number(literal);
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return true;
  return value === 0 && /^[^eE]*[1-9]/.test(literal);
}

/** Strings are looked through by hand: long ones exhaust a pattern's stack. */
function* tokensOf(json: string): Generator<string> {
  const nextToken = /[-+.\w]+|[{}[\],"]/g;
  for (let m = nextToken.exec(json); m !== null; m = nextToken.exec(json)) {
    const start = m.index;
    if (m[0] !== '"') {
      yield m[0];
      continue;
    }
    const end = endOfString(json, start);
    yield json.slice(start, end);
    nextToken.lastIndex = end;
  }
}

function endOfString(json: string, start: number): number {
  let i = start + 1;
  while (json[i] !== '"') i += json[i] === "\\" ? 2 : 1;
  return i + 1;
}
