/**
 * The tables of docs/scale.md.
 *
 * @module
 */

import { COSTS } from "./measured.ts";
import { simulate } from "./simulation.ts";
import { type Demand, monthOf, planFor } from "./sizing.ts";

type Row = readonly (string | number)[];

/** A table in Markdown. */
function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)]
    .join("\n");
}

const whole = (n: number) => Math.round(n).toLocaleString("en");
const percent = (share: number) => `${Math.round(share * 100)} %`;

/** Two digits that count. */
function rounded(n: number): string {
  return whole(Number(n.toPrecision(2)));
}

function duration(seconds: number): string {
  return seconds < 1
    ? `${Number((seconds * 1_000).toPrecision(2))} ms`
    : `${Number(seconds.toPrecision(2))} s`;
}

/** One team's limit: events in a transaction over what its lock is held for. */
export function oneTeam(): string {
  const COMMITS = [0.000_2, 0.002, 0.01];
  const rows = [1, 10, 100, 1_000].map((batchMax): Row => [
    whole(batchMax),
    ...COMMITS.map((commitS) => {
      const plan = {
        ...planFor(
          { eventsPerS: 400_000, agents: 400, teams: 1, gatherS: 0 },
          COSTS,
        ),
        batchMax,
        commitS,
        collectors: 400,
        coresPerShard: 16,
        shards: 1,
      };
      return rounded(simulate(plan, COSTS, { seconds: 4 }).storedPerS);
    }),
  ]);
  return table([
    "events in a transaction",
    ...COMMITS.map((s) => `commit of ${duration(s)}`),
  ], rows);
}

/** A hot team in parts. */
export function hotTeam(): string {
  const demand = { eventsPerS: 100_000, agents: 400, gatherS: 0.5 };
  const rows = [1, 2, 4, 8, 16].map((teams): Row => {
    const plan = { ...planFor({ ...demand, teams }, COSTS), skew: 0 };
    const { storedPerS, median, hottestLockBusy, behindS } = simulate(
      plan,
      COSTS,
    );
    return [
      teams,
      rounded(storedPerS),
      percent(hottestLockBusy),
      behindS > 2 * median ? "grows without end" : duration(median),
    ];
  });
  return table(
    ["parts", "events/s stored", "their locks held", "median delay"],
    rows,
  );
}

/** What is asked of each size. */
const SIZES: readonly Demand[] = [
  { eventsPerS: 10_000, agents: 200, teams: 50, gatherS: 1 },
  { eventsPerS: 100_000, agents: 2_000, teams: 500, gatherS: 1 },
  { eventsPerS: 1_000_000, agents: 10_000, teams: 5_000, gatherS: 1 },
];

/** Deployments that hold rates. */
export function sizes(demands: readonly Demand[] = SIZES): string {
  const rows = demands.map((demand): Row => {
    const plan = planFor(demand, COSTS);
    const outcome = simulate(plan, COSTS);
    return [
      whole(demand.eventsPerS),
      whole(demand.agents),
      whole(demand.teams),
      plan.collectors,
      `${plan.shards} of ${plan.coresPerShard} cores`,
      percent(outcome.collectorBusy),
      percent(outcome.storeBusy),
      percent(outcome.hottestLockBusy),
      `${duration(outcome.median)}; ${duration(outcome.p99)}`,
    ];
  });
  return table([
    "events/s",
    "agents",
    "teams",
    "collectors",
    "PostgreSQL",
    "collectors busy",
    "PostgreSQL busy",
    "hottest team's lock",
    "delay: median; 99th percentile",
  ], rows);
}

/** How long agents gather. */
export function gathering(): string {
  const rows = [0.1, 0.5, 1, 5].map((gatherS): Row => {
    const demand = { ...SIZES[1]!, gatherS };
    const plan = planFor(demand, COSTS);
    const { median, p99, eventsPerTransaction } = simulate(plan, COSTS, {
      seconds: 30,
    });
    return [
      duration(gatherS),
      plan.collectors,
      plan.shards * plan.coresPerShard,
      rounded(eventsPerTransaction),
      `${duration(median)}; ${duration(p99)}`,
    ];
  });
  return table([
    "agents gather for",
    "collectors",
    "cores of PostgreSQL",
    "events in a transaction",
    "delay: median; 99th percentile",
  ], rows);
}

/** Parts that are away for a while. */
export function outages(): string {
  const plan = planFor(SIZES[1]!, COSTS);
  const cases = [
    ["a collector, for 60 s", "collector", 60],
    ["a PostgreSQL server, 15 s until its standby stands in", "shard", 15],
    ["a PostgreSQL server, 60 s", "shard", 60],
  ] as const;
  const rows = cases.map(([name, of, s]): Row => {
    const FROM_S = 10;
    const outage = { of, fromS: FROM_S, toS: FROM_S + s };
    const { caughtUpS, storedPerS } = simulate(
      { ...plan, outage },
      COSTS,
      { seconds: FROM_S + 4 * s },
    );
    return [
      name,
      rounded(storedPerS),
      caughtUpS === undefined ? "never" : duration(caughtUpS),
    ];
  });
  return table(
    ["away", "events/s stored afterwards", "caught up after"],
    rows,
  );
}

/** What it costs. */
export function months(): string {
  const rows = SIZES.flatMap((demand) =>
    [1, 7, 30].map((keptDays): Row => {
      const month = monthOf(planFor(demand, COSTS), { keptDays });
      const all = month.coresCost + month.diskCost + month.archiveCost +
        month.networkCost;
      return [
        whole(demand.eventsPerS),
        keptDays,
        whole(month.cores),
        rounded(month.diskGb),
        rounded(month.networkGb),
        rounded(month.coresCost),
        rounded(month.diskCost),
        rounded(month.archiveCost),
        rounded(month.networkCost),
        rounded(all),
      ];
    })
  );
  return table([
    "events/s",
    "days kept",
    "cores",
    "disk, GB",
    "network, GB",
    "cores, $",
    "disk, $",
    "archive, $",
    "network, $",
    "a month, $",
  ], rows);
}

/** All tables, by the name that docs/scale.md gives them. */
export const TABLES: Readonly<Record<string, () => string>> = {
  "one team": oneTeam,
  "a hot team": hotTeam,
  sizes,
  gathering,
  outages,
  months,
};
