/**
 * Sums that tell contents apart: short and fast ones, and SHA-256.
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

/** The same of a value's JSON, whatever the order of its keys. */
export function digestOfJson(value: unknown): string {
  return digestOfText(sorted(value));
}

/**
 * The same of a text. An adversary could only hide that something was changed,
 * and never add anything.
 */
export function digestOfText(text: string): string {
  return digestOf(text.length, (i) => text.charCodeAt(i));
}

/**
 * SHA-256 in hexadecimal digits: fit against an adversary.
 *
 * @param content a text counts as its UTF-8
 * @param digits how many of the first ones; without it all 64
 */
export async function sha256Hex(
  content: string | Uint8Array<ArrayBuffer>,
  digits?: number,
): Promise<string> {
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  const sum = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(sum).toHex().slice(0, digits);
}

/** A value's JSON with all keys in order. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, member) => {
    if (typeof member !== "object" || member === null) return member;
    if (Array.isArray(member)) return member;
    return Object.fromEntries(
      Object.entries(member).sort(([a], [b]) => a < b ? -1 : 1),
    );
  });
}
