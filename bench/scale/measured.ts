/**
 * What the figures of docs/scale.md stand on: measured on one machine, and
 * assumed about others. Change them, and run `deno task bench:scale`.
 *
 * @module
 */

import type { Costs } from "./simulation.ts";

/** From `deno task bench:sql`: processor time of each process, over batches of different sizes. */
export const COSTS: Costs = {
  collectorBatch: 0.0006,
  collectorEvent: 0.00006,
  storeTransaction: 0.0008,
  storeEvent: 0.00003,
};

/** Bytes of an event of the real history. */
export const BYTES = {
  /** As JSON. */
  plain: 700,
  /** In a gzip batch of a thousand, over the network. */
  wire: 60,
  /** In PostgreSQL, with its indexes. */
  stored: 1_500,
  /** In an archive of `collector prune`. */
  archived: 60,
} as const;

/** Dollars, as large clouds ask for them without a contract; look at your own bill. */
export const PRICES = {
  coreMonth: 30,
  diskGbMonth: 0.1,
  archiveGbMonth: 0.02,
  networkGb: 0.01,
} as const;
