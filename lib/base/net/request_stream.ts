/**
 * Follows the requests on one connection, so that each gets a line of ours in
 * its head and it is known what is waited for. What is in a request is
 * for the server to judge: where one is framed in a way that leaves doubt, it
 * and all behind it go on as they are, without the line.
 *
 * @module
 */

/** What is waited for: a head (whether or not it has begun), a body, or nothing that is known. */
export type Phase = "idle" | "head" | "body" | "raw";

/** Longest head that is waited for. The server's own bound is smaller. */
const HEAD_BYTES_MAX = 128 * 1024;

const CR = 13, LF = 10;
const NOTHING = new Uint8Array(0);

/** The requests on a connection. */
export class RequestStream {
  readonly #mark: Uint8Array;
  #phase: Phase = "idle";
  #begun = 0;
  /** The beginning of a head, and how long it is. */
  #head = NOTHING;
  #length = 0;
  /** Bytes of a body, or of a chunk of one with its end of line, that are yet to come. */
  #left = 0;
  #chunks: Chunks | undefined;

  /** @param mark a header in a line of its own */
  constructor(mark: string) {
    this.#mark = new TextEncoder().encode(`${mark}\r\n`);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Heads and bodies that have begun so far. */
  get begun(): number {
    return this.#begun;
  }

  /** Takes what has come; returns what goes on now, in order. */
  take(bytes: Uint8Array): Uint8Array[] {
    const out: Uint8Array[] = [];
    for (let rest = bytes; rest.length > 0;) {
      if (this.#phase === "raw") {
        out.push(rest);
        break;
      }
      rest = this.#phase === "body"
        ? this.#takeBody(rest, out)
        : this.#takeHead(rest, out);
    }
    return out;
  }

  #takeBody(bytes: Uint8Array, out: Uint8Array[]): Uint8Array {
    const count = this.#chunks
      ? this.#chunks.take(bytes)
      : Math.min(this.#left, bytes.length);
    if (count > 0) out.push(bytes.subarray(0, count));
    if (!this.#chunks) this.#left -= count;
    if (this.#chunks?.isBroken) this.#phase = "raw";
    else if (this.#chunks ? this.#chunks.isOver : this.#left === 0) {
      this.#phase = "idle";
      this.#chunks = undefined;
    }
    return bytes.subarray(count);
  }

  #takeHead(bytes: Uint8Array, out: Uint8Array[]): Uint8Array {
    const before = this.#length;
    if (before === 0) this.#begun += 1;
    const whole = before === 0 ? bytes : this.#append(bytes);
    // Anything that is no request, such as the beginning of TLS, or too long, is for the server to refuse.
    if (!mayBeRequest(whole) || before > HEAD_BYTES_MAX) {
      return this.#giveUp(whole, out);
    }
    // The end may lie across two pieces.
    const end = endOfHead(whole, Math.max(0, before - 3));
    if (end === -1) {
      this.#phase = "head";
      if (before === 0) this.#append(bytes);
      return NOTHING;
    }
    this.#head = NOTHING;
    this.#length = 0;
    const head = whole.subarray(0, end);
    const frame = frameOf(head);
    if (!frame) return this.#giveUp(whole, out);
    const { start } = frame;
    out.push(head.subarray(0, start), this.#mark, head.subarray(start));
    this.#begin(frame.body);
    return whole.subarray(end);
  }

  /** Keeps the beginning of a head; twice the room each time, as a client may send byte by byte. */
  #append(bytes: Uint8Array): Uint8Array {
    const length = this.#length + bytes.length;
    if (length > this.#head.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(this.#head.subarray(0, this.#length));
      this.#head = larger;
    }
    this.#head.set(bytes, this.#length);
    this.#length = length;
    return this.#head.subarray(0, length);
  }

  #begin(body: Frame["body"]): void {
    if (body === "unknown") this.#phase = "raw";
    else if (body === "chunked") {
      this.#chunks = new Chunks();
      this.#phase = "body";
    } else {
      this.#left = body;
      this.#phase = body === 0 ? "idle" : "body";
    }
    if (this.#phase === "body") this.#begun += 1;
  }

  #giveUp(bytes: Uint8Array, out: Uint8Array[]): Uint8Array {
    this.#phase = "raw";
    this.#head = NOTHING;
    this.#length = 0;
    out.push(bytes);
    return NOTHING;
  }
}

/** Whether a server may take up the protocol that an `upgrade` names; other words it passes over. */
export function mayUpgrade(protocol: string | null): boolean {
  return protocol !== null && /websocket/i.test(protocol);
}

/** How a request goes on behind its head. */
interface Frame {
  /** Where its first header begins. */
  readonly start: number;
  /** Bytes of the body, or how its end is told. */
  readonly body: number | "chunked" | "unknown";
}

/** Undefined: it is no request of HTTP/1. */
function frameOf(head: Uint8Array): Frame | undefined {
  let from = 0;
  while (head[from] === CR || head[from] === LF) from++;
  const start = head.indexOf(LF, from) + 1;
  const text = new TextDecoder("latin1").decode(head.subarray(from));
  const [first = "", ...lines] = text.split("\n");
  if (!/ HTTP\/1\.[01]\r?$/.test(first)) return undefined;
  let length: string | undefined, coding: string | undefined;
  let isOdd = first.startsWith("CONNECT ");
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === "content-length") {
      isOdd ||= length !== undefined || !/^\d{1,15}$/.test(value);
      length = value;
    } else if (name === "transfer-encoding") {
      isOdd ||= coding !== undefined || value.toLowerCase() !== "chunked";
      coding = value;
      // Whoever is answered so speaks another protocol from then on.
    } else if (name === "upgrade") isOdd ||= mayUpgrade(value);
  }
  if (isOdd || coding !== undefined && length !== undefined) {
    return { start, body: "unknown" };
  }
  return {
    start,
    body: coding !== undefined ? "chunked" : Number(length ?? 0),
  };
}

/** The body of a request in chunks. */
class Chunks {
  #state: "size" | "rest" | "data" | "end" | "trailer" = "size";
  #size = 0;
  #digits = 0;
  #lineLength = 0;
  isOver = false;
  isBroken = false;

  /** Takes what belongs to it; returns how many bytes these are. */
  take(bytes: Uint8Array): number {
    for (let at = 0; at < bytes.length;) {
      if (this.#state === "data") {
        const count = Math.min(this.#size, bytes.length - at);
        at += count;
        this.#size -= count;
        if (this.#size === 0) this.#state = "end";
        continue;
      }
      this.#step(bytes[at++]!);
      if (this.isOver) return at;
      if (this.isBroken) return bytes.length;
    }
    return bytes.length;
  }

  #step(byte: number): void {
    const digit = this.#state === "size" ? hexValue(byte) : -1;
    if (digit !== -1) {
      this.#size = this.#size * 16 + digit;
      this.#digits += 1;
      // Beyond what a number holds exactly, nobody can tell where it ends.
      this.isBroken = this.#digits > 12;
    } else if (byte === LF) this.#endLine();
    else if (this.#state === "end") this.isBroken = byte !== CR;
    else {
      if (this.#state === "size") this.#state = "rest";
      if (byte !== CR) this.#lineLength += 1;
      this.isBroken = this.#lineLength > HEAD_BYTES_MAX;
    }
  }

  #endLine(): void {
    const wasEmpty = this.#lineLength === 0;
    this.#lineLength = 0;
    if (this.#state === "trailer") this.isOver = wasEmpty;
    else if (this.#state === "end") this.#state = "size";
    else {
      this.isBroken = this.#digits === 0;
      this.#state = this.#size === 0 ? "trailer" : "data";
    }
    this.#digits = 0;
  }
}

function hexValue(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Whether a request begins so: with a method, perhaps behind empty lines. */
function mayBeRequest([first]: Uint8Array): boolean {
  const A = 0x41, Z = 0x5a;
  return first === CR || first === LF ||
    first !== undefined && first >= A && first <= Z;
}

/** Where the body begins; -1: the empty line has not come at or behind a position. */
function endOfHead(bytes: Uint8Array, from: number): number {
  for (let at = from; (at = bytes.indexOf(LF, at)) !== -1; at++) {
    const next = bytes[at + 1] === CR ? at + 2 : at + 1;
    if (bytes[next] === LF && at > 1) return next + 1;
  }
  return -1;
}
