/** WebSocket messages as bytes. */

import { type Bytes, joined, type Line } from "./line.ts";

/** Kinds of messages; those from `close` on control the connection. */
export const OPCODE = { more: 0, text: 1, binary: 2, close: 8 } as const;

/** A whole message, however many frames it came in. */
export interface Message {
  readonly opcode: number;
  readonly payload: Bytes;
}

/** Whether it belongs to the connection and not to those who talk over it. */
export function isControl(message: Message): boolean {
  return message.opcode >= OPCODE.close;
}

/** The text of a message. */
export function textOf(message: Message): string {
  return new TextDecoder().decode(message.payload);
}

/** A message of text. */
export function textMessage(text: string): Message {
  return { opcode: OPCODE.text, payload: new TextEncoder().encode(text) };
}

/** A message that closes the connection. */
export function closeMessage(code: number, reason: string): Message {
  const payload = joined([
    Uint8Array.of(code >> 8, code & 255),
    new TextEncoder().encode(reason),
  ]);
  return { opcode: OPCODE.close, payload };
}

/** Reads messages off a line. */
export class MessageReader {
  readonly #line: Line;
  readonly #parts: Bytes[] = [];
  #opcode = 0;

  constructor(line: Line) {
    this.#line = line;
  }

  /** The next message; undefined at the end. */
  async next(): Promise<Message | undefined> {
    for (;;) {
      const first = await this.#line.some(1);
      if (first.length === 0) return undefined;
      const isWhole = first[0]! >= 128;
      const opcode = first[0]! & 15;
      const payload = await this.#payload();
      if (opcode >= OPCODE.close) return { opcode, payload };
      if (opcode !== OPCODE.more) this.#opcode = opcode;
      this.#parts.push(payload);
      if (!isWhole) continue;
      return {
        opcode: this.#opcode,
        payload: joined(this.#parts.splice(0)),
      };
    }
  }

  async #payload(): Promise<Bytes> {
    const [second = 0] = await this.#line.exactly(1);
    const short = second & 127;
    const wide = short === 126 ? 2 : short === 127 ? 8 : 0;
    const digits = await this.#line.exactly(wide);
    const length = wide === 0
      ? short
      : digits.reduce((sum, digit) => sum * 256 + digit, 0);
    const mask = second >= 128 ? await this.#line.exactly(4) : undefined;
    const payload = await this.#line.exactly(length);
    return mask ? masked(payload, mask) : payload;
  }
}

/** A message as one frame; what a client sends needs a mask. */
export function frameOf(message: Message, mask?: Bytes): Bytes {
  const { opcode, payload } = message;
  const { length } = payload;
  const bit = mask ? 128 : 0;
  const sizes = new DataView(new ArrayBuffer(8));
  sizes.setBigUint64(0, BigInt(length));
  const digits = new Uint8Array(sizes.buffer);
  const size = length < 126
    ? [bit | length]
    : length < 65_536
    ? [bit | 126, ...digits.slice(6)]
    : [bit | 127, ...digits];
  return joined([
    Uint8Array.of(128 | opcode, ...size),
    mask ?? new Uint8Array(),
    mask ? masked(payload, mask) : payload,
  ]);
}

function masked(payload: Bytes, mask: Bytes): Bytes {
  return payload.map((byte, at) => byte ^ mask[at % 4]!);
}
