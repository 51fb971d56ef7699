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
  COMMIT_INDEX_BYTES_MAX,
  COMMIT_MUTATIONS_MAX,
  GET_MANY_MAX,
} from "../limits.ts";
import { LOCAL_TEAM } from "../config.ts";
import type { StampedEvent } from "../event.ts";
import { Accounts } from "./queue_accounts.ts";
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
  indexMoved,
  indexNew,
  type IndexRow,
  locate,
  rowBytes,
} from "./queue_index.ts";
import { type Entry, entryAt, getEvents, walk } from "./queue_read.ts";

/** How an event came in: made here, or taken over from an export. */
export type Origin = "accepted" | "imported";

/** The queue in the hands of the lock's holder. */
export class OfflineQueue {
  readonly #accounts: Accounts;

  private constructor(readonly kv: Deno.Kv, accounts: Accounts) {
    this.#accounts = accounts;
  }

  /**
   * Reads the ledger, and removes what a holder left that died while it wrote
   * a large event.
   *
   * @param teamSlug the team that most events will be of
   * @throws {KittyError} when a newer program wrote the queue
   */
  static async open(kv: Deno.Kv, teamSlug = LOCAL_TEAM): Promise<OfflineQueue> {
    const queue = new OfflineQueue(kv, await Accounts.open(kv, teamSlug));
    await queue.#removePending();
    return queue;
  }

  /** All counters, as of the last commit. */
  get ledger(): Ledger {
    return this.#accounts.ledger;
  }

  /**
   * Stores new events in one commit: all of them or none. A large event's
   * chunks go first; they are invisible until that commit.
   *
   * @param part events that fit into one commit, see `commitParts`
   * @throws when the disk or SQLite fails; nothing is stored then
   */
  async append(part: readonly StampedEvent[], origin: Origin): Promise<void> {
    await this.#removePending();
    const ledger = this.ledger;
    const commit = this.kv.atomic();
    const keys: Deno.KvKey[] = [];
    let bytes = 0, highest = ledger.highest;
    for (const event of part) {
      const { event_id, lamport_clock, node_id } = event;
      const value = await this.#valueOf(event);
      const key = eventKey("queue", lamport_clock, node_id, event_id);
      commit.set(key, value);
      keys.push(key);
      bytes += event.bytes.length;
      // An imported value that leaves none above it must not use up our clock.
      if (origin === "accepted" || lamport_clock < CLOCK_MAX) {
        highest = Math.max(highest, lamport_clock);
      }
    }
    indexNew(commit, keys);
    await this.#accounts.commit(commit, {
      ...ledger,
      highest,
      [origin]: ledger[origin] + part.length,
      queued: ledger.queued + part.length,
      bytes: ledger.bytes + bytes,
    }, part.map((envelope) => ({ envelope, change: 1 })));
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
    const places = [...await locate(this.kv, ids)];
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
      await this.kv.set(triesKey(event_id), toBytes(tries));
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
      // Each commit writes rows of the index anew, so they are read for each.
      const found = await this.#findLocated(
        wanted.slice(at, at + MOVED_AT_ONCE_MAX),
      );
      const { part, passed } = movePart(
        wanted.slice(at, at + MOVED_AT_ONCE_MAX),
        found,
        from,
      );
      at += passed;
      if (part.length === 0) continue;
      const commit = this.kv.atomic();
      for (const { entry } of part) {
        const { event_id, lamport_clock, node_id } = entry.envelope;
        commit.delete(entry.key);
        commit.delete(triesKey(event_id));
        if (to === "gone") {
          for (let n = 0; n < chunksOf(entry.value); n++) {
            commit.delete(chunkKey(event_id, n));
          }
          continue;
        }
        commit.set(
          eventKey(to, lamport_clock, node_id, event_id),
          entry.value,
        );
        if (triesAfter) {
          const tries = triesAfter(await this.tries(event_id));
          commit.set(triesKey(event_id), toBytes(tries));
        }
      }
      const entries = part.map(({ entry }) => entry);
      const movedIds = new Set(entries.map((e) => e.envelope.event_id));
      indexMoved(commit, new Set(part.map(({ row }) => row)), movedIds, to);
      await this.#commitMove(commit, entries, from, to, counter);
      moved += part.length;
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
    await this.#accounts.commit(
      commit,
      ledger,
      part.map(({ envelope }) => ({ envelope, change })),
    );
  }

  /** The value to store for an event; writes its chunks where it needs some. */
  async #valueOf({ event_id, bytes }: StampedEvent): Promise<Uint8Array> {
    const pieces = cut(bytes);
    if (pieces.length === 0) return bytes;
    const pending = { event_id, chunks: pieces.length };
    const perCommit = Math.floor(COMMIT_BYTES_MAX / pieces[0]!.length);
    for (let at = 0; at < pieces.length; at += perCommit) {
      const commit = this.kv.atomic();
      for (const [i, piece] of pieces.slice(at, at + perCommit).entries()) {
        commit.set(chunkKey(event_id, at + i), piece);
      }
      await this.#accounts.commit(commit, { ...this.ledger, pending }, []);
    }
    return chunkedHead(pieces.length, bytes.length);
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

/** Entries that `#move` has in memory at once. */
const MOVED_AT_ONCE_MAX = 240;

/** Bytes of events that one commit moves: the rows of the index go beside them. */
const MOVED_BYTES_MAX = COMMIT_BYTES_MAX - COMMIT_INDEX_BYTES_MAX;

/**
 * The first of `ids` that one commit can move, and how many ids that covers;
 * what does not lie in `from` is passed over.
 */
function movePart(
  ids: readonly string[],
  found: ReadonlyMap<string, { entry: Entry; row: IndexRow }>,
  from: Place,
): { part: { entry: Entry; row: IndexRow }[]; passed: number } {
  const part: { entry: Entry; row: IndexRow }[] = [];
  const rows = new Set<IndexRow>(), teams = new Set<string>();
  let mutations = 0, bytes = 0, indexBytes = 0;
  for (const [passed, id] of ids.entries()) {
    const place = found.get(id);
    if (place?.entry.place !== from) continue;
    const { entry, row } = place;
    // As a dead letter: its key, what it was tried, both written and removed.
    mutations += 4 + chunksOf(entry.value);
    bytes += entry.value.length;
    if (!rows.has(row)) {
      rows.add(row);
      mutations += 2;
      indexBytes += rowBytes(row.items);
    }
    teams.add(entry.envelope.team_slug);
    const isFull = mutations > COMMIT_MUTATIONS_MAX ||
      bytes > MOVED_BYTES_MAX || indexBytes > COMMIT_INDEX_BYTES_MAX ||
      teams.size > GET_MANY_MAX;
    if (isFull && part.length > 0) return { part, passed };
    part.push(place);
  }
  return { part, passed: ids.length };
}
