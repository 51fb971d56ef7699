/**
 * Where an event lies, by its id. One row names many events, because a row of
 * its own for each would double the cost of a stream.
 *
 * A row belongs to a bucket: the ids that were made within the same second,
 * or so. A group that is committed together makes one row for each bucket it
 * touches, and a bucket holds as many rows as groups were committed in that
 * second. So looking an id up means reading the few rows of its bucket.
 *
 * A row is named after the first id in it. Ids are unique, so two rows never
 * have one name.
 *
 * @module
 */

import { INDEX_ROW_BYTES_MAX } from "../base/limits.ts";
import type { Place } from "./queue.ts";
import { eventKey, fromBytes, toBytes } from "./queue_layout.ts";

/** An event's place, as a row stores it: its id, then the rest of its key. */
type Item = readonly [id: string, place: Place, clock: number, node: string];

/** A row of the index. */
export interface IndexRow {
  readonly key: Deno.KvKey;
  readonly items: readonly Item[];
}

/** An event's key, and the row that names it. */
export interface Located {
  readonly key: Deno.KvKey;
  readonly row: IndexRow;
}

/** The digits of a ULID's time that make the bucket: the two left out count 1,024 ms. */
const BUCKET_DIGITS = 8;

export function bucketOf(id: string): string {
  return id.slice(0, BUCKET_DIGITS);
}

/** Adds rows for new events, given by their keys, to a commit. */
export function indexNew(
  commit: Deno.AtomicOperation,
  keys: readonly Deno.KvKey[],
): void {
  let row: Item[] = [], bytes = 0, bucket = "";
  for (const [place, clock, node, id] of keys) {
    const item = [id, place, clock, node] as Item;
    if (
      bytes >= INDEX_ROW_BYTES_MAX || !item[0].startsWith(bucket) ||
      bucket === ""
    ) {
      if (row.length > 0) setRow(commit, bucket, row);
      row = [];
      bytes = 0;
      bucket = bucketOf(item[0]);
    }
    row.push(item);
    bytes += itemBytes(item);
  }
  if (row.length > 0) setRow(commit, bucket, row);
}

/** What a row takes at most. */
export function rowBytes(items: readonly Item[]): number {
  return items.reduce((sum, item) => sum + itemBytes(item), 0);
}

function itemBytes([id, , , node]: Item): number {
  return 38 + (id.length + node.length) * 3;
}

/** Ids of a bucket that are looked for one by one and not found, before the whole bucket is read. */
const MISSES_MAX = 3;

/** Buckets of which all ids are known, by their names. */
export type KnownBuckets = Map<string, Set<string>>;

/**
 * Where the events of these ids lie; ids that are not here are left out.
 *
 * @param known what the caller knows already; buckets that are read whole are added
 */
export async function locate(
  kv: Deno.Kv,
  ids: readonly string[],
  known: KnownBuckets = new Map(),
): Promise<Map<string, Located>> {
  const found = new Map<string, Located>();
  const wanted = new Set(
    ids.filter((id) => known.get(bucketOf(id))?.has(id) ?? true),
  );
  const take = (row: IndexRow): void => {
    for (const [id, place, clock, node] of row.items) {
      if (!wanted.delete(id)) continue;
      found.set(id, { key: eventKey(place, clock, node, id), row });
    }
  };
  // Most rows hold ids in a row, so an id is mostly in the one named last before it.
  const descending = [...wanted].sort().reverse();
  // Of ids that are new none is: a few tell that of their bucket, and then all of it is read at once.
  const misses = new Map<string, number>();
  for (const id of descending) {
    const bucket = bucketOf(id);
    const missed = misses.get(bucket) ?? 0;
    if (!wanted.has(id) || missed === MISSES_MAX) continue;
    const row = await rowBefore(kv, id);
    if (row) take(row);
    if (wanted.has(id)) misses.set(bucket, missed + 1);
  }
  for (const bucket of new Set([...wanted].map(bucketOf))) {
    const all = new Set<string>();
    for await (const row of rows(kv, bucket)) {
      for (const [id] of row.items) all.add(id);
      take(row);
    }
    known.set(bucket, all);
  }
  return found;
}

/** What events are known by whose own id is this one; rows of several sources may be. */
export async function namesakes(kv: Deno.Kv, id: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { items } of rows(kv, bucketOf(id))) {
    for (const [name] of items) {
      if (name === id || name.startsWith(`${id}@`)) found.push(name);
    }
  }
  return found;
}

/** The row of an id's bucket that is named last before it. */
async function rowBefore(
  kv: Deno.Kv,
  id: string,
): Promise<IndexRow | undefined> {
  const bucket = bucketOf(id);
  const start = ["ids", bucket], end = ["ids", bucket, `${id}\0`];
  const options = { reverse: true, limit: 1 };
  for await (
    const { key, value } of kv.list<Uint8Array>({ start, end }, options)
  ) {
    return { key, items: fromBytes<Item[]>(value) };
  }
  return undefined;
}

/** All rows, or those of one bucket. */
export async function* rows(
  kv: Deno.Kv,
  bucket?: string,
): AsyncGenerator<IndexRow> {
  const prefix = bucket === undefined ? ["ids"] : ["ids", bucket];
  for await (const { key, value } of kv.list<Uint8Array>({ prefix })) {
    yield { key, items: fromBytes<Item[]>(value) };
  }
}

/** Adds to a commit that events moved to another place, or are gone. */
export function indexMoved(
  commit: Deno.AtomicOperation,
  touched: Iterable<IndexRow>,
  ids: ReadonlySet<string>,
  to: Place | "gone",
): void {
  for (const { key, items } of touched) {
    const left = items.flatMap((item): Item[] => {
      const [id, , clock, node] = item;
      if (!ids.has(id)) return [item];
      return to === "gone" ? [] : [[id, to, clock, node]];
    });
    commit.delete(key);
    if (left.length > 0) setRow(commit, String(key[1]), left);
  }
}

function setRow(
  commit: Deno.AtomicOperation,
  bucket: string,
  items: readonly Item[],
): void {
  commit.set(["ids", bucket, items[0]![0]], toBytes(items));
}
