/**
 * Getting new events ready for the queue in Deno KV.
 *
 * @module
 */

import { CLOCK_MAX } from "../base/limits.ts";
import type { StampedEvent } from "../event/event.ts";
import type { Addition, Origin } from "./queue.ts";
import type { HandedNotes } from "./handed.ts";
import { noteRows } from "./known_rows.ts";
import { indexNew } from "./queue_index.ts";
import { chunkedHead, cut, eventKey } from "./queue_layout.ts";

/** An event that does not fit into one value, in pieces. */
export interface Large {
  readonly event_id: string;
  readonly pieces: readonly Uint8Array[];
}

/** New events with all that one commit stores of them. */
export class KvAddition implements Addition {
  constructor(
    readonly events: readonly StampedEvent[],
    /** Those of them that are counted as this home's. */
    readonly own: readonly StampedEvent[],
    readonly origin: Origin,
    readonly commit: Deno.AtomicOperation,
    readonly large: readonly Large[],
    /** Of all events. */
    readonly bytes: number,
    /** Highest clock value among them that counts for the clock. */
    readonly highest: number,
  ) {}
}

/** @see QueueWriter.prepare */
export function prepareAddition(
  { kv, handed }: { readonly kv: Deno.Kv; readonly handed: HandedNotes },
  part: readonly StampedEvent[],
  origin: Origin,
  own: readonly StampedEvent[] = origin === "accepted" ? part : [],
): KvAddition {
  const commit = kv.atomic();
  const keys: Deno.KvKey[] = [];
  const large: Large[] = [];
  let bytes = 0, highest = 0;
  for (const event of part) {
    const { event_id, lamport_clock, node_id } = event;
    const pieces = cut(event.bytes);
    if (pieces.length > 0) large.push({ event_id, pieces });
    const key = eventKey("queue", lamport_clock, node_id, event_id);
    commit.set(
      key,
      pieces.length === 0
        ? event.bytes
        : chunkedHead(pieces.length, event.bytes.length),
    );
    keys.push(key);
    bytes += event.bytes.length;
    // An imported value that leaves none above it must not use up our clock.
    if (origin === "accepted" || lamport_clock < CLOCK_MAX) {
      highest = Math.max(highest, lamport_clock);
    }
  }
  indexNew(commit, keys);
  noteRows(commit, part);
  handed.note(commit, part);
  return new KvAddition(part, own, origin, commit, large, bytes, highest);
}
