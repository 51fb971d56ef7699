/**
 * Documents as lines: no line break is inside of one, as JSON escapes it.
 *
 * @module
 */

const LINE_BREAK = 0x0a;

/** All of them, each with its line break. */
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

/** Takes them apart again. */
export function splitLines(text: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf(LINE_BREAK, at);
    lines.push(text.subarray(at, end));
    at = end + 1;
  }
  return lines;
}
