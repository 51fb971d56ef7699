/**
 * Values that others change, read often enough and not more often.
 *
 * @module
 */

import { Deadline, pause } from "../base/deadline.ts";
import { DeadlineError } from "../base/errors.ts";
import type { World } from "../base/world.ts";
import {
  STANDING_AGE_MS_MAX,
  STANDING_LATE_MS,
  STANDING_MS,
  STANDING_PAUSE_MS,
} from "./accounts/limits.ts";

/** A value that is never older than `STANDING_MS` when it is asked for, or `STANDING_AGE_MS_MAX` while it cannot be read. */
export class Fresh<T> {
  readonly #read: () => Promise<T>;
  readonly #elapsedMs: World["elapsedMs"];
  #known: { readonly value: T; readonly atMs: number } | undefined;
  /** A reading that has not begun yet. */
  #next: Promise<T> | undefined;
  /** One that is under way. */
  #reading: Promise<T> | undefined;
  #begunMs = 0;

  constructor(read: () => Promise<T>, { elapsedMs }: World) {
    this.#read = read;
    this.#elapsedMs = elapsedMs;
  }

  /** @throws where it cannot be read, and what is known is too old */
  async get(): Promise<T> {
    const known = this.#known;
    if (known && this.#ageMs < STANDING_MS) return known.value;
    const reading = this.#reading ?? this.anew();
    try {
      await this.#soon(reading);
    } catch (error) {
      if (this.#isYoung) return this.#known!.value;
      // No other one is begun behind one that fails: who asks does not wait for two.
      if (!(error instanceof DeadlineError)) throw error;
      await reading;
    }
    return this.#isYoung ? this.#known!.value : await this.anew();
  }

  /** Resolves as a reading does. @throws {DeadlineError} where it is slow, and there is something known */
  #soon(reading: Promise<T>): Promise<T> {
    if (!this.#known) return reading;
    const sinceMs = this.#reading ? this.#begunMs : this.#elapsedMs();
    return new Deadline(this.#elapsedMs, sinceMs + STANDING_LATE_MS)
      .race(reading, "look again");
  }

  /**
   * What stands there from now on: for what is not as somebody says that it is.
   * So many may ask for it at once that they share a reading, and there is a
   * pause between two.
   *
   * @throws where it cannot be read, nor could it by a reading that was under way
   */
  anew(): Promise<T> {
    return this.#next ??= this.#readNext();
  }

  async #readNext(): Promise<T> {
    try {
      await this.#reading;
      const waitMs = STANDING_PAUSE_MS - this.#ageMs;
      if (waitMs > 0) await pause(waitMs);
    } finally {
      this.#next = undefined;
    }
    this.#begunMs = this.#elapsedMs();
    this.#reading = this.#readNow(this.#begunMs)
      .finally(() => this.#reading = undefined);
    return await this.#reading;
  }

  async #readNow(atMs: number): Promise<T> {
    const value = await this.#read();
    this.#known = { value, atMs };
    return value;
  }

  get #isYoung(): boolean {
    return this.#ageMs <= STANDING_AGE_MS_MAX;
  }

  get #ageMs(): number {
    return this.#known ? this.#elapsedMs() - this.#known.atMs : Infinity;
  }
}
