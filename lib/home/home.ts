/**
 * The home folder: a process that changes clock or queue holds its lock, follows
 * whatever the last holder left, and takes in the spool first.
 *
 * @module
 */

import { Deadline } from "../base/deadline.ts";
import { DeadlineError, KittyError, reasonOf } from "../base/errors.ts";
import {
  HOUSEKEEPING_TIMEOUT_MS,
  INTAKE_FILES_MAX,
  INTAKE_MS_MAX,
} from "../base/limits.ts";
import type { World } from "../base/world.ts";
import { Held } from "./held.ts";
import type { IntakeBounds, IntakeContext } from "./intake.ts";
import { type Opened, Opening, tidyLog } from "./opening.ts";
import { OfflineQueue } from "./offline_queue.ts";
import type { QueueReader } from "./queue.ts";
import { type OpenQueue, sealOf, stateOf } from "./queue_file.ts";
import { Spool } from "./spool.ts";
import { type Lease, Turns } from "./turns.ts";

/** A home and what this process has open in it. */
export class Home implements Disposable {
  readonly spool: Spool;
  readonly #turns: Turns;
  readonly #opening: Opening;

  constructor(
    readonly path: string,
    readonly world: World,
    readonly context: IntakeContext,
    ahead: Promise<OpenQueue | undefined> = Promise.resolve(undefined),
  ) {
    this.spool = new Spool(path);
    this.#turns = new Turns(path, () => world.elapsedMs());
    this.#opening = new Opening(path, world, ahead);
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
  hold<T>(
    deadline: Deadline,
    intake: IntakeBounds,
    work: (held: Held) => Promise<T>,
  ): Promise<T> {
    return this.#turns.take(deadline, async (lease) => {
      const { held, opened, spooled } = await this.#enter(lease, deadline);
      return await this.#sealing(lease, opened, held, async () => {
        const { spool, context } = this;
        if (spooled.length > 0) {
          // Loaded only here: the spool is mostly empty.
          const { takeIn } = await import("./intake.ts");
          held.intake = await takeIn(held, spool, spooled, context, intake);
        }
        return await work(held);
      });
    });
  }

  /** What a holder knows before it does anything: the queue, the clock, what waits in the spool. */
  async #enter(
    lease: Lease,
    deadline: Deadline,
  ): Promise<{ held: Held; opened: Opened; spooled: readonly string[] }> {
    // Whatever goes wrong from here on, the next holder finds no seal.
    const known = lease.known;
    lease.known = undefined;
    lease.seal = () => Promise.resolve(undefined);
    const { teamSlug } = this.context.settings.current;
    const [opened, spooled] = await Promise.all([
      known ?? this.#opening.open(lease.lock.lastSeal, deadline, teamSlug),
      this.#spooled(),
    ]);
    const place = {
      path: this.path,
      nodeId: this.context.nodeId,
      nowMs: this.world.nowMs,
    };
    const { queue, clock, damage } = opened;
    const held = new Held(place, deadline, queue, clock, damage);
    held.warnings.push(...opened.warnings, ...spooled.warnings);
    return { held, opened, spooled: spooled.names };
  }

  /** Does the work, and says how the lock may be given back after it. */
  async #sealing<T>(
    lease: Lease,
    opened: Opened,
    held: Held,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      const result = await work();
      const { queue, state } = opened;
      if (held.mayPass && held.isSound) {
        const clock = held.storedClock;
        lease.known = { queue, state, clock, damage: [], warnings: [] };
      }
      lease.seal = async () => {
        const after = await tidyLog(this.path, queue, state);
        return held.isSound ? sealOf(after) : undefined;
      };
      return result;
    } catch (error) {
      const isHarmless = error instanceof DeadlineError ||
        error instanceof KittyError;
      if (isHarmless && held.isSound) {
        lease.seal = async () => sealOf(await stateOf(this.path));
      }
      throw error;
    }
  }

  /** The names in the spool; something else in its place must not keep the queue from working. */
  async #spooled(): Promise<{ names: string[]; warnings: string[] }> {
    if (this.context.leavesSpool) return { names: [], warnings: [] };
    try {
      return { names: await this.spool.names(), warnings: [] };
    } catch (error) {
      const warning = `${this.spool.path} cannot be read: ${reasonOf(error)}`;
      return { names: [], warnings: [warning] };
    }
  }

  /** `hold` for the commands that look after the queue: patient, and with the whole spool taken in. */
  maintain<T>(work: (held: Held) => Promise<T>): Promise<T> {
    return this.hold(
      Deadline.in(this.world.elapsedMs, HOUSEKEEPING_TIMEOUT_MS),
      { files: Infinity, ms: Infinity },
      (held) =>
        work(held).finally(async () => {
          await held.saveCounts().catch(() => {});
          const { makeReserve } = await import("./reserve.ts");
          await makeReserve(this.path);
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

  /** What the home is before there is one: an empty queue, in memory. */
  async unmade(): Promise<Held> {
    const { path, world, context: { nodeId } } = this;
    const deadline = Deadline.in(world.elapsedMs, HOUSEKEEPING_TIMEOUT_MS);
    const queue = await OfflineQueue.open(await Deno.openKv(":memory:"));
    return new Held({ path, nodeId, nowMs: world.nowMs }, deadline, queue, 0);
  }

  /** The queue as it was last opened here, to read without the lock. */
  get reader(): QueueReader | undefined {
    return this.#opening.reader;
  }

  [Symbol.dispose](): void {
    this.#opening[Symbol.dispose]();
  }
}
