/**
 * Reading NDJSON from a stream in constant memory.
 *
 * @module
 */

import { pause } from "./deadline.ts";
import { DOCUMENT_BYTES_MAX, IDLE_MS } from "./limits.ts";

/** One line of input that is not blank. */
export interface Line {
  /** From 1 on; blank lines count. */
  readonly number: number;
  /** Without the line break; undefined where the line is too long to be a document. */
  readonly bytes: Uint8Array | undefined;
}

/** Small pieces, so that what the disk has done is noticed between them. */
const READ_BYTES = 16 * 1024;
const NOTHING = new Uint8Array(0);
const NEWLINE = 0x0a, RETURN = 0x0d, SPACE = 0x20, TAB = 0x09;

/** A document, and the carriage return behind it. */
const LINE_BYTES_MAX = DOCUMENT_BYTES_MAX + 1;

/** Cuts a stream of bytes into lines. */
export class LineReader {
  readonly #read: (buffer: Uint8Array) => Promise<number | null>;
  readonly #buffer = new Uint8Array(READ_BYTES);
  #number = 0;
  /** Holds the line that has begun in its first `#length` bytes, unless that is too long. */
  #begun = NOTHING;
  #length = 0;
  #isEnded = false;

  constructor(read: (buffer: Uint8Array) => Promise<number | null>) {
    this.#read = read;
  }

  /** Lines that have come to their end, blank ones included. */
  get count(): number {
    return this.#number;
  }

  /** The lines that the next chunk of input completes, which may be none; null at the end. */
  async next(): Promise<Line[] | null> {
    if (this.#isEnded) return null;
    const count = await this.#read(this.#buffer);
    if (count === null) {
      this.#isEnded = true;
      return this.#length > 0 ? this.#finish(NOTHING) : null;
    }
    const chunk = this.#buffer.slice(0, count);
    const lines: Line[] = [];
    let start = 0;
    for (let end; (end = chunk.indexOf(NEWLINE, start)) >= 0;) {
      lines.push(...this.#finish(chunk.subarray(start, end)));
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  /** Adds to the line that has begun. In one place: it may come byte by byte. */
  #keep(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > LINE_BYTES_MAX) this.#begun = NOTHING;
    else {
      if (length > this.#begun.length) {
        const larger = new Uint8Array(Math.min(2 * length, LINE_BYTES_MAX));
        larger.set(this.#begun.subarray(0, this.#length));
        this.#begun = larger;
      }
      this.#begun.set(piece, this.#length);
    }
    this.#length = length;
  }

  /** The line that ends with this piece; none where it is blank. */
  #finish(piece: Uint8Array): Line[] {
    const number = this.#number += 1;
    let whole = piece;
    if (this.#length > 0) {
      this.#keep(piece);
      const isTooLong = this.#length > LINE_BYTES_MAX;
      whole = this.#begun.subarray(0, this.#length);
      this.#begun = NOTHING;
      this.#length = 0;
      if (isTooLong) return [{ number, bytes: undefined }];
    }
    const bytes = whole.at(-1) === RETURN ? whole.subarray(0, -1) : whole;
    if (bytes.length > DOCUMENT_BYTES_MAX) {
      return [{ number, bytes: undefined }];
    }
    const isEmpty = number === 1 && isMark(bytes) || isBlank(bytes);
    return isEmpty ? [] : [{ number, bytes }];
  }
}

/** Whether a read settles at once, as it does when input waits. */
export async function isReady(reading: Promise<unknown>): Promise<boolean> {
  return await Promise.race([
    reading.then(() => true),
    pause(IDLE_MS).then(() => false),
  ]);
}

/** Whether a line is a byte order mark and nothing else. */
function isMark(bytes: Uint8Array): boolean {
  return bytes.length === 3 && bytes[0] === 0xef && bytes[1] === 0xbb &&
    bytes[2] === 0xbf;
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === SPACE || byte === TAB);
}

/** A line of bytes that are all here. */
export interface WholeLine {
  /** From 1 on; blank lines count. */
  readonly number: number;
  /** Without the line break. */
  readonly bytes: Uint8Array;
  /** Whether a line break ends it. */
  readonly isEnded: boolean;
}

/** The lines of bytes that are all here, blank and long ones, too. */
export function* linesIn(all: Uint8Array): Generator<WholeLine> {
  let number = 0;
  for (let at = 0; at < all.length;) {
    const newline = all.indexOf(NEWLINE, at);
    const isEnded = newline >= 0;
    const end = isEnded ? newline : all.length;
    const stop = end > at && all[end - 1] === RETURN ? end - 1 : end;
    number += 1;
    yield { number, bytes: all.subarray(at, stop), isEnded };
    at = end + 1;
  }
}
