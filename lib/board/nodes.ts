/**
 * The nodes that send a team's events, as far as the events show them.
 *
 * @module
 */

import type { NodeHealth } from "./answers.ts";
import type { EventTable } from "./event_table.ts";
import { compareTexts } from "./order.ts";

/** Delays remembered of each node: the latest. */
const DELAYS_MAX = 200;

interface Seen {
  events: number;
  highestClock: number;
  latestMs: number;
  seenMs: number | undefined;
  readonly delaysMs: number[];
}

/** All nodes. */
export class NodeLog {
  readonly #table: EventTable;
  readonly #nodes = new Map<number, Seen>();

  constructor(table: EventTable) {
    this.#table = table;
  }

  /** @param arrivedMs undefined where it is not known */
  push(row: number, arrivedMs: number | undefined): void {
    const table = this.#table, name = table.node(row);
    let node = this.#nodes.get(name);
    if (!node) {
      node = {
        events: 0,
        highestClock: 0,
        latestMs: -Infinity,
        seenMs: undefined,
        delaysMs: [],
      };
      this.#nodes.set(name, node);
    }
    const timeMs = table.timeMs(row);
    node.events++;
    node.highestClock = Math.max(node.highestClock, table.clock(row));
    node.latestMs = Math.max(node.latestMs, timeMs);
    if (arrivedMs === undefined) return;
    node.seenMs = arrivedMs;
    node.delaysMs.push(Math.max(0, arrivedMs - timeMs));
    if (node.delaysMs.length > DELAYS_MAX) node.delaysMs.shift();
  }

  /** By their names. */
  get answer(): NodeHealth[] {
    return [...this.#nodes].map(([name, node]) => ({
      node: this.#table.nodes.textOf(name),
      events: node.events,
      highest_clock: node.highestClock,
      latest_at: new Date(node.latestMs).toISOString(),
      seen_at: node.seenMs === undefined
        ? null
        : new Date(node.seenMs).toISOString(),
      delay_ms: middleOf(node.delaysMs),
    })).sort((a, b) => compareTexts(a.node, b.node));
  }
}

function middleOf(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? null;
}
