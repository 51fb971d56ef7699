/**
 * Short sums that tell contents apart.
 *
 * @module
 */

/**
 * 64 bits of a content, in hexadecimal digits: two FNV-1a sums that begin
 * differently. Not fit against an adversary.
 *
 * @param length number of its units
 * @param unitAt a unit: a byte, or a code unit of a text
 */
export function digestOf(
  length: number,
  unitAt: (index: number) => number,
): string {
  let a = 0x811c9dc5, b = 0x01000193;
  for (let i = 0; i < length; i++) {
    const unit = unitAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ (unit + i), 0x85ebca6b);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, "0"))
    .join("");
}
