/**
 * What the moves of work packages add up to: flow, cycle times, throughput,
 * ageing work, reviews.
 *
 * @module
 */

import type {
  CycledPackage,
  InsightsAnswer,
  LaneAnswer,
  PackageName,
  Week,
} from "./answers.ts";
import type { EventTable } from "./event_table.ts";
import { DAY_MS, dayOf, Flow } from "./flow.ts";
import { joinedLanes, roleOf } from "./lanes.ts";
import type { Mission, Package } from "./mission.ts";
import { FIRST_LANE } from "./package.ts";
import type { Projection } from "./projection.ts";
import { Reviews } from "./reviews.ts";

/** Which span, milliseconds since 1970. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const WEEK_MS = 7 * DAY_MS;

/** A package with its mission, and what its moves tell. */
interface Told {
  readonly mission: Mission;
  readonly one: Package;
  readonly claimedMs: number | undefined;
  readonly doneMs: number | undefined;
}

/** Insights into some missions. */
export function insightsFor(
  projection: Projection,
  missions: readonly Mission[],
  span: Span,
): InsightsAnswer {
  const { table } = projection;
  const lanes = lanesFor(missions);
  const flow = new Flow(lanes.map(({ id }) => id));
  const reviews = new Reviews();
  const all: Told[] = [];
  for (const mission of missions) {
    for (const one of mission.packages.values()) {
      all.push({ mission, one, ...walk(table, one, flow, reviews, span) });
    }
  }
  const isIn = (ms: number) => ms >= span.fromMs && ms <= span.toMs;
  const done = all.filter(({ doneMs }) => doneMs !== undefined && isIn(doneMs));
  return {
    position: projection.position,
    lanes,
    flow: flow.days(span),
    cycle: cycleOf(done),
    throughput: weeksOf(done.map(({ doneMs }) => doneMs!)),
    ...ageingOf(all),
    reviews: reviews.answer,
  };
}

function lanesFor(missions: readonly Mission[]): LaneAnswer[] {
  return joinedLanes(missions.map(({ answer }) => answer.lanes));
}

/** Goes through a package's events once, for everything that is counted of it. */
function walk(
  table: EventTable,
  one: Package,
  flow: Flow,
  reviews: Reviews,
  span: Span,
): Pick<Told, "claimedMs" | "doneMs"> {
  let lane: string | undefined, lastMs = -Infinity;
  let claimedMs: number | undefined, doneMs: number | undefined;
  const review = reviews.begin();
  for (const row of one.history.rows) {
    // Times that contradict the order do not take a package back.
    const timeMs = lastMs = Math.max(lastMs, table.timeMs(row));
    review.learn(table, row);
    if (!table.isMove(row)) {
      if (lane === undefined && table.isCreation(row)) {
        flow.move(undefined, lane = table.to(row) || FIRST_LANE, timeMs);
      }
      continue;
    }
    const to = table.to(row), role = roleOf(to);
    if (timeMs >= span.fromMs && timeMs <= span.toMs) review.move(table, row);
    flow.move(lane, to, timeMs);
    if (role === "doing") claimedMs ??= timeMs;
    if (role === "done" && (lane === undefined || roleOf(lane) !== "done")) {
      doneMs = timeMs;
    }
    lane = to;
  }
  review.end();
  const isDone = lane !== undefined && roleOf(lane) === "done";
  return { claimedMs, doneMs: isDone ? doneMs : undefined };
}

/** Packages that are named one by one; there are as many dots in a picture. */
const NAMED_MAX = 5_000;

function cycleOf(done: readonly Told[]): InsightsAnswer["cycle"] {
  const cycled = done.filter(({ claimedMs }) => claimedMs !== undefined)
    .sort((a, b) => a.doneMs! - b.doneMs!);
  const times = Float64Array.from(
    cycled,
    ({ claimedMs, doneMs }) => doneMs! - claimedMs!,
  ).sort();
  return {
    packages: cycled.slice(-NAMED_MAX)
      .map(({ mission, one, claimedMs, doneMs }): CycledPackage => ({
        ...nameOf(mission, one),
        claimed_at: new Date(claimedMs!).toISOString(),
        done_at: new Date(doneMs!).toISOString(),
        cycle_ms: doneMs! - claimedMs!,
      })),
    total: cycled.length,
    median_ms: percentile(times, 0.5),
    p85_ms: percentile(times, 0.85),
  };
}

/** The smallest value that so large a part of all does not exceed. */
function percentile(sorted: Float64Array, part: number): number | null {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? null;
}

/** Weeks from the first to the last with something done, with none left out where they are so few. */
const WEEKS_MAX = 520;

function weeksOf(doneMs: readonly number[]): Week[] {
  const counts = new Map<number, number>();
  for (const ms of doneMs) {
    const monday = mondayOf(ms);
    counts.set(monday, (counts.get(monday) ?? 0) + 1);
  }
  const mondays = [...counts.keys()].sort((a, b) => a - b);
  const [first, last] = [mondays[0], mondays.at(-1)];
  if (first === undefined || last === undefined) return [];
  // A wrong year must not hide the right ones: then only weeks with something are told.
  const between = (last - first) / WEEK_MS;
  const told = between < WEEKS_MAX
    ? Array.from({ length: between + 1 }, (_, n) => first + n * WEEK_MS)
    : mondays;
  return told.map((monday) => ({
    week: dayOf(monday),
    done: counts.get(monday) ?? 0,
  }));
}

function mondayOf(ms: number): number {
  const day = Math.floor(ms / DAY_MS);
  // 1970 began on a Thursday.
  const weekday = (((day + 3) % 7) + 7) % 7;
  return (day - weekday) * DAY_MS;
}

/** The oldest first. */
function ageingOf(
  all: readonly Told[],
): Pick<InsightsAnswer, "ageing" | "ageing_total"> {
  const ageing = all.filter(({ one: { state } }) =>
    state.laneSinceMs !== undefined &&
    (["doing", "review"].includes(roleOf(state.lane)) ||
      state.lane === "blocked")
  ).sort((a, b) => a.one.state.laneSinceMs! - b.one.state.laneSinceMs!);
  return {
    ageing: ageing.slice(0, NAMED_MAX).map(({ mission, one }) => ({
      ...nameOf(mission, one),
      lane: one.state.lane,
      since: new Date(one.state.laneSinceMs!).toISOString(),
      agent: one.state.agent || null,
    })),
    ageing_total: ageing.length,
  };
}

function nameOf({ key, slug }: Mission, { id, state }: Package): PackageName {
  return { mission: key, mission_slug: slug, id, title: state.title };
}
