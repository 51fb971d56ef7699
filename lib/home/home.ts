/**
 * The home folder: whoever changes clock or queue holds its lock, follows
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
  LOCK_AT_ONCE_MS,
  LOCK_KEPT_MS,
} from "../base/limits.ts";
import type { World } from "../base/world.ts";
import * as clockFile from "./clock_file.ts";
import { Held } from "./held.ts";
import { type IntakeBounds, type IntakeContext, takeIn } from "./intake.ts";
import { HomeLock } from "./lock.ts";
import { OfflineQueue } from "./queue.ts";
import {
  closeToOthers,
  makeSound,
  openKv,
  type OpenQueue,
  type QueueFileState,
  sealOf,
  stateOf,
} from "./queue_file.ts";
import { makeReserve, makeRoom } from "./reserve.ts";
import { Spool } from "./spool.ts";

/** The lock on its way from one call of this process to the next, with what was read under it. */
interface Kept extends OpenQueue {
  readonly lock: HomeLock;
  /** Until when it may be left to the next call, on the monotonic clock. */
  readonly untilMs: number;
  readonly queue: OfflineQueue;
  readonly state: QueueFileState | undefined;
  readonly clock: number;
  readonly damage: readonly string[];
  readonly warnings: readonly string[];
}

/** A home and what this process has open in it. */
export class Home implements Disposable {
  readonly spool: Spool;
  #open: OpenQueue | undefined;
  #ahead: Promise<OpenQueue | undefined>;
  /** Resolves when all holds called so far have ended. */
  #last: Promise<unknown> = Promise.resolve();
  /** How many of them wait for those before. */
  #waiting = 0;
  #kept: Kept | undefined;

  constructor(
    readonly path: string,
    readonly world: World,
    readonly context: IntakeContext,
    ahead: Promise<OpenQueue | undefined> = Promise.resolve(undefined),
  ) {
    this.spool = new Spool(path);
    this.#ahead = ahead;
  }

  /**
   * Does `work` under the home's lock, with the spool taken in before.
   *
   * Whoever waits for less long than the work takes leaves it running: the
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
    // Within a process the lock goes to whoever called first; the system's own lock keeps no order.
    const earlier = this.#last;
    const own = Promise.withResolvers<void>();
    this.#last = earlier.then(() => own.promise);
    this.#waiting += 1;
    try {
      await deadline.race(earlier, "wait for the home's lock")
        .finally(() => this.#waiting -= 1);
      return await this.#hold(deadline, intake, work);
    } finally {
      // It may have been kept for a call that has just given up.
      if (this.#waiting === 0) await this.#letGo();
      own.resolve();
    }
  }

  async #hold<T>(
    deadline: Deadline,
    intake: IntakeBounds,
    work: (held: Held) => Promise<T>,
  ): Promise<T> {
    const kept = this.#kept;
    this.#kept = undefined;
    const askedMs = this.world.elapsedMs();
    const lock = kept?.lock ?? await HomeLock.take(this.path, deadline);
    const takenMs = this.world.elapsedMs();
    // Whoever had to wait for it is not alone: then it goes round.
    const isAlone = takenMs - askedMs <= LOCK_AT_ONCE_MS;
    const untilMs = kept?.untilMs ?? (isAlone ? takenMs + LOCK_KEPT_MS : 0);
    // Without a seal, the next holder looks closely.
    let seal: string | undefined;
    try {
      const open = kept ?? await this.#openQueue(lock.lastSeal, deadline);
      const [{ queue, clock, warnings }, spooled] = await Promise.all([
        kept ?? this.#read(open.kv),
        this.#spooled(),
      ]);
      const place = {
        path: this.path,
        nodeId: this.context.nodeId,
        nowMs: this.world.nowMs,
      };
      const held = new Held(place, deadline, queue, clock, open.damage);
      held.warnings.push(...warnings, ...spooled.warnings);
      try {
        held.intake = await takeIn(
          held,
          this.spool,
          spooled.names,
          this.context,
          intake,
        );
        const result = await work(held);
        const isKept = held.mayBeKept && held.isSound && this.#waiting > 0 &&
          this.world.elapsedMs() < untilMs;
        if (isKept) {
          const { kv, identity, state } = open;
          const clock = held.storedClock;
          const opened = { kv, identity, state, queue, clock };
          this.#kept = { lock, untilMs, ...opened, damage: [], warnings: [] };
          return result;
        }
        // The work is done: what fails from here on costs the next holder a close look, and nothing else.
        seal = await this.#tidyLog(queue, open.state)
          .then((state) => held.isSound ? sealOf(state) : undefined)
          .catch(() => undefined);
        return result;
      } catch (error) {
        const isHarmless = error instanceof DeadlineError ||
          error instanceof KittyError;
        if (isHarmless && held.isSound) {
          seal = sealOf(await stateOf(this.path));
        }
        throw error;
      }
    } finally {
      if (!this.#kept) await lock.release(seal).catch(() => {});
    }
  }

  /** Gives back a lock that was kept and that nobody here wants any more. */
  async #letGo(): Promise<void> {
    const kept = this.#kept;
    if (!kept) return;
    this.#kept = undefined;
    const seal = await this.#tidyLog(kept.queue, kept.state)
      .then(sealOf, () => undefined);
    // Without its seal, the next holder looks closely: that is all that can go wrong.
    await kept.lock.release(seal).catch(() => {});
  }

  /** What a holder that has just taken the lock reads first. */
  async #read(
    kv: Deno.Kv,
  ): Promise<Pick<Kept, "queue" | "clock" | "warnings">> {
    const [queue, { value, warning }] = await Promise.all([
      OfflineQueue.open(
        kv,
        this.context.settings.current.teamSlug,
        () => makeRoom(this.path),
      ),
      clockFile.load(this.path, this.world.nowMs()),
    ]);
    return { queue, clock: value, warnings: warning ? [warning] : [] };
  }

  /** The names in the spool; something else in its place must not keep the queue from working. */
  async #spooled(): Promise<{ names: string[]; warnings: string[] }> {
    try {
      return { names: await this.spool.names(), warnings: [] };
    } catch (error) {
      const warning = `${this.spool.path} cannot be read: ${reasonOf(error)}`;
      return { names: [], warnings: [warning] };
    }
  }

  /** `hold` for the commands that look after the queue: patient, and with the whole spool taken in. */
  keep<T>(work: (held: Held) => Promise<T>): Promise<T> {
    return this.hold(
      Deadline.in(this.world.elapsedMs, HOUSEKEEPING_TIMEOUT_MS),
      { files: Infinity, ms: Infinity },
      (held) =>
        work(held).finally(async () => {
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
  get openKv(): Deno.Kv | undefined {
    return this.#open?.kv;
  }

  [Symbol.dispose](): void {
    this.#ahead.then((open) => open?.kv.close());
    this.#ahead = Promise.resolve(undefined);
    this.#close();
  }

  #close(): void {
    this.#open?.kv.close();
    this.#open = undefined;
  }

  async #openQueue(lastSeal: string, deadline: Deadline): Promise<
    OpenQueue & {
      state: QueueFileState | undefined;
      damage: string[];
    }
  > {
    let state = await stateOf(this.path);
    this.#open ??= await this.#ahead;
    this.#ahead = Promise.resolve(undefined);
    if (this.#open && this.#open.identity !== state?.identity) this.#close();
    const damage = await makeSound(
      this.path,
      state,
      lastSeal,
      deadline,
      this.world.nowMs(),
    );
    if (damage.length > 0) {
      this.#close();
      state = await stateOf(this.path);
    }
    if (!this.#open) {
      const kv = await openKv(this.path);
      if (!state) {
        await closeToOthers(this.path);
        // Before there is anything that could fill the disk.
        const share = deadline.shifted(-deadline.leftMs * 0.9);
        await makeReserve(this.path, share);
      }
      state ??= await stateOf(this.path);
      this.#open = { kv, identity: state?.identity ?? "" };
    }
    return { ...this.#open, state, damage };
  }

  /**
   * Keeps SQLite's write-ahead log short. A log of 1,000 pages is folded into
   * the file by the commit that finds it so long, but starts anew only with
   * the next commit of the same process. One-shot processes make none, so
   * without this one the log would grow with every call, and with it the time
   * that the next one takes to open it.
   *
   * @returns the file's state after it
   */
  async #tidyLog(
    queue: OfflineQueue,
    before: QueueFileState | undefined,
  ): Promise<QueueFileState | undefined> {
    const after = await stateOf(this.path);
    if (!before || after?.mtimeMs === before.mtimeMs) return after;
    await queue.touch();
    return await stateOf(this.path);
  }
}
