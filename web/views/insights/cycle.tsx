/** Cycle time: how long packages took from being claimed to being done. */

import { useMemo } from "preact/hooks";
import type {
  CycleAnswer,
  InsightsAnswer,
} from "../../../lib/board/answers.ts";
import { dayOf, precise } from "../../times.ts";
import { counted, plain } from "../../words.ts";
import {
  axisOf,
  Chart,
  type Drawing,
  secondsOf,
  timeAxisOf,
  timeScaleOf,
} from "./chart.tsx";
import { Figure } from "./figure.tsx";

const HOUR_MS = 3_600_000;
/** What took no time at all has no place on a logarithmic scale. */
const SHORTEST_H = 1 / 60;

/** Where the scale is marked: a minute to a year. */
const STEPS_H = [1 / 60, 1 / 6, 1, 4, 24, 72, 168, 720, 2_160, 8_760];

/** Each package a dot, with the lines that half and 85 % of them stay below. */
export function Cycle({ insights }: { insights: InsightsAnswer }) {
  const { cycle } = insights;
  const packages = useMemo(
    () =>
      cycle.packages.toSorted((a, b) =>
        Date.parse(a.done_at) - Date.parse(b.done_at)
      ),
    [insights],
  );
  const drawing = useMemo(() => drawingOf({ ...cycle, packages }), [insights]);
  const { median_ms, p85_ms } = cycle;
  return (
    <Figure
      id="cycle"
      title="Cycle time"
      sentence="From the first move into a lane of work to the last arrival in done: each package that became done in this time is a dot. The scale is logarithmic."
      note={cycle.total > packages.length
        ? `The latest ${packages.length.toLocaleString()} of ${
          counted(cycle.total, "package")
        }; half and 85 % are of all.`
        : undefined}
      hint="No package became done in this time. Choose a longer one."
      table={{
        name: "cycle-time",
        head: ["Mission", "Package", "Title", "Claimed", "Done", "Hours"],
        rows: packages.map((each) => [
          each.mission_slug,
          each.id,
          each.title,
          each.claimed_at,
          each.done_at,
          Math.round(each.cycle_ms / HOUR_MS * 100) / 100,
        ]),
      }}
    >
      <dl class="figures">
        <div>
          <dt>Half within</dt>
          <dd>{median_ms === null ? "–" : precise(median_ms)}</dd>
        </div>
        <div>
          <dt>85 % within</dt>
          <dd>{p85_ms === null ? "–" : precise(p85_ms)}</dd>
        </div>
        <div>
          <dt>Packages</dt>
          <dd>{cycle.total.toLocaleString()}</dd>
        </div>
      </dl>
      <Chart drawing={drawing} label="Cycle time of each package" />
    </Figure>
  );
}

function drawingOf({ packages, median_ms, p85_ms }: CycleAnswer): Drawing {
  const hours = (ms: number) => Math.max(SHORTEST_H, ms / HOUR_MS);
  const level = (ms: number | null) =>
    packages.map(() => ms === null ? null : hours(ms));
  return {
    data: [
      packages.map(({ done_at }) => secondsOf(done_at)),
      packages.map(({ cycle_ms }) => hours(cycle_ms)),
      level(median_ms),
      level(p85_ms),
    ],
    options: (colours) => ({
      scales: { x: timeScaleOf(), y: { distr: 3, log: 10 } },
      axes: [
        timeAxisOf(colours),
        axisOf(colours, {
          size: 56,
          splits: (_plot, _axis, low, high) =>
            STEPS_H.filter((step) => step >= low && step <= high),
          values: (_plot, steps) =>
            steps.map((step) => precise(step * HOUR_MS)),
          // Else the library writes powers of ten only.
          filter: (_plot, steps) => steps,
        }),
      ],
      series: [
        {},
        {
          stroke: colours("accent"),
          paths: () => null,
          points: {
            show: true,
            size: 6,
            width: 0,
            fill: colours("accent-dots"),
          },
        },
        { stroke: colours("ink-2"), width: 1.5, points: { show: false } },
        {
          stroke: colours("ink-2"),
          width: 1.5,
          dash: [6, 4],
          points: { show: false },
        },
      ],
    }),
    words: (index) => {
      const each = packages[index];
      return each
        ? `${plain(each.id, 40)} of ${plain(each.mission_slug, 60)}: ${
          precise(each.cycle_ms)
        }, done ${dayOf(each.done_at)}`
        : "";
    },
  };
}
