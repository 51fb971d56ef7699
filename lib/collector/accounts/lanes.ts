/**
 * Turns, one after the other, with a wait between them that grows: the state
 * of all that is slowed down, which collectors share.
 *
 * @module
 */

import { sha256Hex } from "../../base/digest.ts";
import type { World } from "../../base/world.ts";
import {
  LANE_FORGOTTEN_MS,
  LANE_WAIT_MS,
  LANE_WAIT_MS_MAX,
  LANES_MAX,
} from "./limits.ts";
import { changed, type Records, untilFirst } from "../records/records.ts";

/** What turns are counted for, such as an account. */
export interface Lane {
  readonly kind: string;
  readonly of: readonly string[];
  /** So many turns follow each other without a wait. */
  readonly freeMax: number;
  /** The first wait; twice as long each time. Milliseconds. */
  readonly waitMs?: number;
  /** A turn is forgotten after so long; without it, all of them when nothing has happened for an hour. */
  readonly leakMs?: number;
}

/** What is kept of one. Times are milliseconds since 1970. */
interface LaneState {
  /** Turns that were taken and not given back. */
  readonly taken: number;
  readonly untilMs: number;
  readonly atMs: number;
}

/** Turns that were taken, one in each lane. */
export type Turn = readonly {
  readonly key: string;
  readonly before: LaneState | undefined;
  readonly after: LaneState;
}[];

/** A turn in each of the lanes, or how long to wait for that: milliseconds. */
export type Asked =
  | { readonly turn: Turn; readonly waitMs?: never }
  | { readonly turn?: never; readonly waitMs: number };

/** All lanes. */
export class Lanes {
  readonly #records: Records;
  readonly #nowMs: () => number;
  /** How many there are, as far as this process knows. */
  #count = 0;
  readonly #sums = new Sums();

  constructor(records: Records, { nowMs }: World) {
    this.#records = records;
    this.#nowMs = nowMs;
  }

  /** Whether each lane has a turn now. */
  async areOpen(lanes: readonly Lane[]): Promise<boolean> {
    const nowMs = this.#nowMs();
    const states = await this.#read(await this.#keysOf(lanes));
    return states.every((state) => waitOf(state, nowMs) <= 0);
  }

  /** Takes a turn in each lane, or in none. */
  async take(lanes: readonly Lane[]): Promise<Asked> {
    const keys = await this.#keysOf(lanes);
    return await untilFirst("take a turn", async () => {
      const found = await this.#read(keys);
      const nowMs = this.#nowMs();
      const waitMs = Math.max(...found.map((state) => waitOf(state, nowMs)));
      if (waitMs > 0) return { waitMs };
      const turn = lanes.map((lane, i) => ({
        key: keys[i]!,
        before: found[i],
        after: nextOf(lane, found[i], nowMs),
      }));
      return await this.#claim(turn) ? { turn } : undefined;
    });
  }

  #keysOf(lanes: readonly Lane[]): Promise<string[]> {
    return Promise.all(lanes.map((lane) => this.#keyOf(lane)));
  }

  #read(keys: readonly string[]): Promise<(LaneState | undefined)[]> {
    return Promise.all(
      keys.map((key) => this.#records.get<LaneState>("throttle", key)),
    );
  }

  async #claim(turn: Turn): Promise<boolean> {
    for (const [i, { key, before, after }] of turn.entries()) {
      if (!await this.#records.replace("throttle", key, before, after)) {
        await this.giveBack(turn.slice(0, i));
        return false;
      }
      if (!before) this.#count++;
    }
    return true;
  }

  /** Gives turns back, as if they had never been taken. */
  async giveBack(turn: Turn): Promise<void> {
    for (const { key, before, after } of turn) {
      if (await this.#records.replace("throttle", key, after, before)) {
        if (!before) this.#count--;
        continue;
      }
      // Others have taken turns meanwhile: theirs stand.
      await changed<LaneState>(
        this.#records,
        "throttle",
        key,
        (state) => state && { ...state, taken: Math.max(0, state.taken - 1) },
      );
    }
  }

  /** Forgets lanes in which nothing has happened for long. */
  async sweep(): Promise<void> {
    const all = await this.#records.list<LaneState>("throttle");
    this.#count = all.length;
    for (const [key, state] of all) {
      if (!isForgotten(state, this.#nowMs())) continue;
      const isGone = await this.#records.replace(
        "throttle",
        key,
        state,
        undefined,
      );
      if (isGone) this.#count--;
    }
  }

  /** Names that strangers invent must not fill the store: of too many, many share a lane. */
  async #keyOf({ kind, of }: Lane): Promise<string> {
    const sum = await this.#sums.of(...of);
    const isFull = this.#count >= LANES_MAX;
    return `${kind} ${isFull ? `~${sum.slice(0, 2)}` : sum}`;
  }
}

function isForgotten({ atMs }: LaneState, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) > LANE_FORGOTTEN_MS;
}

function waitOf(state: LaneState | undefined, nowMs: number): number {
  if (!state || isForgotten(state, nowMs)) return 0;
  const waitMs = state.untilMs - nowMs;
  // Longer than anybody is ever told: by a clock that was wrong.
  return waitMs > LANE_WAIT_MS_MAX ? 0 : waitMs;
}

function nextOf(
  { freeMax, waitMs = LANE_WAIT_MS, leakMs = Infinity }: Lane,
  state: LaneState | undefined,
  nowMs: number,
): LaneState {
  const isNew = !state || isForgotten(state, nowMs);
  const leaked = isNew ? 0 : Math.max(0, nowMs - state.atMs) / leakMs;
  const taken = (isNew ? 0 : Math.max(0, state.taken - leaked)) + 1;
  const doubled = waitMs * 2 ** (taken - freeMax);
  const ms = taken < freeMax ? 0 : Math.min(LANE_WAIT_MS_MAX, doubled);
  return { taken, untilMs: nowMs + ms, atMs: nowMs };
}

/** Names as keys: of one length, and without a word of what people have typed. */
export function sumOf(...texts: readonly string[]): Promise<string> {
  return sha256Hex(JSON.stringify(texts), 24);
}

/** Sums that are kept, and of how many characters at most. */
const SUMS_KEPT = 1_000, SUM_OF_MAX = 300;

/** What `sumOf` says of names, kept for the next time: each costs more than the rest of a turn. Not for passwords. */
export class Sums {
  readonly #kept = new Map<string, string>();

  async of(...texts: readonly string[]): Promise<string> {
    const text = JSON.stringify(texts), kept = this.#kept.get(text);
    if (kept !== undefined) return kept;
    const sum = await sumOf(...texts);
    if (text.length > SUM_OF_MAX) return sum;
    if (this.#kept.size >= SUMS_KEPT) this.#kept.clear();
    this.#kept.set(text, sum);
    return sum;
  }
}
