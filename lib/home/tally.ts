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
  const text = await Deno.readTextFile(pathOf(home)).catch(() => "");
  const count = (letter: string) => text.split(letter).length - 1;
  return {
    discarded: count(LETTERS.discarded),
    refused: count(LETTERS.refused),
    lost: count(LETTERS.lost),
  };
}

function pathOf(home: string): string {
  return `${home}/tally`;
}
