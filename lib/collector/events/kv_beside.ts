/**
 * What lies beside the events of a team in Deno KV, as it is stored.
 *
 * @module
 */

import { fromBytes } from "../../home/queue_layout.ts";
import type { KvStore } from "./kv_store.ts";
import { nodesOf, sharedOf, toldOf } from "./layout.ts";
import type { NodeCount, SharedRow, Told } from "./nodes.ts";

/** Counts of nodes, words of homes, and rows that several nodes have. */
export interface BesideEvents {
  readonly counts: readonly NodeCount[];
  readonly told: readonly Told[];
  readonly shared: readonly SharedRow[];
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
