/**
 * The forms of what collector and agent answer, as schemas.
 *
 * @module
 */

/** A schema in a description; more of JSON Schema than contracts are read for. */
export type Form = Readonly<Record<string, unknown>>;

export const TEXT: Form = { type: "string" };
export const COUNT: Form = { type: "integer", minimum: 0 };
export const MOMENT: Form = { ...TEXT, format: "date-time" };
export const TIME: Form = { type: ["string", "null"], format: "date-time" };
const COUNT_OR_NULL: Form = { type: ["integer", "null"], minimum: 0 };

/** An object that has these members, and may have more one day. */
export function objectWith(
  properties: Readonly<Record<string, Form>>,
  optional: Readonly<Record<string, Form>> = {},
): Form {
  return {
    type: "object",
    required: Object.keys(properties),
    properties: { ...properties, ...optional },
  };
}

export function listOf(items: Form): Form {
  return { type: "array", items };
}

/** One of several texts, or any other that a newer program may say. */
export function word(description: string, ...examples: string[]): Form {
  return { ...TEXT, description, examples };
}

/** Where descriptions keep schemas. */
export const SCHEMAS = "#/components/schemas/";

/** A reference to a schema that a description keeps. */
export function toSchema(name: string): Form {
  return { $ref: SCHEMAS + name };
}

export const counts = (...names: string[]): Record<string, Form> =>
  Object.fromEntries(names.map((name) => [name, COUNT]));

/** All forms, by their names. */
export const ANSWERS: Readonly<Record<string, Form>> = {
  Failure: objectWith({ error: { ...TEXT, description: "Why, in words." } }, {
    details: {
      ...listOf(toSchema("EventResult")),
      description: "Each event that stood in the way.",
    },
  }),
  EventResult: objectWith(
    {
      event_id: TEXT,
      status: word(
        "rejected: it will never be taken. Any other needs no more sending.",
        ...["accepted", "duplicate", "rejected"],
      ),
    },
    { error_message: { ...TEXT, description: "Why it was rejected." } },
  ),
  Results: objectWith(
    {
      results: {
        ...listOf(toSchema("EventResult")),
        description: "In the order of the events.",
      },
      lamport_clock: {
        ...COUNT,
        description: "The highest clock value that the server knows.",
      },
    },
    {
      batch_interval: {
        ...COUNT,
        description: "Seconds that a client waits between batches.",
      },
    },
  ),
  Tokens: objectWith({ access: TEXT, refresh: TEXT }, {
    access_lifetime: { ...COUNT, description: "Seconds." },
    refresh_lifetime: { ...COUNT, description: "Seconds." },
    team_slug: TEXT,
  }),
  Page: objectWith({
    events: listOf({ type: "object" }),
    next_cursor: {
      type: ["string", "null"],
      description: "For the next page; null at the end.",
    },
  }),
  Contracts: objectWith({
    contracts: listOf(objectWith({ name: TEXT, version: TEXT })),
  }),
  Nodes: objectWith({ nodes: listOf(toSchema("Node")) }),
  Node: objectWith({
    node_id: TEXT,
    events: { ...COUNT, description: "Stored of this node." },
    shared: {
      ...COUNT,
      description:
        "Rows that it sent, and that were here with another clock value or node.",
    },
    lowest_clock: COUNT_OR_NULL,
    highest_clock: COUNT_OR_NULL,
    first_seen: TIME,
    last_seen: TIME,
    recorded: {
      ...COUNT_OR_NULL,
      description: "By its own last word; null where it has told nothing.",
    },
    recorded_highest_clock: COUNT_OR_NULL,
    missing: {
      ...COUNT_OR_NULL,
      description:
        "recorded without events and shared; null where that cannot be known.",
    },
    never: {
      ...COUNT_OR_NULL,
      description: "Of what is missing, what is known never to come.",
    },
    complete_up_to: {
      ...COUNT_OR_NULL,
      description: "Its highest clock value, where nothing is missing.",
    },
    told_at: TIME,
  }),
  Watermark: objectWith({
    home: { ...TEXT, description: "Tells homes with the same node apart." },
    turn: {
      ...COUNT,
      description: "Goes up with each change: a lower one is an older word.",
    },
    told_at: { ...TEXT, format: "date-time" },
    team_slug: TEXT,
    nodes: listOf(
      objectWith({
        node_id: TEXT,
        recorded: COUNT,
        imported: {
          ...COUNT,
          description: "Taken over from elsewhere, and not among recorded.",
        },
        highest_clock: COUNT,
        never: {
          ...COUNT,
          description: "Dead letters, and what a person has dropped.",
        },
      }),
    ),
  }),
  WorkPackage: objectWith(
    {
      wp_id: TEXT,
      feature_slug: { type: ["string", "null"] },
      status: word("Status or lane.", "planned", "doing", "in_review"),
      updated_at: TEXT,
    },
    {
      mission_id: { type: ["string", "null"] },
      mission_slug: { type: ["string", "null"] },
    },
  ),
  Receipt: objectWith(
    {
      event_type: { type: ["string", "null"] },
      event_id: { type: ["string", "null"] },
      lamport_clock: { type: ["integer", "null"] },
      status: word(
        "What became of the event; see docs/receipts.md.",
        ...["delivered", "queued", "spooled", "discarded", "refused"],
        ...["lost", "disabled", "known"],
      ),
    },
    {
      problems: listOf(objectWith({ path: TEXT, expected: TEXT, found: TEXT })),
      warning: TEXT,
      via: {
        ...TEXT,
        description: "The agent that the draft was handed over to.",
      },
    },
  ),
  Health: objectWith({ status: { const: "ok" } }, {
    connection: word("Of the agent to its server.", "Connected", "Offline"),
    version: { ...TEXT, description: "Of the agent." },
  }),
  Status: objectWith({
    connection: word("Of the agent to its server.", "Connected", "Offline"),
    authenticated: { type: "boolean" },
    server_url: { type: ["string", "null"] },
    team_slug: { type: ["string", "null"] },
    ...counts("queued", "dead", "spooled"),
    by_type: { type: "object", additionalProperties: COUNT },
    by_team: { type: "object", additionalProperties: COUNT },
    oldest: TIME,
    last_success: TIME,
    totals: objectWith(
      counts("accepted", "imported", "delivered", "dropped"),
      counts("discarded", "refused", "lost"),
    ),
    hands_over_to: {
      type: ["string", "null"],
      description:
        "The agent that drafts are handed over to, of a home elsewhere.",
    },
    problem: { type: ["string", "null"] },
  }),
  Sync: objectWith(
    {
      ...counts("sent", "delivered", "duplicates", "rejected", "remaining"),
      batches: COUNT,
      duration_ms: { type: "number" },
      failures: { type: "object", additionalProperties: COUNT },
      end: word("How it ended.", "drained", "late", "trouble"),
      failed: listOf(
        objectWith({
          event_id: TEXT,
          category: TEXT,
          message: TEXT,
          fate: word("What became of it.", "dead", "queued"),
        }),
      ),
    },
    { reason: TEXT },
  ),
};
