/**
 * The events of one thing, kept in the order that counts. What arrives late
 * goes to its place when the history is read next.
 *
 * @module
 */

import type { EventTable } from "./event_table.ts";

/** Positions of events. */
export class History {
  readonly #table: EventTable;
  #rows: number[] = [];
  #isSorted = true;
  #first = -1;
  #latest = -1;

  constructor(table: EventTable) {
    this.#table = table;
  }

  get size(): number {
    return this.#rows.length;
  }

  /** One past the position of the event that arrived last; 0 where there is none. */
  get revision(): number {
    return this.#latest + 1;
  }

  /** Position of the event that arrived first. */
  get first(): number {
    return this.#first;
  }

  /** Adds an event that has arrived after all others. */
  push(row: number): void {
    const last = this.#rows.at(-1);
    if (last !== undefined && this.#table.compare(last, row) > 0) {
      this.#isSorted = false;
    }
    if (last === undefined) this.#first = row;
    this.#rows.push(row);
    this.#latest = row;
  }

  /** In the order that counts. */
  get rows(): readonly number[] {
    if (!this.#isSorted) {
      this.#rows.sort(this.#table.compare);
      this.#isSorted = true;
    }
    return this.#rows;
  }
}
