/** Insights: how work flows, with the numbers behind each picture. */

import type { InsightsAnswer } from "../../lib/board/answers.ts";
import { PATHS, withParameters } from "../api.ts";
import { dayEnd, dayStart, momentOf } from "../days.ts";
import { useKept } from "../kept.ts";
import { Empty, Loading, Trouble } from "../parts/empty.tsx";
import { ChoiceFilter, FilterForm, TextFilter } from "../parts/filters.tsx";
import { MissionFilter } from "../parts/mission_filter.tsx";
import { useLast } from "../parts/last.ts";
import { useTitle } from "../parts/title.ts";
import { place } from "../router.ts";
import { ask } from "../session.ts";
import { DAY } from "../times.ts";
import { Ageing } from "./insights/ageing.tsx";
import { Cycle } from "./insights/cycle.tsx";
import { Flow } from "./insights/flow.tsx";
import { Reviews } from "./insights/reviews.tsx";
import { Throughput } from "./insights/throughput.tsx";

const SPANS = [
  { value: "", label: "All time", days: null },
  { value: "30d", label: "Last 30 days", days: 30 },
  { value: "90d", label: "Last 90 days", days: 90 },
  { value: "365d", label: "Last year", days: 365 },
] as const;

/** All of it is counted anew by the server: once in a while is enough. */
const PACE_MS = 3_000;

/** The insights of all missions, or one. */
export function Insights() {
  useTitle("Insights");
  const { query } = place.value;
  const path = withParameters(PATHS.insights, {
    mission: query.get("mission"),
    ...timesOf(query),
  });
  const { answer, problem } = useKept<InsightsAnswer>(path, () => ({
    load: (_, signal) => ask<InsightsAnswer>(path, { signal }),
    concerns: ({ position }, known) => position > (known?.position ?? 0),
    paceMs: PACE_MS,
  }));
  const { shown, isStale } = useLast(answer.value, problem.value !== null);
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Insights</h1>
        <FilterForm>
          <MissionFilter />
          <ChoiceFilter name="span" label="Time" options={SPANS} />
          <TextFilter name="from" label="From" type="date" />
          <TextFilter name="to" label="To" type="date" />
        </FilterForm>
      </div>
      {shown
        ? <Figures insights={shown} isStale={isStale} />
        : problem.value
        ? <Trouble problem={problem.value} what="insights" />
        : <Loading />}
    </>
  );
}

/** From and to as the server takes them. They go to whole days, so that the same span is the same address. */
function timesOf(
  query: URLSearchParams,
): { from: string | null; to: string | null } {
  const days = SPANS.find(({ value }) => value === query.get("span"))?.days ??
    null;
  const spanFrom = days === null ? null : today() - days * DAY;
  return {
    from: momentOf(dayStart(query.get("from")) ?? spanFrom),
    to: momentOf(dayEnd(query.get("to"))),
  };
}

function today(): number {
  return new Date(Date.now()).setHours(0, 0, 0, 0);
}

function Figures({ insights, isStale }: {
  insights: InsightsAnswer;
  isStale: boolean;
}) {
  if (insights.position === 0) {
    return (
      <Empty title="Nothing to count yet">
        <p>
          Insights are made of events. Send those of a project with{" "}
          <code>kitty-events sync now</code>.
        </p>
      </Empty>
    );
  }
  return (
    <div class="figures-grid" aria-busy={isStale}>
      <Flow insights={insights} />
      <Cycle insights={insights} />
      <Throughput insights={insights} />
      <Ageing insights={insights} />
      <Reviews insights={insights} />
    </div>
  );
}
