/**
 * The HTTP interfaces of collector and agent, in OpenAPI 3.1.
 *
 * @module
 */

import { VERSION } from "../base/build.ts";
import { TIMEOUT_MS_MAX } from "../base/limits.ts";
import {
  BATCH_EVENTS_MAX,
  NO_ROOM_STATUS,
  PATHS,
  WATERMARK,
} from "../base/wire.ts";
import { PAGE_EVENTS_DEFAULT, PAGE_EVENTS_MAX } from "../collector/limits.ts";
import type { RowContracts } from "../contract/rows/contracts.ts";
import { AGENT_PATHS } from "../route/agent_file.ts";
import {
  answered,
  cloudBodies,
  examplesOf,
  JSON_TYPE,
  NOTHING,
  operation,
  PERHAPS,
  queried,
  rowsOf,
} from "./operations.ts";
import { type Form, listOf, objectWith, TEXT, toSchema } from "./answers.ts";
import { boardPaths, EVENT_FILTER } from "./board_paths.ts";
import { peoplePaths, tokenPaths } from "./people_paths.ts";
import {
  componentsOf,
  describeContracts,
  type Described,
} from "./contracts.ts";

/** Where the two are found. */
export const SERVERS = {
  collector: {
    url: "http://127.0.0.1:8787",
    description: "A collector: kitty-events collector run.",
  },
  agent: {
    url: "http://agent",
    description:
      "The agent, over agent.sock in the home, or where agent run --listen says.",
  },
} as const;

const NDJSON = "application/x-ndjson";

/** The description, with the contracts that a home knows. */
export async function openApi(rows: RowContracts): Promise<Form> {
  const described = await describeContracts(rows);
  return {
    openapi: "3.1.1",
    info: {
      title: "kitty-events",
      version: VERSION,
      summary: "What collectors and agents of kitty-events are asked.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [SERVERS.collector],
    security: [{ access: [] }],
    paths: {
      ...tokenPaths(),
      ...sendingPaths(described),
      ...readingPaths(),
      ...boardPaths(),
      ...peoplePaths(),
      ...operatorPaths(),
      ...agentPaths(described),
    },
    components: {
      securitySchemes: {
        access: {
          type: "http",
          scheme: "bearer",
          description:
            `A token of ${PATHS.token}, or one for jobs; of the agent, where others reach it: SPEC_KITTY_AGENT_TOKEN, or that in its agent.token.`,
        },
        page: {
          type: "apiKey",
          in: "cookie",
          name: "kitty-session-8787",
          description:
            `The cookie of ${PATHS.session}; its name ends with the collector's port.`,
        },
      },
      schemas: componentsOf(described),
    },
  };
}

const NO_ROOM_ANSWER = {
  [NO_ROOM_STATUS]: {
    description:
      "The team may store no more: nothing of it was stored. Known events need no room.",
    content: answered("Failure"),
  },
};

function sendingPaths(described: Described): Record<string, Form> {
  const rows = rowsOf(described);
  return {
    [PATHS.batch]: {
      post: operation({
        id: "sendBatch",
        summary:
          "Events of any contract, with an answer for each; gzip or not.",
        parameters: [{
          name: WATERMARK,
          in: "header",
          description:
            "What the sender has recorded, in JSON and ASCII. A server that listens answers with a header of that name.",
          content: { [JSON_TYPE]: { schema: toSchema("Watermark") } },
        }],
        body: {
          [JSON_TYPE]: {
            schema: objectWith({
              events: {
                ...listOf(toSchema("AnyEvent")),
                maxItems: BATCH_EVENTS_MAX,
              },
            }),
            examples: examplesOf(described.types, ({ event }) => ({
              events: [event],
            })),
          },
        },
        answer: answered("Results"),
        others: NO_ROOM_ANSWER,
      }),
    },
    [PATHS.cloudEvents]: {
      post: operation({
        id: "sendCloudEvents",
        summary:
          "CloudEvents from any producer: all of a request, or nothing. Those without clock and node are given them.",
        body: cloudBodies(rows, ({ event }) => event),
        answer: answered("Results"),
        others: NO_ROOM_ANSWER,
      }),
    },
  };
}

function readingPaths(): Record<string, Form> {
  return {
    [PATHS.contracts]: {
      get: operation({
        id: "contracts",
        summary: "The contracts that are taken.",
        answer: answered("Contracts"),
      }),
    },
    [PATHS.events]: {
      get: operation({
        id: "events",
        summary: "Stored events in order of arrival, a page at a time.",
        parameters: [
          queried("cursor", TEXT, "next_cursor of the page before"),
          queried("limit", {
            type: "integer",
            minimum: 1,
            default: PAGE_EVENTS_DEFAULT,
          }, `number of events, ${PAGE_EVENTS_MAX} at most`),
        ],
        answer: answered("Page"),
      }),
    },
    [PATHS.nodes]: {
      get: operation({
        id: "nodes",
        summary:
          "How complete the events of each node are: up to which clock value, or how many are missing.",
        answer: answered("Nodes"),
      }),
    },
    [PATHS.export]: {
      get: operation({
        id: "export",
        summary:
          "All stored events, or those that a filter lets through, one a line.",
        parameters: EVENT_FILTER,
        answer: { [NDJSON]: { schema: TEXT } },
      }),
    },
    [PATHS.socket]: {
      get: {
        operationId: "connect",
        summary:
          "A WebSocket, with a token of its own as the bearer; see schema --asyncapi.",
        responses: {
          "101": { description: "It is open." },
          default: {
            description: "It is not.",
            content: answered("Failure"),
          },
        },
      },
    },
  };
}

function operatorPaths(): Record<string, Form> {
  return {
    [AGENT_PATHS.health]: {
      servers: Object.values(SERVERS),
      get: operation({
        id: "health",
        summary: "Whether it runs.",
        answer: answered("Health"),
        security: NOTHING,
      }),
    },
    "/metrics": {
      get: operation({
        id: "metrics",
        summary: "Counters for Prometheus.",
        answer: { "text/plain": { schema: TEXT } },
        security: NOTHING,
      }),
    },
  };
}

/** How drafts are to be recorded. */
const RECORDING: readonly Form[] = [
  queried("timeout_ms", {
    type: "integer",
    minimum: 1,
    maximum: TIMEOUT_MS_MAX,
  }, "how long the caller waits; what takes longer is spooled"),
  queried("ids", { const: "new" }, "the ids were made just now"),
  queried("wait", { const: "server" }, "wait for the server's acknowledgement"),
];

function agentPaths(described: Described): Record<string, Form> {
  const servers = [SERVERS.agent];
  return {
    [AGENT_PATHS.events]: {
      servers,
      post: operation({
        id: "record",
        summary:
          "Records one draft, or many as NDJSON, or CloudEvents; answers with receipts, also where an event was discarded.",
        parameters: RECORDING,
        body: {
          [JSON_TYPE]: {
            schema: { type: "object" },
            examples: examplesOf(described.types, ({ draft }) => draft),
          },
          [NDJSON]: { schema: { type: "string" } },
          ...cloudBodies(rowsOf(described), ({ draft }) => draft),
        },
        answer: {
          [JSON_TYPE]: {
            schema: {
              anyOf: [toSchema("Receipt"), listOf(toSchema("Receipt"))],
            },
          },
          [NDJSON]: { schema: { type: "string" } },
        },
        security: PERHAPS,
      }),
    },
    [AGENT_PATHS.status]: {
      servers,
      get: operation({
        id: "status",
        summary: "How delivery stands, as sync status --json says it.",
        answer: answered("Status"),
        security: PERHAPS,
      }),
    },
    [AGENT_PATHS.sync]: {
      servers,
      post: operation({
        id: "sync",
        summary: "Delivers now, and says what became of it.",
        parameters: [
          queried("timeout_ms", {
            type: "integer",
            minimum: 1,
            maximum: TIMEOUT_MS_MAX,
          }, "how long it may take"),
        ],
        answer: answered("Sync"),
        security: PERHAPS,
      }),
    },
  };
}
