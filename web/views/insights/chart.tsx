/** A drawn chart, in the colours of the page. */

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import UPlot from "uplot";
import { DAY } from "../../times.ts";

/** Colours by the names of the style's properties. */
export type Colours = (name: string) => string;

/** What a chart shows; made anew when the colours change. */
export interface Drawing {
  readonly data: UPlot.AlignedData;
  readonly options: (colours: Colours) => Partial<UPlot.Options>;
  /** What is said of the point under the pointer. */
  readonly words: (index: number) => string;
}

const HEIGHT_PX = 260;
const dark = matchMedia("(prefers-color-scheme: dark)");

/** A chart. It is a picture of a table that stands beside it, which is its alternative. */
export function Chart({ drawing, label }: { drawing: Drawing; label: string }) {
  const place = useRef<HTMLDivElement>(null);
  const words = useSignal("");
  const scheme = useSignal(dark.matches);
  useEffect(() => {
    const follow = () => scheme.value = dark.matches;
    dark.addEventListener("change", follow);
    return () => dark.removeEventListener("change", follow);
  }, []);
  useLayoutEffect(() => {
    const box = place.current!;
    const style = getComputedStyle(box);
    const colours: Colours = (name) =>
      style.getPropertyValue(`--${name}`).trim();
    const plot = new UPlot(
      optionsOf(drawing, colours, box.clientWidth, (index) => {
        words.value = index === null ? "" : drawing.words(index);
      }),
      drawing.data,
      box,
    );
    const sized = new ResizeObserver(() =>
      plot.setSize({ width: box.clientWidth, height: HEIGHT_PX })
    );
    sized.observe(box);
    return () => {
      sized.disconnect();
      plot.destroy();
    };
  }, [drawing, scheme.value]);
  return (
    <div class="chart">
      <div
        ref={place}
        class="chart-place"
        role="img"
        aria-label={`${label}. Its numbers are in the table below.`}
      />
      <p class="chart-words quiet" aria-hidden="true">
        {words.value || "\u00a0"}
      </p>
    </div>
  );
}

function optionsOf(
  drawing: Drawing,
  colours: Colours,
  width: number,
  point: (index: number | null) => void,
): UPlot.Options {
  const own = drawing.options(colours);
  return {
    width,
    height: HEIGHT_PX,
    legend: { show: false },
    padding: [12, 20, 0, 0],
    series: [{}],
    ...own,
    cursor: { y: false, drag: { x: false, y: false }, ...own.cursor },
    hooks: {
      ...own.hooks,
      setCursor: [(plot) => point(plot.cursor.idx ?? null)],
    },
  };
}

/** An axis in the colours and the font of the page. */
export function axisOf(colours: Colours, axis: UPlot.Axis = {}): UPlot.Axis {
  return {
    stroke: colours("ink-3"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: colours("line"), width: 1 },
    ticks: { stroke: colours("line"), width: 1, size: 4 },
    ...axis,
  };
}

const year = new Intl.DateTimeFormat(undefined, {
  month: "short",
  year: "numeric",
});
const month = new Intl.DateTimeFormat(undefined, { month: "short" });
const day = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
});
const DAY_S = DAY / 1_000, MONTH_S = 30 * DAY_S;

/** Steps of a time axis; the library lays those of 30 days on the calendar's months. */
const TIME_STEPS_S = [
  ...[1, 2, 3, 5, 10, 15].map((days) => days * DAY_S),
  ...[1, 2, 3, 4, 6].map((months) => months * MONTH_S),
  365 * DAY_S,
];

/** The axis of time: days or months, as the reader writes them. */
export function timeAxisOf(
  colours: Colours,
  axis: UPlot.Axis = {},
): UPlot.Axis {
  return axisOf(colours, {
    size: 32,
    space: 76,
    incrs: TIME_STEPS_S,
    values: (_plot, times, _axis, _space, step) =>
      times.map((time, at) => {
        const date = new Date(time * 1_000);
        const names = step < MONTH_S
          ? day
          : at === 0 || date.getMonth() === 0
          ? year
          : month;
        return names.format(date);
      }),
    ...axis,
  });
}

/**
 * The scale of time: from the first moment to the last, with so much on both
 * sides, and a day around a single one, of which the library would make years.
 */
export function timeScaleOf(marginS = 0): UPlot.Scale {
  return {
    range: ({ data: [times] }) => {
      const first = times[0] ?? 0, last = times.at(-1) ?? 0;
      const margin = first === last ? Math.max(marginS, DAY_S) : marginS;
      return [first - margin, last + margin];
    },
  };
}

/** Where a day stands on a chart: at the reader's midnight, so that each zone reads the same day. */
export const dayStart = (day: string) => `${day}T00:00`;

/** Seconds, as the charts count time. */
export const secondsOf = (time: string) => Date.parse(time) / 1_000;
