/**
 * Which rows were ever recorded here, by source and id: also those that have
 * left the queue since, so that what is told again is not recorded again. A
 * row is noted in the same commit as its event.
 *
 * One value notes many rows: those of one commit that were made within some
 * hours, whatever their source.
 *
 * | key | value |
 * |---|---|
 * | `["known", bucket, id]` | a list of `KnownItem`, the first of them with this id |
 *
 * @module
 */

import { INDEX_ROW_BYTES_MAX, PAGE_ENTRIES } from "../base/limits.ts";
import type { RowIdentity, StampedEvent } from "../event/event.ts";
import { queueIdOf } from "../event/row_event.ts";
import type { KnownRow } from "./queue.ts";
import { fromBytes, toBytes } from "./queue_layout.ts";

/** A noted row, by what it is known by in the queue. */
type KnownItem = readonly [
  queue_id: string,
  time: string,
  digest: string,
  clock: number,
];

/** The digits of a ULID's time that make the bucket: those left out count nine hours. */
const BUCKET_DIGITS = 5;

/** What an item takes at most beside its texts. */
const ITEM_BYTES = 32;

/** Buckets that are read one by one; of more, all are read. */
const BUCKETS_MAX = 64;

/** Adds to a commit that its rows are known from now on. */
export function noteRows(
  commit: Deno.AtomicOperation,
  events: readonly StampedEvent[],
): void {
  const groups = Map.groupBy(
    events.filter(({ identity }) => identity),
    ({ event_id }) => bucketOf(event_id),
  );
  for (const [bucket, group] of groups) {
    let items: KnownItem[] = [], bytes = 0;
    const flush = () => {
      if (items.length === 0) return;
      commit.set(["known", bucket, items[0]![0]], toBytes(items));
      items = [];
      bytes = 0;
    };
    for (const { event_id, lamport_clock, identity } of group) {
      const { time, digest } = identity!;
      items.push([event_id, time, digest, lamport_clock]);
      bytes += ITEM_BYTES + event_id.length + time.length + digest.length;
      if (bytes >= INDEX_ROW_BYTES_MAX) flush();
    }
    flush();
  }
}

/** Those of these rows that are known, by what they are known by in the queue. */
export async function knownRows(
  kv: Deno.Kv,
  wanted: readonly RowIdentity[],
): Promise<Map<string, KnownRow>> {
  const byName = new Map(wanted.map((row) => [queueIdOf(row), row]));
  const buckets = new Set([...byName.keys()].map(bucketOf));
  const prefixes = buckets.size > BUCKETS_MAX
    ? [["known"]]
    : [...buckets].map((bucket) => ["known", bucket]);
  const found = new Map<string, KnownRow>();
  for (const prefix of prefixes) {
    const options = { batchSize: PAGE_ENTRIES };
    for await (const { value } of kv.list<Uint8Array>({ prefix }, options)) {
      for (const [name, time, digest, clock] of fromBytes<KnownItem[]>(value)) {
        const row = byName.get(name);
        if (row) found.set(name, { ...row, time, digest, clock });
      }
    }
  }
  return found;
}

function bucketOf(queueId: string): string {
  return queueId.slice(0, BUCKET_DIGITS);
}
