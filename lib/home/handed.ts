/**
 * Which drafts were handed over by homes elsewhere, by what they are known by
 * in the queue: also those that have left it since. Whoever hands one over and
 * gets no answer sends it again, and it must not get another clock value. A
 * draft is noted in the same commit as its event.
 *
 * | key | value |
 * |---|---|
 * | `["handed"]` | `State`: which generation is noted in |
 * | `["handed", generation, id]` | `[digest, clock]` of one draft |
 *
 * Notes of two generations count. When the younger one is old or large enough,
 * another begins, and what is older than both goes, some with each commit. Behind
 * that the server still knows each id, and calls one with another clock value
 * a conflict: then it is a dead letter, and not stored twice.
 *
 * @module
 */

import type { StampedEvent } from "../event/event.ts";
import type { HandedNote } from "./queue.ts";
import { fromBytes, getMany, toBytes } from "./queue_layout.ts";

/** How long a generation is noted in: so long a draft is known at least, where there are not too many. */
export const HANDED_MS = 4 * 24 * 60 * 60 * 1000;

/** Notes of a generation; each takes some 150 bytes of the disk. */
export const HANDED_MAX = 250_000;

/** Old notes that a commit removes beside two for each that it adds. */
const REMOVED_AT_LEAST = 20;

/** Old notes that are looked for at once: as many as the largest commit removes. */
const REMOVED_AT_MOST = 420;

/** Where notes are made. */
interface State {
  readonly generation: number;
  /** When it began, milliseconds since 1970. */
  readonly since: number;
  readonly count: number;
  /** Whether notes are left that are older than the generation before. */
  readonly hasOld: boolean;
}

const STATE_KEY: Deno.KvKey = ["handed"];

/** The generation that a queue begins with. */
const FIRST = 1;

/** What a queue knows of drafts that were handed over. */
export class HandedNotes {
  readonly #kv: Deno.Kv;
  /** Undefined until something is looked up: most queues are handed nothing. */
  #state: State | undefined;
  #old: Deno.KvKey[] = [];

  constructor(kv: Deno.Kv) {
    this.#kv = kv;
  }

  /** Those of these ids that are known; afterwards new ones can be noted. */
  async find(
    ids: readonly string[],
    nowMs: number,
  ): Promise<Map<string, HandedNote>> {
    // Read together with what tells the generation, which it mostly is.
    const likely = this.#state?.generation ?? FIRST;
    let keys = noteKeys(likely, ids);
    let [stored, ...values] = await getMany(this.#kv, [STATE_KEY, ...keys]);
    const state = this.#state = currentState(stored, nowMs);
    if (state.hasOld) await this.#findOld(state);
    if (state.generation !== likely) {
      keys = noteKeys(state.generation, ids);
      values = await getMany(this.#kv, keys);
    }
    const found = new Map<string, HandedNote>();
    for (const [i, value] of values.entries()) {
      if (!value) continue;
      const [digest, clock] = fromBytes<[string, number]>(value);
      found.set(String(keys[i]![2]), { digest, clock });
    }
    return found;
  }

  /** Adds to a commit that its events that were handed over are known from now on. */
  note(commit: Deno.AtomicOperation, events: readonly StampedEvent[]): void {
    const handed = events.filter(({ handed }) => handed !== undefined);
    const state = this.#state;
    if (!state || handed.length === 0) return;
    for (const { event_id, handed: digest, lamport_clock } of handed) {
      const key = noteKey(state.generation, event_id);
      commit.set(key, toBytes([digest, lamport_clock]));
    }
    const removed = REMOVED_AT_LEAST + 2 * handed.length;
    for (const key of this.#old.splice(0, removed)) commit.delete(key);
    this.#state = { ...state, count: state.count + handed.length };
    commit.set(STATE_KEY, toBytes(this.#state));
  }

  async #findOld(state: State): Promise<void> {
    const range = {
      start: ["handed", 0],
      end: ["handed", state.generation - 1],
    };
    const old = this.#kv.list(range, { limit: REMOVED_AT_MOST });
    this.#old = (await Array.fromAsync(old)).map(({ key }) => key);
    if (this.#old.length === 0) this.#state = { ...state, hasOld: false };
  }
}

/** The state that counts now, by the one that is stored. */
function currentState(stored: Uint8Array | undefined, nowMs: number): State {
  const first = { generation: FIRST, since: nowMs, count: 0, hasOld: false };
  const state = stored ? fromBytes<State>(stored) : first;
  // Where the machine's clock went back, the generation begins now.
  const since = Math.min(state.since, nowMs);
  return nowMs - since <= HANDED_MS && state.count < HANDED_MAX
    ? { ...state, since }
    : { ...first, generation: state.generation + 1, hasOld: true };
}

/** Where notes of these ids may stand, two for each. */
function noteKeys(generation: number, ids: readonly string[]): Deno.KvKey[] {
  return ids.flatMap((id) => [
    noteKey(generation, id),
    noteKey(generation - 1, id),
  ]);
}

function noteKey(generation: number, id: string): Deno.KvKey {
  return ["handed", generation, id];
}
