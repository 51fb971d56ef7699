/**
 * How events lie in the collector's Deno KV.
 *
 * | key | value |
 * |---|---|
 * | `["layout"]` | layout number |
 * | `["team", team]` | `TeamState`: number of events, highest clock value, what is there |
 * | `["event", team, n]` | a row: the events from the n-th on, one JSON document a line, or `[chunks, bytes]` of a large one |
 * | `["chunk", team, n, i]` | the i-th piece of the large n-th event |
 * | `["pruned", team, n]` | `Pruned`: what is left of events of the row that were removed |
 * | `["base", team, "node", node]`, `["base", team, "package", wp_id, feature]` | what removed events said, as below |
 * | `["ids", team, bound]` | a page of `kv_ids.ts`: ids from `bound` up to the bound of the next one, each with its `RowPlace` |
 * | `["node", team, node]` | `NodeCount`: what is stored of a node, see `nodes.ts` |
 * | `["told", team, home]` | `Told`: the newest word of a home about its nodes |
 * | `["shared", team, node, id, clock]` | a row that a node sent, and that was here with another stamp |
 * | `["package", team, wp_id, feature]` | `PackageState`, see `packages.ts` |
 * | `["session", id]` | `Session`, see `session_store.ts` |
 *
 * A row of many events makes a batch cheap, and so does a page of many ids: a
 * thousand events are some twenty values. All that is stored of an event is
 * written in one commit, its chunks before it. Of a row of which some events
 * were removed, their lines are left, empty.
 *
 * Programs that knew layouts 1 and 2 kept each id in a value of its own, at
 * `["id", team, id]`. What they left is put into pages when a file is opened.
 *
 * @module
 */

import { nodeName, type SharedRow } from "./nodes.ts";

/** Changes whenever a program that knows only the old layout would misread the new one. */
export const LAYOUT = 3;

/** What the collector knows of a team. */
export interface TeamState {
  /** Number of events stored, which is also the position of the next one. */
  readonly events: number;
  /** Highest clock value stored that a clock can receive. */
  readonly highest: number;
  /** Number of events that are counted by node: all, but where an older program has stored some. */
  readonly counted?: number;
  /** Position of the first event that was not removed; 0 where it is missing. */
  readonly first?: number;
  /** Bytes of the documents that are there; missing where an older program has stored some. */
  readonly bytes?: number;
}

/** A team that has sent nothing yet. */
export const NEW_TEAM: TeamState = {
  events: 0,
  highest: 0,
  counted: 0,
  bytes: 0,
};

/** What is left of removed events: for each line of the row, the node by its number and the clock; null for an envelope. */
export interface Pruned {
  readonly nodes: readonly string[];
  readonly stamps: readonly (readonly [node: number, clock: number] | null)[];
}

/** Where an event lies: its row, and its line there. */
export type RowPlace = readonly [row: number, line: number];

export const LAYOUT_KEY: Deno.KvKey = ["layout"];

/** Prefix of all teams that anything was stored of. */
export const TEAMS = ["team"] as const;

export function teamKey(team: string): Deno.KvKey {
  return [...TEAMS, team];
}

export function rowKey(team: string, n: number): Deno.KvKey {
  return ["event", team, n];
}

export function chunkKey(team: string, n: number, i: number): Deno.KvKey {
  return ["chunk", team, n, i];
}

export function prunedKey(team: string, n: number): Deno.KvKey {
  return ["pruned", team, n];
}

/** Key of what removed events of a team said, by the key of what all say. */
export function baseKey(team: string, [kind, , ...rest]: Deno.KvKey) {
  return ["base", team, kind!, ...rest];
}

export function idsKey(team: string, bound: string): Deno.KvKey {
  return ["ids", team, bound];
}

/** Prefix of all pages of ids of a team. */
export function idPagesOf(team: string): Deno.KvKey {
  return idsKey(team, "").slice(0, 2);
}

/** Where older programs kept an id. */
export const OLD_IDS: Deno.KvKey = ["id"];

export function packageKey(
  team: string,
  wpId: string,
  feature: string,
): Deno.KvKey {
  return ["package", team, wpId, feature];
}

export function nodeKey(team: string, node: string): Deno.KvKey {
  return ["node", team, nodeName(node)];
}

export function toldKey(team: string, home: string): Deno.KvKey {
  return ["told", team, home];
}

/** Prefixes of all nodes of a team, and of all that was told of them. */
export function nodesOf(team: string): Deno.KvKey {
  return nodeKey(team, "").slice(0, 2);
}

export function packagesOf(team: string): Deno.KvKey {
  return packageKey(team, "", "").slice(0, 2);
}

export function toldOf(team: string): Deno.KvKey {
  return toldKey(team, "").slice(0, 2);
}

/** Prefix of all rows of a team that several nodes have. */
export function sharedOf(team: string): Deno.KvKey {
  return ["shared", team];
}

export function sharedKey(
  team: string,
  { node_id, event_id, lamport_clock }: SharedRow,
): Deno.KvKey {
  return ["shared", team, nodeName(node_id), event_id, lamport_clock];
}
