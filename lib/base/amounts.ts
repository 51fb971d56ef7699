/**
 * Amounts in words, as people read them.
 *
 * @module
 */

/** A number of things in words: `1 log`, `2 logs`. */
export function counted(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? "" : "s"}`;
}

const UNITS = ["KiB", "MiB", "GiB", "TiB"];

/** A size in the unit that suits it: `1 byte`, `1 KiB`, `1.5 MiB`; one digit where it is not whole. */
export function sizeText(bytes: number): string {
  let size = bytes, unit = bytes === 1 ? "byte" : "bytes";
  for (const next of UNITS) {
    // What would be rounded up to 1024 is 1 of the next.
    if (size < (Number.isInteger(size) ? 1024 : 1023.95)) break;
    size /= 1024;
    unit = next;
  }
  return `${Number.isInteger(size) ? size : size.toFixed(1)} ${unit}`;
}
