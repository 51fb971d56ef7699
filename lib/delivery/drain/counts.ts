/**
 * What a drain counts.
 *
 * @module
 */

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
