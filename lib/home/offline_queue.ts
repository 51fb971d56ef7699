/**
 * The offline queue: every event from its receipt to the server's final word,
 * and the dead letters. Opened by the holder of the home's lock, and good for
 * as long as nobody else has had the lock.
 *
 * @module
 */

import { COMMIT_BYTES_MAX } from "../base/limits.ts";
import { LOCAL_TEAM } from "../base/config.ts";
import type { StampedEvent } from "../event/event.ts";
import type {
  Addition,
  Countable,
  Destination,
  Entry,
  Ledger,
  LogNote,
  MakeRoom,
  Noted,
  Origin,
  OwnCounts,
  Place,
  QueueOptions,
  QueueWriter,
  Tries,
  WhyDead,
} from "./queue.ts";
import { Accounts, type Change, withOwn } from "./queue_accounts.ts";
import { KvAddition, type Large, prepareAddition } from "./queue_addition.ts";
import {
  chunkKey,
  eventKey,
  LAYOUT,
  toBytes,
  triesKey,
} from "./queue_layout.ts";
import { bucketOf, type KnownBuckets } from "./queue_index.ts";
import type { Step } from "./own_counts.ts";
import {
  findLocated,
  KvReader,
  type LocatedEntry,
  type StoredEntry,
} from "./queue_read.ts";
import { isDiskFull, withRoom } from "../base/files.ts";

/** The queue in Deno KV, in the hands of the lock's holder. */
export class OfflineQueue extends KvReader implements QueueWriter {
  readonly #accounts: Accounts;
  readonly #makeRoom: MakeRoom;
  readonly #home: string | undefined;
  readonly #newHome: () => string;
  /** While the lock is held, no other process adds ids: an intake looks each bucket up once. */
  readonly #known: KnownBuckets = new Map();

  private constructor(
    kv: Deno.Kv,
    accounts: Accounts,
    {
      home,
      makeRoom = () => Promise.resolve(false),
      newHome = () => "home",
    }: QueueOptions,
  ) {
    super(kv);
    this.#newHome = newHome;
    this.#accounts = accounts;
    this.#makeRoom = makeRoom;
    this.#home = home;
  }

  /**
   * Reads the ledger, and removes what a holder left that died while it wrote
   * a large event.
   *
   * @throws {KittyError} when a newer program wrote the queue
   */
  static async open(
    kv: Deno.Kv,
    options: QueueOptions = {},
  ): Promise<OfflineQueue> {
    const { teamSlug = LOCAL_TEAM } = options;
    const accounts = await Accounts.open(kv, teamSlug);
    const queue = new OfflineQueue(kv, accounts, options);
    await queue.#removePending();
    return queue;
  }

  /** For a holder that comes behind this one: nobody had the lock in between. */
  resume(): void {
    this.#known.clear();
    this.#accounts.resume();
  }

  get ledger(): Ledger {
    return this.#accounts.ledger;
  }

  foretell(events: readonly Countable[]): OwnCounts | undefined {
    return withOwn(this.ledger, events, "accepted", this.#newHome);
  }

  /** @see Accounts.follow */
  async followCounts(copy: unknown): Promise<void> {
    // At once, for those who read without the lock; else with the next commit.
    if (this.#accounts.follow(copy)) await this.touch().catch(() => {});
  }

  prepare(
    part: readonly StampedEvent[],
    origin: Origin,
    own?: readonly StampedEvent[],
  ): Addition {
    return prepareAddition(this, part, origin, own);
  }

  /** A large event's chunks go first; they are invisible until the one commit. */
  async store(addition: Addition): Promise<void> {
    if (!(addition instanceof KvAddition)) {
      throw new TypeError("the addition was made by another queue");
    }
    try {
      await this.#store(addition);
    } catch (error) {
      if (!await this.#stands(addition)) throw error;
      await this.#accounts.reload();
    }
  }

  async #store(addition: KvAddition): Promise<void> {
    await this.#removePending();
    for (const { event_id } of addition.events) {
      // Even if it is not stored after all: then it is looked for once more.
      this.#known.get(bucketOf(event_id))?.add(event_id);
    }
    const { events, origin, commit, large, bytes, highest } = addition;
    for (const event of large) await this.#storeChunks(event);
    const { pending: _, own: __, ...ledger } = this.ledger;
    const counts = withOwn(this.ledger, addition.own, origin, this.#newHome);
    await this.#accounts.commit(commit, {
      ...ledger,
      ...counts && { own: counts },
      highest: Math.max(ledger.highest, highest),
      [origin]: ledger[origin] + events.length,
      queued: ledger.queued + events.length,
      bytes: ledger.bytes + bytes,
      ...events.some(({ identity }) => identity) && { layout: LAYOUT },
    }, events.map((event) => ({ event, change: 1 })));
  }

  /**
   * Whether a commit that failed stands nevertheless. SQLite reports an error
   * also where the commit was made and only the folding of its log failed. And
   * one whose sync failed still lies in the log, where the next process that
   * opens the queue would find it: what does not stand is written over.
   */
  async #stands({ events: [first] }: Addition): Promise<boolean> {
    if (!first) return false;
    const { lamport_clock, node_id, event_id } = first;
    const key = eventKey("queue", lamport_clock, node_id, event_id);
    const { value } = await this.kv.get(key);
    if (value !== null) return true;
    for (let tries = 0; tries < OVERWRITES_MAX; tries++) {
      if (await this.touch().then(() => true, () => false)) break;
    }
    return false;
  }

  append(
    part: readonly StampedEvent[],
    origin: Origin,
    own?: readonly StampedEvent[],
  ): Promise<void> {
    return this.store(this.prepare(part, origin, own));
  }

  async noteLogs(notes: readonly LogNote[]): Promise<void> {
    const { writeLogNotes } = await import("./log_notes.ts");
    await writeLogNotes(this.kv, notes);
  }

  touch(): Promise<void> {
    return this.#accounts.commit(this.kv.atomic(), this.ledger, []);
  }

  note(noted: Noted): void {
    this.#accounts.note(noted);
  }

  protected override locate(
    ids: readonly string[],
  ): Promise<Map<string, LocatedEntry>> {
    return findLocated(this.kv, ids, this.#known);
  }

  peek(limit: number): Promise<Entry[]> {
    return Array.fromAsync(this.entries("queue", { limit }));
  }

  acknowledge(ids: readonly string[], to?: Destination): Promise<number> {
    return this.#move(ids, {
      from: "queue",
      to: "gone",
      counter: "delivered",
      ...to && { destination: to },
    });
  }

  async recordFailure(
    ids: readonly string[],
    lastError: string,
  ): Promise<Map<string, number>> {
    const attempts = new Map<string, number>();
    for (const entry of (await this.find(ids)).values()) {
      const { event_id } = entry.event;
      if (entry.place !== "queue") continue;
      const tries: Tries = {
        attempts: (await this.tries(event_id)).attempts + 1,
        last_error: lastError,
      };
      const store = () => this.kv.set(triesKey(event_id), toBytes(tries));
      await withRoom(store, this.#makeRoom);
      attempts.set(event_id, tries.attempts);
    }
    return attempts;
  }

  deadLetter(ids: readonly string[], why: WhyDead): Promise<number> {
    return this.#move(ids, { from: "queue", to: "dead" }, why);
  }

  requeue(ids: readonly string[]): Promise<number> {
    return this.#move(ids, { from: "dead", to: "queue" });
  }

  drop(ids: readonly string[], from: Place): Promise<number> {
    return this.#move(ids, { from, to: "gone", counter: "dropped" });
  }

  async check(): Promise<string[]> {
    const { checkQueue } = await import("./queue_check.ts");
    return await checkQueue(this.#homeOnDisk, this, this.ledger);
  }

  async compact(): Promise<{ bytes_before: number; bytes_after: number }> {
    const { compactQueue } = await import("./compact.ts");
    return await compactQueue(this.#homeOnDisk, this.kv);
  }

  get #homeOnDisk(): string {
    if (this.#home === undefined) throw new Error("the queue is in memory");
    return this.#home;
  }

  /**
   * Moves events from one place to another, as many at a time as a commit
   * takes. Ids that do not lie in `from` are passed over.
   *
   * @returns how many were moved
   */
  async #move(
    ids: readonly string[],
    step: Step,
    why?: WhyDead,
  ): Promise<number> {
    // An `emit` moves nothing.
    const { ledgerAfter, planMove, triesOfDead } = await import(
      "./queue_move.ts"
    );
    const { foldAhead } = await import("./reserve.ts");
    if (this.#home !== undefined) await foldAhead(this.#home);
    const triesOf = why &&
      (async (id: string) => triesOfDead(await this.tries(id), why));
    let moved = 0, atOnce = MOVED_AT_ONCE_MAX;
    const wanted = [...new Set(ids)];
    for (let at = 0; at < wanted.length;) {
      const some = wanted.slice(at, at + atOnce);
      // Each commit writes rows of the index anew, so they are read for each.
      const found = await this.locate(some);
      const { move, looked } = await planMove(some, found, step, triesOf);
      const { entries } = move;
      if (entries.length > 0) {
        const { ledger, changes } = ledgerAfter(this.ledger, entries, step);
        const commit = move.commit(this.kv);
        if (!await this.#commitMove(commit, entries, ledger, changes)) {
          // A smaller commit takes less of the log.
          atOnce = entries.length >> 1;
          continue;
        }
        moved += entries.length;
      }
      atOnce = Math.min(2 * atOnce, MOVED_AT_ONCE_MAX);
      at += looked;
    }
    return moved;
  }

  /** @returns false where the disk has no room for it, although it may have for fewer events */
  async #commitMove(
    commit: Deno.AtomicOperation,
    entries: readonly StoredEntry[],
    ledger: Ledger,
    changes: readonly Change[],
  ): Promise<boolean> {
    try {
      await withRoom(async () => {
        try {
          await this.#accounts.commit(commit, ledger, changes);
        } catch (error) {
          const { value } = await this.kv.get(entries[0]!.key);
          if (value !== null) throw error;
          await this.#accounts.reload();
        }
      }, this.#makeRoom);
      return true;
    } catch (error) {
      if (entries.length === 1 || !isDiskFull(error)) throw error;
      return false;
    }
  }

  async #storeChunks({ event_id, pieces }: Large): Promise<void> {
    const pending = { event_id, chunks: pieces.length };
    const perCommit = Math.floor(COMMIT_BYTES_MAX / pieces[0]!.length);
    for (let at = 0; at < pieces.length; at += perCommit) {
      const commit = this.kv.atomic();
      for (const [i, piece] of pieces.slice(at, at + perCommit).entries()) {
        commit.set(chunkKey(event_id, at + i), piece);
      }
      await this.#accounts.commit(commit, { ...this.ledger, pending }, []);
    }
  }

  async #removePending(): Promise<void> {
    const { pending, ...ledger } = this.ledger;
    if (!pending) return;
    const commit = this.kv.atomic();
    for (let n = 0; n < pending.chunks; n++) {
      commit.delete(chunkKey(pending.event_id, n));
    }
    await this.#accounts.commit(commit, ledger, []);
  }
}

/** How often it is tried to write over a commit that failed; each try that reaches the file is enough. */
const OVERWRITES_MAX = 3;

/** Entries that `#move` has in memory at once. */
const MOVED_AT_ONCE_MAX = 240;
