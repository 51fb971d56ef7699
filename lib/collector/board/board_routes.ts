/**
 * What the board's paths answer. The page has no other source.
 *
 * @module
 */

import type {
  BoardAnswer,
  EventAnswer,
  EventLinesAnswer,
  HealthAnswer,
  InsightsAnswer,
  MissionsAnswer,
  StoryAnswer,
} from "../../board/answers.ts";
import { insightsFor } from "../../board/insights.ts";
import {
  type EventFilter,
  lineOf,
  linesFor,
  positionsFor,
} from "../../board/lines.ts";
import type { Mission } from "../../board/mission.ts";
import {
  cardsOf,
  isTellable,
  missionsFor,
  type Projection,
} from "../../board/projection.ts";
import { fromBytes } from "../../home/queue_layout.ts";
import { PATHS } from "../../base/wire.ts";
import { oneLineBytes } from "../../base/shown.ts";
import type { EventLog } from "../events/event_log.ts";
import {
  type Handler,
  HttpError,
  jsonAnswer,
  NO_STORE,
  unavailable,
} from "../http/http.ts";
import {
  PAGE_BYTES_MAX,
  PAGE_EVENTS_DEFAULT,
  STORY_EVENTS_MAX,
} from "../limits.ts";
import type { Boards } from "./boards.ts";
import {
  eventFilter,
  limitOf,
  missionQuery,
  numberOf,
  spanOf,
} from "./query.ts";
import type { Refusals } from "./refusals.ts";

/** What they answer from. */
export interface BoardParts {
  readonly boards: Boards;
  readonly events: EventLog;
  readonly refusals: Refusals;
  /** The team of whoever asks. */
  readonly teamOf: (request: Request, url: URL) => Promise<string>;
}

/** What is asked of a team's board. */
interface Asked {
  readonly team: string;
  readonly board: Projection;
  readonly query: URLSearchParams;
  /** Value of each name in the path. */
  readonly path: Readonly<Record<string, string>>;
}

/** All of them. */
export function boardRoutes(
  parts: BoardParts,
): Record<string, Record<string, Handler>> {
  const { boards, events, refusals, teamOf } = parts;
  const answers = (make: (asked: Asked) => unknown) => ({
    GET: async (request, url, path) => {
      const team = await teamOf(request, url);
      const board = await boards.of(team);
      const query = url.searchParams;
      const answer = await make({ team, board, query, path });
      return jsonAnswer(answer, { headers: NO_STORE });
    },
  } satisfies Record<string, Handler>);
  return {
    [PATHS.missions]: answers(missionsAnswer),
    [PATHS.mission]: answers(boardAnswer),
    [PATHS.workPackage]: answers((asked) => storyAnswer(asked, events)),
    [PATHS.eventLines]: answers(linesAnswer),
    [PATHS.eventLine]: answers((asked) => eventAnswer(asked, events)),
    [PATHS.insights]: answers(insightsAnswer),
    [PATHS.health]: answers(({ team, board }): HealthAnswer => ({
      position: board.position,
      nodes: board.nodes,
      refused: refusals.of(team),
    })),
  };
}

function missionsAnswer({ board, query }: Asked): MissionsAnswer {
  const found = missionsFor(board, missionQuery(query));
  const from = numberOf(query, "cursor", 0), limit = limitOf(query);
  return {
    position: board.position,
    missions: found.slice(from, from + limit),
    total: found.length,
    all: board.missions.all.size,
    next_cursor: from + limit < found.length ? `${from + limit}` : null,
  };
}

/** @throws {HttpError} 404 where the team has no such mission */
function missionIn(board: Projection, key: string): Mission {
  const mission = board.mission(key);
  if (!mission) throw new HttpError(404, "there is no such mission");
  return mission;
}

function boardAnswer({ board, query, path }: Asked): BoardAnswer {
  const mission = missionIn(board, path.mission!);
  const since = numberOf(query, "since", 0);
  return {
    position: board.position,
    mission: mission.answer,
    packages: cardsOf(mission, since),
    is_whole: !isTellable(mission, since),
  };
}

/** Addresses have no parts `.` and `..`: such names, and those that look like their other form, come with a `~` more. */
function packageIn(part: string): string {
  return /^~+\.{1,2}$/.test(part) ? part.slice(1) : part;
}

async function storyAnswer(
  { team, board, query, path }: Asked,
  events: EventLog,
): Promise<StoryAnswer> {
  const mission = missionIn(board, path.mission!);
  const one = mission.packages.get(packageIn(path.package!));
  if (!one) throw new HttpError(404, "there is no such work package");
  const from = numberOf(query, "cursor", 0);
  const limit = limitOf(query, PAGE_EVENTS_DEFAULT, STORY_EVENTS_MAX);
  const { rows } = one.history;
  const wanted = rows.slice(from, from + limit);
  const answer = {
    position: board.position,
    mission: mission.answer,
    package: mission.card(one),
  };
  const lines = wanted.map((row) => lineOf(board, row));
  const documents = await firstOf(events, team, wanted);
  const next = from + documents.length;
  return {
    ...answer,
    next_cursor: next < rows.length ? `${next}` : null,
    events: documents.map((event, i) => ({
      position: wanted[i]!,
      line: lines[i]!,
      event,
    })),
  };
}

/** Events that are read at once: each may have a megabyte. */
const READ_AT_ONCE = 16;

/** The first of these events: as many as make a page. */
async function firstOf(
  events: EventLog,
  team: string,
  positions: readonly number[],
): Promise<Record<string, unknown>[]> {
  const documents: Record<string, unknown>[] = [];
  let bytes = 0;
  for (let at = 0; at < positions.length; at += READ_AT_ONCE) {
    const some = positions.slice(at, at + READ_AT_ONCE);
    for (const document of await events.at(team, some)) {
      if (!document) throw unavailable("events were removed; ask again");
      bytes += document.length;
      if (documents.length > 0 && bytes > PAGE_BYTES_MAX) return documents;
      documents.push(fromBytes(document));
    }
  }
  return documents;
}

function linesAnswer({ board, query }: Asked): EventLinesAnswer {
  const place = query.has("after")
    ? { after: numberOf(query, "after", 0) }
    : { before: numberOf(query, "before", Infinity) };
  return linesFor(board, eventFilter(query), place, limitOf(query));
}

async function eventAnswer(
  { team, board, path }: Asked,
  events: EventLog,
): Promise<EventAnswer> {
  const position = /^\d{1,15}$/.test(path.position!)
    ? Number(path.position)
    : NaN;
  const isThere = position >= board.table.first && position < board.position;
  const [bytes] = isThere ? await events.at(team, [position]) : [];
  if (!bytes) throw new HttpError(404, "there is no such event");
  return { line: lineOf(board, position), event: fromBytes(bytes) };
}

function insightsAnswer({ board, query }: Asked): InsightsAnswer {
  const key = query.get("mission");
  const missions = key
    ? [missionIn(board, key)]
    : [...board.missions.all.values()];
  const span = spanOf(query);
  const name = JSON.stringify([key, span.fromMs, span.toMs]);
  return board.kept(name, () => insightsFor(board, missions, span));
}

/** The events that a filter lets through, as NDJSON. */
export async function* filteredExport(
  board: Projection,
  events: EventLog,
  team: string,
  filter: EventFilter,
): AsyncIterable<Uint8Array> {
  const found = positionsFor(board, filter, 0, "up");
  for (;;) {
    const positions = [...take(found, READ_AT_ONCE)];
    if (positions.length === 0) return;
    for (const bytes of await events.at(team, positions)) {
      // It was removed since.
      if (!bytes) continue;
      yield oneLineBytes(bytes);
      yield LINE_BREAK;
    }
  }
}

const LINE_BREAK = new Uint8Array([0x0a]);

/** Takes some, and leaves the rest to be taken. */
function* take<T>(all: Iterator<T>, count: number): Iterable<T> {
  for (let i = 0; i < count; i++) {
    const { done, value } = all.next();
    if (done) return;
    yield value;
  }
}
