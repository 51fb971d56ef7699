/**
 * The event log in Deno KV: one process has the file, and changes of one team
 * come one after another.
 *
 * @module
 */

import { oneLineBytes } from "../../base/shown.ts";
import type { JsonObject } from "../../base/json.ts";
import { Gate } from "../gate.ts";
import { EXPORT_ROWS, PAGE_BYTES_MAX } from "../limits.ts";
import {
  type Admission,
  type Admitted,
  compared,
  type EventLog,
  type IncomingEvent,
  type OnStored,
  type Page,
} from "./event_log.ts";
import type { KvStore } from "./kv_store.ts";
import { commitsOf, joinLines, type RowPlace } from "./layout.ts";
import { snapshotOf, type SnapshotPackage } from "./packages.ts";

/** Events in Deno KV. */
export class KvEventLog implements EventLog {
  readonly #store: KvStore;
  readonly #onStored: OnStored;
  readonly #gates = new Map<string, Gate>();
  /** Of each team, until something new is stored. */
  readonly #snapshots = new Map<string, readonly SnapshotPackage[]>();

  constructor(store: KvStore, onStored: OnStored) {
    this.#store = store;
    this.#onStored = onStored;
  }

  admit(
    team: string,
    events: readonly IncomingEvent[],
    sender?: object,
  ): Promise<Admission> {
    return this.#alone(team, async () => {
      const { admitted, fresh } = await this.#compare(team, events);
      for (const group of commitsOf(fresh)) {
        this.#snapshots.delete(team);
        const first = await this.#store.append(team, group);
        this.#onStored(team, group, sender, first);
      }
      const { highest } = await this.#store.team(team);
      return { events: admitted, highest };
    });
  }

  async page(team: string, from: number, limit: number): Promise<Page> {
    const { events: end } = await this.#store.team(team);
    const events: Uint8Array[] = [];
    let bytes = 0, n = from;
    const rows = this.#store.rowsFrom(team, from, end, EXPORT_ROWS);
    for await (const lines of rows) {
      for (const line of lines) {
        if (events.length === limit || bytes > PAGE_BYTES_MAX) {
          return { events, next: n };
        }
        events.push(line);
        bytes += line.length;
        n++;
      }
    }
    return { events, next: null };
  }

  async at(
    team: string,
    positions: readonly number[],
  ): Promise<(Uint8Array | undefined)[]> {
    const { events: end } = await this.#store.team(team);
    const rows = new Map<number, Uint8Array[]>();
    const found: (Uint8Array | undefined)[] = [];
    for (const position of positions) {
      if (position < 0 || position >= end) {
        found.push(undefined);
        continue;
      }
      const row = await this.#store.rowAround(team, position);
      const lines = rows.get(row) ?? await this.#store.lines(team, row);
      rows.set(row, lines);
      found.push(lines[position - row]);
    }
    return found;
  }

  async *export(team: string): AsyncIterable<Uint8Array<ArrayBuffer>> {
    const { events: end } = await this.#store.team(team);
    const rows = this.#store.rowsFrom(team, 0, end, EXPORT_ROWS);
    for await (const lines of rows) yield joinLines(lines.map(oneLineBytes));
  }

  snapshot(
    team: string,
    take: (packages: readonly SnapshotPackage[]) => void,
  ): Promise<void> {
    return this.#alone(team, async () => {
      let packages = this.#snapshots.get(team);
      if (!packages) {
        packages = snapshotOf(
          await Array.fromAsync(this.#store.packages(team)),
        );
        this.#snapshots.set(team, packages);
      }
      take(packages);
    });
  }

  check(): Promise<void> {
    return this.#store.check();
  }

  /** Does `work` while nothing of the team is being stored. */
  #alone<T>(team: string, work: () => Promise<T>): Promise<T> {
    let gate = this.#gates.get(team);
    if (!gate) this.#gates.set(team, gate = new Gate(1));
    return gate.enter(work);
  }

  async #compare(
    team: string,
    events: readonly IncomingEvent[],
  ): Promise<{ admitted: Admitted[]; fresh: IncomingEvent[] }> {
    const fresh = new Map<string, IncomingEvent>();
    const stored = await this.#storedAmong(team, events);
    const admitted = events.map((event): Admitted => {
      const { event_id } = event;
      const known = stored.get(event_id) ?? fresh.get(event_id)?.document;
      if (known) return compared(known, event.document);
      fresh.set(event_id, event);
      return { kind: "stored" };
    });
    return { admitted, fresh: [...fresh.values()] };
  }

  /** The stored events that have ids of these. */
  async #storedAmong(
    team: string,
    events: readonly IncomingEvent[],
  ): Promise<Map<string, JsonObject>> {
    const wanted = new Set(events.map(({ event_id }) => event_id));
    if (wanted.size === 0) return new Map();
    const places = await this.#store.places(team, [...wanted]);
    const byRow = Map.groupBy(
      [...places].filter(([id]) => wanted.has(id)),
      ([, [row]]) => row,
    );
    const stored = new Map<string, JsonObject>();
    for (const [row, found] of byRow) {
      const lines = await this.#store.lines(team, row);
      for (const [id, [, line]] of found as [string, RowPlace][]) {
        stored.set(id, JSON.parse(decoder.decode(lines[line])));
      }
    }
    return stored;
  }
}

const decoder = new TextDecoder();
