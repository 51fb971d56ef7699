/**
 * The order of text by its characters, which is that of its UTF-8 bytes, and so
 * that of keys in Deno KV.
 *
 * @module
 */

/** JavaScript compares code units, in which the characters beyond 16 bits come too early. */
export function byCodePoint(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  const left = a.codePointAt(startOf(a, at)) ?? -1;
  const right = b.codePointAt(startOf(b, at)) ?? -1;
  return left - right;
}

/** The start of the character that a code unit belongs to. */
function startOf(text: string, at: number): number {
  const isSecond = /[\udc00-\udfff]/.test(text[at] ?? "") &&
    /[\ud800-\udbff]/.test(text[at - 1] ?? "");
  return isSecond ? at - 1 : at;
}
