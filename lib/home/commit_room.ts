/**
 * What one commit of Deno KV has room for, and how much of it things take: one
 * that asks for more is refused, however often it is tried.
 *
 * @module
 */

import {
  COMMIT_BYTES_MAX,
  COMMIT_KEY_BYTES_MAX,
  COMMIT_MUTATIONS_MAX,
} from "../base/limits.ts";

/** What something takes. */
export interface Share {
  readonly changes: number;
  readonly keyBytes: number;
  /** Of values. */
  readonly bytes: number;
}

/** What Deno KV takes at once, less some for what comes with everything, as counters. */
export class CommitRoom {
  #changes = 0;
  #keyBytes = 0;
  #bytes = 0;

  empty(): void {
    [this.#changes, this.#keyBytes, this.#bytes] = [0, 0, 0];
  }

  /** Takes so much more, and says whether there is room for all of it. */
  take({ changes = 0, keyBytes = 0, bytes = 0 }: Partial<Share>): boolean {
    this.#changes += changes;
    this.#keyBytes += keyBytes;
    this.#bytes += bytes;
    return this.isEnough;
  }

  /** Takes a value. */
  takeValue(key: Deno.KvKey, bytes: number): boolean {
    return this.take({ changes: 1, keyBytes: keyBytes(key), bytes });
  }

  /** Whether there is room for all that was taken. */
  get isEnough(): boolean {
    return this.#bytes + this.#keyBytes <= COMMIT_BYTES_MAX &&
      this.#keyBytes <= COMMIT_KEY_BYTES_MAX &&
      this.#changes <= COMMIT_MUTATIONS_MAX;
  }
}

/** Bytes of a key, or a few more. */
export function keyBytes(key: Deno.KvKey): number {
  const NUMBER = 10, ENDS = 2;
  return key.reduce<number>(
    (sum, part) =>
      sum + ENDS + (typeof part === "string" ? textBytes(part) : NUMBER),
    0,
  );
}

/** Bytes of a text in a key, or a few more. */
function textBytes(text: string): number {
  const UNIT_MAX = 3;
  return /^[ -\x7f]*$/.test(text) ? text.length : UNIT_MAX * text.length;
}
