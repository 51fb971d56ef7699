/**
 * Nodes in the collector's Deno KV: how many events of each are stored, and
 * what their homes have told. Changes of one team come one after another
 * (`kv_event_log.ts` sees to it), and go into the commits of its events.
 *
 * @module
 */

import { fromBytes } from "../../home/queue_layout.ts";
import { NODES_CACHED_MAX, RECOUNTED_MAX } from "../limits.ts";
import type { IncomingEvent } from "./event_log.ts";
import type { KvStore } from "./kv_store.ts";
import {
  nodeKey,
  nodesOf,
  sharedKey,
  teamKey,
  toldKey,
  toldOf,
} from "./layout.ts";
import {
  heard,
  type NodeAnswer,
  nodeAnswers,
  type NodeCount,
  nodeName,
  noneOf,
  type SharedRow,
  stampOf,
  type Told,
  type Watermark,
  withEvents,
} from "./nodes.ts";

/** A value that is to be stored with others. */
export type Entry = readonly [key: Deno.KvKey, value: unknown];

/** What came beside new events. */
export interface Beside {
  readonly shared?: readonly SharedRow[];
  readonly word?: Watermark;
}

/** Value of a key that says all by itself. */
const NOTED = 1;

/** The nodes of all teams. */
export class KvNodes {
  readonly #store: KvStore;
  readonly #nowMs: () => number;
  /** Values of the keys that were last read or stored. */
  readonly #cache = new Map<string, unknown>();

  constructor(store: KvStore, nowMs: () => number) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  /** The rows among these of which it is not known yet that their node has sent them. */
  async newlyShared(
    team: string,
    rows: readonly SharedRow[],
  ): Promise<SharedRow[]> {
    const keys = rows.map((row) => sharedKey(team, row));
    const values = await this.#store.getAll(keys);
    return rows.filter((_, i) => !values[i]);
  }

  /** What has to be stored beside these events of a team, in one commit. */
  async entries(
    team: string,
    events: readonly IncomingEvent[],
    { shared = [], word }: Beside,
  ): Promise<Entry[]> {
    const now = new Date(this.#nowMs()).toISOString();
    const byNode = Map.groupBy(events, ({ node_id }) => nodeName(node_id));
    const sharedBy = Map.groupBy(shared, ({ node_id }) => nodeName(node_id));
    const entries: Entry[] = shared.map((row) => [sharedKey(team, row), NOTED]);
    for (const node of new Set([...byNode.keys(), ...sharedBy.keys()])) {
      const key = nodeKey(team, node);
      const before = await this.#read<NodeCount>(key) ?? noneOf(node);
      const count = withEvents(before, byNode.get(node) ?? [], now);
      const more = sharedBy.get(node)?.length ?? 0;
      entries.push([key, { ...count, shared: count.shared + more }]);
    }
    if (word) {
      const key = toldKey(team, word.home);
      const told = heard(await this.#read<Told>(key), word, this.#nowMs());
      if (told) entries.push([key, told]);
    }
    return entries;
  }

  /** These are stored. */
  keep(entries: readonly Entry[]): void {
    if (this.#cache.size > NODES_CACHED_MAX) this.#cache.clear();
    for (const [key, value] of entries) {
      // That a row is shared is looked up for those rows only.
      if (value !== NOTED) this.#cache.set(JSON.stringify(key), value);
    }
  }

  /** It is not known what is stored. */
  forget(): void {
    this.#cache.clear();
  }

  async #read<T>(key: Deno.KvKey): Promise<T | undefined> {
    const name = JSON.stringify(key);
    if (this.#cache.has(name)) return this.#cache.get(name) as T | undefined;
    const [value] = await this.#store.getAll([key]);
    const read = value ? fromBytes<T>(value) : undefined;
    this.keep([[key, read]]);
    return read;
  }

  /** How complete all nodes of a team are. */
  async answers(team: string): Promise<NodeAnswer[]> {
    return nodeAnswers(
      await this.#list<NodeCount>(nodesOf(team)),
      await this.#list<Told>(toldOf(team)),
    );
  }

  async #list<T>(prefix: Deno.KvKey): Promise<T[]> {
    const values: T[] = [];
    const list = this.#store.kv.list<Uint8Array>({ prefix });
    for await (const { value } of list) values.push(fromBytes<T>(value));
    return values;
  }

  /** Counts the events of a team that a program has stored which did not count them. */
  async recount(team: string): Promise<void> {
    const state = await this.#store.team(team);
    const { events, counted = 0 } = state;
    if (events === counted) return;
    const counts = new Map<string, NodeCount>();
    const rows = this.#store.rowsFrom(team, 0, events, RECOUNTED_MAX);
    for await (const { lines } of rows) {
      const read = lines.map((line) => stampOf(fromBytes(line)));
      for (const [node, some] of Map.groupBy(read, nameOf)) {
        const count = counts.get(node) ?? noneOf(node);
        counts.set(node, withEvents(count, some, null));
      }
    }
    let entries: Entry[] = [];
    for (const [node, count] of counts) {
      const key = nodeKey(team, node);
      const { shared = 0 } = await this.#read<NodeCount>(key) ?? {};
      entries.push([key, { ...count, shared }]);
      if (entries.length < RECOUNTED_MAX) continue;
      await this.#store.put(entries);
      entries = [];
    }
    // Last: where it does not come to this, all is counted again.
    await this.#store.put([...entries, [teamKey(team), {
      ...state,
      counted: events,
    }]]);
    this.forget();
    this.#store.forget(team);
  }
}

function nameOf({ node_id }: { readonly node_id: string }): string {
  return nodeName(node_id);
}
