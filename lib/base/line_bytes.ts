/**
 * Documents in bytes as lines, one after the other: no line break is inside of
 * one, as JSON escapes it.
 *
 * @module
 */

const LINE_BREAK = 0x0a;

/** Documents, each with a line break behind it. */
export function joinLines(
  lines: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const size = lines.reduce((sum, line) => sum + line.length + 1, 0);
  const joined = new Uint8Array(size);
  let at = 0;
  for (const line of lines) {
    joined.set(line, at);
    at += line.length + 1;
    joined[at - 1] = LINE_BREAK;
  }
  return joined;
}

/** The documents of what `joinLines` has made. */
export function splitLines(row: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < row.length;) {
    const end = row.indexOf(LINE_BREAK, at);
    lines.push(row.subarray(at, end));
    at = end + 1;
  }
  return lines;
}
