/**
 * What the board's lists are ordered by.
 *
 * @module
 */

/** Compares two texts by their letters, for sorting. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
