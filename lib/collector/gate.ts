/**
 * Bounds on how much is done, or held, at once.
 *
 * @module
 */

/** There are as many waiting as may wait. */
export class BusyError extends Error {
  override name = "BusyError";
}

/** Lets so many in at once, and the others in the order in which they came. */
export class Gate {
  readonly #atOnceMax: number;
  readonly #waitingMax: number;
  readonly #isForAll: (error: unknown) => boolean;
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  #inside = 0;

  /** @param isForAll whether what was thrown inside is thrown at all who wait, too: after one long wait they need not begin another */
  constructor(
    atOnceMax: number,
    waitingMax = Infinity,
    isForAll: (error: unknown) => boolean = () => false,
  ) {
    this.#atOnceMax = atOnceMax;
    this.#waitingMax = waitingMax;
    this.#isForAll = isForAll;
  }

  /**
   * Does `work` when it is its turn.
   *
   * @throws {BusyError} where too many are waiting
   * @throws what was thrown inside and is for all
   */
  async enter<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside < this.#atOnceMax) {
      this.#inside++;
    } else {
      if (this.#waiting.length >= this.#waitingMax) {
        throw new BusyError("too many at once: try again in a moment");
      }
      // Who leaves hands its place over, so that no newcomer gets in between.
      const turn = Promise.withResolvers<void>();
      this.#waiting.push(turn);
      await turn.promise;
    }
    try {
      return await work();
    } catch (error) {
      if (this.#isForAll(error)) {
        for (const { reject } of this.#waiting.splice(0)) reject(error);
      }
      throw error;
    } finally {
      const next = this.#waiting.shift();
      if (next) next.resolve();
      else this.#inside--;
    }
  }
}

/** A number of bytes that many share. */
export class Budget {
  readonly #max: number;
  #held = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Takes some, if there are so many left. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#max) return false;
    this.#held += bytes;
    return true;
  }

  /** Gives some back. */
  give(bytes: number): void {
    this.#held -= bytes;
  }
}
