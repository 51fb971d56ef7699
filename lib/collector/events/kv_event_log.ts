/**
 * The event log in Deno KV: one process has the file, and changes of one team
 * come one after another.
 *
 * @module
 */

import { joinLines } from "../../base/line_bytes.ts";
import { oneLineBytes } from "../../base/shown.ts";
import type { JsonObject } from "../../base/json.ts";
import { fromBytes } from "../../home/queue_layout.ts";
import { Gate } from "../gate.ts";
import { EXPORT_ROWS, PAGE_BYTES_MAX } from "../limits.ts";
import {
  type Admission,
  type Admitted,
  compared,
  type EventLog,
  expectRoom,
  type Gone,
  type IncomingEvent,
  type Offering,
  type OnStored,
  type Page,
  sharedRow,
  type Usage,
} from "./event_log.ts";
import { commitsOf, notesOf } from "./kv_groups.ts";
import type { IdPages } from "./kv_ids.ts";
import { type Beside, type Entry, KvNodes } from "./kv_nodes.ts";
import { goneAt, pruneSome, usageOf } from "./kv_prune.ts";
import type { KvStore } from "./kv_store.ts";
import type { NodeAnswer, SharedRow } from "./nodes.ts";
import { snapshotOf, type SnapshotPackage } from "./packages.ts";

/** Events in Deno KV. */
export class KvEventLog implements EventLog {
  readonly #store: KvStore;
  readonly #nodes: KvNodes;
  readonly #onStored: OnStored;
  readonly #gates = new Map<string, Gate>();
  /** Of each team, until something new is stored. */
  readonly #snapshots = new Map<string, readonly SnapshotPackage[]>();
  readonly #answers = new Map<string, readonly NodeAnswer[]>();

  constructor(store: KvStore, onStored: OnStored, nowMs: () => number) {
    this.#store = store;
    this.#onStored = onStored;
    this.#nodes = new KvNodes(store, nowMs);
  }

  admit(
    team: string,
    events: readonly IncomingEvent[],
    offering: Offering = {},
  ): Promise<Admission> {
    return this.#alone(
      team,
      () => this.#store.room.noting(() => this.#admit(team, events, offering)),
    );
  }

  /** Nothing else may be stored of the team meanwhile. */
  async #admit(
    team: string,
    events: readonly IncomingEvent[],
    { sender, word, quota }: Offering,
  ): Promise<Admission> {
    if (events.length > 0 || word) await this.#nodes.recount(team);
    const ids = await this.#store.idsAround(team, idsOf(events));
    const { admitted, fresh, shared } = await this.#compare(
      team,
      events,
      ids,
    );
    if (quota) expectRoom(await usageOf(this.#store, team), fresh, quota);
    // With the first: never is more stored than was told.
    let toTell = word;
    for (const group of commitsOf(team, fresh, (id) => ids.pageOf(id))) {
      await this.#store.room.prepare();
      const beside = toTell ? { word: toTell } : {};
      const entries = await this.#nodes.entries(team, group, beside);
      this.#snapshots.delete(team);
      const first = await this.#changing(
        team,
        entries,
        () => this.#store.append(team, group, ids, entries),
      );
      toTell = undefined;
      this.#onStored(team, group, sender, first);
    }
    if (toTell) await this.#put(team, { word: toTell });
    await this.#noteShared(team, shared);
    const { highest } = await this.#store.team(team);
    return { events: admitted, highest };
  }

  /** Notes rows that were here with other stamps, each once. */
  async #noteShared(team: string, rows: readonly SharedRow[]): Promise<void> {
    const fresh = rows.length > 0
      ? await this.#nodes.newlyShared(team, rows)
      : [];
    for (const shared of notesOf(team, fresh)) {
      await this.#put(team, { shared });
    }
  }

  /** Stores what comes beside events, alone. */
  async #put(team: string, beside: Beside): Promise<void> {
    const entries = await this.#nodes.entries(team, [], beside);
    if (entries.length === 0) return;
    await this.#changing(
      team,
      entries,
      () => this.#store.putOf(team, entries),
    );
  }

  async #changing<T>(
    team: string,
    entries: readonly Entry[],
    store: () => Promise<T>,
  ): Promise<T> {
    this.#answers.delete(team);
    try {
      const stored = await store();
      this.#nodes.keep(entries);
      return stored;
    } catch (error) {
      // It may have happened all the same: what is stored is asked again.
      this.#nodes.forget();
      throw error;
    }
  }

  usage(team: string): Promise<Usage> {
    return this.#alone(team, () => usageOf(this.#store, team));
  }

  async first(team: string): Promise<number> {
    return (await this.#store.team(team)).first ?? 0;
  }

  async prune(team: string, upTo: number): Promise<void> {
    // Events that arrive get their turn in between.
    const some = async () => {
      await this.#nodes.recount(team);
      return await pruneSome(this.#store, team, upTo);
    };
    await this.#store.room.removing(() => this.#alone(team, some));
  }

  nodes(team: string): Promise<readonly NodeAnswer[]> {
    return this.#alone(team, async () => {
      let answers = this.#answers.get(team);
      if (!answers) {
        await this.#nodes.recount(team);
        answers = await this.#nodes.answers(team);
        this.#answers.set(team, answers);
      }
      return answers;
    });
  }

  async allNodes(): Promise<readonly NodeAnswer[]> {
    const all: NodeAnswer[] = [];
    for (const team of await this.#store.teams()) {
      for (const node of await this.nodes(team)) all.push(node);
    }
    return all;
  }

  async page(team: string, from: number, limit: number): Promise<Page> {
    const { events: end, first: there = 0 } = await this.#store.team(team);
    const events: Uint8Array[] = [];
    let first = Math.max(from, there), bytes = 0;
    const rows = this.#store.rowsFrom(team, from, end, EXPORT_ROWS);
    for await (const { first: at, lines } of rows) {
      if (events.length === 0) first = at;
      // What lay in between was removed since.
      else if (at > first + events.length) return { events, first, next: at };
      for (const line of lines) {
        if (events.length === limit || bytes > PAGE_BYTES_MAX) {
          return { events, first, next: first + events.length };
        }
        events.push(line);
        bytes += line.length;
      }
    }
    return { events, first, next: null };
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
      const line = lines[position - row];
      found.push(line?.length ? line : undefined);
    }
    return found;
  }

  async *export(team: string): AsyncIterable<Uint8Array<ArrayBuffer>> {
    const { events: end } = await this.#store.team(team);
    const rows = this.#store.rowsFrom(team, 0, end, EXPORT_ROWS);
    for await (const { lines } of rows) {
      yield joinLines(lines.map(oneLineBytes));
    }
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

  teams(): Promise<readonly string[]> {
    return this.#store.teams();
  }

  /** No other process has the file. */
  follow(): Promise<void> {
    return Promise.resolve();
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
    ids: IdPages,
  ): Promise<{
    admitted: Admitted[];
    fresh: IncomingEvent[];
    shared: SharedRow[];
  }> {
    const fresh = new Map<string, IncomingEvent>();
    const shared = new Map<string, SharedRow>();
    const stored = await this.#storedAmong(team, events, ids);
    const admitted = events.map((event): Admitted => {
      const { event_id } = event;
      const known = stored.get(event_id) ?? fresh.get(event_id)?.document;
      if (known) {
        const result = compared(known, event.document);
        const row = sharedRow(known, event);
        if (row && result.kind === "duplicate") {
          shared.set(JSON.stringify(row), row);
        }
        return result;
      }
      fresh.set(event_id, event);
      return { kind: "stored" };
    });
    return {
      admitted,
      fresh: [...fresh.values()],
      shared: [...shared.values()],
    };
  }

  /** The stored events that have ids of these. */
  async #storedAmong(
    team: string,
    events: readonly IncomingEvent[],
    ids: IdPages,
  ): Promise<Map<string, JsonObject | Gone>> {
    const places = [...idsOf(events)].flatMap((id) => {
      const place = ids.placeOf(id);
      return place ? [[id, place] as const] : [];
    });
    const byRow = Map.groupBy(places, ([, [row]]) => row);
    const stored = new Map<string, JsonObject | Gone>();
    for (const [row, found] of byRow) {
      const lines = await this.#store.lines(team, row);
      let gone: ((line: number) => Gone) | undefined;
      for (const [id, [, line]] of found) {
        const bytes = lines[line];
        if (bytes?.length) {
          stored.set(id, fromBytes(bytes));
          continue;
        }
        gone ??= await goneAt(this.#store, team, row);
        stored.set(id, gone(line));
      }
    }
    return stored;
  }
}

function idsOf(events: readonly IncomingEvent[]): Set<string> {
  return new Set(events.map(({ event_id }) => event_id));
}
