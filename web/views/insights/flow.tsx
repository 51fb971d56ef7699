/** Cumulative flow: how many packages stood in each lane, day by day. */

import { useMemo } from "preact/hooks";
import type {
  FlowDay,
  InsightsAnswer,
  LaneAnswer,
} from "../../../lib/board/answers.ts";
import { LaneDot } from "../../parts/chip.tsx";
import { shadeOf } from "../../parts/lanes.ts";
import { dayOf } from "../../times.ts";
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

/** The flow, what is done at the bottom. */
export function Flow({ insights }: { insights: InsightsAnswer }) {
  const { lanes, flow } = insights;
  const used = useMemo(
    () =>
      lanes.map((lane, at) => ({ lane, at }))
        .filter(({ at }) => flow.some(({ counts }) => counts[at]! > 0)),
    [insights],
  );
  const drawing = useMemo(() => drawingOf(lanes, flow, used), [insights]);
  return (
    <Figure
      id="flow"
      title="Cumulative flow"
      sentence="Work packages by lane at the end of each day (UTC). A band that grows wider is where work piles up."
      hint="No package existed in this time. Choose a longer one."
      table={{
        name: "cumulative-flow",
        head: ["Day", ...lanes.map(({ label }) => label)],
        rows: flow.map(({ day, counts }) => [day, ...counts]),
      }}
    >
      <ul class="legend">
        {used.map(({ lane }) => (
          <li key={lane.id}>
            <LaneDot lanes={lanes} id={lane.id} />
            {lane.label}
          </li>
        ))}
      </ul>
      <Chart drawing={drawing} label="Cumulative flow by lane" />
    </Figure>
  );
}

interface Used {
  readonly lane: LaneAnswer;
  readonly at: number;
}

function drawingOf(
  lanes: readonly LaneAnswer[],
  flow: readonly FlowDay[],
  used: readonly Used[],
): Drawing {
  // Each series is a lane and all that are further, so the first one is the highest and lies behind.
  const stacked = used.map((_, i) =>
    flow.map(({ counts }) =>
      used.slice(i).reduce((sum, { at }) => sum + counts[at]!, 0)
    )
  );
  return {
    data: [flow.map(({ day }) => secondsOf(dayStart(day))), ...stacked],
    options: (colours) => ({
      scales: {
        x: timeScaleOf(),
        y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.05)] },
      },
      axes: [timeAxisOf(colours), axisOf(colours, { size: 44 })],
      series: [
        {},
        ...used.map(({ lane }) => {
          const colour = colours(
            `${lane.role}-${shadeOf(lanes, lane)}`,
          );
          return {
            stroke: colours("surface"),
            width: 1,
            fill: colour,
            // One day makes no band.
            points: { show: flow.length === 1, size: 8, fill: colour },
          };
        }),
      ],
    }),
    words: (index) => {
      const day = flow[index];
      if (!day) return "";
      const counts = used.toReversed().map(({ lane, at }) =>
        `${lane.label} ${day.counts[at]}`
      );
      return `${dayOf(dayStart(day.day))}: ${counts.join(", ")}`;
    },
  };
}
