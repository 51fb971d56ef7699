/**
 * How much of a team lies in the collector's Deno KV, and removing what is
 * old: a few rows in a commit, so that after each what is counted is there.
 *
 * @module
 */

import { joinLines } from "../../base/line_bytes.ts";
import type { JsonObject } from "../../base/json.ts";
import { CommitRoom } from "../../home/commit_room.ts";
import { chunksOf, fromBytes, toBytes } from "../../home/queue_layout.ts";
import { EXPORT_ROWS, PRUNED_AT_ONCE } from "../limits.ts";
import { Gone, type Usage } from "./event_log.ts";
import { NODE_BYTES_MAX, STATE_BYTES_MAX } from "./kv_sizes.ts";
import type { KvStore } from "./kv_store.ts";
import {
  baseKey,
  chunkKey,
  nodeKey,
  packageKey,
  type Pruned,
  prunedKey,
  rowKey,
} from "./layout.ts";
import { type NodeCount, stampOf, sumOf } from "./nodes.ts";
import { newer, newsOf, type PackageState } from "./packages.ts";
import { Tally } from "./tally.ts";

/**
 * What of a team is there; counted where a program has stored some that does
 * not count. Nothing else may change the team meanwhile.
 */
export async function usageOf(store: KvStore, team: string): Promise<Usage> {
  const state = await store.team(team);
  let { bytes } = state;
  if (bytes === undefined) {
    bytes = 0;
    const rows = store.rowsFrom(team, 0, state.events, EXPORT_ROWS);
    for await (const { lines } of rows) {
      for (const line of lines) bytes += line.length;
    }
    await store.commit(team, store.kv.atomic(), { ...state, bytes });
  }
  return { events: state.events - (state.first ?? 0), bytes };
}

/**
 * Removes some of the events before a position. Nothing else may change the
 * team meanwhile, and all its nodes have to be counted.
 *
 * @returns whether there are more
 */
export async function pruneSome(
  store: KvStore,
  team: string,
  upTo: number,
): Promise<boolean> {
  const { bytes } = await usageOf(store, team);
  const state = await store.team(team);
  const end = Math.min(upTo, state.events), first = state.first ?? 0;
  if (first >= end) return false;
  const removal = new Removal(store, team);
  let at = first;
  const range = {
    start: rowKey(team, await store.rowAround(team, first)),
    end: rowKey(team, end),
  };
  const rows = store.kv.list<Uint8Array>(range, { batchSize: EXPORT_ROWS });
  for await (const { key, value } of rows) {
    const n = Number(key.at(-1));
    at = await removal.add(n, value, { first, end });
    if (removal.isFull) break;
  }
  await removal.commit({ ...state, first: at, bytes: bytes - removal.bytes });
  return at < end;
}

/** What is removed in one commit, and what has to be stored in its place. */
class Removal {
  /** Bytes of the documents. */
  bytes = 0;
  readonly #store: KvStore;
  readonly #team: string;
  readonly #commit: Deno.AtomicOperation;
  readonly #tally = new Tally();
  readonly #room = new CommitRoom();
  #changes = 0;

  constructor(store: KvStore, team: string) {
    this.#store = store;
    this.#team = team;
    this.#commit = store.kv.atomic();
  }

  /** Whether it is to be made before there is more. */
  get isFull(): boolean {
    const { nodes, packages } = this.#tally;
    const changes = this.#changes + nodes.size + packages.size;
    return changes >= PRUNED_AT_ONCE || !this.#room.isEnough;
  }

  /**
   * Adds the events of a row that lie in a span of positions, as many as there
   * is room for.
   *
   * @returns the position after the last of them
   */
  async add(
    n: number,
    value: Uint8Array,
    span: { readonly first: number; readonly end: number },
  ): Promise<number> {
    const lines = await this.#store.lines(this.#team, n, value);
    const from = Math.max(0, span.first - n);
    const upTo = Math.min(lines.length, span.end - n);
    const documents: JsonObject[] = [];
    for (const line of lines.slice(from, upTo)) {
      if (documents.length > 0 && !this.#room.isEnough) break;
      const document = fromBytes<JsonObject>(line);
      documents.push(document);
      this.bytes += line.length;
      this.#count(document);
    }
    const to = from + documents.length;
    await this.#leaveStamps(n, from, documents);
    const key = rowKey(this.#team, n);
    this.#change(key);
    if (to < lines.length) {
      const left = lines.map((line, i) => i < to ? NOTHING : line);
      this.#commit.set(key, joinLines(left));
      return n + to;
    }
    this.#commit.delete(key);
    const chunks = chunksOf(value);
    for (let i = 0; i < chunks; i++) {
      const chunk = chunkKey(this.#team, n, i);
      this.#change(chunk);
      this.#commit.delete(chunk);
    }
    return n + to;
  }

  #change(key: Deno.KvKey, bytes = 0): void {
    this.#changes++;
    this.#room.takeValue(key, bytes);
  }

  /** Adds up what a document says; it takes room where it is the first of its node or package. */
  #count(document: JsonObject): void {
    const team = this.#team, { nodes, packages } = this.#tally;
    const before = [nodes.size, packages.size];
    this.#tally.add(document);
    if (nodes.size > before[0]!) {
      const key = nodeKey(team, stampOf(document).node_id);
      this.#room.takeValue(baseKey(team, key), NODE_BYTES_MAX);
    }
    if (packages.size > before[1]!) {
      const { wpId, feature } = newsOf(document)!;
      const key = packageKey(team, wpId, feature);
      this.#room.takeValue(baseKey(team, key), STATE_BYTES_MAX);
    }
  }

  /** Rows that clones send with stamps of their own have to be known as such. */
  async #leaveStamps(
    n: number,
    from: number,
    documents: readonly JsonObject[],
  ): Promise<void> {
    if (documents.every(isEnvelope)) return;
    const key = prunedKey(this.#team, n);
    const [value] = await this.#store.getAll([key]);
    const before = value ? fromBytes<Pruned>(value) : { nodes: [], stamps: [] };
    const nodes = [...before.nodes], stamps = [...before.stamps];
    while (stamps.length < from) stamps.push(null);
    for (const document of documents) {
      if (isEnvelope(document)) {
        stamps.push(null);
        continue;
      }
      const { node_id, lamport_clock } = stampOf(document);
      let node = nodes.indexOf(node_id);
      if (node < 0) node = nodes.push(node_id) - 1;
      stamps.push([node, lamport_clock]);
    }
    const left = toBytes({ nodes, stamps } satisfies Pruned);
    this.#change(key, left.length);
    this.#commit.set(key, left);
  }

  /** Makes the change: all of it, or nothing where it fails. */
  async commit(state: Parameters<KvStore["commit"]>[2]): Promise<void> {
    const team = this.#team, { nodes, packages } = this.#tally;
    for (const [name, count] of nodes) {
      const key = baseKey(team, nodeKey(team, name));
      const before = await this.#base<NodeCount>(key);
      this.#commit.set(key, toBytes(before ? sumOf(before, count) : count));
    }
    for (const { wpId, feature, state } of packages.values()) {
      const key = baseKey(team, packageKey(team, wpId, feature));
      const before = await this.#base<PackageState>(key);
      this.#commit.set(key, toBytes(newer(before, state)));
    }
    await this.#store.commit(team, this.#commit, state);
  }

  async #base<T>(key: Deno.KvKey): Promise<T | undefined> {
    const [value] = await this.#store.getAll([key]);
    return value ? fromBytes<T>(value) : undefined;
  }
}

const NOTHING = new Uint8Array();

function isEnvelope(document: JsonObject): boolean {
  return Object.hasOwn(document, "event_type");
}

/** What is left of a removed event. */
export async function goneAt(
  store: KvStore,
  team: string,
  row: number,
): Promise<(line: number) => Gone> {
  const [value] = await store.getAll([prunedKey(team, row)]);
  const { nodes, stamps } = value
    ? fromBytes<Pruned>(value)
    : { nodes: [], stamps: [] };
  return (line) => {
    const [node, lamport_clock] = stamps[line] ?? [];
    return new Gone(
      node === undefined || lamport_clock === undefined
        ? undefined
        : { node_id: nodes[node]!, lamport_clock },
    );
  };
}
