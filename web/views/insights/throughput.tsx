/** Throughput: how many packages became done each week. */

import { useMemo } from "preact/hooks";
import UPlot from "uplot";
import type { InsightsAnswer, Week } from "../../../lib/board/answers.ts";
import { DAY, dayOf } from "../../times.ts";
import { counted } from "../../words.ts";
import {
  axisOf,
  Chart,
  dayStart,
  type Drawing,
  secondsOf,
  timeAxisOf,
  timeScaleOf,
} from "./chart.tsx";
import { Figure } from "./figure.tsx";

const WEEK_S = 7 * DAY / 1_000;

/** A bar for each week. */
export function Throughput({ insights }: { insights: InsightsAnswer }) {
  const weeks = useMemo(() => withQuietWeeks(insights.throughput), [insights]);
  const drawing = useMemo(() => drawingOf(weeks), [weeks]);
  return (
    <Figure
      id="throughput"
      title="Throughput"
      sentence="Work packages that became done in each week, which begins on Monday (UTC). The last week may not be over."
      hint="No package became done in this time. Choose a longer one."
      table={{
        name: "throughput",
        head: ["Week of", "Done"],
        rows: weeks.map(({ week, done }) => [week, done]),
      }}
    >
      <Chart drawing={drawing} label="Packages done each week" />
    </Figure>
  );
}

/** All weeks from the first to the last: one without a package is one with none. */
function withQuietWeeks(weeks: readonly Week[]): Week[] {
  const sorted = weeks.toSorted((a, b) => a.week < b.week ? -1 : 1);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (!first || !last) return [];
  const done = new Map(sorted.map((each) => [each.week, each.done]));
  const all: Week[] = [];
  for (
    let at = Date.parse(first.week);
    at <= Date.parse(last.week);
    at += 7 * DAY
  ) {
    const week = new Date(at).toISOString().slice(0, 10);
    all.push({ week, done: done.get(week) ?? 0 });
  }
  return all;
}

function drawingOf(weeks: readonly Week[]): Drawing {
  return {
    data: [
      weeks.map(({ week }) => secondsOf(dayStart(week))),
      weeks.map(({ done }) => done),
    ],
    options: (colours) => ({
      scales: {
        // Room for half a bar at both ends.
        x: timeScaleOf(WEEK_S / 2),
        y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.05)] },
      },
      axes: [
        timeAxisOf(colours, { grid: { show: false } }),
        axisOf(colours, {
          size: 44,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000],
        }),
      ],
      series: [{}, {
        fill: colours("done-0"),
        stroke: colours("done-0"),
        width: 0,
        paths: UPlot.paths.bars!({ size: [0.7, 48], radius: 0.1 }),
        points: { show: false },
      }],
    }),
    words: (index) => {
      const each = weeks[index];
      return each
        ? `Week of ${dayOf(dayStart(each.week))}: ${
          counted(each.done, "package")
        }`
        : "";
    },
  };
}
