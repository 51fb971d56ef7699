/** NDJSON from bytes that come in any pieces. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { type Line, LineReader } from "../../lib/base/lines.ts";
import { DOCUMENT_BYTES_MAX } from "../../lib/base/limits.ts";

/** Reads all lines of input that comes in these pieces. */
async function linesOf(pieces: readonly Uint8Array[]): Promise<Line[]> {
  let waiting = [...pieces];
  const reader = new LineReader((buffer) => {
    const piece = waiting[0];
    if (!piece) return Promise.resolve(null);
    const some = piece.subarray(0, buffer.length);
    buffer.set(some);
    const rest = piece.subarray(some.length);
    waiting = [...rest.length > 0 ? [rest] : [], ...waiting.slice(1)];
    return Promise.resolve(some.length);
  });
  const lines: Line[] = [];
  for (let some; (some = await reader.next()) !== null;) lines.push(...some);
  strictEqual(await reader.next(), null);
  return lines;
}

/** What a text editor would call its lines, less the blank ones. */
function model(bytes: Uint8Array): [number, string][] {
  const text = String.fromCharCode(...bytes);
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line, i): [number, string] => [
    i + 1,
    line.replace(/\r$/, ""),
  ]).filter(([, line]) => !/^[ \t]*$/.test(line));
}

Deno.test("LineReader: any bytes in any pieces -> the same lines", async () => {
  const byte = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(0x0a, 0x0d, 0x20, 0x09) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 255 }) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(byte, { minLength: 1 })),
      async (pieces) => {
        const input = pieces.map((piece) => Uint8Array.from(piece));
        const whole = Uint8Array.from(pieces.flat());
        const lines = await linesOf(input);
        deepStrictEqual(
          lines.map(({ number, bytes }) => [
            number,
            String.fromCharCode(...bytes!),
          ]),
          model(whole),
        );
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("LineReader: a line too long to be a document -> no bytes, and the next one is read", async () => {
  const long = new Uint8Array(DOCUMENT_BYTES_MAX + 1).fill(0x61);
  const fits = long.subarray(1);
  const end = Uint8Array.of(0x0a);
  const lines = await linesOf([long, end, fits, end, Uint8Array.of(0x62)]);
  deepStrictEqual(
    lines.map(({ number, bytes }) => [number, bytes?.length]),
    [[1, undefined], [2, DOCUMENT_BYTES_MAX], [3, 1]],
  );
});

Deno.test("LineReader: a first line that is only a byte order mark -> blank; a document of the greatest length before CRLF -> whole", async () => {
  const encoder = new TextEncoder();
  const whole = "x".repeat(DOCUMENT_BYTES_MAX);
  const text = `\ufeff\r\n${whole}\r\n${whole}y\r\nz`;
  const bytes = encoder.encode(text);
  let at = 0;
  const reader = new LineReader((buffer) => {
    if (at === bytes.length) return Promise.resolve(null);
    const part = bytes.subarray(at, at + buffer.length);
    buffer.set(part);
    at += part.length;
    return Promise.resolve(part.length);
  });
  const found: [number, number | undefined][] = [];
  for (let lines; (lines = await reader.next());) {
    for (const { number, bytes } of lines) found.push([number, bytes?.length]);
  }
  deepStrictEqual(found, [
    [2, DOCUMENT_BYTES_MAX],
    [3, undefined],
    [4, 1],
  ]);
});
