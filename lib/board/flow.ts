/**
 * The cumulative flow: how many packages lie in which lane at the end of each
 * day.
 *
 * @module
 */

import type { FlowDay } from "./answers.ts";

/** Milliseconds of a day. */
export const DAY_MS = 24 * 60 * 60 * 1000;

/** The day of a moment (UTC), such as `2026-08-12`. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().split("T")[0]!;
}

/** Gathers moves in any order. */
export class Flow {
  readonly #lanes: readonly string[];
  /** By day, counted from 1970: what is added to each lane. */
  readonly #changes = new Map<number, number[]>();

  constructor(lanes: readonly string[]) {
    this.#lanes = lanes;
  }

  /** @param from undefined for a package that is new */
  move(from: string | undefined, to: string, timeMs: number): void {
    if (from === to) return;
    const day = Math.floor(timeMs / DAY_MS);
    let changes = this.#changes.get(day);
    if (!changes) {
      changes = this.#lanes.map(() => 0);
      this.#changes.set(day, changes);
    }
    if (from !== undefined) this.#add(changes, from, -1);
    this.#add(changes, to, 1);
  }

  #add(changes: number[], lane: string, count: number): void {
    const at = this.#lanes.indexOf(lane);
    if (at >= 0) changes[at]! += count;
  }

  /** The days on which something moved; in between, all stays as it was. */
  days({ fromMs, toMs }: { fromMs: number; toMs: number }): FlowDay[] {
    const counts = this.#lanes.map(() => 0);
    const days: FlowDay[] = [];
    for (const [day, changes] of [...this.#changes].sort(([a], [b]) => a - b)) {
      for (const [i, change] of changes.entries()) counts[i]! += change;
      const startMs = day * DAY_MS;
      if (startMs + DAY_MS <= fromMs || startMs > toMs) continue;
      days.push({ day: dayOf(startMs), counts: [...counts] });
    }
    return days;
  }
}
