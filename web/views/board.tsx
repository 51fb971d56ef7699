/** The board of one mission: a column for each lane, a card for each package. */

import { useEffect, useMemo, useRef } from "preact/hooks";
import type {
  BoardAnswer,
  MissionAnswer,
  PackageAnswer,
} from "../../lib/board/answers.ts";
import { PATHS, withParameters } from "../api.ts";
import { useKept } from "../kept.ts";
import { Agent, LaneDot, PhaseLabel } from "../parts/chip.tsx";
import { Empty, Loading, Trouble } from "../parts/empty.tsx";
import { ChoiceFilter, FilterForm, TextFilter } from "../parts/filters.tsx";
import { partsOf, Progress } from "../parts/progress.tsx";
import { Text } from "../parts/text.tsx";
import { Age } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import {
  addressWith,
  boardAddress,
  go,
  place,
  storyAddress,
} from "../router.ts";
import { ask } from "../session.ts";
import { plain } from "../words.ts";
import { type BoardFilter, chosenOf, lanesOf } from "./board/columns.ts";
import { Lane } from "./board/lane.tsx";
import { useMoves } from "./board/moves.ts";
import { stepBetweenCards } from "./board/keys.ts";
import { Story } from "./story.tsx";

const SORTS = [
  { value: "", label: "Id" },
  { value: "age", label: "Longest in lane" },
  { value: "changed", label: "Last change" },
];

/** The board of a mission, with the story of a package where one is open. */
export function Board(
  { mission, open }: { mission: string; open: string | null },
) {
  const { answer, problem } = useKept<BoardAnswer>(
    PATHS.board(mission),
    () => ({
      load: (known, signal) => loadBoard(mission, known, signal),
      concerns: ({ missions, position }, known) =>
        position > (known?.position ?? 0) &&
        (!missions || missions.includes(known?.mission.key ?? mission)),
    }),
  );
  const { value } = answer;
  useTitle(...open ? [open] : [], value?.mission.title ?? mission);
  if (!value) {
    return problem.value
      ? <Trouble problem={problem.value} what="mission" />
      : <Loading />;
  }
  return (
    <>
      <Head mission={value.mission} packages={value.packages} />
      {value.packages.length === 0
        ? <NoPackages mission={value.mission} />
        : <Lanes answer={value} />}
      {open !== null && (
        <Story
          key={open}
          mission={mission}
          id={open}
          lanes={value.mission.lanes}
          close={() => leaveStory(mission, open)}
        />
      )}
    </>
  );
}

/** All of a board, or what has changed of it put into what is known. */
async function loadBoard(
  mission: string,
  known: BoardAnswer | null,
  signal: AbortSignal,
): Promise<BoardAnswer> {
  const path = withParameters(PATHS.board(mission), { since: known?.position });
  const answer = await ask<BoardAnswer>(path, { signal });
  if (answer.is_whole || !known) return answer;
  const packages = new Map(known.packages.map((each) => [each.id, each]));
  for (const each of answer.packages) packages.set(each.id, each);
  return { ...answer, packages: [...packages.values()] };
}

function leaveStory(mission: string, id: string): void {
  go(addressWith({}, boardAddress(mission)));
  requestAnimationFrame(() => cardOf(id)?.focus());
}

function cardOf(id: string): HTMLElement | null {
  return document.querySelector(`[data-card="${CSS.escape(id)}"]`);
}

function Head({ mission, packages }: {
  mission: MissionAnswer;
  packages: readonly PackageAnswer[];
}) {
  const { title, slug } = mission;
  return (
    <div class="board-head">
      <div class="board-name">
        <p class="crumb">
          <a href="/missions">Missions</a>
          <a href={withParameters("/events", { mission: mission.key })}>
            Its events
          </a>
          <a href={withParameters("/insights", { mission: mission.key })}>
            Its insights
          </a>
        </p>
        <h1 tabIndex={-1}>
          <Text>{title}</Text>
        </h1>
        {title !== slug && (
          <p class="slug">
            <Text>{slug}</Text>
          </p>
        )}
      </div>
      <MissionFacts mission={mission} />
      <Filters packages={packages} />
    </div>
  );
}

function MissionFacts({ mission }: { mission: MissionAnswer }) {
  return (
    <div class="board-facts">
      <PhaseLabel phase={mission.phase} />
      <span class="board-progress">
        <Progress mission={mission} />
        <span class="number">{mission.done} of {mission.packages} done</span>
      </span>
      <ul class="legend" aria-label="Packages by lane">
        {partsOf(mission).map(({ lane, count }) => (
          <li key={lane.id}>
            <LaneDot lanes={mission.lanes} id={lane.id} />
            <Text>{lane.label}</Text> <span class="number">{count}</span>
          </li>
        ))}
      </ul>
      <span class="board-workers">
        {mission.workers.map((name) => <Agent key={name} name={name} />)}
      </span>
      <span class="quiet">
        Changed <Age since={mission.changed_at} suffix="ago" />
      </span>
    </div>
  );
}

function Filters({ packages }: { packages: readonly PackageAnswer[] }) {
  const agents = useMemo(
    () => [...new Set(packages.flatMap(({ agent }) => agent ?? []))].sort(),
    [packages],
  );
  return (
    <FilterForm>
      <TextFilter name="q" label="Find" placeholder="Id or title" />
      <ChoiceFilter
        name="who"
        label="Agent"
        options={[
          { value: "", label: "All" },
          ...agents.map((name) => ({ value: name, label: plain(name, 40) })),
        ]}
      />
      <ChoiceFilter name="sort" label="Sort by" options={SORTS} />
    </FilterForm>
  );
}

function Lanes({ answer }: { answer: BoardAnswer }) {
  const { query } = place.value;
  const filter: BoardFilter = {
    text: query.get("q") ?? "",
    agent: query.get("who") ?? "",
    sort: query.get("sort") ?? "",
  };
  const { packages, mission } = answer;
  const board = useRef<HTMLDivElement>(null);
  const moved = useMoves(board, answer);
  const columns = useMemo(
    () => lanesOf(mission.lanes, chosenOf(packages, filter)),
    [packages, filter.text, filter.agent, filter.sort],
  );
  const whole = wholeLanes(query);
  const shown = columns.reduce(
    (sum, column) => sum + column.packages.length,
    0,
  );
  useEffect(() => {
    const { current } = board;
    current?.addEventListener("keydown", stepBetweenCards);
    return () => current?.removeEventListener("keydown", stepBetweenCards);
  }, []);
  return (
    <>
      {shown === 0 && (
        <Empty title="No package fits the filter">
          <p>
            <a href={boardAddress(mission.key)}>
              Show all {packages.length.toLocaleString()}
            </a>
          </p>
        </Empty>
      )}
      <div class="board" ref={board}>
        {columns.map((column) => (
          <Lane
            key={column.lane.id}
            column={column}
            lanes={mission.lanes}
            mission={mission.key}
            moved={moved}
            isWhole={whole.includes(column.lane.id)}
            showWhole={() => showWhole(column.lane.id)}
            open={(id) => go(addressWith({}, storyAddress(mission.key, id)))}
          />
        ))}
      </div>
    </>
  );
}

/** The lanes of which all cards are shown, as the address has them. */
function wholeLanes(query: URLSearchParams): string[] {
  return (query.get("all") ?? "").split(",").filter(Boolean);
}

function showWhole(lane: string): void {
  const lanes = [...wholeLanes(place.peek().query), lane];
  go(addressWith({ all: lanes.join(",") }), { replace: true });
}

function NoPackages({ mission }: { mission: MissionAnswer }) {
  return (
    <Empty title="No work packages yet">
      <p>
        This mission is{" "}
        {mission.phase}. Its packages appear here by themselves, once its tasks
        are laid out.{" "}
        <a href={`/events?mission=${encodeURIComponent(mission.key)}`}>
          See its events
        </a>
      </p>
    </Empty>
  );
}
