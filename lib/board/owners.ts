/**
 * What work packages belong to, as events name it, with the events of each.
 *
 * @module
 */

import type { EventTable } from "./event_table.ts";
import type { Owner } from "./facts.ts";
import { History } from "./history.ts";

/** A feature or mission as events name it: one mission may go by several names. */
export class OwnerRecord {
  readonly number: number;
  readonly owner: Owner;
  /** Events about it, but about no package. */
  readonly own: History;
  /** By the numbers of their names. */
  readonly packages = new Map<number, History>();
  /** One past the position of the event that arrived last. */
  revision = 0;
  /** Of all its events, milliseconds since 1970. */
  firstMs = Infinity;
  lastMs = -Infinity;

  constructor(number: number, owner: Owner, table: EventTable) {
    this.number = number;
    this.owner = owner;
    this.own = new History(table);
  }

  /** Whether events that name no feature are gathered here. */
  get isNameless(): boolean {
    return this.owner.id === "" && this.owner.slug === "";
  }
}

/** All of them, by their numbers. */
export class Owners {
  readonly #table: EventTable;
  readonly #numbers = new Map<string, number>();
  readonly all: OwnerRecord[] = [];
  /** Changes whenever an owner or a package is new. */
  generation = 0;

  constructor(table: EventTable) {
    this.#table = table;
  }

  /** The record of an owner, which is made where there is none. */
  of(owner: Owner): OwnerRecord {
    const name = JSON.stringify([owner.kind, owner.id, owner.slug]);
    const known = this.#numbers.get(name);
    if (known !== undefined) return this.all[known]!;
    const record = new OwnerRecord(this.all.length, owner, this.#table);
    this.#numbers.set(name, record.number);
    this.all.push(record);
    this.generation++;
    return record;
  }

  /** Adds an event, which lies in the table already, to its owner. */
  push(record: OwnerRecord, row: number): void {
    const table = this.#table;
    const name = table.package(row);
    let history = name === 0 ? record.own : record.packages.get(name);
    if (!history) {
      record.packages.set(name, history = new History(table));
      this.generation++;
    }
    history.push(row);
    const timeMs = table.timeMs(row);
    record.revision = row + 1;
    record.firstMs = Math.min(record.firstMs, timeMs);
    record.lastMs = Math.max(record.lastMs, timeMs);
  }
}
