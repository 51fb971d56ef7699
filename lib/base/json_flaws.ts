/**
 * Names the places in valid JSON where parsing would change a value or where
 * the limits are broken. Slow and exact; `json.ts` calls it only for documents
 * that have such a place.
 *
 * @module
 */
import { PROBLEMS_MAX } from "./limits.ts";
import { type Problem, toShortPointer } from "./problem.ts";

/** The deepest nesting that is taken in; the outermost object is depth 1. */
export const DEPTH_MAX = 64;

const NUMBER_EXPECTED = "a number that JSON parsing keeps as it is";
const TEXT_EXPECTED = "text without halves of surrogate pairs";
const NAMES_EXPECTED = "field names without halves of surrogate pairs";
const DEPTH_EXPECTED = `nesting at most ${DEPTH_MAX} deep`;

/** Places looked at more closely: twice what is reported, as many of them may have problems of another kind. */
const PLACES_MAX = 2 * PROBLEMS_MAX;

/** An open object or array, and the member of it that is being read. */
interface Container {
  isObject: boolean;
  member: string | number;
  /** In an object: the next string is a key. */
  keyIsNext: boolean;
  /** Members of which a flaw is named already. */
  named?: Set<string | number>;
}

/**
 * The flaws of a JSON text, in its order, one for each path, and no more than
 * anybody is told of. What lies in a container that is too deep is not looked
 * at. Takes time in proportion to the text, whatever the text is.
 *
 * @param json Text that `JSON.parse` has accepted.
 */
export function findFlaws(json: string): Problem[] {
  const flaws = new Map<string, Problem>();
  const open: Container[] = [];
  let places = 0;

  const add = (
    place: readonly Container[],
    expected: string,
    found: Problem["found"],
  ) => {
    const last = place.at(-1);
    if (last?.named?.has(last.member)) return;
    if (last) (last.named ??= new Set()).add(last.member);
    places += 1;
    const path = toShortPointer(place.map((container) => container.member));
    if (!flaws.has(path)) flaws.set(path, { path, expected, found });
  };

  // Strings are looked through by hand: long ones exhaust a pattern's stack.
  const nextToken = /[-+.\w]+|[{}[\],"]/g;
  for (let m = nextToken.exec(json); m !== null; m = nextToken.exec(json)) {
    if (places === PLACES_MAX) break;
    const [token] = m;
    const container = open.at(-1);
    if (token === "{" || token === "[") {
      if (open.length < DEPTH_MAX) {
        const isObject = token === "{";
        open.push({ isObject, member: isObject ? "" : 0, keyIsNext: isObject });
        continue;
      }
      add(open, DEPTH_EXPECTED, token === "{" ? "object" : "array");
      const end = endOfContainer(json, m.index);
      nextToken.lastIndex = end;
    } else if (token === "}" || token === "]") {
      open.pop();
    } else if (token === ",") {
      if (container?.isObject) container.keyIsNext = true;
      else if (container) container.member = Number(container.member) + 1;
    } else if (token === '"') {
      const end = endOfString(json, m.index);
      const text: string = JSON.parse(json.slice(m.index, end));
      nextToken.lastIndex = end;
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
 * what every reader of JSON does, and does not count as a change.
 */
export function isChangedByParsing(literal: string): boolean {
  const value = Number(literal);
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return true;
  return value === 0 && /^[^eE]*[1-9]/.test(literal);
}

/** Where an object or array ends that begins at `start`. */
function endOfContainer(json: string, start: number): number {
  let depth = 0, at = start;
  do {
    const char = json[at];
    if (char === '"') at = endOfString(json, at) - 1;
    else if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") depth--;
    at++;
  } while (depth > 0);
  return at;
}

function endOfString(json: string, start: number): number {
  let i = start + 1;
  while (json[i] !== '"') i += json[i] === "\\" ? 2 : 1;
  return i + 1;
}
