/**
 * The offline queue: every event from its receipt to the server's final word,
 * and the dead letters. Opened by the holder of the home's lock, for as long
 * as the lock is held.
 *
 * @module
 */

import {
  CLOCK_MAX,
  COMMIT_BYTES_MAX,
  COMMIT_KEY_BYTES_MAX,
  COMMIT_MUTATIONS_MAX,
  GET_MANY_MAX,
} from "../base/limits.ts";
import { LOCAL_TEAM } from "../base/config.ts";
import type { StampedEvent } from "../event/event.ts";
import { Accounts, type Change } from "./queue_accounts.ts";
import {
  chunkedHead,
  chunkKey,
  chunksOf,
  cut,
  eventKey,
  fromBytes,
  type Ledger,
  type Place,
  toBytes,
  type Tries,
  triesKey,
} from "./queue_layout.ts";
import {
  bucketOf,
  indexMoved,
  indexNew,
  type IndexRow,
  type KnownBuckets,
  locate,
  rowBytes,
} from "./queue_index.ts";
import { isDiskFull } from "./reserve.ts";
import { type Entry, entryAt, getEvents, walk } from "./queue_read.ts";

/** How an event came in: made here, or taken over from an export. */
export type Origin = "accepted" | "imported";

/** New events, ready to be stored in one commit. */
export interface Addition {
  readonly events: readonly StampedEvent[];
  readonly origin: Origin;
  readonly commit: Deno.AtomicOperation;
  readonly large: readonly Large[];
  /** Of all events. */
  readonly bytes: number;
  /** Highest clock value among them that counts for the clock. */
  readonly highest: number;
}

/** Makes room on a full disk; false where there is none to be had. */
export type MakeRoom = () => Promise<boolean>;

/** An event that does not fit into one value, in pieces. */
interface Large {
  readonly event_id: string;
  readonly pieces: readonly Uint8Array[];
}

/** The queue in the hands of the lock's holder. */
export class OfflineQueue {
  readonly #accounts: Accounts;
  readonly #makeRoom: MakeRoom;
  /** While the lock is held, nobody else adds ids: an intake looks each bucket up once. */
  readonly #known: KnownBuckets = new Map();

  private constructor(
    readonly kv: Deno.Kv,
    accounts: Accounts,
    makeRoom: MakeRoom,
  ) {
    this.#accounts = accounts;
    this.#makeRoom = makeRoom;
  }

  /**
   * Reads the ledger, and removes what a holder left that died while it wrote
   * a large event.
   *
   * @param teamSlug the team that most events will be of
   * @param makeRoom what takes events out asks it for room where the disk is full
   * @throws {KittyError} when a newer program wrote the queue
   */
  static async open(
    kv: Deno.Kv,
    teamSlug = LOCAL_TEAM,
    makeRoom: MakeRoom = () => Promise.resolve(false),
  ): Promise<OfflineQueue> {
    const accounts = await Accounts.open(kv, teamSlug);
    const queue = new OfflineQueue(kv, accounts, makeRoom);
    await queue.#removePending();
    return queue;
  }

  /** All counters, as of the last commit. */
  get ledger(): Ledger {
    return this.#accounts.ledger;
  }

  /**
   * Gets new events ready to be stored, which can be done while others are
   * being stored.
   *
   * @param part events that fit into one commit, see `commitParts`
   */
  prepare(part: readonly StampedEvent[], origin: Origin): Addition {
    const commit = this.kv.atomic();
    const keys: Deno.KvKey[] = [];
    const large: Large[] = [];
    let bytes = 0, highest = 0;
    for (const event of part) {
      const { event_id, lamport_clock, node_id } = event;
      const pieces = cut(event.bytes);
      if (pieces.length > 0) large.push({ event_id, pieces });
      const key = eventKey("queue", lamport_clock, node_id, event_id);
      commit.set(
        key,
        pieces.length === 0
          ? event.bytes
          : chunkedHead(pieces.length, event.bytes.length),
      );
      keys.push(key);
      bytes += event.bytes.length;
      // An imported value that leaves none above it must not use up our clock.
      if (origin === "accepted" || lamport_clock < CLOCK_MAX) {
        highest = Math.max(highest, lamport_clock);
      }
    }
    indexNew(commit, keys);
    return { events: part, origin, commit, large, bytes, highest };
  }

  /**
   * Stores new events in one commit: all of them or none. A large event's
   * chunks go first; they are invisible until that commit.
   *
   * @throws when the disk or SQLite fails; nothing is stored then
   */
  async store(addition: Addition): Promise<void> {
    try {
      await this.#store(addition);
    } catch (error) {
      if (!await this.#stands(addition)) throw error;
      await this.#accounts.reload();
    }
  }

  async #store(addition: Addition): Promise<void> {
    await this.#removePending();
    for (const { event_id } of addition.events) {
      // Even if it is not stored after all: then it is looked for once more.
      this.#known.get(bucketOf(event_id))?.add(event_id);
    }
    const { events, origin, commit, large, bytes, highest } = addition;
    const { ledger } = this;
    for (const event of large) await this.#storeChunks(event);
    await this.#accounts.commit(commit, {
      ...ledger,
      highest: Math.max(ledger.highest, highest),
      [origin]: ledger[origin] + events.length,
      queued: ledger.queued + events.length,
      bytes: ledger.bytes + bytes,
    }, events.map((envelope) => ({ envelope, change: 1 })));
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

  /** Stores new events that nobody got ready before. */
  append(part: readonly StampedEvent[], origin: Origin): Promise<void> {
    return this.store(this.prepare(part, origin));
  }

  /** Commits the counters as they are. */
  touch(): Promise<void> {
    return this.#accounts.commit(this.kv.atomic(), this.ledger, []);
  }

  /** Notes that the caller was warned about the queue; stored with the next commit. */
  noteWarning(nowMs: number): void {
    this.#accounts.note({ warned_at: nowMs });
  }

  /** Notes how a drain went; stored with the next commit. */
  noteDelivery(noted: Pick<Ledger, "last_success" | "last_failure">): void {
    this.#accounts.note(noted);
  }

  /** The events of these ids that lie here, with where they lie. */
  async find(ids: readonly string[]): Promise<Map<string, Entry>> {
    return new Map(
      [...await this.#findLocated(ids)].map(([id, { entry }]) => [id, entry]),
    );
  }

  async #findLocated(
    ids: readonly string[],
  ): Promise<Map<string, { entry: Entry; row: IndexRow }>> {
    const places = [...await locate(this.kv, ids, this.#known)];
    const values = await getEvents(this.kv, places.map(([, { key }]) => key));
    const found = new Map<string, { entry: Entry; row: IndexRow }>();
    for (const [i, [id, { key, row }]] of places.entries()) {
      const value = values[i];
      if (!value) continue;
      found.set(id, { entry: await entryAt(this.kv, key, value), row });
    }
    return found;
  }

  /** The first events in the order of their first attempt: (clock, node, id). */
  async peek(limit: number): Promise<Entry[]> {
    const entries: Entry[] = [];
    for await (const entry of walk(this.kv, "queue", limit)) {
      entries.push(entry);
    }
    return entries;
  }

  /** Failed attempts of an event; none for one that was never tried. */
  async tries(id: string): Promise<Tries> {
    const { value } = await this.kv.get<Uint8Array>(triesKey(id));
    return value ? fromBytes<Tries>(value) : { attempts: 0 };
  }

  /** Removes events on which the server has said its final word. */
  acknowledge(ids: readonly string[]): Promise<number> {
    return this.#move(ids, "queue", "gone", "delivered");
  }

  /** Notes one failed attempt for each of the queued events; returns the attempts of each now. */
  async recordFailure(
    ids: readonly string[],
    lastError: string,
  ): Promise<Map<string, number>> {
    const attempts = new Map<string, number>();
    for (const entry of (await this.find(ids)).values()) {
      const { event_id } = entry.envelope;
      if (entry.place !== "queue") continue;
      const tries: Tries = {
        attempts: (await this.tries(event_id)).attempts + 1,
        last_error: lastError,
      };
      await this.#withRoom(() =>
        this.kv.set(triesKey(event_id), toBytes(tries))
      );
      attempts.set(event_id, tries.attempts);
    }
    return attempts;
  }

  /**
   * Moves queued events to the dead letters.
   *
   * @param why the reason in the program's words, and the server's last answer
   */
  deadLetter(
    ids: readonly string[],
    why: { reason: string; lastError?: string; nowMs: number },
  ): Promise<number> {
    return this.#move(ids, "queue", "dead", undefined, ({ attempts }) => ({
      attempts,
      ...(why.lastError !== undefined && { last_error: why.lastError }),
      reason: why.reason,
      dead_at: new Date(why.nowMs).toISOString(),
    }));
  }

  /** Moves dead letters back into the queue, with their attempts forgotten. */
  requeue(ids: readonly string[]): Promise<number> {
    return this.#move(ids, "dead", "queue");
  }

  /** Removes events for good, by a person's command. */
  drop(ids: readonly string[], from: Place): Promise<number> {
    return this.#move(ids, from, "gone", "dropped");
  }

  /**
   * Moves events from one place to another, as many at a time as a commit
   * takes. Ids that do not lie in `from` are passed over.
   *
   * @returns how many were moved
   */
  async #move(
    ids: readonly string[],
    from: Place,
    to: Place | "gone",
    counter?: "delivered" | "dropped",
    triesAfter?: (before: Tries) => Tries,
  ): Promise<number> {
    let moved = 0;
    const wanted = [...new Set(ids)];
    for (let at = 0; at < wanted.length;) {
      const some = wanted.slice(at, at + MOVED_AT_ONCE_MAX);
      // Each commit writes rows of the index anew, so they are read for each.
      const found = await this.#findLocated(some);
      const move = new Move(to);
      for (const id of some) {
        const place = found.get(id);
        if (place?.entry.place === from) {
          const tries = triesAfter && triesAfter(await this.tries(id));
          if (!move.take(place, tries)) break;
        }
        at += 1;
      }
      if (move.entries.length === 0) continue;
      await this.#commitMove(
        move.commit(this.kv),
        move.entries,
        from,
        to,
        counter,
      );
      moved += move.entries.length;
    }
    return moved;
  }

  async #commitMove(
    commit: Deno.AtomicOperation,
    part: readonly Entry[],
    from: Place,
    to: Place | "gone",
    counter: "delivered" | "dropped" | undefined,
  ): Promise<void> {
    const field = (place: Place) => place === "queue" ? "queued" : "dead";
    const ledger: { -readonly [K in keyof Ledger]: Ledger[K] } = {
      ...this.ledger,
    };
    ledger[field(from)] -= part.length;
    if (to === "gone") {
      ledger.bytes -= part.reduce((sum, entry) => sum + entry.bytes, 0);
    } else {
      ledger[field(to)] += part.length;
    }
    if (counter) ledger[counter] += part.length;
    const change = from === "queue" ? -1 : to === "queue" ? 1 : 0;
    const changes = part.map(({ envelope }): Change => ({ envelope, change }));
    await this.#withRoom(async () => {
      try {
        await this.#accounts.commit(commit, ledger, changes);
      } catch (error) {
        const { value } = await this.kv.get(part[0]!.key);
        if (value !== null) throw error;
        await this.#accounts.reload();
      }
    });
  }

  /** Does work that makes the queue smaller, on a full disk too. */
  async #withRoom(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isDiskFull(error) || !await this.#makeRoom()) throw error;
      await work();
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

/** One mutation of a commit: a value to store, or none, to remove the key. */
type Mutation = readonly [key: Deno.KvKey, value?: Uint8Array];

/** The events that one commit moves, as many as it can take. */
class Move {
  readonly entries: Entry[] = [];
  readonly #to: Place | "gone";
  readonly #planned: Mutation[] = [];
  readonly #rows = new Set<IndexRow>();
  readonly #teams = new Set<string>();
  #mutations = 0;
  #keyBytes = 0;
  /** Of keys and values. */
  #bytes = 0;

  constructor(to: Place | "gone") {
    this.#to = to;
  }

  /**
   * Adds an event.
   *
   * @returns false where the commit has no room for it
   */
  take(
    { entry, row }: { entry: Entry; row: IndexRow },
    tries?: Tries,
  ): boolean {
    const planned = mutationsOf(entry, this.#to, tries);
    for (const [key, value] of planned) this.#weigh(key, value?.length ?? 0);
    if (!this.#rows.has(row)) {
      // Removed under its name and written anew, where control characters in a node's name take twice the room.
      this.#weigh(row.key, 0);
      this.#weigh(row.key, 2 * rowBytes(row.items));
    }
    const { team_slug } = entry.envelope;
    const teams = this.#teams.size + (this.#teams.has(team_slug) ? 0 : 1);
    const isOver = this.#mutations > COMMIT_MUTATIONS_MAX ||
      this.#keyBytes > COMMIT_KEY_BYTES_MAX || this.#bytes > COMMIT_BYTES_MAX ||
      teams > GET_MANY_MAX;
    if (isOver && this.entries.length > 0) return false;
    this.entries.push(entry);
    this.#planned.push(...planned);
    this.#rows.add(row);
    this.#teams.add(team_slug);
    return true;
  }

  /** The commit of all that was taken, but for the counters. */
  commit(kv: Deno.Kv): Deno.AtomicOperation {
    const commit = kv.atomic();
    for (const [key, value] of this.#planned) {
      if (value) commit.set(key, value);
      else commit.delete(key);
    }
    const ids = new Set(this.entries.map((e) => e.envelope.event_id));
    indexMoved(commit, this.#rows, ids, this.#to);
    return commit;
  }

  #weigh(key: Deno.KvKey, valueBytes: number): void {
    const size = keyBytes(key);
    this.#mutations += 1;
    this.#keyBytes += size;
    this.#bytes += size + valueBytes;
  }
}

/** All that a move changes of one event, but for its row of the index. */
function mutationsOf(
  { key, value, envelope }: Entry,
  to: Place | "gone",
  tries: Tries | undefined,
): Mutation[] {
  const { event_id, lamport_clock, node_id } = envelope;
  const mutations: Mutation[] = [
    [key],
    tries ? [triesKey(event_id), toBytes(tries)] : [triesKey(event_id)],
  ];
  if (to !== "gone") {
    mutations.push([eventKey(to, lamport_clock, node_id, event_id), value]);
    return mutations;
  }
  for (let n = 0; n < chunksOf(value); n++) {
    mutations.push([chunkKey(event_id, n)]);
  }
  return mutations;
}

/** What a key takes at most. */
function keyBytes(key: Deno.KvKey): number {
  return key.reduce((sum: number, part) => {
    if (typeof part !== "string") return sum + 9;
    return sum + 2 + part.length * (IS_ASCII.test(part) ? 1 : 3);
  }, 0);
}

// deno-lint-ignore no-control-regex
const IS_ASCII = /^[\x01-\x7f]*$/;
