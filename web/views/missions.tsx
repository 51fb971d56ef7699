/** All missions: where each of them is. */

import { signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { MissionAnswer, MissionsAnswer } from "../../lib/board/answers.ts";
import { PATHS, withParameters } from "../api.ts";
import { useKept } from "../kept.ts";
import { Agent, PhaseLabel } from "../parts/chip.tsx";
import { Empty, Loading, Trouble } from "../parts/empty.tsx";
import { ChoiceFilter, FilterForm, TextFilter } from "../parts/filters.tsx";
import { useLast } from "../parts/last.ts";
import { Progress } from "../parts/progress.tsx";
import { Text } from "../parts/text.tsx";
import { Age } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { boardAddress, place } from "../router.ts";
import { ask } from "../session.ts";
import { capital, counted, PHASES } from "../words.ts";

/** Missions of one request. */
const PAGE = 50;
/** Workers of a mission that are named. */
const WORKERS_MAX = 3;

const SORTS = [
  { value: "", label: "Last change" },
  { value: "name", label: "Name" },
  { value: "progress", label: "Progress" },
];

/** Pages that were asked for, by filter: going back shows as many. */
const pagesOf = signal<Readonly<Record<string, number>>>({});

/** The list of missions. */
export function Missions() {
  useTitle("Missions");
  const { query } = place.value;
  const filter = {
    text: query.get("q"),
    phase: query.get("phase"),
    sort: query.get("sort"),
  };
  const key = withParameters(PATHS.missions, filter);
  const pages = useSignal(pagesOf.peek()[key] ?? 1);
  const { answer, problem, reload } = useKept<MissionsAnswer>(key, () => ({
    load: (_, signal) => loadPages(filter, pagesOf.peek()[key] ?? 1, signal),
    concerns: ({ position }, known) => position > (known?.position ?? 0),
    paceMs: 250,
  }));
  const more = () => {
    pages.value = (pagesOf.peek()[key] ?? 1) + 1;
    pagesOf.value = { ...pagesOf.peek(), [key]: pages.value };
    reload();
  };
  const { shown: value, isStale } = useLast(
    answer.value,
    problem.value !== null,
  );
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Missions</h1>
        {value && <Totals answer={value} />}
        <Filters />
      </div>
      {value
        ? (
          <List
            answer={value}
            isStale={isStale}
            more={more}
            isFiltered={query.size > 0}
          />
        )
        : problem.value
        ? <Trouble problem={problem.value} what="list of missions" />
        : <Loading />}
    </>
  );
}

async function loadPages(
  filter: Readonly<Record<string, string | null>>,
  pages: number,
  signal: AbortSignal,
): Promise<MissionsAnswer> {
  const missions = new Map<string, MissionAnswer>();
  for (let page = 1, cursor: string | null = null;; page++) {
    const path = withParameters(PATHS.missions, {
      ...filter,
      limit: PAGE,
      cursor,
    });
    const answer: MissionsAnswer = await ask(path, { signal });
    // What changes in between may come on two pages.
    for (const mission of answer.missions) missions.set(mission.key, mission);
    cursor = answer.next_cursor;
    if (cursor === null || page >= pages) {
      return { ...answer, missions: [...missions.values()] };
    }
  }
}

function Totals({ answer: { total, all } }: { answer: MissionsAnswer }) {
  return (
    <p class="quiet view-count" role="status">
      {total === all
        ? counted(all, "mission")
        : `${total} of ${counted(all, "mission")}`}
    </p>
  );
}

function Filters() {
  return (
    <FilterForm>
      <TextFilter name="q" label="Find" placeholder="Title or slug" />
      <ChoiceFilter
        name="phase"
        label="Phase"
        options={[
          { value: "", label: "All" },
          ...PHASES.map((phase) => ({ value: phase, label: capital(phase) })),
        ]}
      />
      <ChoiceFilter name="sort" label="Sort by" options={SORTS} />
    </FilterForm>
  );
}

function List({ answer, isStale, more, isFiltered }: {
  answer: MissionsAnswer;
  isStale: boolean;
  more: () => void;
  isFiltered: boolean;
}) {
  const { missions, total, all, next_cursor } = answer;
  if (all === 0) {
    return (
      <Empty title="No missions yet">
        <p>
          They appear here as soon as events of a project arrive:{" "}
          <code>kitty-events follow</code> records them,{" "}
          <code>kitty-events sync now</code> sends them.
        </p>
      </Empty>
    );
  }
  if (total === 0 && isFiltered) {
    return (
      <Empty title="No mission fits the filter">
        <p>
          <a href="/missions">Show all {all.toLocaleString()}</a>
        </p>
      </Empty>
    );
  }
  return (
    <>
      <ul class="missions" aria-busy={isStale}>
        {missions.map((mission) => <Row key={mission.key} mission={mission} />)}
      </ul>
      {next_cursor !== null && (
        <More left={total - missions.length} more={more} />
      )}
    </>
  );
}

function Row({ mission }: { mission: MissionAnswer }) {
  const { title, slug, workers } = mission;
  return (
    <li class="mission">
      <a class="mission-link" href={boardAddress(mission.key)}>
        <span class="mission-title">
          <Text>{title}</Text>
        </span>
        {title !== slug && (
          <span class="slug">
            <Text>{slug}</Text>
          </span>
        )}
      </a>
      <PhaseLabel phase={mission.phase} />
      <span class="mission-progress">
        <Progress mission={mission} />
        <span class="number quiet">
          {mission.packages > 0 ? `${mission.done}/${mission.packages}` : "–"}
          <span class="unseen">done</span>
        </span>
      </span>
      <span class="mission-workers">
        {workers.slice(0, WORKERS_MAX).map((name) => (
          <Agent key={name} name={name} />
        ))}
        {workers.length > WORKERS_MAX && (
          <span class="quiet">+{workers.length - WORKERS_MAX}</span>
        )}
      </span>
      <span class="mission-changed quiet">
        <Age since={mission.changed_at} suffix="ago" />
      </span>
    </li>
  );
}

/** Loads more when it comes into sight, and when it is pressed. */
function More({ left, more }: { left: number; more: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  const latest = useRef(more);
  latest.current = more;
  useEffect(() => {
    const seen = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting) latest.current();
    }, { rootMargin: "400px" });
    seen.observe(button.current!);
    return () => seen.disconnect();
  }, [left]);
  return (
    <p class="more">
      <button ref={button} type="button" class="button" onClick={more}>
        Show more ({left.toLocaleString()} left)
      </button>
    </p>
  );
}
