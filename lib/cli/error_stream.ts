/**
 * Standard error of a process: one text after the other, all of them before
 * the end, and yet nobody who does not read them keeps the process.
 *
 * @module
 */

import { pause } from "../base/deadline.ts";
import { LAST_WORDS_MS_MAX } from "../base/limits.ts";

/** A text, and what lets go of those who wait for it. */
interface Waiting {
  readonly text: string;
  readonly letGo: () => void;
}

/** Texts on their way to standard error. */
export class ErrorStream {
  readonly #put: (text: string) => Promise<void>;
  /** What is written now, and what comes behind it. */
  #now: Waiting[] = [];
  #next: Waiting[] = [];
  #isWriting = false;
  #isHurried = false;
  #isGivenUp = false;
  #written = new AbortController();

  /** @param put writes a text; where it cannot be written, it is dropped */
  constructor(put: (text: string) => Promise<void>) {
    this.#put = put;
  }

  /** Writes a text behind those before it. Resolves once it is written, or given up. */
  write(text: string): Promise<void> {
    if (this.#isGivenUp) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#next.push({ text, letGo: resolve });
    if (!this.#isWriting) void this.#run();
    return promise;
  }

  /** The process is about to end: from now on, what is not read in time gives up all of it. */
  hurry(): void {
    if (this.#isHurried) return;
    this.#isHurried = true;
    this.#watch();
  }

  /** Resolves once all was written, or the time for that is up. */
  async finish(): Promise<void> {
    if (!this.#isWriting) return;
    this.hurry();
    const all = new AbortController();
    this.write("").then(() => all.abort());
    await pause(LAST_WORDS_MS_MAX, all.signal);
    if (!all.signal.aborted) this.#giveUp();
  }

  async #run(): Promise<void> {
    this.#isWriting = true;
    while (this.#next.length > 0) {
      this.#now = this.#next;
      this.#next = [];
      this.#watch();
      await this.#put(this.#now.map(({ text }) => text).join(""))
        .catch(() => {});
      this.#written.abort();
      for (const { letGo } of this.#now) letGo();
    }
    this.#isWriting = false;
  }

  #watch(): void {
    if (!this.#isHurried || !this.#isWriting) return;
    this.#written = new AbortController();
    const { signal } = this.#written;
    pause(LAST_WORDS_MS_MAX, signal).then(() =>
      signal.aborted || this.#giveUp()
    );
  }

  #giveUp(): void {
    this.#isGivenUp = true;
    for (const { letGo } of [...this.#now, ...this.#next]) letGo();
    this.#next = [];
  }
}
