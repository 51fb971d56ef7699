/**
 * Reading NDJSON from a stream in constant memory.
 *
 * @module
 */

import { DOCUMENT_BYTES_MAX } from "../limits.ts";

/** One line of input that is not blank. */
export interface Line {
  /** From 1 on; blank lines count. */
  readonly number: number;
  /** Without the line break; undefined where the line is too long to be a document. */
  readonly bytes: Uint8Array | undefined;
}

const CHUNK_BYTES = 16 * 1024;
const NEWLINE = 0x0a, RETURN = 0x0d, SPACE = 0x20, TAB = 0x09;

/** Cuts a stream of bytes into lines. */
export class LineReader {
  readonly #read: (buffer: Uint8Array) => Promise<number | null>;
  readonly #buffer = new Uint8Array(CHUNK_BYTES);
  #number = 0;
  /** Pieces of the line that has begun. */
  #pieces: Uint8Array[] = [];
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
      return this.#length > 0 ? this.#finish() : null;
    }
    const chunk = this.#buffer.slice(0, count);
    const lines: Line[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      this.#add(chunk.subarray(start, end < 0 ? count : end));
      if (end < 0) return lines;
      lines.push(...this.#finish());
      start = end + 1;
    }
  }

  #add(piece: Uint8Array): void {
    this.#length += piece.length;
    if (this.#length > DOCUMENT_BYTES_MAX) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece);
  }

  /** The line that has ended; none where it is blank. */
  #finish(): Line[] {
    const pieces = this.#pieces;
    const isTooLong = this.#length > DOCUMENT_BYTES_MAX;
    const number = this.#number += 1;
    const whole = pieces.length === 1 ? pieces[0]! : join(pieces, this.#length);
    this.#pieces = [];
    this.#length = 0;
    if (isTooLong) return [{ number, bytes: undefined }];
    const bytes = whole.at(-1) === RETURN ? whole.subarray(0, -1) : whole;
    return isBlank(bytes) ? [] : [{ number, bytes }];
  }
}

function join(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(pieces.length === 0 ? 0 : length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === SPACE || byte === TAB);
}
