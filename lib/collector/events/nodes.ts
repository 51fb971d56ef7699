/**
 * How complete the events of each node are: what is stored of it, held against
 * what it says that it has recorded. Counts are compared, and not clock
 * values: a clock jumps for many reasons.
 *
 * @module
 */

import { isJsonObject, type JsonObject, sameJson } from "../../base/json.ts";
import { CHUNK_BYTES, CLOCK_MAX, KEY_TEXT_MAX } from "../../base/limits.ts";
import { textLabel, toBytes } from "../../home/queue_layout.ts";
import {
  TELLING_EVERY_MS,
  WATERMARK_HOME_CHARS_MAX,
  WATERMARK_NODES_MAX,
} from "../limits.ts";
import type { StampedEvent } from "../../event/event.ts";

/** What is stored of one node. */
export interface NodeCount {
  readonly node_id: string;
  readonly events: number;
  /** Rows that it sent, and that were here with another clock value or node. */
  readonly shared: number;
  readonly lowest: number;
  readonly highest: number;
  /** When its first and its last event was stored; null where that was before anybody noted it. */
  readonly first_seen: string | null;
  readonly last_seen: string | null;
}

/** What a home says of one of its nodes. */
export interface ToldNode {
  readonly node_id: string;
  readonly recorded: number;
  /** Taken over from elsewhere; it may be what another home has recorded. */
  readonly imported: number;
  readonly highest_clock: number;
  /** Given up: dead letters, and what a person has dropped. */
  readonly never: number;
}

/** What a home says of its nodes. */
export interface Watermark {
  /** Tells homes apart: several may have the same node. */
  readonly home: string;
  /** Goes up with every change of the counts. */
  readonly turn: number;
  /** ISO 8601, UTC, by the home's clock. */
  readonly told_at: string;
  readonly nodes: readonly ToldNode[];
}

/** The newest word of a home. */
export interface Told extends Watermark {
  /** When it came, by the collector's clock. */
  readonly heard_at: string;
  /** It once knew more than later on: a backup of it was put in its place, and nobody knows what was lost. */
  readonly is_restored?: true;
}

/** A row that was here with another stamp: every clone of a project stamps its rows anew. */
export type SharedRow = Pick<
  StampedEvent,
  "node_id" | "event_id" | "lamport_clock"
>;

/** How complete a node is; null where that is not known. */
export interface NodeAnswer {
  readonly node_id: string;
  readonly events: number;
  readonly shared: number;
  readonly lowest_clock: number | null;
  readonly highest_clock: number | null;
  readonly first_seen: string | null;
  readonly last_seen: string | null;
  readonly recorded: number | null;
  readonly recorded_highest_clock: number | null;
  readonly missing: number | null;
  /** Of what is missing, what will never come. */
  readonly never: number | null;
  /** The node's highest clock value, where nothing is missing. */
  readonly complete_up_to: number | null;
  readonly told_at: string | null;
}

/** All nodes of all teams together. */
export interface Completeness {
  readonly nodes: number;
  readonly missing: number;
  readonly never: number;
  readonly incomplete: number;
}

/**
 * Reads what a client tells.
 *
 * @param team the client's; what is told of another one is not taken
 */
export function readWatermark(
  value: unknown,
  team: string,
): Watermark | undefined {
  if (!isJsonObject(value)) return undefined;
  const { home, turn, told_at, team_slug, nodes } = value;
  const isSound = team_slug === team &&
    isText(home, WATERMARK_HOME_CHARS_MAX) && isCount(turn) &&
    isMoment(told_at) &&
    Array.isArray(nodes) && nodes.length <= WATERMARK_NODES_MAX &&
    nodes.every(isToldNode) &&
    new Set(nodes.map(({ node_id }) => node_id)).size === nodes.length;
  if (!isSound) return undefined;
  // In one form, so that moments can be compared.
  const at = new Date(told_at).toISOString();
  const word = { home, turn, told_at: at, nodes: nodes.map(plain) };
  return toBytes(word).length > CHUNK_BYTES ? undefined : word;
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

function isMoment(value: unknown): value is string {
  return typeof value === "string" && MOMENT.test(value) &&
    !Number.isNaN(Date.parse(value));
}

function isToldNode(value: unknown): value is ToldNode {
  if (!isJsonObject(value)) return false;
  const { node_id, recorded, imported, highest_clock, never } = value;
  return isText(node_id, KEY_TEXT_MAX) &&
    [recorded, imported, highest_clock, never].every(isCount);
}

function isText(value: unknown, charsMax: number): value is string {
  return typeof value === "string" && value !== "" && value.length <= charsMax;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 &&
    (value as number) <= CLOCK_MAX;
}

/** Without what else a client may have put there. */
function plain(node: ToldNode): ToldNode {
  const { node_id, recorded, imported, highest_clock, never } = node;
  return { node_id, recorded, imported, highest_clock, never };
}

/**
 * The newest word of a home, once this one has come.
 *
 * @returns undefined where the one before stays, or is as good
 */
export function heard(
  before: Told | undefined,
  word: Watermark,
  nowMs: number,
): Told | undefined {
  const told = { ...word, heard_at: new Date(nowMs).toISOString() };
  if (!before) return told;
  const isLater = word.told_at > before.told_at;
  if (word.turn < before.turn) {
    // One that was only late on its way was told earlier, too.
    return isLater ? { ...told, is_restored: true } : undefined;
  }
  const ageMs = nowMs - Date.parse(before.heard_at);
  const isSame = word.turn === before.turn &&
    sameJson(word.nodes, before.nodes);
  if (isSame && ageMs >= 0 && ageMs < TELLING_EVERY_MS) return undefined;
  return before.is_restored ? { ...told, is_restored: true } : told;
}

/** What is stored of a node, with these events, too. */
export function withEvents(
  count: NodeCount,
  events: readonly Pick<StampedEvent, "node_id" | "lamport_clock">[],
  now: string | null,
): NodeCount {
  if (events.length === 0) return count;
  const clocks = events.map(({ lamport_clock }) => lamport_clock);
  const isFirst = count.events === 0;
  return {
    ...count,
    events: count.events + events.length,
    lowest: Math.min(isFirst ? Infinity : count.lowest, ...clocks),
    highest: Math.max(count.highest, ...clocks),
    first_seen: isFirst ? now : count.first_seen,
    last_seen: now ?? count.last_seen,
  };
}

/** Two counts of one node that has events in both. */
export function sumOf(a: NodeCount, b: NodeCount): NodeCount {
  return {
    ...a,
    events: a.events + b.events,
    lowest: Math.min(a.lowest, b.lowest),
    highest: Math.max(a.highest, b.highest),
  };
}

/** Which node an event is of, and its clock value, whatever its contract. */
export function stampOf(
  document: JsonObject,
): Pick<StampedEvent, "node_id" | "lamport_clock"> {
  const { node_id, nodeid, lamport_clock, lamportclock } = document;
  return {
    node_id: (node_id ?? nodeid) as string,
    lamport_clock: (lamport_clock ?? lamportclock) as number,
  };
}

/** The name by which a node is counted: its id, or the start of a long one with a checksum. */
export function nodeName(node_id: string): string {
  return textLabel(node_id, KEY_TEXT_MAX);
}

/** A node of which nothing is stored. */
export function noneOf(node_id: string): NodeCount {
  return {
    node_id,
    events: 0,
    shared: 0,
    lowest: 0,
    highest: 0,
    first_seen: null,
    last_seen: null,
  };
}

/** What has to change so that counts are right. */
export interface Amended {
  /** In the place of what is stored, or missing. */
  readonly right: readonly NodeCount[];
  /** Names of nodes that are stored, and of which there is nothing. */
  readonly surplus: readonly string[];
}

/**
 * Holds stored counts against the events. When a node was seen, and what it
 * shares, is known from what is stored only.
 *
 * @param counted of all nodes that have events, by `nodeName`
 */
export function amended(
  stored: Iterable<NodeCount>,
  counted: ReadonlyMap<string, NodeCount>,
): Amended {
  const before = new Map([...stored].map((count) => [count.node_id, count]));
  const right = [...counted].map(([name, count]): NodeCount => {
    const { shared, first_seen, last_seen } = before.get(name) ?? noneOf(name);
    return { ...count, shared, first_seen, last_seen };
  });
  const without = [...before.values()]
    .filter(({ node_id }) => !counted.has(node_id));
  // A clone may have sent nothing but what was here.
  const sharing = without.filter(({ shared }) => shared > 0)
    .map(({ node_id, shared }) => ({ ...noneOf(node_id), shared }));
  return {
    right: [...right, ...sharing]
      .filter((count) => !sameJson(before.get(count.node_id), count)),
    surplus: without.filter(({ shared }) => shared === 0)
      .map(({ node_id }) => node_id),
  };
}

/** Whether a row that is here has another clock value or node. */
export function isStampedAnew(
  { nodeid, lamportclock }: JsonObject,
  { node_id, lamport_clock }: SharedRow,
): boolean {
  return nodeid !== node_id || lamportclock !== lamport_clock;
}

/** How complete all nodes of a team are, in the order of their ids. */
export function nodeAnswers(
  counts: Iterable<NodeCount>,
  told: Iterable<Told>,
): NodeAnswer[] {
  const byNode = new Map([...counts].map((count) => [count.node_id, count]));
  const words = Map.groupBy(
    [...told].flatMap((word) => word.nodes.map((node) => ({ word, node }))),
    ({ node }) => node.node_id,
  );
  const ids = [...new Set([...byNode.keys(), ...words.keys()])].sort();
  return ids.map((id) =>
    answerOf(byNode.get(id) ?? noneOf(id), words.get(id) ?? [])
  );
}

function answerOf(
  count: NodeCount,
  words: readonly { readonly word: Told; readonly node: ToldNode }[],
): NodeAnswer {
  const { node_id, events, shared, first_seen, last_seen } = count;
  const isTold = words.length > 0;
  const sum = (name: "recorded" | "imported" | "never") =>
    words.reduce((total, { node }) => total + node[name], 0);
  // Of several homes, one may have taken over what another has recorded.
  const recorded = sum("recorded") + (words.length === 1 ? sum("imported") : 0);
  const open = recorded - events - shared;
  const isKnown = isTold && open >= 0 &&
    !words.some(({ word }) => word.is_restored);
  const highest = words.reduce(
    (most, { node }) => Math.max(most, node.highest_clock),
    0,
  );
  return {
    node_id,
    events,
    shared,
    lowest_clock: events > 0 ? count.lowest : null,
    highest_clock: events > 0 ? count.highest : null,
    first_seen,
    last_seen,
    recorded: isTold ? recorded : null,
    recorded_highest_clock: isTold ? highest : null,
    missing: isKnown ? open : null,
    // A dead letter may have come, and only its receipt got lost.
    never: isKnown ? Math.min(sum("never"), open) : null,
    complete_up_to: isKnown && open === 0 ? highest : null,
    told_at: words.map(({ word }) => word.told_at).sort().at(-1) ?? null,
  };
}

/** Nodes together, for those who may see no names. */
export function completenessOf(nodes: readonly NodeAnswer[]): Completeness {
  const sum = (name: "missing" | "never") =>
    nodes.reduce((total, node) => total + (node[name] ?? 0), 0);
  return {
    nodes: nodes.length,
    missing: sum("missing"),
    never: sum("never"),
    incomplete: nodes.filter(({ missing }) => missing !== 0).length,
  };
}
