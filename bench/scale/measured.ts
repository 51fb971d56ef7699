/**
 * What the figures of docs/scale.md stand on: measured on one machine, and
 * assumed about others. Change them, and run `deno task bench:scale`.
 *
 * @module
 */

import type { Costs } from "./simulation.ts";

/** From `deno task bench:costs`: medians of three runs. */
export const COSTS: Costs = {
  collectorBatch: 0.002_3,
  collectorEvent: 0.000_035,
  storeTransaction: 0.001_1,
  storeEvent: 0.000_012,
};

/** Bytes of an event, as in a real history of 20,588. */
export const BYTES = {
  /** As JSON. */
  plain: 390,
  /** In a gzip batch, over the network: 16 where one stream has made them all, more where their ids were made apart. */
  wire: 40,
  /** In PostgreSQL, with its indexes, from `deno task bench:costs`. */
  stored: 830,
  /** In an archive of `collector prune`. */
  archived: 40,
} as const;

/** Dollars, as large clouds ask for them without a contract; look at your own bill. */
export const PRICES = {
  coreMonth: 30,
  diskGbMonth: 0.1,
  archiveGbMonth: 0.02,
  networkGb: 0.01,
} as const;
