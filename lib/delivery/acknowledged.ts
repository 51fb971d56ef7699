/**
 * Waiting for the server's word on events that somebody else delivers.
 *
 * @module
 */

import { type Deadline, pause } from "../deadline.ts";
import { locate } from "../home/queue_index.ts";
import { ACKNOWLEDGED_LOOK_MS } from "../limits.ts";

/**
 * Waits until events have left the queue. Never rejects.
 *
 * @returns the ids of those that have, without having become dead letters
 */
export async function awaitAcknowledged(
  kv: Deno.Kv,
  ids: readonly string[],
  deadline: Deadline,
): Promise<ReadonlySet<string>> {
  const acknowledged = new Set<string>();
  try {
    for (;;) {
      const places = await deadline.race(locate(kv, ids), "look");
      for (const id of ids) if (!places.has(id)) acknowledged.add(id);
      const isOver = [...places.values()].every(({ key }) => key[0] === "dead");
      if (isOver || deadline.leftMs <= ACKNOWLEDGED_LOOK_MS) break;
      await pause(ACKNOWLEDGED_LOOK_MS);
    }
  } catch {
    // What cannot be looked up is not known to have been acknowledged.
  }
  return acknowledged;
}
