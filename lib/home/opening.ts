/**
 * Opening the queue under the lock: is it the file that was opened ahead, is
 * it sound, what do its counters and the clock say. And leaving it tidy.
 *
 * @module
 */

import type { Deadline } from "../base/deadline.ts";
import type { KittyError } from "../base/errors.ts";
import type { World } from "../base/world.ts";
import * as clockFile from "./clock_file.ts";
import { logIdentity, NO_FILE } from "./database_files.ts";
import type { HomeLock } from "./lock.ts";
import { OfflineQueue } from "./offline_queue.ts";
import type { QueueReader, QueueWriter } from "./queue.ts";
import {
  closeToOthers,
  isSealed,
  makeSound,
  openKv,
  type OpenQueue,
  type QueueFileState,
  queuePath,
  stateOf,
} from "./queue_file.ts";
import { KvReader } from "./queue_read.ts";

/** What a holder has opened and read. */
export interface Opened {
  readonly queue: QueueWriter;
  /** The file's state before anything was changed. */
  readonly state: QueueFileState | undefined;
  /** The stored value. */
  readonly clock: number;
  /** What was wrong with the queue's file, in words. */
  readonly damage: readonly string[];
  /** What else was odd, in words. */
  readonly warnings: readonly string[];
}

/** A home's queue, opened at most once for as long as its file stays the same. */
export class Opening implements Disposable {
  readonly #home: string;
  readonly #world: World;
  #open: OpenQueue | undefined;
  /** What `logIdentity` says of its log. */
  #log: Promise<string> | undefined;
  /** The queue in the hands of the last holder here. */
  #last: OfflineQueue | undefined;
  #ahead: Promise<OpenQueue | undefined>;
  /** Why the queue is of no use to this process any more. */
  #cutOff: Promise<KittyError> | undefined;

  /** @param ahead the queue, if it is being opened already */
  constructor(
    home: string,
    world: World,
    ahead: Promise<OpenQueue | undefined>,
  ) {
    this.#home = home;
    this.#world = world;
    this.#ahead = ahead;
  }

  /** The queue as it was last opened here, to read without the lock. */
  get reader(): QueueReader | undefined {
    return this.#open && new KvReader(this.#open.kv);
  }

  /**
   * Opens the queue and reads what a holder has to know.
   *
   * @param lock who holds it; nothing is changed before its file says so
   * @param teamSlug the team that most events will be of
   * @param isOwn whether the last holder was of this process, and left all in order
   * @throws {KittyError} when the queue cannot be used
   */
  async open(
    lock: Pick<HomeLock, "lastSeal" | "marked">,
    deadline: Deadline,
    teamSlug: string,
    isOwn = false,
  ): Promise<Opened> {
    const loading = clockFile.load(this.#home, this.#world.nowMs());
    loading.catch(() => {});
    try {
      return await this.#openBeside(loading, lock, deadline, teamSlug, isOwn);
    } catch (error) {
      // It may move a damaged file aside, which only a holder of the lock may do.
      await loading.catch(() => {});
      throw error;
    }
  }

  /** @param loading the clock, which is read meanwhile */
  async #openBeside(
    loading: Promise<clockFile.LoadedClock>,
    lock: Pick<HomeLock, "lastSeal" | "marked">,
    deadline: Deadline,
    teamSlug: string,
    isOwn: boolean,
  ): Promise<Opened> {
    if (this.#cutOff) throw await this.#cutOff;
    const { kv, state, damage } = await this.#openFile(lock, deadline);
    // Counters in memory are as good only if nothing wrote into it without the lock.
    const isSame = isOwn && state && isSealed(state, lock.lastSeal);
    const last = isSame && this.#last?.kv === kv ? this.#last : undefined;
    last?.resume();
    const [queue, { value, counts, warning }] = await Promise.all([
      last ?? this.#openQueue(kv, teamSlug),
      loading,
    ]);
    this.#last = queue;
    await queue.followCounts(counts);
    const warnings = warning ? [warning] : [];
    return { queue, state, clock: value, damage, warnings };
  }

  #openQueue(kv: Deno.Kv, teamSlug: string): Promise<OfflineQueue> {
    let name: string | undefined;
    return OfflineQueue.open(kv, {
      home: this.#home,
      teamSlug,
      makeRoom: async () => {
        const { makeRoom } = await import("./reserve.ts");
        return await makeRoom(this.#home);
      },
      newHome: () => name ??= this.#world.randomBytes(8).toHex(),
    });
  }

  async #openFile(
    { lastSeal, marked }: Pick<HomeLock, "lastSeal" | "marked">,
    deadline: Deadline,
  ): Promise<{
    readonly kv: Deno.Kv;
    readonly state: QueueFileState | undefined;
    readonly damage: readonly string[];
  }> {
    const home = this.#home;
    const before = this.#open;
    const [found, log] = await Promise.all([
      stateOf(home),
      before && logIdentity(queuePath(home)),
      marked,
    ]);
    let state = found;
    this.#open ??= await this.#ahead;
    this.#ahead = Promise.resolve(undefined);
    if (this.#open && this.#open.identity !== state?.identity) this.#close();
    if (log !== undefined && this.#open && this.#open === before) {
      await this.#mustBeWhole(before, log);
    }
    const nowMs = this.#world.nowMs();
    const damage = await makeSound(home, state, lastSeal, deadline, nowMs);
    if (damage.length > 0) {
      this.#close();
      state = await stateOf(home);
    } else if (this.#open && !(state && isSealed(state, lastSeal))) {
      // SQLite removes the log of a file that was emptied when it looks at it.
      await this.#mustBeWhole(this.#open, await logIdentity(queuePath(home)));
    }
    if (!this.#open) {
      const kv = await openKv(home);
      if (!state) {
        await closeToOthers(queuePath(home));
        // Before there is anything that could fill the disk.
        const { makeReserve } = await import("./reserve.ts");
        await makeReserve(home, deadline.shifted(-deadline.leftMs * 0.9));
      }
      state ??= await stateOf(home);
      this.#open = { kv, identity: state?.identity ?? "" };
      this.#log = logIdentity(queuePath(home)).catch(() => NO_FILE);
    }
    return { kv: this.#open.kv, state, damage };
  }

  /**
   * Whether the queue's log is another than that of the file that is open here.
   *
   * @throws where the disk does not tell
   */
  async isCutOff(): Promise<boolean> {
    if (this.#cutOff) return true;
    const open = this.#open;
    if (!open) return false;
    const log = await logIdentity(queuePath(this.#home));
    // It may have been closed meanwhile, or another file be on its way to this path.
    return this.#open === open && !await this.#isWhole(log);
  }

  /**
   * Whether a log is that of the file that is open here. The first one seen is:
   * a one-shot process, which never sees another, has no time to look before.
   * Where there was none, SQLite does without, as on some file systems.
   */
  async #isWhole(log: string): Promise<boolean> {
    const noted = await (this.#log ??= Promise.resolve(log));
    return noted === log || noted.includes(NO_FILE);
  }

  /** @param log what lies at the path of its log now */
  async #mustBeWhole(open: OpenQueue, log: string): Promise<void> {
    if (await this.#isWhole(log)) return;
    this.#cutOff ??= import("./cut_off.ts").then(({ keepView }) =>
      keepView(this.#home, open.kv, this.#world)
    );
    throw await this.#cutOff;
  }

  #close(): void {
    if (this.#cutOff) return;
    this.#open?.kv.close();
    this.#open = this.#log = undefined;
  }

  [Symbol.dispose](): void {
    this.#ahead.then((open) => open?.kv.close());
    this.#ahead = Promise.resolve(undefined);
    this.#close();
  }
}

/**
 * Keeps SQLite's write-ahead log short. A log of 1,000 pages is folded into
 * the file by the commit that finds it so long, but starts anew only with
 * the next commit of the same process. One-shot processes make none, so
 * without this one the log would grow with every call, and with it the time
 * that the next one takes to open it.
 *
 * @param before the file's state before the holder changed anything
 * @returns its state after it
 */
export async function tidyLog(
  home: string,
  queue: QueueWriter,
  before: QueueFileState | undefined,
): Promise<QueueFileState | undefined> {
  const after = await stateOf(home);
  if (!before || after?.mtimeMs === before.mtimeMs) return after;
  await queue.touch();
  return await stateOf(home);
}
