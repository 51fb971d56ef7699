/**
 * "Did you mean ...?" for field names, allowed values, commands and flags.
 *
 * @module
 */

/** Longer words are not names that someone mistyped; comparing them costs. */
const WORD_CHARS_MAX = 64;

/** From here on a beginning stands for the whole word: `impl`. */
const PREFIX_CHARS_MIN = 3;

/**
 * The candidate that was probably meant, or undefined when none is near.
 *
 * Upper and lower case, hyphens, underscores and spaces make no difference.
 * One edit (a letter more, less, other, or two swapped) is forgiven for every
 * three letters, at most three. Of equally near candidates the first wins. A
 * beginning of at least three letters counts when only one candidate has it.
 *
 * @example
 * ```ts
 * nearMiss("for-reveiw", ["planned", "for_review"]); // "for_review"
 * nearMiss("blocked", ["planned", "for_review"]); // undefined
 * ```
 */
export function nearMiss(
  word: string,
  candidates: Iterable<string>,
): string | undefined {
  if (word.length > WORD_CHARS_MAX) return undefined;
  const plainWord = plain(word);
  if (plainWord === "") return undefined;

  let nearest: string | undefined;
  let nearestEdits = Infinity;
  const begunAlike: string[] = [];
  for (const candidate of candidates) {
    const plainCandidate = plain(candidate);
    const length = Math.max(plainWord.length, plainCandidate.length);
    const editsMax = Math.min(3, Math.floor(length / 3), nearestEdits - 1);
    // The difference in length is the least that the edits can be.
    if (Math.abs(plainWord.length - plainCandidate.length) <= editsMax) {
      const edits = editDistance(plainWord, plainCandidate);
      if (edits <= editsMax) {
        nearest = candidate;
        nearestEdits = edits;
      }
    }
    if (plainCandidate.startsWith(plainWord)) begunAlike.push(candidate);
  }
  if (nearest !== undefined) return nearest;
  if (plainWord.length < PREFIX_CHARS_MIN) return undefined;
  return begunAlike.length === 1 ? begunAlike[0] : undefined;
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_\s]/g, "");
}

/** Optimal string alignment: Levenshtein plus swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min(
        last[j]! + 1,
        row[j - 1]! + 1,
        last[j - 1]! + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, beforeLast[j - 2]! + 1);
      }
      row.push(edits);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
