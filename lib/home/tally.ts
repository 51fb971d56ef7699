/**
 * Counts of events that were never stored, for the accounts. Best effort, in
 * a file that grows by one letter for each: an append needs no lock, and what
 * could not be stored must not wait for one.
 *
 * @module
 */

import { FILE_MODE } from "../base/files.ts";
import type { Receipt } from "../event/receipt.ts";

/** Events that were reported but not stored. */
export interface Tally {
  readonly discarded: number;
  readonly refused: number;
  readonly lost: number;
}

const LETTERS = { discarded: "d", refused: "r", lost: "l" } as const;

/** Whether a receipt is of an event that was not stored. */
export function isTallied({ status }: Receipt): boolean {
  return status in LETTERS;
}

/** Counts what was not stored. Never rejects. */
export async function tally(
  home: string,
  receipts: readonly Receipt[],
): Promise<void> {
  const text = receipts.filter(isTallied)
    .map(({ status }) => LETTERS[status as keyof typeof LETTERS]).join("");
  const options = { append: true, mode: FILE_MODE };
  await Deno.writeTextFile(pathOf(home), text, options).catch(() => {});
}

/** @see Tally */
export async function readTally(home: string): Promise<Tally> {
  const counts = { discarded: 0, refused: 0, lost: 0 };
  const count = (letters: Uint8Array) => {
    const text = decoder.decode(letters);
    for (const [status, letter] of Object.entries(LETTERS)) {
      counts[status as keyof Tally] += text.split(letter).length - 1;
    }
  };
  await readLetters(pathOf(home), count).catch(() => {});
  return counts;
}

/** Reads a file in pieces, as it may have a letter for each of millions of events. */
async function readLetters(
  path: string,
  take: (letters: Uint8Array) => void,
): Promise<void> {
  if (!(await Deno.stat(path)).isFile) return;
  const file = await Deno.open(path);
  try {
    const buffer = new Uint8Array(PIECE_BYTES);
    for (let read = 0; read < LETTERS_MAX;) {
      const count = await file.read(buffer);
      if (count === null) return;
      take(buffer.subarray(0, count));
      read += count;
    }
  } finally {
    file.close();
  }
}

const decoder = new TextDecoder();

const PIECE_BYTES = 64 * 1024;

/** Nothing loses so many; a file that is longer was made to do harm. */
const LETTERS_MAX = 64 * 1024 * 1024;

function pathOf(home: string): string {
  return `${home}/tally`;
}
