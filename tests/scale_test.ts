/** The simulation behind docs/scale.md, and that its tables stand there. */

import { ok, strictEqual } from "node:assert/strict";
import { COSTS } from "../bench/scale/measured.ts";
import { Clockwork, Station } from "../bench/scale/clockwork.ts";
import { type Plan, simulate } from "../bench/scale/simulation.ts";
import { months, oneTeam } from "../bench/scale/tables.ts";
import { fileOf } from "../bench/measure.ts";

const PLAN: Plan = {
  agents: 40,
  eventsPerS: 4_000,
  teams: 4,
  skew: 0,
  collectors: 2,
  shards: 1,
  coresPerShard: 2,
  commitS: 0.002,
  gatherS: 0.5,
  batchMax: 1_000,
  roundTripS: 0.001,
};

Deno.test("docs/scale.md -> holds the tables that the simulation makes", async () => {
  const text = await Deno.readTextFile(fileOf("../docs/scale.md"));
  ok(text.includes(oneTeam()), "run deno task bench:scale --write");
  ok(text.includes(months()), "run deno task bench:scale --write");
});

Deno.test("Clockwork: things due in any order -> done in the order of their moments, then of telling", () => {
  const clock = new Clockwork(), done: string[] = [];
  const delays = [5, 1, 3, 1, 4, 2, 3];
  for (const [i, s] of delays.entries()) {
    clock.after(s, () => done.push(`${clock.now} ${i}`));
  }
  clock.runUntil(4.5);
  strictEqual(done.join(), "1 1,1 3,2 5,3 2,3 6,4 4");
});

Deno.test("Station: more work than servers -> one after another, and none is idle", () => {
  const clock = new Clockwork(), ends: number[] = [];
  const station = new Station(clock, 2);
  for (let i = 0; i < 5; i++) station.work(1, () => ends.push(clock.now));
  strictEqual(station.waiting, 3);
  clock.runUntil(10);
  strictEqual(ends.join(), "1,1,2,2,3");
  strictEqual(station.workedS, 5);
});

Deno.test("simulate: less than all can do -> everything is stored, as late as agents gather", () => {
  const { storedPerS, median, behindS } = simulate(PLAN, COSTS);
  ok(Math.abs(storedPerS / PLAN.eventsPerS - 1) < 0.05);
  ok(median > PLAN.gatherS / 2 && median < PLAN.gatherS, `${median}`);
  ok(behindS < 2 * PLAN.gatherS);
});

Deno.test("simulate: one event a transaction of one team -> no faster than commits come one after another", () => {
  const plan = { ...PLAN, teams: 1, batchMax: 1 };
  const { storedPerS, hottestLockBusy } = simulate(plan, COSTS);
  const held = COSTS.storeTransaction + COSTS.storeEvent + plan.commitS +
    plan.roundTripS;
  ok(storedPerS <= 1 / held + 1);
  ok(storedPerS > 0.9 / held);
  ok(hottestLockBusy > 0.99);
});

Deno.test("simulate: a store that is away -> nothing is lost, and all is caught up with", () => {
  const outage = { of: "shard", fromS: 5, toS: 10 } as const;
  const { caughtUpS, behindS } = simulate(
    { ...PLAN, outage },
    COSTS,
    { seconds: 60 },
  );
  ok(caughtUpS !== undefined && caughtUpS > 0);
  ok(behindS < 2 * PLAN.gatherS);
});

Deno.test("simulate: the same seed -> the same outcome", () => {
  strictEqual(
    JSON.stringify(simulate(PLAN, COSTS, { seconds: 5 })),
    JSON.stringify(simulate(PLAN, COSTS, { seconds: 5 })),
  );
});
