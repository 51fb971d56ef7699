/**
 * What is stored beside the events of a team, made anew from them: the states
 * of its work packages, and how many events each node has.
 *
 * @module
 */

import { sameJson } from "../../base/json.ts";
import { fillKv } from "../../home/kv_fill.ts";
import { fromBytes, toBytes } from "../../home/queue_layout.ts";
import { EXPORT_ROWS } from "../limits.ts";
import type { KvStore } from "./kv_store.ts";
import {
  baseKey,
  nodeKey,
  nodesOf,
  packageKey,
  packagesOf,
  type TeamState,
} from "./layout.ts";
import { amended, type NodeCount } from "./nodes.ts";
import { packageName, type PackageRow, type PackageState } from "./packages.ts";
import { Tally } from "./tally.ts";

/** What a rebuild has found. */
export interface Rebuilt {
  readonly team: string;
  readonly events: number;
  readonly packages: number;
  readonly nodes: number;
  /** Values that were not as they should have been. */
  readonly mended: number;
}

/** Makes them anew. Nothing else may change the store meanwhile. */
export async function rebuildTeam(
  store: KvStore,
  team: string,
): Promise<Rebuilt> {
  const state = await store.team(team);
  const tally = await baseOf(store, team);
  let events = 0, bytes = 0;
  const rows = store.rowsFrom(team, 0, state.events, EXPORT_ROWS);
  for await (const { lines } of rows) {
    events += lines.length;
    for (const line of lines) {
      bytes += line.length;
      tally.add(fromBytes(line));
    }
  }
  const { packages, nodes } = tally;
  const mended = await mendPackages(store, team, packages) +
    await mendNodes(store, team, nodes) +
    await mendState(store, team, { state, bytes });
  return { team, events, packages: packages.size, nodes: nodes.size, mended };
}

/** What removed events said: the rest is added to it. */
async function baseOf(store: KvStore, team: string): Promise<Tally> {
  const tally = new Tally();
  const states = await allOf<PackageState>(
    store,
    baseKey(team, packagesOf(team)),
  );
  for (const { key, value: state } of states.values()) {
    const [wpId, feature] = key.slice(-2) as [string, string];
    const row = { wpId, feature, state };
    tally.packages.set(packageName(row), row);
  }
  const counts = await allOf<NodeCount>(store, baseKey(team, nodesOf(team)));
  for (const { value } of counts.values()) {
    tally.nodes.set(value.node_id, value);
  }
  return tally;
}

/** The bytes that are there; where nobody has counted them, nothing was wrong. */
async function mendState(
  store: KvStore,
  team: string,
  { state, bytes }: { state: TeamState; bytes: number },
): Promise<number> {
  if (state.bytes === bytes) return 0;
  await store.commit(team, store.kv.atomic(), { ...state, bytes });
  return state.bytes === undefined ? 0 : 1;
}

async function mendPackages(
  store: KvStore,
  team: string,
  packages: ReadonlyMap<string, PackageRow>,
): Promise<number> {
  const right = new Map(
    [...packages.values()].map(({ wpId, feature, state }) => {
      const key = packageKey(team, wpId, feature);
      return [JSON.stringify(key), [key, state] as const];
    }),
  );
  const stored = await allOf<PackageState>(store, packagesOf(team));
  const wrong = [...right].filter(([name, [, state]]) =>
    !sameJson(stored.get(name)?.value, state)
  ).map(([, entry]) => entry);
  const surplus = [...stored].filter(([name]) => !right.has(name))
    .map(([, { key }]) => key);
  await putAll(store, wrong, surplus);
  return wrong.length + surplus.length;
}

async function mendNodes(
  store: KvStore,
  team: string,
  counts: ReadonlyMap<string, NodeCount>,
): Promise<number> {
  const stored = await allOf<NodeCount>(store, nodesOf(team));
  const values = [...stored.values()].map(({ value }) => value);
  const { right, surplus } = amended(values, counts);
  await putAll(
    store,
    right.map((count) => [nodeKey(team, count.node_id), count] as const),
    surplus.map((node) => nodeKey(team, node)),
  );
  return right.length + surplus.length;
}

async function allOf<T>(
  { kv }: KvStore,
  prefix: Deno.KvKey,
): Promise<Map<string, { key: Deno.KvKey; value: T }>> {
  const all = new Map<string, { key: Deno.KvKey; value: T }>();
  for await (const { key, value } of kv.list<Uint8Array>({ prefix })) {
    all.set(JSON.stringify(key), { key, value: fromBytes<T>(value) });
  }
  return all;
}

async function putAll(
  store: KvStore,
  entries: readonly (readonly [Deno.KvKey, unknown])[],
  surplus: readonly Deno.KvKey[],
): Promise<void> {
  await fillKv(store.kv, entries.map(([key, value]) => [key, toBytes(value)]));
  for (const key of surplus) await store.kv.delete(key);
}
