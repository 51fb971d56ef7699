/**
 * How the queue lies in Deno KV: keys, values, and what fits into one commit.
 *
 * | key | value |
 * |---|---|
 * | `["ledger"]` | `Ledger`: all counters, the high-water mark, the layout number |
 * | `["team", label]` | number of queued events of the team |
 * | `["queue", clock, node, id]` | a queued event |
 * | `["dead", clock, node, id]` | a dead letter |
 * | `["ids", bucket, id]` | a row of the index: where events lie, see `queue_index.ts` |
 * | `["tries", id]` | `Tries`: failed attempts, and why a dead letter is one |
 * | `["chunk", id, n]` | the n-th piece of a large event |
 * | `["known", bucket, id]` | rows that were ever recorded, see `known_rows.ts` |
 * | `["handed", generation, id]` | drafts that were handed over, see `handed.ts` |
 * | `["log", path]` | a log that is followed, see `log_notes.ts` |
 *
 * Every value is UTF-8 JSON bytes: values in V8's own format change with the
 * runtime, and one that cannot be read makes a whole listing fail. An event's
 * value is the envelope, or a row in its frame, or, for one in chunks, the list
 * `[chunks, bytes]`.
 *
 * @module
 */

import type { StampedEvent } from "../event/event.ts";
import { isFramed } from "../event/stored.ts";
import {
  CHUNK_BYTES,
  COMMIT_BYTES_MAX,
  COMMIT_EVENTS_MAX,
  COMMIT_KEY_BYTES_MAX,
  GET_MANY_MAX,
  KEY_TEXT_MAX,
  TEAM_LABEL_MAX,
} from "../base/limits.ts";
import type { Ledger, Place } from "./queue.ts";

/** Changes whenever a program that knows only the old layout would misread the new one. */
export const LAYOUT = 2;

/** The layout of a queue that never held a row: a program that knows of none can read it. */
const LAYOUT_WITHOUT_ROWS = 1;

/** The ledger of a queue that nothing was ever put into. */
export const EMPTY_LEDGER: Ledger = {
  layout: LAYOUT_WITHOUT_ROWS,
  accepted: 0,
  imported: 0,
  queued: 0,
  delivered: 0,
  dead: 0,
  dropped: 0,
  bytes: 0,
  by_type: {},
  highest: 0,
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The values of any number of keys, undefined for one that is not there. */
export async function getMany(
  kv: Deno.Kv,
  keys: readonly Deno.KvKey[],
): Promise<(Uint8Array | undefined)[]> {
  const values: (Uint8Array | undefined)[] = [];
  for (let at = 0; at < keys.length; at += GET_MANY_MAX) {
    const some = keys.slice(at, at + GET_MANY_MAX);
    for (const entry of await kv.getMany<Uint8Array[]>(some)) {
      values.push(entry.value ?? undefined);
    }
  }
  return values;
}

/** The stored form of a value. */
export function toBytes(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** The value of a stored form. */
export function fromBytes<T>(bytes: Uint8Array): T {
  return JSON.parse(decoder.decode(bytes)) as T;
}

export const LEDGER_KEY: Deno.KvKey = ["ledger"];

export function teamKey(label: string): Deno.KvKey {
  return ["team", label];
}

export function eventKey(
  place: Place,
  clock: number,
  node: string,
  id: string,
): Deno.KvKey {
  // Deno KV tells -0 from 0, JSON does not.
  return [place, clock + 0, node.slice(0, KEY_TEXT_MAX), id];
}

export function triesKey(id: string): Deno.KvKey {
  return ["tries", id];
}

export function chunkKey(id: string, n: number): Deno.KvKey {
  return ["chunk", id, n];
}

/** The name under which a team is counted: its slug, or the start of a long one with a checksum. */
export function teamLabel(slug: string): string {
  return textLabel(slug, TEAM_LABEL_MAX);
}

/** A text as part of a key: the start of a long one with a checksum. */
export function textLabel(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  return `${text.slice(0, charsMax)}…${shortSum(text)}`.toWellFormed();
}

/** A 32-bit FNV-1a checksum, to tell long names apart; not fit against an adversary. */
function shortSum(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** Value of an event that lies in chunks. */
export function chunkedHead(chunks: number, bytes: number): Uint8Array {
  return toBytes([chunks, bytes]);
}

/** Number of chunks that an event's value speaks of; 0 where the value is the event itself. */
export function chunksOf(value: Uint8Array): number {
  const OPENING_BRACKET = 0x5b;
  return value[0] === OPENING_BRACKET && !isFramed(value)
    ? fromBytes<[number]>(value)[0]
    : 0;
}

/** The pieces of a large event; none where it fits into one value. */
export function cut(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length <= CHUNK_BYTES) return [];
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    pieces.push(bytes.subarray(at, at + CHUNK_BYTES));
  }
  return pieces;
}

/** Distinct teams in one commit: each costs a mutation of its own. */
const COMMIT_TEAMS_MAX = 20;

/** What an event's keys take at most, in a commit and in the index. */
function keyWeightOf(
  { event_id, node_id, identity, handed }: StampedEvent,
): number {
  const notes = (identity ? 1 : 0) + (handed === undefined ? 0 : 1);
  const known = notes * (16 + event_id.length * 3);
  const node = Math.min(node_id.length, KEY_TEXT_MAX);
  return 38 + (event_id.length + node) * 3 + known;
}

/**
 * Splits events, in order, so that each part fits into one commit. An event
 * in chunks is a part of its own.
 */
export function commitParts<T extends StampedEvent>(
  events: readonly T[],
): T[][] {
  const parts: T[][] = [];
  let part: T[] = [], bytes = 0, keyBytes = 0;
  let teams = new Set<string>(), closed = true;
  for (const event of events) {
    const isLarge = event.bytes.length > CHUNK_BYTES;
    const keyWeight = keyWeightOf(event);
    const weight = event.bytes.length + 2 * keyWeight;
    teams.add(event.team_slug);
    bytes += weight;
    keyBytes += keyWeight;
    closed ||= isLarge || part.length >= COMMIT_EVENTS_MAX ||
      bytes > COMMIT_BYTES_MAX || keyBytes > COMMIT_KEY_BYTES_MAX ||
      teams.size > COMMIT_TEAMS_MAX;
    if (closed) {
      parts.push(part = []);
      bytes = weight;
      keyBytes = keyWeight;
      teams = new Set([event.team_slug]);
    }
    part.push(event);
    closed = isLarge;
  }
  return parts;
}
