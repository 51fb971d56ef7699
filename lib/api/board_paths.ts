/**
 * The paths of the board, in OpenAPI.
 *
 * @module
 */

import { MISSION_SORTS } from "../board/projection.ts";
import { LOOKER, PATHS } from "../base/wire.ts";
import {
  BOARD_PAGE_DEFAULT,
  BOARD_PAGE_MAX,
  PAGE_EVENTS_DEFAULT,
  STORY_EVENTS_MAX,
} from "../collector/limits.ts";
import { type Form, objectWith, TEXT } from "./answers.ts";
import {
  answered,
  JSON_TYPE,
  named,
  NOTHING,
  operation,
  queried,
  SLOWED,
} from "./operations.ts";

/** For a token, or the session of a page. */
const LOOKING: readonly Form[] = [{ access: [] }, { page: [] }];

const PAGE_ONLY: readonly Form[] = [{ page: [] }];

const NUMBER: Form = { type: "integer", minimum: 0 };

/** For pages, which a cookie may leave behind. */
const SHOWN_TO: Form = {
  ...queried(
    LOOKER,
    TEXT,
    "with a session: whom the answer is shown to, TEAM/USER, each as in an address",
  ),
  in: "header",
};

const OTHERS_SESSION: Form = {
  "409": {
    description: `The session is of somebody else than ${LOOKER} names.`,
    content: answered("Failure"),
  },
};

function limit(absent: number, max: number): Form {
  const schema = { type: "integer", minimum: 1, default: absent };
  return queried("limit", schema, `how many, ${max} at most`);
}

const CURSOR = queried("cursor", TEXT, "next_cursor of the page before");

const SPAN = [
  queried(
    "from",
    TEXT,
    "moment from which on: a date in UTC, or one with a time and a zone",
  ),
  queried("to", TEXT, "moment until which"),
];

/** What events can be filtered by. */
export const EVENT_FILTER: readonly Form[] = [
  queried("mission", TEXT, "key of a mission"),
  queried("package", TEXT, "id of a work package"),
  queried("type", TEXT, "part of the type, without its contract's prefix"),
  queried("actor", TEXT, "part of who did it"),
  queried("node", TEXT, "part of the node that sent it"),
  queried("text", TEXT, "part of any of these names, or of a title"),
  ...SPAN,
];

function looked(
  id: string,
  summary: string,
  answer: string,
  query: readonly Form[] = [],
): Form {
  return {
    get: operation({
      id,
      summary,
      parameters: [...query, SHOWN_TO],
      answer: answered(answer),
      security: LOOKING,
      others: OTHERS_SESSION,
    }),
  };
}

/** All of them. */
export function boardPaths(): Record<string, Form> {
  return {
    [PATHS.session]: sessionPath(),
    ...missionPaths(),
    ...eventPaths(),
    [PATHS.insights]: looked(
      "insights",
      "Flow, cycle times, throughput, ageing work and reviews.",
      "Insights",
      [
        queried("mission", TEXT, "key of one mission; without it: all"),
        ...SPAN,
      ],
    ),
    [PATHS.health]: looked(
      "boardHealth",
      "Nodes that send, and events that were refused lately.",
      "BoardHealth",
    ),
    [PATHS.board]: {
      get: {
        operationId: "watch",
        summary:
          "A WebSocket for pages: a message whenever there is something new.",
        security: PAGE_ONLY,
        responses: {
          "101": { description: "It is open.", content: answered("Live") },
          default: { description: "It is not.", content: answered("Failure") },
        },
      },
    },
  };
}

function missionPaths(): Record<string, Form> {
  const mission = named("mission", "its key");
  return {
    [PATHS.missions]: looked(
      "missions",
      "Missions and features, with their progress.",
      "Missions",
      [
        queried("text", TEXT, "part of slug, title or id"),
        queried("phase", TEXT, "phase that they are in"),
        queried("sort", { enum: MISSION_SORTS }, "their order"),
        CURSOR,
        limit(BOARD_PAGE_DEFAULT, BOARD_PAGE_MAX),
      ],
    ),
    [PATHS.mission]: looked(
      "board",
      "A mission with its work packages.",
      "Board",
      [mission, queried("since", NUMBER, "only packages of a later revision")],
    ),
    [PATHS.workPackage]: looked(
      "story",
      "A work package with its events, in the order that counts.",
      "Story",
      [
        mission,
        named(
          "package",
          "its id; of those that are `.` or `..`, which addresses cannot have, with a ~ before it",
        ),
        CURSOR,
        limit(PAGE_EVENTS_DEFAULT, STORY_EVENTS_MAX),
      ],
    ),
  };
}

function eventPaths(): Record<string, Form> {
  return {
    [PATHS.eventLines]: looked(
      "eventLines",
      "Events in one line each: below a position, the latest first, or above one.",
      "EventLines",
      [
        ...EVENT_FILTER,
        queried("before", NUMBER, "position below which; the end without it"),
        queried("after", NUMBER, "position above which, the earliest first"),
        limit(BOARD_PAGE_DEFAULT, BOARD_PAGE_MAX),
      ],
    ),
    [PATHS.eventLine]: looked("event", "One event, whole.", "WholeEvent", [
      named("position", "its position"),
    ]),
  };
}

function sessionPath(): Form {
  const given = { username: TEXT, password: TEXT };
  const schema = { anyOf: [objectWith(given), objectWith({ ticket: TEXT })] };
  return {
    post: operation({
      id: "enter",
      summary: "Begins the session of a page, whose cookie comes along.",
      body: { [JSON_TYPE]: { schema } },
      answer: answered("Session"),
      security: NOTHING,
      others: SLOWED,
    }),
    get: operation({
      id: "session",
      summary: "Who looks.",
      parameters: [SHOWN_TO],
      answer: answered("Session"),
      security: PAGE_ONLY,
      others: OTHERS_SESSION,
    }),
    delete: {
      operationId: "leave",
      summary: "Ends the session.",
      security: PAGE_ONLY,
      responses: {
        "204": { description: "It has ended." },
        default: {
          description: "It was not done.",
          content: answered("Failure"),
        },
      },
    },
  };
}
