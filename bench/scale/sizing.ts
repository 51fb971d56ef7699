/**
 * How many machines a rate takes, and what they cost.
 *
 * @module
 */

import { BYTES, PRICES } from "./measured.ts";
import type { Costs, Plan } from "./simulation.ts";

/** What is asked. */
export interface Demand {
  readonly eventsPerS: number;
  readonly agents: number;
  readonly teams: number;
  readonly gatherS: number;
}

/** No part is to be busier than this: the rest is for peaks, and for those that are away. */
const BUSY_MAX = 0.6;

/** Cores of a PostgreSQL server. */
const SHARD_CORES = 16;

/** The smallest deployment in which no part is too busy. */
export function planFor(demand: Demand, costs: Costs): Plan {
  const { eventsPerS, agents, gatherS } = demand;
  const BATCH_MAX = 1_000;
  const batchesPerS = Math.max(agents / gatherS, eventsPerS / BATCH_MAX);
  const cores = (perBatch: number, perEvent: number) =>
    (batchesPerS * perBatch + eventsPerS * perEvent) / BUSY_MAX;
  const collectors = cores(costs.collectorBatch, costs.collectorEvent);
  const store = cores(costs.storeTransaction, costs.storeEvent);
  const shards = Math.ceil(store / SHARD_CORES);
  return {
    ...demand,
    skew: 0.5,
    // One more than needed, as one may be away.
    collectors: Math.ceil(collectors) + 1,
    shards,
    coresPerShard: Math.min(SHARD_CORES, Math.max(2, Math.ceil(store))),
    commitS: 0.002,
    batchMax: BATCH_MAX,
    roundTripS: 0.001,
  };
}

/** What a deployment needs and costs in a month, its PostgreSQL servers each with a standby. */
export function monthOf(
  { eventsPerS, collectors, shards, coresPerShard }: Plan,
  { keptDays }: { readonly keptDays: number },
) {
  const DAY_S = 86_400, MONTH_DAYS = 30, GB = 1e9, COPIES = 2;
  const eventsADay = eventsPerS * DAY_S;
  const diskGb = eventsADay * keptDays * BYTES.stored / GB * COPIES;
  const archivedGb = eventsADay * MONTH_DAYS * BYTES.archived / GB;
  // Agents to collectors, collectors to stores, stores to standbys.
  const networkGb = eventsADay * MONTH_DAYS / GB *
    (BYTES.wire + BYTES.plain + BYTES.stored);
  const cores = collectors + shards * coresPerShard * COPIES;
  return {
    cores,
    diskGb,
    archivedGb,
    networkGb,
    coresCost: cores * PRICES.coreMonth,
    diskCost: diskGb * PRICES.diskGbMonth,
    archiveCost: archivedGb * PRICES.archiveGbMonth,
    networkCost: networkGb * PRICES.networkGb,
  };
}
