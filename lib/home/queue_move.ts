/**
 * Moving events from one place to another, or out of the queue: as many in one
 * commit as it can take.
 *
 * @module
 */

import { GET_MANY_MAX } from "../base/limits.ts";
import { CommitRoom } from "./commit_room.ts";
import { indexMoved, type IndexRow, rowBytes } from "./queue_index.ts";
import {
  chunkKey,
  chunksOf,
  eventKey,
  toBytes,
  triesKey,
} from "./queue_layout.ts";
import { ownAfter, type Step } from "./own_counts.ts";
import type { Ledger, Place, Tries, WhyDead } from "./queue.ts";
import type { Change } from "./queue_accounts.ts";
import type { LocatedEntry, StoredEntry } from "./queue_read.ts";

/** The counters after a step, but for those by type and team; and what makes up these. */
export function ledgerAfter(
  before: Ledger,
  part: readonly StoredEntry[],
  step: Step,
): { ledger: Ledger; changes: Change[] } {
  const { from, to, counter } = step;
  const field = (place: Place) => place === "queue" ? "queued" : "dead";
  const ledger: { -readonly [K in keyof Ledger]: Ledger[K] } = { ...before };
  ledger[field(from)] -= part.length;
  if (to === "gone") {
    ledger.bytes -= part.reduce((sum, entry) => sum + entry.bytes, 0);
  } else {
    ledger[field(to)] += part.length;
  }
  if (counter) ledger[counter] += part.length;
  if (before.own) {
    ledger.own = ownAfter(before.own, part.map(({ event }) => event), step);
  }
  const change = from === "queue" ? -1 : to === "queue" ? 1 : 0;
  return { ledger, changes: part.map(({ event }) => ({ event, change })) };
}

/** What is kept of an event's tries when it becomes a dead letter. */
export function triesOfDead(
  { attempts }: Tries,
  { reason, lastError, nowMs }: WhyDead,
): Tries {
  return {
    attempts,
    ...lastError !== undefined && { last_error: lastError },
    reason,
    dead_at: new Date(nowMs).toISOString(),
  };
}

/** One mutation of a commit: a value to store, or none, to remove the key. */
type Mutation = readonly [key: Deno.KvKey, value?: Uint8Array];

/** The events that one commit moves, as many as it can take. */
export class Move {
  readonly entries: StoredEntry[] = [];
  readonly #to: Place | "gone";
  readonly #planned: Mutation[] = [];
  readonly #rows = new Set<IndexRow>();
  readonly #teams = new Set<string>();
  readonly #room = new CommitRoom();

  constructor(to: Place | "gone") {
    this.#to = to;
  }

  /**
   * Adds an event.
   *
   * @returns false where the commit has no room for it
   */
  take(
    { entry, row }: LocatedEntry,
    tries?: Tries,
  ): boolean {
    const planned = mutationsOf(entry, this.#to, tries);
    for (const [key, value] of planned) {
      this.#room.takeValue(key, value?.length ?? 0);
    }
    if (!this.#rows.has(row)) {
      // Removed under its name and written anew, where control characters in a node's name take twice the room.
      this.#room.takeValue(row.key, 0);
      this.#room.takeValue(row.key, 2 * rowBytes(row.items));
    }
    const { team_slug } = entry.event;
    const teams = this.#teams.size + (this.#teams.has(team_slug) ? 0 : 1);
    const isOver = !this.#room.isEnough || teams > GET_MANY_MAX;
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
    const ids = new Set(this.entries.map((e) => e.event.event_id));
    indexMoved(commit, this.#rows, ids, this.#to);
    return commit;
  }
}

/**
 * Plans one commit: of some ids, those that lie where a step begins, as many as it can take.
 *
 * @returns how many of the ids that goes through, too
 */
export async function planMove(
  some: readonly string[],
  found: ReadonlyMap<string, LocatedEntry>,
  { from, to }: Step,
  triesOf?: (id: string) => Promise<Tries>,
): Promise<{ move: Move; looked: number }> {
  const move = new Move(to);
  let looked = 0;
  for (const id of some) {
    const place = found.get(id);
    if (place?.entry.place === from) {
      if (!move.take(place, await triesOf?.(id))) break;
    }
    looked += 1;
  }
  return { move, looked };
}

/** All that a move changes of one event, but for its row of the index. */
function mutationsOf(
  { key, value, event }: StoredEntry,
  to: Place | "gone",
  tries: Tries | undefined,
): Mutation[] {
  const { event_id, lamport_clock, node_id } = event;
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
