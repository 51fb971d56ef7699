/**
 * The forms of what the board's paths answer, as schemas; `lib/board/answers.ts`
 * says what their members mean.
 *
 * @module
 */

import { ROLES } from "../collector/accounts/account_store.ts";
import {
  COUNT,
  counts,
  type Form,
  listOf,
  MOMENT,
  objectWith,
  TEXT,
} from "./answers.ts";
import { TIME, toSchema, word } from "./answers.ts";

const MAYBE_TEXT: Form = { type: ["string", "null"] };
const DURATION: Form = {
  type: ["number", "null"],
  minimum: 0,
  description: "Milliseconds.",
};
const POSITION: Form = {
  ...COUNT,
  description: "Number of the team's events that this tells of.",
};
const CURSOR: Form = {
  ...MAYBE_TEXT,
  description: "For the next page; null at the end.",
};

const ofPackage = { mission: TEXT, mission_slug: TEXT, id: TEXT, title: TEXT };

/** All forms, by their names. */
export const BOARD_ANSWERS: Readonly<Record<string, Form>> = {
  Session: objectWith({
    user: TEXT,
    team: TEXT,
    role: word("What the user may do.", ...ROLES),
    ends_at: MOMENT,
  }),
  Lane: objectWith({
    id: TEXT,
    label: TEXT,
    role: word("What it means.", "todo", "doing", "review", "done", "halted"),
  }),
  Mission: objectWith({
    key: { ...TEXT, description: "Names it in paths." },
    kind: word("Of which contract it is.", "mission", "feature"),
    id: MAYBE_TEXT,
    slug: TEXT,
    title: TEXT,
    phase: word(
      "How far it is.",
      ...["created", "specifying", "specified", "planning", "planned"],
      ...["tasking", "ready", "in progress", "done"],
    ),
    lanes: listOf(toSchema("Lane")),
    counts: {
      type: "object",
      additionalProperties: COUNT,
      description: "Work packages by lane.",
    },
    ...counts("packages", "done"),
    workers: listOf(TEXT),
    created_at: TIME,
    changed_at: MOMENT,
    revision: COUNT,
  }),
  Missions: objectWith({
    position: POSITION,
    missions: listOf(toSchema("Mission")),
    total: { ...COUNT, description: "Those that the filter lets through." },
    all: COUNT,
    next_cursor: CURSOR,
  }),
  Package: objectWith({
    id: TEXT,
    title: TEXT,
    lane: TEXT,
    lane_since: TIME,
    agent: MAYBE_TEXT,
    model: MAYBE_TEXT,
    ...counts("subtasks_done", "subtasks"),
    dependencies: listOf(objectWith({ id: TEXT, is_met: { type: "boolean" } })),
    sent_back: COUNT,
    last_error: {
      anyOf: [{ type: "null" }, objectWith({ at: MOMENT, message: TEXT })],
    },
    events: COUNT,
    changed_at: MOMENT,
    revision: COUNT,
  }),
  Board: objectWith({
    position: POSITION,
    mission: toSchema("Mission"),
    packages: listOf(toSchema("Package")),
    is_whole: {
      type: "boolean",
      description: "False where packages are left out that have not changed.",
    },
  }),
  Story: objectWith({
    position: POSITION,
    mission: toSchema("Mission"),
    package: toSchema("Package"),
    events: listOf(objectWith({
      position: COUNT,
      line: toSchema("EventLine"),
      event: { type: "object" },
    })),
    next_cursor: CURSOR,
  }),
  EventLine: objectWith({
    position: COUNT,
    id: TEXT,
    at: MOMENT,
    type: TEXT,
    mission: MAYBE_TEXT,
    mission_slug: MAYBE_TEXT,
    package: MAYBE_TEXT,
    actor: MAYBE_TEXT,
    node: TEXT,
    clock: COUNT,
    from_lane: MAYBE_TEXT,
    to_lane: MAYBE_TEXT,
  }),
  EventLines: objectWith({
    position: POSITION,
    lines: listOf(toSchema("EventLine")),
    has_more: { type: "boolean" },
  }),
  WholeEvent: objectWith({
    line: toSchema("EventLine"),
    event: { type: "object" },
  }),
  Insights: objectWith({
    position: POSITION,
    lanes: listOf(toSchema("Lane")),
    flow: {
      ...listOf(objectWith({ day: TEXT, counts: listOf(COUNT) })),
      description:
        "Packages by lane at the end of each day with a change (UTC).",
    },
    cycle: objectWith({
      packages: listOf(objectWith({
        ...ofPackage,
        claimed_at: MOMENT,
        done_at: MOMENT,
        cycle_ms: DURATION,
      })),
      total: { ...COUNT, description: "Those that are not listed, too." },
      median_ms: DURATION,
      p85_ms: DURATION,
    }),
    throughput: listOf(objectWith({ week: TEXT, done: COUNT })),
    ageing: listOf(objectWith({
      ...ofPackage,
      lane: TEXT,
      since: MOMENT,
      agent: MAYBE_TEXT,
    })),
    ageing_total: COUNT,
    reviews: listOf(objectWith({
      agent: TEXT,
      model: MAYBE_TEXT,
      ...counts("packages", "passed_first", "sent_back", "times_sent_back"),
    })),
  }),
  BoardHealth: objectWith({
    position: POSITION,
    nodes: listOf(objectWith({
      node: TEXT,
      ...counts("events", "highest_clock"),
      latest_at: MOMENT,
      seen_at: TIME,
      delay_ms: DURATION,
    })),
    refused: listOf(objectWith({ at: MOMENT, id: TEXT, reason: TEXT })),
  }),
  Live: objectWith({
    type: { const: "position" },
    position: POSITION,
    missions: {
      type: ["array", "null"],
      items: TEXT,
      description: "Those with news; null: any of them may have.",
    },
  }),
};
