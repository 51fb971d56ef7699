/**
 * Values that others change, read often enough and not more often.
 *
 * @module
 */

import { pause } from "../base/deadline.ts";
import type { World } from "../base/world.ts";
import {
  STANDING_AGE_MS_MAX,
  STANDING_MS,
  STANDING_PAUSE_MS,
} from "./accounts/limits.ts";

/** A value that is never older than `STANDING_MS` when it is asked for. */
export class Fresh<T> {
  readonly #read: () => Promise<T>;
  readonly #elapsedMs: World["elapsedMs"];
  #known: { readonly value: T; readonly atMs: number } | undefined;
  /** A reading that has not begun yet. */
  #next: Promise<T> | undefined;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(read: () => Promise<T>, { elapsedMs }: World) {
    this.#read = read;
    this.#elapsedMs = elapsedMs;
  }

  /** As last read, however long ago; undefined before that. */
  get known(): T | undefined {
    return this.#known?.value;
  }

  /** @throws where it cannot be read, and what is known is too old */
  async get(): Promise<T> {
    const known = this.#known;
    if (known && this.#ageMs < STANDING_MS) return known.value;
    try {
      return await this.anew();
    } catch (error) {
      if (!known || this.#ageMs > STANDING_AGE_MS_MAX) throw error;
      return known.value;
    }
  }

  /**
   * What stands there from now on: for what is not as somebody says that it is.
   * So many may ask for it at once that they share a reading, and there is a
   * pause between two.
   */
  anew(): Promise<T> {
    return this.#next ??= this.#reading.catch(() => {}).then(async () => {
      const waitMs = STANDING_PAUSE_MS - this.#ageMs;
      if (waitMs > 0) await pause(waitMs);
      this.#next = undefined;
      const reading = this.#readNow();
      this.#reading = reading;
      return await reading;
    });
  }

  async #readNow(): Promise<T> {
    const atMs = this.#elapsedMs();
    const value = await this.#read();
    this.#known = { value, atMs };
    return value;
  }

  get #ageMs(): number {
    return this.#known ? this.#elapsedMs() - this.#known.atMs : Infinity;
  }
}
