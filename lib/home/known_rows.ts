/**
 * Which rows were ever recorded here, by source and id: also those that have
 * left the queue since, so that what is told again is not recorded again. A
 * row is noted in the same commit as its event.
 *
 * One value notes many rows: those of one commit that have a source in common
 * and were made within some hours.
 *
 * | key | value |
 * |---|---|
 * | `["known", source label, bucket, id]` | a list of `KnownItem`, the first of them with this id |
 *
 * @module
 */

import { INDEX_ROW_BYTES_MAX } from "../base/limits.ts";
import type { RowIdentity, StampedEvent } from "../event/event.ts";
import { queueIdOf } from "../event/row_event.ts";
import type { KnownRow } from "./queue.ts";
import { fromBytes, teamLabel, toBytes } from "./queue_layout.ts";

/** A noted row. */
type KnownItem = readonly [
  id: string,
  time: string,
  digest: string,
  clock: number,
];

/** The digits of a ULID's time that make the bucket: those left out count nine hours. */
const BUCKET_DIGITS = 5;

/** What an item takes at most beside its texts. */
const ITEM_BYTES = 32;

/** Adds to a commit that its rows are known from now on. */
export function noteRows(
  commit: Deno.AtomicOperation,
  events: readonly StampedEvent[],
): void {
  const groups = Map.groupBy(
    events.filter(({ identity }) => identity),
    ({ identity }) => JSON.stringify(keyOf(identity!)),
  );
  for (const group of groups.values()) {
    let items: KnownItem[] = [], bytes = 0;
    const prefix = keyOf(group[0]!.identity!);
    const flush = () => {
      if (items.length > 0) {
        commit.set([...prefix, items[0]![0]], toBytes(items));
      }
      items = [];
      bytes = 0;
    };
    for (const { lamport_clock, identity } of group) {
      const { id, time, digest } = identity!;
      items.push([id, time, digest, lamport_clock]);
      bytes += ITEM_BYTES + id.length + time.length + digest.length;
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
  const names = new Set(wanted.map(queueIdOf));
  const sources = new Map(
    wanted.map((row) => [JSON.stringify(keyOf(row)), row]),
  );
  const found = new Map<string, KnownRow>();
  for (const row of sources.values()) {
    const { source } = row;
    for await (
      const { value } of kv.list<Uint8Array>({ prefix: keyOf(row) })
    ) {
      const items = fromBytes<KnownItem[]>(value);
      for (const [id, time, digest, clock] of items) {
        const known = { source, id, time, digest, clock };
        const name = queueIdOf(known);
        if (names.has(name)) found.set(name, known);
      }
    }
  }
  return found;
}

/** The key of a row's bucket. */
function keyOf({ source, id }: RowIdentity): [string, string, string] {
  return ["known", teamLabel(source), id.slice(0, BUCKET_DIGITS)];
}
