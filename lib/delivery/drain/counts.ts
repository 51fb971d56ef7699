/**
 * What a drain counts.
 *
 * @module
 */

import type { WireEvent } from "../transport/transport.ts";
import type { Verdict } from "./verdict.ts";

/** What became of an event that the server did not take. */
export type Fate = "dead" | "queued";

/** What a drain has done so far. */
export interface DrainCounts {
  /** Events that went out, each counted once. */
  sent: number;
  /** The server took them. */
  delivered: number;
  /** The server had them before. */
  duplicates: number;
  /** Became dead letters. */
  rejected: number;
  /** Sent without a word about them; they stay queued. */
  open: number;
  /** Requests, or groups over a connection. */
  batches: number;
  /** Of the events that left the queue, those recorded before their team was known. */
  local: number;
  /** Events that the server did not take, by category. */
  failures: Record<string, number>;
}

/** Of a drain that has done nothing. */
export const NO_COUNTS: Readonly<DrainCounts> = {
  sent: 0,
  delivered: 0,
  duplicates: 0,
  rejected: 0,
  open: 0,
  batches: 0,
  local: 0,
  failures: {},
};

/** What has left the queue. */
export interface Left {
  /** Events that were delivered. */
  readonly gone: number;
  /** Events that became dead letters. */
  readonly dead: number;
}

/**
 * Adds what came of a verdict. Where only a part of it was carried out, nobody
 * knows which of those that are gone the server had before: as many as may be
 * count as that.
 *
 * @param part what was sent, if anything was
 * @param left what has left the queue for it; of those that are done, the first
 */
export function countVerdict(
  counts: DrainCounts,
  part: readonly WireEvent[],
  { done, duplicates, rejected, failed }: Verdict,
  { gone, dead }: Left,
): void {
  const known = Math.min(duplicates, gone);
  counts.delivered += gone - known;
  counts.duplicates += known;
  counts.rejected += dead;
  if (part.length === 0) return;
  counts.open += part.length - done.length - rejected.size - failed.size;
  const ids = new Set(done.slice(0, gone));
  counts.local +=
    part.filter((event) => event.isLocal && ids.has(event.event_id)).length;
}
