/**
 * The home folder: its spool, and its queue behind the lock. What the lock
 * takes is loaded with the first call that wants it: who hands over to an
 * agent elsewhere never does.
 *
 * @module
 */

import { Deadline } from "../base/deadline.ts";
import { KittyError } from "../base/errors.ts";
import {
  HOUSEKEEPING_TIMEOUT_MS,
  INTAKE_FILES_MAX,
  INTAKE_MS_MAX,
} from "../base/limits.ts";
import type { World } from "../base/world.ts";
import type { Held } from "./held.ts";
import type { Holding } from "./holding.ts";
import type { IntakeBounds, IntakeContext } from "./intake.ts";
import type { QueueReader } from "./queue.ts";
import { Spool } from "./spool.ts";

/** A home and what this process has open in it. */
export class Home implements Disposable {
  readonly spool: Spool;
  /** What holds the lock; undefined while it was never wanted. */
  #holding: Promise<Holding> | undefined;
  #loaded: Holding | undefined;

  /** @param holding what holds the lock, if it is loaded already */
  constructor(
    readonly path: string,
    readonly world: World,
    readonly context: IntakeContext,
    holding?: Holding,
  ) {
    this.spool = new Spool(path);
    this.#loaded = holding;
    this.#holding = holding && Promise.resolve(holding);
  }

  /**
   * Does `work` under the home's lock, with the spool taken in before.
   *
   * A caller that waits for less long than the work takes leaves it running: the
   * lock stays held until what is under way at the disk has come to its end.
   * A call of this process that waits meanwhile goes on under the same lock.
   *
   * @throws {DeadlineError} when the lock is not granted in time
   * @throws {KittyError} when the queue cannot be used
   */
  async hold<T>(
    deadline: Deadline,
    intake: IntakeBounds,
    work: (held: Held) => Promise<T>,
  ): Promise<T> {
    // One promise for all calls, so that none overtakes another.
    const holding = await (this.#holding ??= this.#load());
    return await holding.hold(this, deadline, intake, work);
  }

  async #load(): Promise<Holding> {
    const { Holding } = await import("./holding.ts");
    return this.#loaded = new Holding(this.path, this.world);
  }

  /** `hold` for the commands that look after the queue: patient, and with the whole spool taken in. */
  maintain<T>(work: (held: Held) => Promise<T>): Promise<T> {
    return this.hold(
      Deadline.in(this.world.elapsedMs, HOUSEKEEPING_TIMEOUT_MS),
      { files: Infinity, ms: Infinity },
      (held) =>
        work(held).finally(async () => {
          await held.saveCounts().catch(() => {});
          const { restoreReserve } = await import("./reserve.ts");
          await restoreReserve(this.path);
          await this.spool.removeLeftovers(this.world.nowMs());
        }),
    );
  }

  /** The same for commands that only read: as patient, but with as much of the spool as an `emit` takes in. */
  look<T>(work: (held: Held) => Promise<T>): Promise<T> {
    return this.hold(
      Deadline.in(this.world.elapsedMs, HOUSEKEEPING_TIMEOUT_MS),
      { files: INTAKE_FILES_MAX, ms: INTAKE_MS_MAX },
      work,
    );
  }

  /** Gives back what is stored of the clock and was not used: for a process that ends. */
  async settle(deadline: Deadline): Promise<void> {
    if (!this.#loaded?.isAhead) return;
    await this.hold(
      deadline,
      { files: 0, ms: 0 },
      (held) => held.releaseClock(),
    );
  }

  /**
   * Looks whether the queue that this process has open is still the one of its
   * path, and keeps what the process knew of it where it is not.
   *
   * @returns why the process can store nothing any more; undefined where it can
   */
  async cutOff(): Promise<KittyError | undefined> {
    // A disk that does not tell says nothing of it.
    const isCutOff = await this.#loaded?.isCutOff().catch(() => false);
    if (!isCutOff) return undefined;
    return await this.look(() => Promise.resolve()).then(
      () => undefined,
      (error) => error instanceof KittyError ? error : undefined,
    );
  }

  /** What the home is before there is one: an empty queue, in memory. */
  async unmade(): Promise<Held> {
    const { unmade } = await import("./holding.ts");
    return await unmade(this.path, this.context.nodeId, this.world);
  }

  /** The queue as it was last opened here, to read without the lock. */
  get reader(): QueueReader | undefined {
    return this.#loaded?.reader;
  }

  [Symbol.dispose](): void {
    this.#loaded?.[Symbol.dispose]();
  }
}
