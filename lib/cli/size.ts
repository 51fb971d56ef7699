/**
 * Sizes as people write them.
 *
 * @module
 */

/** What a size looks like, for those who wrote another one. */
export const SIZE_EXPECTED = "bytes, or such as 500MB, 10GiB";

/** Bytes of a size such as `500`, `500MB` (a thousand thousands) or `10GiB`; undefined for anything else. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit = ""] =
    text.match(/^(\d{1,12}(?:\.\d{1,6})?) ?([kmgt]?i?b?)$/i) ?? [];
  if (digits === undefined) return undefined;
  const letter = unit[0]?.toLowerCase() ?? "";
  const power = "kmgt".indexOf(letter) + 1;
  if (unit.toLowerCase() === "ib") return undefined;
  const base = /i/i.test(unit) ? 1024 : 1000;
  const isPlain = letter === "" || letter === "b";
  const bytes = Number(digits) * (isPlain ? 1 : base ** power);
  return Number.isSafeInteger(Math.round(bytes))
    ? Math.round(bytes)
    : undefined;
}
