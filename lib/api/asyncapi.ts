/**
 * The messages that clients, collector and agent send each other, in
 * AsyncAPI 3.0.
 *
 * @module
 */

import { VERSION } from "../base/build.ts";
import { BATCH_EVENTS_MAX, NO_ROOM, PATHS, WATERMARK } from "../base/wire.ts";
import type { RowContracts } from "../contract/rows/contracts.ts";
import { AGENT_PATHS } from "../route/agent_file.ts";
import { type Form, listOf, objectWith, toSchema } from "./answers.ts";
import {
  componentsOf,
  describeContracts,
  type DescribedType,
} from "./contracts.ts";
import { SAMPLE_TIME, sampleId } from "./samples.ts";

/** A message; those of a socket say with `type` what they are, but for events. */
function message(
  name: string,
  summary: string,
  payload: Form,
  example?: unknown,
  headers?: Form,
): Form {
  return {
    name,
    summary,
    contentType: "application/json",
    ...headers && { headers },
    payload,
    ...example !== undefined && { examples: [{ payload: example }] },
  };
}

/** The description, with the contracts that a home knows. */
export async function asyncApi(rows: RowContracts): Promise<Form> {
  const described = await describeContracts(rows);
  const { types } = described;
  const events = namesOf(types, ""), drafts = namesOf(types, DRAFT);
  const cloud = namesOf(types.filter(({ isRow }) => isRow), "");
  return {
    asyncapi: "3.0.0",
    info: {
      title: "kitty-events",
      version: VERSION,
      description:
        "What happens to work packages, features and missions: how events reach a collector, and come back from it.",
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    servers: {
      socket: { host: "127.0.0.1:8787", protocol: "ws" },
      collector: { host: "127.0.0.1:8787", protocol: "http" },
      agent: {
        host: "agent",
        protocol: "http",
        description: "Over agent.sock in the home.",
      },
    },
    channels: {
      socket: channel(PATHS.socket, "socket", [
        ...events,
        ...["watermark", "ack", "noRoom", "snapshot"],
        ...["broadcast", "ping", "pong"],
      ]),
      batches: channel(PATHS.batch, "collector", ["batch", "results"]),
      cloudEvents: channel(PATHS.cloudEvents, "collector", [
        ...cloud,
        "results",
      ]),
      agent: channel(AGENT_PATHS.events, "agent", [...drafts, "receipt"]),
    },
    operations: operationsOf(events, drafts, cloud),
    components: {
      messages: {
        ...messagesOf(types),
        ...socketMessages(types),
        ...httpMessages(types),
      },
      schemas: componentsOf(described),
    },
  };
}

function operationsOf(
  events: readonly string[],
  drafts: readonly string[],
  cloud: readonly string[],
): Form {
  return {
    takeEvents: operation("receive", "socket", events, ["ack", "noRoom"]),
    takeWatermark: operation("receive", "socket", ["watermark"]),
    sendSnapshot: operation("send", "socket", ["snapshot"]),
    sendEvents: operation("send", "socket", ["broadcast"]),
    ping: operation("send", "socket", ["ping"], ["pong"]),
    takeBatches: operation("receive", "batches", ["batch"], ["results"]),
    takeCloudEvents: operation("receive", "cloudEvents", cloud, ["results"]),
    record: operation("receive", "agent", drafts, ["receipt"]),
  };
}

/** Before the name of a type: the message with a draft of it. */
const DRAFT = "draft.";

function namesOf(types: readonly DescribedType[], before: string): string[] {
  return types.map(({ type }) => before + type);
}

function channel(
  address: string,
  server: string,
  names: readonly string[],
): Form {
  return {
    address,
    servers: [{ $ref: `#/servers/${server}` }],
    messages: Object.fromEntries(
      names.map((name) => [name, { $ref: `#/components/messages/${name}` }]),
    ),
  };
}

function operation(
  action: "send" | "receive",
  channel: string,
  names: readonly string[],
  replies?: readonly string[],
): Form {
  const at = `#/channels/${channel}`;
  const of = (names: readonly string[]) =>
    names.map((name) => ({ $ref: `${at}/messages/${name}` }));
  return {
    action,
    channel: { $ref: at },
    messages: of(names),
    ...replies && {
      reply: { channel: { $ref: at }, messages: of(replies) },
    },
  };
}

/** An event, and a draft, of each type. */
function messagesOf(types: readonly DescribedType[]): Record<string, Form> {
  return Object.fromEntries(
    types.flatMap(({ type, description, isRow, example }) => [
      [type, message(type, description, toSchema(type), example?.event)],
      [
        DRAFT + type,
        message(
          DRAFT + type,
          `A draft. ${description}`,
          isRow ? draftForm(type) : toSchema("EventDraft"),
          example?.draft,
        ),
      ],
    ]),
  );
}

/** Of a row, all but type and data is filled in where it is left out. */
function draftForm(type: string): Form {
  return objectWith({
    type: { const: type },
    data: toSchema(`${type}.data`),
  });
}

const WATERMARK_EXAMPLE = {
  home: "5f2c9d3b7a1e4860",
  turn: 12,
  told_at: SAMPLE_TIME,
  team_slug: "acme",
  nodes: [{
    node_id: "9f86d081884c",
    recorded: 120,
    imported: 0,
    highest_clock: 133,
    never: 2,
  }],
};

const RESULT = { event_id: sampleId(0), status: "accepted" };

function socketMessages(
  types: readonly DescribedType[],
): Record<string, Form> {
  const event = types[0]?.example?.event;
  const text: Form = { type: "string" };
  const typed = (type: string, members: Record<string, Form>) =>
    objectWith({ type: { const: type }, ...members });
  return {
    ack: message(
      "ack",
      "What became of an event, once it is stored.",
      { allOf: [typed("ack", {}), toSchema("EventResult")] },
      { type: "ack", ...RESULT },
    ),
    noRoom: message(
      NO_ROOM,
      "The team may store no more: what was sent is not stored, and there is no acknowledgement of it. The client keeps it, and tries again much later.",
      typed(NO_ROOM, { error: text }),
      { type: NO_ROOM, error: "nothing was stored: ..." },
    ),
    watermark: message(
      "watermark",
      "What the client's home has recorded, so that a server knows what it has not got: after the snapshot, every minute, and ahead of events. Others ignore it.",
      { allOf: [typed("watermark", {}), toSchema("Watermark")] },
      { type: "watermark", ...WATERMARK_EXAMPLE },
    ),
    snapshot: message(
      "snapshot",
      "First of all: where each work package stands.",
      typed("snapshot", { work_packages: listOf(toSchema("WorkPackage")) }),
      {
        type: "snapshot",
        work_packages: [{
          wp_id: "WP01",
          feature_slug: "028-cli-events",
          status: "doing",
          updated_at: SAMPLE_TIME,
        }],
      },
    ),
    broadcast: message(
      "broadcast",
      "An event of the team that another client has sent.",
      typed("event", { event: toSchema("AnyEvent") }),
      { type: "event", event },
    ),
    ping: message(
      "ping",
      "Asks whether the client is there.",
      typed("ping", { timestamp: text }),
      { type: "ping", timestamp: SAMPLE_TIME },
    ),
    pong: message(
      "pong",
      "The answer, with the same timestamp.",
      typed("pong", { timestamp: text }),
      { type: "pong", timestamp: SAMPLE_TIME },
    ),
  };
}

function httpMessages(types: readonly DescribedType[]): Record<string, Form> {
  const event = types[0]?.example?.event;
  return {
    batch: message(
      "batch",
      `Up to ${BATCH_EVENTS_MAX} events, gzip or not.`,
      objectWith({ events: listOf(toSchema("AnyEvent")) }),
      { events: [event] },
      objectWith({}, {
        [WATERMARK]: {
          type: "string",
          description:
            "What the sender has recorded: the members of a watermark, in JSON and ASCII.",
        },
      }),
    ),
    results: message(
      "results",
      "What became of each.",
      toSchema("Results"),
      { results: [RESULT], lamport_clock: 1 },
    ),
    receipt: message(
      "receipt",
      "What became of a draft.",
      toSchema("Receipt"),
      {
        event_type: "WPStatusChanged",
        event_id: sampleId(0),
        lamport_clock: 1,
        status: "queued",
      },
    ),
  };
}
