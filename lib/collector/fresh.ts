/**
 * Values that others change, read often enough and not more often.
 *
 * @module
 */

import { Deadline, pause } from "../base/deadline.ts";
import { DeadlineError } from "../base/errors.ts";
import type { World } from "../base/world.ts";

/** How old a value may be, and how long it is waited for. Milliseconds. */
export interface Pace {
  /** It is read again when it is so old. */
  readonly keptMs: number;
  /** So old it may be while it cannot be read. */
  readonly ageMsMax: number;
  /** How long one waits for a reading while what is known is young enough. */
  readonly lateMs: number;
  /** Pause between two readings. */
  readonly pauseMs: number;
}

/** A value that is never older than its pace says when it is asked for. */
export class Fresh<T> {
  readonly #read: (known: T | undefined) => Promise<T>;
  readonly #elapsedMs: World["elapsedMs"];
  readonly #pace: Pace;
  #known: { readonly value: T; readonly atMs: number } | undefined;
  /** A reading that has not begun yet. */
  #next: Promise<T> | undefined;
  /** One that is under way. */
  #reading: Promise<T> | undefined;
  #begunMs = 0;

  /** @param read is given what was read last */
  constructor(
    read: (known: T | undefined) => Promise<T>,
    { elapsedMs }: Pick<World, "elapsedMs">,
    pace: Pace,
  ) {
    this.#read = read;
    this.#elapsedMs = elapsedMs;
    this.#pace = pace;
  }

  /** @throws where it cannot be read, and what is known is too old */
  async get(): Promise<T> {
    const known = this.#known;
    if (known && this.#ageMs < this.#pace.keptMs) return known.value;
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
    return new Deadline(this.#elapsedMs, sinceMs + this.#pace.lateMs)
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
      const waitMs = this.#pace.pauseMs - this.#ageMs;
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
    const value = await this.#read(this.#known?.value);
    this.#known = { value, atMs };
    return value;
  }

  get #isYoung(): boolean {
    return this.#known !== undefined && this.#ageMs <= this.#pace.ageMsMax;
  }

  get #ageMs(): number {
    return this.#known ? this.#elapsedMs() - this.#known.atMs : Infinity;
  }
}
