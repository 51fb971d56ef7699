/**
 * Keys as Deno KV writes them, for what reads below it.
 *
 * @module
 */

/** The key of a piece of a large event. */
export function pieceKey(id: string, n: number): Uint8Array {
  return join(text("chunk"), text(id), number(n));
}

// Deno KV's form of keys: text is 0x02, UTF-8, 0x00; a number is 0x21 and a
// big-endian double with its sign bit turned.
const TEXT = 0x02, END = 0x00, NUMBER = 0x21;

/** A part of a key that is a text. */
export function text(part: string): Uint8Array {
  return join([TEXT], new TextEncoder().encode(part), [END]);
}

/** A part of a key that is a number. */
export function number(part: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = NUMBER;
  new DataView(bytes.buffer).setFloat64(1, part);
  bytes[1]! ^= 0x80;
  return bytes;
}

/** The last part of a key that ends with a text. */
export function lastText(key: Uint8Array): string {
  const body = key.subarray(0, -1);
  return new TextDecoder().decode(body.subarray(body.lastIndexOf(TEXT) + 1));
}

/** Parts as one key. */
export function join(...parts: Iterable<number>[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/**
 * A key of texts and numbers as Deno KV has it.
 *
 * @throws {Error} where it has other parts
 */
export function keyOf(bytes: Uint8Array): Deno.KvKey {
  const parts: Deno.KvKeyPart[] = [];
  for (let at = 0; at < bytes.length;) {
    const kind = bytes[at++];
    if (kind === NUMBER) {
      parts.push(numberAt(bytes, at));
      at += 8;
    } else if (kind === TEXT) {
      const text: number[] = [];
      for (; bytes[at] !== END || bytes[at + 1] === ESCAPED; at++) {
        if (at >= bytes.length) throw new Error("a key has no end");
        text.push(bytes[at]!);
        if (bytes[at] === END) at++;
      }
      at++;
      parts.push(new TextDecoder().decode(Uint8Array.from(text)));
    } else {
      throw new Error(`a key has a part of kind ${kind}`);
    }
  }
  return parts;
}

/** Behind a zero that is part of a text. */
const ESCAPED = 0xff;

function numberAt(bytes: Uint8Array, at: number): number {
  const part = bytes.slice(at, at + 8);
  // Those below zero have all bits turned.
  const isPositive = (part[0]! & 0x80) !== 0;
  if (isPositive) part[0]! ^= 0x80;
  else part.forEach((byte, i) => part[i] = ~byte);
  return new DataView(part.buffer).getFloat64(0);
}
