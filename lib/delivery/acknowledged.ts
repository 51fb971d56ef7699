/**
 * Waiting for the server's word on events that somebody else delivers.
 *
 * @module
 */

import { pause } from "../deadline.ts";
import { locate } from "../home/queue_index.ts";
import { readLedger } from "../home/queue_read.ts";
import { ACKNOWLEDGED_LOOK_MS } from "../limits.ts";
import type { Offer } from "./route.ts";

/**
 * Waits until events have left the queue. Never rejects.
 *
 * @returns the ids of those that the server has acknowledged; none where a
 *   person dropped events meanwhile, as these may be among them
 */
export async function awaitAcknowledged(
  { events, kv, deadline }: Omit<Offer, "wait">,
): Promise<ReadonlySet<string>> {
  const ids = events.map(({ event_id }) => event_id);
  const acknowledged = new Set<string>();
  try {
    const { dropped } = await readLedger(kv);
    for (;;) {
      const places = await deadline.race(locate(kv, ids), "look");
      for (const id of ids) if (!places.has(id)) acknowledged.add(id);
      const isOver = [...places.values()].every(({ key }) => key[0] === "dead");
      if (isOver || deadline.leftMs <= ACKNOWLEDGED_LOOK_MS) break;
      await pause(ACKNOWLEDGED_LOOK_MS);
    }
    if ((await readLedger(kv)).dropped !== dropped) return new Set();
  } catch {
    // What cannot be looked up is not known to have been acknowledged.
  }
  return acknowledged;
}
