/**
 * What lies beside the events of a team in Deno KV, as it is stored.
 *
 * @module
 */

import { fromBytes } from "../../home/queue_layout.ts";
import type { KvStore } from "./kv_store.ts";
import type { Gone } from "./event_log.ts";
import { goneAt } from "./kv_prune.ts";
import { allIds } from "./kv_ids.ts";
import { nodesOf, sharedOf, toldOf } from "./layout.ts";
import type { NodeCount, SharedRow, Told } from "./nodes.ts";

/** Counts of nodes, words of homes, and rows that several nodes have. */
export interface BesideEvents {
  readonly counts: readonly NodeCount[];
  readonly told: readonly Told[];
  readonly shared: readonly SharedRow[];
}

/** What is left of an event that was removed. */
export interface GoneEvent {
  readonly event_id: string;
  readonly position: number;
  /** Of a row. */
  readonly stamp: Gone["stamp"];
}

/** The events of a team that were removed, in no order. */
export async function* goneEvents(
  store: KvStore,
  team: string,
): AsyncGenerator<GoneEvent> {
  const { first = 0 } = await store.team(team);
  if (first === 0) return;
  const rows = new Map<number, (line: number) => Gone>();
  for await (const [event_id, row, line] of allIds(store.kv, team)) {
    const position = row + line;
    if (position >= first) continue;
    let at = rows.get(row);
    if (!at) rows.set(row, at = await goneAt(store, team, row));
    yield { event_id, position, stamp: at(line).stamp };
  }
}

/** All of it. */
export async function besideEvents(
  { kv }: KvStore,
  team: string,
): Promise<BesideEvents> {
  const values = async <T>(prefix: Deno.KvKey) => {
    const found: T[] = [];
    for await (const { value } of kv.list<Uint8Array>({ prefix })) {
      found.push(fromBytes<T>(value));
    }
    return found;
  };
  const shared: SharedRow[] = [];
  for await (const { key } of kv.list({ prefix: sharedOf(team) })) {
    const [, , node_id, event_id, lamport_clock] = key as [
      ...[string, string, string],
      ...[string, number],
    ];
    shared.push({ node_id, event_id, lamport_clock });
  }
  return {
    counts: await values<NodeCount>(nodesOf(team)),
    told: await values<Told>(toldOf(team)),
    shared,
  };
}
