/** Lines near and over the limit, and lines that come in crumbs. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { type Line, LineReader } from "../../lib/base/lines.ts";
import { DOCUMENT_BYTES_MAX } from "../../lib/base/limits.ts";
import { IS_FULL } from "../support/needs.ts";

const MIB = 2 ** 20;
const NEWLINE = 0x0a, RETURN = 0x0d, LETTER = 0x61;

/** A run of equal bytes, so that large input costs no memory of its own. */
interface Run {
  readonly byte: number;
  readonly count: number;
}

/** A reader's input: these runs, in pieces of at most these sizes in turn. */
function input(runs: readonly Run[], sizes: readonly number[]) {
  let at = 0, done = 0, turn = 0;
  return (buffer: Uint8Array): Promise<number | null> => {
    const wanted = Math.min(sizes[turn++ % sizes.length]!, buffer.length);
    // The reader must not rely on what was in its buffer.
    buffer.fill(NEWLINE);
    let filled = 0;
    while (filled < wanted && at < runs.length) {
      const { byte, count } = runs[at]!;
      const some = Math.min(wanted - filled, count - done);
      buffer.fill(byte, filled, filled + some);
      filled += some;
      done += some;
      if (done === count) [at, done] = [at + 1, 0];
    }
    return Promise.resolve(filled === 0 ? null : filled);
  };
}

async function readAll(reader: LineReader): Promise<Line[]> {
  const lines: Line[] = [];
  for (let some; (some = await reader.next()) !== null;) lines.push(...some);
  strictEqual(await reader.next(), null);
  return lines;
}

/** Number and length of each line, undefined for one that is too long. */
function lengths(lines: readonly Line[]): [number, number | undefined][] {
  return lines.map(({ number, bytes }) => [number, bytes?.length]);
}

/** The most memory that the work takes beyond what is taken already. */
async function peakMiB(work: (measure: () => void) => Promise<void>) {
  const before = Deno.memoryUsage().rss;
  let peak = before;
  const measure = () => {
    peak = Math.max(peak, Deno.memoryUsage().rss);
  };
  await work(measure);
  return (peak - before) / MIB;
}

Deno.test("LineReader: lines of any length around the limit, in any pieces -> whole up to the limit, marked above it, numbers in a row", async () => {
  const length = fc.oneof(
    fc.integer({ min: 0, max: 40_000 }),
    fc.integer({ min: -2, max: 2 }).map((off) => DOCUMENT_BYTES_MAX + off),
    fc.constant(2 * DOCUMENT_BYTES_MAX),
  );
  const lines = fc.array(length, { minLength: 1, maxLength: 6 });
  const sizes = fc.array(fc.integer({ min: 500, max: 20_000 }), {
    minLength: 1,
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(lines, sizes, fc.boolean(), async (given, sizes, ends) => {
      const runs = given.flatMap((count, i) => [
        ...count > 0 ? [{ byte: LETTER, count }] : [],
        ...ends || i < given.length - 1 ? [{ byte: NEWLINE, count: 1 }] : [],
      ]);
      const reader = new LineReader(input(runs, sizes));
      const lines = await readAll(reader);
      deepStrictEqual(
        lengths(lines),
        given.map((count, i): [number, number | undefined] => [
          i + 1,
          count > DOCUMENT_BYTES_MAX ? undefined : count,
        ]).filter(([, count]) => count !== 0),
      );
      ok(lines.every(({ bytes }) => !bytes || onlyLetters(bytes)));
      const isOpen = !ends && given.at(-1) === 0;
      strictEqual(reader.count, given.length - (isOpen ? 1 : 0));
    }),
    { numRuns: IS_FULL ? 25 : 12 },
  );
});

/** Of large input, a few places will do. */
function onlyLetters(bytes: Uint8Array): boolean {
  const step = Math.max(1, Math.floor(bytes.length / 10_000));
  for (let i = 0; i < bytes.length; i += step) {
    if (bytes[i] !== LETTER) return false;
  }
  return bytes.at(-1) === LETTER;
}

Deno.test("LineReader: a line break split from its carriage return -> one end of line", async () => {
  const runs = [
    { byte: LETTER, count: 1 },
    { byte: RETURN, count: 1 },
    { byte: NEWLINE, count: 1 },
    { byte: RETURN, count: 2 },
    { byte: NEWLINE, count: 1 },
    { byte: LETTER, count: 2 },
    { byte: RETURN, count: 1 },
  ];
  for (const size of [1, 2, 3, 100]) {
    const lines = await readAll(new LineReader(input(runs, [size])));
    deepStrictEqual(
      lines.map(({ number, bytes }) => [number, [...bytes!]]),
      // Only one carriage return belongs to a line's end; another is data.
      [[1, [LETTER]], [2, [RETURN]], [3, [LETTER, LETTER]]],
    );
  }
});

Deno.test("LineReader: a line handed out -> stays as it is while more is read", async () => {
  const runs = [
    { byte: LETTER, count: 20_000 },
    { byte: NEWLINE, count: 1 },
    { byte: LETTER + 1, count: 20_000 },
    { byte: NEWLINE, count: 1 },
  ];
  const lines = await readAll(new LineReader(input(runs, [7_000])));
  for (const [i, { bytes }] of lines.entries()) {
    ok(bytes!.every((byte) => byte === LETTER + i), `line ${i + 1}`);
  }
});

Deno.test("LineReader: an endless line -> takes no more memory than one at the limit; the line behind it is read", async () => {
  const runs = [
    { byte: LETTER, count: (IS_FULL ? 1024 : 384) * MIB },
    { byte: NEWLINE, count: 1 },
    { byte: LETTER, count: 5 },
  ];
  const read = input(runs, [65_536]);
  let lines: Line[] = [];
  const peak = await peakMiB(async (measure) => {
    let reads = 0;
    lines = await readAll(
      new LineReader((buffer) => {
        if (++reads % 1000 === 0) measure();
        return read(buffer);
      }),
    );
  });
  deepStrictEqual(lengths(lines), [[1, undefined], [2, 5]]);
  ok(peak < 128, `${peak} MiB`);
});

Deno.test("LineReader: a long line byte by byte -> whole, in a small multiple of its size", async () => {
  const runs = [{ byte: LETTER, count: MIB }, { byte: NEWLINE, count: 1 }];
  const read = input(runs, [1]);
  let lines: Line[] = [];
  const peak = await peakMiB(async (measure) => {
    let reads = 0;
    lines = await readAll(
      new LineReader((buffer) => {
        if (++reads % 10_000 === 0) measure();
        return read(buffer.subarray(0, 1));
      }),
    );
  });
  deepStrictEqual(lengths(lines), [[1, MIB]]);
  ok(peak < 128, `${peak} MiB`);
});

Deno.test("LineReader: nothing, only blank lines -> no lines, all counted", async () => {
  const reader = new LineReader(input([], [1]));
  deepStrictEqual(await readAll(reader), []);
  strictEqual(reader.count, 0);
  const blank = new LineReader(
    input([{ byte: NEWLINE, count: 50_000 }], [999]),
  );
  deepStrictEqual(await readAll(blank), []);
  strictEqual(blank.count, 50_000);
});

Deno.test("LineReader: the input fails -> rejects with its error", async () => {
  const reader = new LineReader(() => Promise.reject(new Error("unplugged")));
  await rejects(reader.next(), /unplugged/);
});
