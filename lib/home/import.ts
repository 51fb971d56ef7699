/**
 * Taking events over from an export: id, node and clock stay as they are.
 *
 * @module
 */

import type { Settings } from "../base/config.ts";
import type { Envelope } from "../contract/contract.ts";
import { encode, type StampedEvent } from "../event/event.ts";
import { sameJson } from "../base/json.ts";
import { CLOCK_MAX, EVENT_BYTES_MAX } from "../base/limits.ts";
import type { Held } from "./held.ts";
import { commitParts } from "./queue_layout.ts";

/** What became of one envelope. */
export type Imported =
  | "imported"
  /** Its id is here already, with the same content. */
  | "skipped"
  /** Its id is here already, with other content. */
  | "conflict"
  | "too_large"
  | "full";

/**
 * Imports a group of envelopes. The clock is raised to the highest value seen,
 * before the events are stored; a value that leaves none above it is not
 * followed.
 */
export async function importGroup(
  held: Held,
  envelopes: readonly Envelope[],
  settings: Pick<Settings, "maxQueueSize" | "maxQueueBytes">,
): Promise<Imported[]> {
  const known = await held.queue.find(envelopes.map((e) => e.event_id));
  const fresh = new Map<
    string,
    { envelope: Envelope; event: StampedEvent }
  >();
  const { queued, dead, bytes } = held.queue.ledger;
  let events = queued + dead, total = bytes;
  const results = envelopes.map((envelope): Imported => {
    const { event_id } = envelope;
    const there = known.get(event_id)?.envelope ??
      fresh.get(event_id)?.envelope;
    if (there) return sameJson(there, envelope) ? "skipped" : "conflict";
    const event = encode(envelope);
    if (event.bytes.length > EVENT_BYTES_MAX) return "too_large";
    if (
      events + 1 > settings.maxQueueSize ||
      total + event.bytes.length > settings.maxQueueBytes
    ) return "full";
    events += 1;
    total += event.bytes.length;
    fresh.set(event_id, { envelope, event });
    return "imported";
  });
  const clocks = [...fresh.values()].map((e) => e.event.lamport_clock);
  const highest = Math.max(0, ...clocks.filter((value) => value < CLOCK_MAX));
  if (clocks.some((value) => value >= CLOCK_MAX)) {
    held.warn(
      `an imported event has a clock value above 2^52: the clock does not follow it`,
    );
  }
  if (highest > held.clock) await held.setClock(highest);
  for (const part of commitParts([...fresh.values()].map((e) => e.event))) {
    await held.queue.append(part, "imported");
  }
  return results;
}
