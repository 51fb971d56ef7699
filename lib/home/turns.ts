/**
 * Turns: calls of one process have the home's lock one after the other, in the
 * order in which they asked. The lock may pass from one to the next as a
 * lease, with what was read under it.
 *
 * @module
 */

import type { Deadline } from "../base/deadline.ts";
import { LEASE_MS, LOCK_AT_ONCE_MS } from "../base/limits.ts";
import { HomeLock } from "./lock.ts";
import type { Opened } from "./opening.ts";

/** The home's lock in the hands of this process. */
export class Lease {
  /** What was read under it already, where the next call of this process may go on under it. */
  known: Opened | undefined;
  /** Makes the seal that the next holder finds; without one, that holder looks closely. */
  seal: () => Promise<string | undefined> = () => Promise.resolve(undefined);

  /** @param untilMs until when it may pass on, on the monotonic clock */
  constructor(readonly lock: HomeLock, readonly untilMs: number) {}
}

/** The order of a process's calls on one home. */
export class Turns {
  readonly #home: string;
  readonly #elapsedMs: () => number;
  /** Resolves when all turns so far have ended. */
  #last: Promise<unknown> = Promise.resolve();
  /** How many calls wait for those before. */
  #waiting = 0;
  /** On its way to the next call. */
  #passed: Lease | undefined;

  constructor(home: string, elapsedMs: () => number) {
    this.#home = home;
    this.#elapsedMs = elapsedMs;
  }

  /**
   * Does `work` under the lock, when it is this call's turn.
   *
   * @throws {DeadlineError} when the lock is not granted in time
   */
  async take<T>(
    deadline: Deadline,
    work: (lease: Lease) => Promise<T>,
  ): Promise<T> {
    // Within a process the lock goes to the first caller; the system's own lock keeps no order.
    const earlier = this.#last;
    const own = Promise.withResolvers<void>();
    this.#last = earlier.then(() => own.promise);
    this.#waiting += 1;
    try {
      await deadline.race(earlier, "wait for the home's lock")
        .finally(() => this.#waiting -= 1);
      return await this.#work(deadline, work);
    } finally {
      // It may have been passed on to a call that has just given up.
      if (this.#waiting === 0) await this.#giveBackPassed();
      own.resolve();
    }
  }

  async #work<T>(
    deadline: Deadline,
    work: (lease: Lease) => Promise<T>,
  ): Promise<T> {
    const lease = this.#passed ?? await this.#lock(deadline);
    this.#passed = undefined;
    try {
      const result = await work(lease);
      const isPassed = lease.known && this.#waiting > 0 &&
        this.#elapsedMs() < lease.untilMs;
      if (isPassed) this.#passed = lease;
      return result;
    } finally {
      if (this.#passed !== lease) await giveBack(lease);
    }
  }

  async #lock(deadline: Deadline): Promise<Lease> {
    const askedMs = this.#elapsedMs();
    const lock = await HomeLock.take(this.#home, deadline);
    const takenMs = this.#elapsedMs();
    // A process that had to wait for it is not alone: then it goes round.
    const isAlone = takenMs - askedMs <= LOCK_AT_ONCE_MS;
    return new Lease(lock, isAlone ? takenMs + LEASE_MS : 0);
  }

  async #giveBackPassed(): Promise<void> {
    const lease = this.#passed;
    this.#passed = undefined;
    if (lease) await giveBack(lease);
  }
}

/** The work is done: what fails from here on costs the next holder a close look, and nothing else. */
async function giveBack(lease: Lease): Promise<void> {
  const seal = await lease.seal().catch(() => undefined);
  await lease.lock.release(seal).catch(() => {});
}
