/** What moves add up to. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../lib/base/json.ts";
import { insightsFor } from "../../lib/board/insights.ts";
import { boardOf, isoAt, move } from "../support/board.ts";

const HOUR = 3_600_000, DAY = 24 * HOUR;

const EVER = { fromMs: -Infinity, toMs: Infinity };

function insights(documents: readonly JsonObject[], span = EVER) {
  const board = boardOf(documents);
  return insightsFor(board, [...board.missions.all.values()], span);
}

const at = (ms: number, actor = "claude") => ({ ms, actor });

/** From the first of June on, a Monday. */
const STORY = [
  move(1, "WP01", "planned", "claimed", at(0, "claude:opus:p:implementer")),
  move(2, "WP02", "planned", "claimed", at(HOUR, "codex")),
  move(3, "WP01", "claimed", "for_review", at(DAY)),
  move(4, "WP01", "for_review", "in_progress", at(DAY + HOUR, "renata")),
  move(5, "WP01", "in_progress", "for_review", at(2 * DAY, "renata")),
  move(6, "WP01", "for_review", "approved", at(2 * DAY + HOUR, "rita")),
  move(7, "WP01", "approved", "done", at(8 * DAY, "merge")),
  move(8, "WP02", "claimed", "for_review", at(9 * DAY, "codex")),
  move(9, "WP02", "for_review", "done", at(10 * DAY, "rita")),
  move(10, "WP03", "planned", "in_progress", at(11 * DAY, "codex")),
  move(11, "WP04", "planned", "done", at(12 * DAY, "user")),
];

Deno.test("insights: cycle time -> from being claimed to being done, of those that were claimed; percentiles", () => {
  const { cycle } = insights(STORY);
  deepStrictEqual(
    cycle.packages.map(({ id, claimed_at, done_at, cycle_ms }) => ({
      ...{ id, claimed_at, done_at, cycle_ms },
    })),
    [{
      id: "WP01",
      claimed_at: isoAt(0),
      done_at: isoAt(8 * DAY),
      cycle_ms: 8 * DAY,
    }, {
      id: "WP02",
      claimed_at: isoAt(HOUR),
      done_at: isoAt(10 * DAY),
      cycle_ms: 10 * DAY - HOUR,
    }],
  );
  deepStrictEqual([cycle.median_ms, cycle.p85_ms], [8 * DAY, 10 * DAY - HOUR]);
});

Deno.test("insights: throughput -> packages done by week, weeks without any between them as well", () => {
  const { throughput } = insights([
    ...STORY,
    move(20, "WP05", "planned", "done", at(30 * DAY)),
  ]);
  deepStrictEqual(throughput, [
    { week: "2026-06-08", done: 3 },
    { week: "2026-06-15", done: 0 },
    { week: "2026-06-22", done: 0 },
    { week: "2026-06-29", done: 1 },
  ]);
});

Deno.test("insights: a wrong year among right ones -> hides none of them", () => {
  const wrong = Date.parse("9999-12-31T00:00:00Z") - Date.parse(isoAt(0));
  const { throughput, flow } = insights([
    ...STORY,
    move(20, "WP05", "planned", "done", at(wrong)),
  ]);
  deepStrictEqual(throughput, [
    { week: "2026-06-08", done: 3 },
    { week: "9999-12-27", done: 1 },
  ]);
  strictEqual(flow.at(-1)!.day, "9999-12-31");
});

Deno.test("insights: flow -> packages by lane at the end of each day with a change", () => {
  const { flow, lanes } = insights(STORY);
  const shown = flow.map(({ day, counts }) => [
    day,
    Object.fromEntries(
      lanes.map(({ id }, i) => [id, counts[i]]).filter(([, n]) => n !== 0),
    ),
  ]);
  deepStrictEqual(shown.slice(0, 3), [
    ["2026-06-01", { claimed: 2 }],
    ["2026-06-02", { claimed: 1, in_progress: 1 }],
    ["2026-06-03", { claimed: 1, approved: 1 }],
  ]);
  deepStrictEqual(shown.at(-1), [
    "2026-06-13",
    { done: 3, in_progress: 1 },
  ]);
});

Deno.test("insights: ageing -> what is being done or reviewed, or is blocked, the oldest first", () => {
  const { ageing } = insights([
    ...STORY,
    move(30, "WP06", "in_progress", "blocked", at(3 * DAY)),
    move(31, "WP07", "planned", "canceled", at(3 * DAY)),
  ]);
  deepStrictEqual(ageing.map(({ id, lane, since }) => [id, lane, since]), [
    ["WP06", "blocked", isoAt(3 * DAY)],
    ["WP03", "in_progress", isoAt(11 * DAY)],
  ]);
});

Deno.test("insights: reviews -> by whoever had the package at its first review", () => {
  const { reviews } = insights(STORY);
  deepStrictEqual(reviews, [
    {
      agent: "claude",
      model: "opus",
      packages: 1,
      passed_first: 0,
      sent_back: 1,
      times_sent_back: 1,
    },
    {
      agent: "codex",
      model: null,
      packages: 1,
      passed_first: 1,
      sent_back: 0,
      times_sent_back: 0,
    },
  ]);
});

Deno.test("insights: a span -> what was done and reviewed in it; the flow goes on from before it", () => {
  const start = Date.parse(isoAt(0));
  const span = { fromMs: start + 9.5 * DAY, toMs: start + 20 * DAY };
  const { cycle, throughput, reviews, flow } = insights(STORY, span);
  deepStrictEqual(cycle.packages.map(({ id }) => id), ["WP02"]);
  strictEqual(throughput.reduce((sum, { done }) => sum + done, 0), 2);
  deepStrictEqual(reviews.map(({ agent }) => agent), ["codex"]);
  strictEqual(flow[0]!.counts.reduce((sum, n) => sum + n, 0), 2);
});

Deno.test("insights: times that contradict the order -> no package takes less than no time", () => {
  const { cycle } = insights([
    move(1, "WP01", "planned", "claimed", at(5 * DAY)),
    move(2, "WP01", "claimed", "done", at(DAY)),
  ]);
  strictEqual(cycle.packages[0]!.cycle_ms, 0);
});

Deno.test("insights: done and taken up again -> not done", () => {
  const { cycle, throughput } = insights([
    move(1, "WP01", "planned", "claimed", at(0)),
    move(2, "WP01", "claimed", "done", at(DAY)),
    move(3, "WP01", "done", "planned", at(2 * DAY)),
  ]);
  deepStrictEqual([cycle.packages, throughput], [[], []]);
});
