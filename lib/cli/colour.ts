/**
 * Colours, where a person sees them: on a terminal, for a few words that matter.
 *
 * @module
 */

import type { ReceiptStatus } from "../event/receipt.ts";

/** The colours in use. Each says the same everywhere: well, look here, trouble. */
export type Colour = "green" | "yellow" | "red";

/** A word of a text that is to stand out where it comes first. */
export interface Accent {
  readonly word: string;
  readonly colour: Colour;
}

const CODES: Readonly<Record<Colour, number>> = {
  green: 32,
  yellow: 33,
  red: 31,
};

/** How the word of a receipt is shown; `disabled` is neither good nor bad. */
const RECEIPT_COLOURS: Readonly<Partial<Record<ReceiptStatus, Colour>>> = {
  delivered: "green",
  queued: "green",
  spooled: "yellow",
  discarded: "red",
  refused: "red",
  lost: "red",
};

/**
 * Whether a stream takes colours: `NO_COLOR` forbids them, `CLICOLOR_FORCE`
 * wants them even in a pipe, and else a terminal that can show them has them.
 */
export function wantsColour(
  env: (name: string) => string | undefined,
  isTerminal: boolean,
): boolean {
  if (env("NO_COLOR")) return false;
  const forced = env("CLICOLOR_FORCE");
  if (forced && forced !== "0") return true;
  return isTerminal && env("TERM") !== "dumb";
}

/** The text in a colour. */
export function paint(text: string, colour: Colour): string {
  return `\x1b[${CODES[colour]}m${text}\x1b[0m`;
}

/** The text with one word in its colour. */
export function accented(text: string, { word, colour }: Accent): string {
  return text.replace(word, () => paint(word, colour));
}

/** The accent on a receipt's word. */
export function receiptAccent(status: ReceiptStatus): Accent | undefined {
  const colour = RECEIPT_COLOURS[status];
  return colour && { word: status, colour };
}
