/**
 * Reading an HTTP/1.1 answer from bytes as they come: so much of the protocol
 * as an agent speaks. The runtime's own client costs a one-shot call a quarter
 * of its time.
 *
 * @module
 */

import { joined } from "../base/bytes.ts";

/** Largest head of an answer that is read, with those of interim answers before it. */
const HEAD_BYTES_MAX = 64 * 1024;

/** What came of an answer so far. */
export interface RawAnswer {
  readonly status: number;
  /** Value of `content-type`, in lower case; empty where there is none. */
  readonly contentType: string;
  readonly body: string;
  /** Whether all of it came. */
  readonly isWhole: boolean;
}

/** What comes was not HTTP, or more than an answer may be. */
export class NoHttpError extends Error {
  override name = "NoHttpError";
}

/** What comes is TLS, of a server that was asked without. */
export class TlsSpokenError extends NoHttpError {
  override name = "TlsSpokenError";
}

/** How a server of TLS answers what is none: an alert, of any version. */
const TLS_ALERT = [0x15, 0x03] as const;

interface Head {
  readonly status: number;
  readonly contentType: string;
  readonly mayStay: boolean;
  /** Bytes of the body; `chunked`, or `close`: until the connection ends. */
  readonly length: number | "chunked" | "close";
}

/** Takes an answer's bytes as they come. */
export class AnswerReader {
  readonly #bytesMax: number;
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #head: Head | undefined;
  /** Bytes of heads that were taken. */
  #headBytes = 0;
  /** Bytes of the present chunk that are still to come; undefined: its size is. */
  #chunkLeft: number | undefined;
  #body: Uint8Array<ArrayBuffer>[] = [];
  #size = 0;
  #isWhole = false;
  /** Whether nothing of this answer is still to come. */
  #isOver = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether anything came at all. */
  get isBegun(): boolean {
    return this.#head !== undefined || this.#rest.length > 0;
  }

  /** Whether the connection is good for another request. */
  get mayStay(): boolean {
    return this.#isOver && this.#head?.mayStay === true &&
      this.#rest.length === 0;
  }

  /** What came so far; undefined before the end of the head. */
  get answer(): RawAnswer | undefined {
    if (!this.#head) return undefined;
    const { status, contentType } = this.#head;
    const decoder = new TextDecoder();
    const body = this.#body.map((piece) =>
      decoder.decode(piece, { stream: true })
    ).join("");
    return { status, contentType, body, isWhole: this.#isWhole };
  }

  /**
   * Takes more.
   *
   * @returns whether nothing more of it is to come
   * @throws {NoHttpError} where it is none
   */
  push(bytes: Uint8Array<ArrayBuffer>): boolean {
    this.#rest = joined([this.#rest, bytes]);
    while (!this.#head) {
      const head = this.#takeHead();
      if (!head) return false;
      // An interim answer, after which the true one comes.
      if (head.status >= 200) this.#head = head;
    }
    const { length } = this.#head;
    if (length === "chunked") return this.#takeChunks();
    this.#take(length === "close" ? Infinity : length - this.#size);
    return this.#isOver = this.#isWhole = this.#size === length;
  }

  /** The connection has ended. */
  end(): void {
    if (this.#head?.length === "close") this.#isWhole = true;
  }

  #takeHead(): Head | undefined {
    const end = indexOf(this.#rest, "\r\n\r\n");
    const bytes = this.#headBytes + (end < 0 ? this.#rest.length : end + 4);
    if (TLS_ALERT.every((byte, i) => this.#rest[i] === byte)) {
      throw new TlsSpokenError("it speaks TLS");
    }
    if (bytes > HEAD_BYTES_MAX || !isHttp(this.#rest)) {
      throw new NoHttpError("it does not speak HTTP");
    }
    if (end < 0) return undefined;
    this.#headBytes = bytes;
    const text = textOf(this.#rest.subarray(0, end));
    this.#rest = this.#rest.slice(end + 4);
    return headOf(text);
  }

  #takeChunks(): boolean {
    if (this.#isWhole) return this.#takeEnd();
    for (;;) {
      if (this.#chunkLeft === undefined) {
        const end = indexOf(this.#rest, "\r\n");
        if (end < 0) return false;
        const size = textOf(this.#rest.subarray(0, end)).split(";", 1)[0]!
          .trim();
        if (!/^[0-9a-f]{1,8}$/i.test(size)) {
          throw new NoHttpError("its answer is broken");
        }
        this.#rest = this.#rest.slice(end + 2);
        this.#chunkLeft = parseInt(size, 16);
        if (this.#chunkLeft === 0) return this.#takeEnd();
      }
      this.#chunkLeft -= this.#take(this.#chunkLeft);
      if (this.#chunkLeft > 0 || this.#rest.length < 2) return false;
      this.#rest = this.#rest.slice(2);
      this.#chunkLeft = undefined;
    }
  }

  /**
   * Behind the last chunk: lines that are of no use here, and an empty one. What
   * stayed on the connection would be taken for the next answer.
   */
  #takeEnd(): boolean {
    this.#isWhole = true;
    const line = indexOf(this.#rest, "\r\n");
    const last = line === 0 ? 0 : indexOf(this.#rest, "\r\n\r\n") + 2;
    if (line === 0 || last >= 2) {
      this.#rest = this.#rest.slice(last + 2);
      return this.#isOver = true;
    }
    return this.#rest.length > HEAD_BYTES_MAX;
  }

  #take(count: number): number {
    const taken = Math.min(count, this.#rest.length);
    this.#size += taken;
    if (this.#size > this.#bytesMax) {
      throw new NoHttpError(
        `it answers with more than ${this.#bytesMax} bytes`,
      );
    }
    if (taken > 0) this.#body.push(this.#rest.slice(0, taken));
    this.#rest = this.#rest.slice(taken);
    return taken;
  }
}

function headOf(text: string): Head {
  const [first = "", ...lines] = text.split("\r\n");
  const status = Number(first.match(/^HTTP\/1\.[01] (\d{3})(?: |$)/)?.[1]);
  if (!status) throw new NoHttpError("it does not speak HTTP");
  const headers = new Map(lines.map((line) => {
    const at = line.indexOf(":");
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
  }));
  const length = headers.get("content-length");
  const hasNone = status < 200 || status === 204 || status === 304;
  return {
    status,
    contentType: (headers.get("content-type") ?? "").toLowerCase(),
    mayStay: first.startsWith("HTTP/1.1") &&
      headers.get("connection")?.toLowerCase() !== "close",
    length: hasNone
      ? 0
      : /chunked/i.test(headers.get("transfer-encoding") ?? "")
      ? "chunked"
      : /^\d{1,12}$/.test(length ?? "")
      ? Number(length)
      : "close",
  };
}

function isHttp(bytes: Uint8Array): boolean {
  const start = textOf(bytes.subarray(0, 5));
  return "HTTP/".startsWith(start);
}

function indexOf(bytes: Uint8Array, text: string): number {
  const first = text.charCodeAt(0);
  for (
    let at = bytes.indexOf(first);
    at >= 0;
    at = bytes.indexOf(first, at + 1)
  ) {
    let i = 1;
    while (i < text.length && bytes[at + i] === text.charCodeAt(i)) i += 1;
    if (i === text.length) return at;
  }
  return -1;
}

/** Bytes as characters, one each: heads are ASCII. */
function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, HEAD_BYTES_MAX));
}
