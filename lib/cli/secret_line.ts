/**
 * A line that is typed without being shown.
 *
 * @module
 */

import { PASSWORD_BYTES_MAX } from "../base/limits.ts";

/** What was typed so far, or how it ended. */
export type SecretState =
  | { readonly kind: "typing" }
  | { readonly kind: "done"; readonly bytes: Uint8Array }
  /** Ctrl-C. */
  | { readonly kind: "stopped" };

const KEY = {
  ctrlC: 0x03,
  ctrlD: 0x04,
  backspace: 0x08,
  lineFeed: 0x0a,
  enter: 0x0d,
  ctrlU: 0x15,
  escape: 0x1b,
  space: 0x20,
  bracket: 0x5b,
  letterO: 0x4f,
  delete: 0x7f,
} as const;

/**
 * Reads keys as a terminal sends them in raw mode. Enter and Ctrl-D end the
 * line, backspace takes the last character away, Ctrl-U all of them. Other
 * other keys (arrows, function keys) do nothing.
 */
export class SecretLine {
  readonly #bytes: number[] = [];
  /** Inside the sequence that a key without a character sends. */
  #sequence: "none" | "begun" | "single" | "parameters" = "none";

  /** Takes keys in the order in which they were pressed; what follows the line's end is dropped. */
  feed(keys: Uint8Array): SecretState {
    for (const key of keys) {
      if (this.#isPartOfSequence(key)) continue;
      switch (key) {
        case KEY.ctrlC:
          return { kind: "stopped" };
        case KEY.ctrlD:
        case KEY.enter:
        case KEY.lineFeed:
          return { kind: "done", bytes: Uint8Array.from(this.#bytes) };
        case KEY.ctrlU:
          this.#bytes.length = 0;
          break;
        case KEY.backspace:
        case KEY.delete:
          this.#dropCharacter();
          break;
        default:
          if (key >= KEY.space && this.#bytes.length <= PASSWORD_BYTES_MAX) {
            this.#bytes.push(key);
          }
      }
    }
    return { kind: "typing" };
  }

  /** `ESC [ parameters letter` or `ESC O letter`; also what a paste is wrapped in. */
  #isPartOfSequence(key: number): boolean {
    const before = this.#sequence;
    if (key === KEY.escape) this.#sequence = "begun";
    else if (before === "begun" && key === KEY.bracket) {
      this.#sequence = "parameters";
    } else if (before === "begun" && key === KEY.letterO) {
      this.#sequence = "single";
    } else {
      const goesOn = before === "parameters" && key >= 0x20 && key < 0x40;
      if (!goesOn) this.#sequence = "none";
      // After a lone escape, the key counts.
      return before === "parameters" || before === "single";
    }
    return true;
  }

  /** UTF-8 takes up to four bytes for a character; all but the first begin with the bits 10. */
  #dropCharacter(): void {
    let last: number | undefined;
    do last = this.#bytes.pop(); while (
      last !== undefined && (last & 0xc0) === 0x80
    );
  }
}
