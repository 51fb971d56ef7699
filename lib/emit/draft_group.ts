/**
 * Drafts of a stream that are recorded together: gathered until there are
 * enough for one hold of the home's lock, or until no further one waits.
 *
 * @module
 */

import type { EventEmitter } from "./emitter.ts";
import type { Preparing } from "./prepare.ts";
import { GROUP_BYTES_MAX, GROUP_EVENTS_MAX } from "../base/limits.ts";
import type { Line } from "../base/lines.ts";
import type { Receipt } from "../event/receipt.ts";
import { oneLine } from "../base/shown.ts";

/** What a stream needs of an emitter. */
export type Recorder = Pick<EventEmitter, "prepareText" | "recordGroup">;

/** Drafts, each with the number of its line. */
export class DraftGroup {
  readonly #recorder: Pick<Recorder, "prepareText">;
  /** Of a line too long to be looked at. */
  readonly #overlong: Receipt;
  readonly #lines: number[] = [];
  readonly #prepared: Preparing[] = [];
  #bytes = 0;

  constructor(recorder: Pick<Recorder, "prepareText">, overlong: Receipt) {
    this.#recorder = recorder;
    this.#overlong = overlong;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  get isFull(): boolean {
    return this.#lines.length >= GROUP_EVENTS_MAX ||
      this.#bytes >= GROUP_BYTES_MAX;
  }

  /** The drafts, ready to be recorded. */
  get prepared(): readonly Preparing[] {
    return this.#prepared;
  }

  /** Checks a line's draft, and adds it. */
  add({ number, bytes }: Line): void {
    this.#lines.push(number);
    this.#prepared.push(
      bytes
        ? this.#recorder.prepareText(bytes, { first: number === 1 })
        : { receipt: this.#overlong },
    );
    this.#bytes += bytes?.length ?? 0;
  }

  /** Adds what has become of a line that could not be read. */
  addLost(number: number, receipt: Receipt): void {
    this.#lines.push(number);
    this.#prepared.push({ receipt });
  }

  /** The receipts of all drafts, in their order, as NDJSON. */
  textOf(receipts: readonly Receipt[]): string {
    const text = receipts.map((receipt, i) =>
      `{"line":${this.#lines[i]},${JSON.stringify(receipt).slice(1)}\n`
    ).join("");
    return oneLine(text);
  }
}
