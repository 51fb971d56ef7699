/**
 * What the collector answers at each path.
 *
 * @module
 */

import { PATHS } from "../../base/wire.ts";
import { producer } from "../../contract/rows/producer.ts";
import { WORK_PACKAGES } from "../../event/stored.ts";
import type { World } from "../../base/world.ts";
import { batchHandler } from "../events/batch.ts";
import { cloudEventHandler } from "../events/cloud_events.ts";
import {
  answer,
  bearerOf,
  type Handler,
  HttpError,
  jsonAnswer,
  NO_STORE,
  type Routes,
  unauthorized,
} from "./http.ts";
import type { Intake } from "../events/intake.ts";
import { PAGE_EVENTS_DEFAULT, PAGE_EVENTS_MAX } from "../limits.ts";
import type { Logins } from "../accounts/logins.ts";
import type { Metrics } from "../metrics.ts";
import type { EventLog } from "../events/event_log.ts";
import { completenessOf } from "../events/nodes.ts";
import type { Sessions } from "../accounts/sessions.ts";
import type { Sockets } from "../sockets/sockets.ts";
import type { Claims, Tokens } from "../accounts/tokens.ts";

/** The contracts that are taken. */
const CONTRACTS = [WORK_PACKAGES, producer].map(({ name, version }) => ({
  name,
  version,
}));

/** What answers are made of. */
export interface RouteParts {
  readonly world: World;
  readonly events: EventLog;
  readonly intake: Intake;
  readonly sockets: Sockets;
  readonly sessions: Sessions;
  readonly logins: Logins;
  readonly tokens: Tokens;
  readonly metrics: Metrics;
  /** Of events that come without one. */
  readonly nodeId: string;
  /** Called with each request whose sender has proved who it is. */
  readonly vouch: (request: Request) => void;
}

/** All routes. */
export function routesOf(parts: RouteParts): Routes {
  const { tokens, logins, sessions, events, metrics } = parts;
  const batch = batchHandler(parts);
  const cloudEvents = cloudEventHandler(parts);

  /** @throws {HttpError} 401 without a good access token */
  const caller = async (request: Request): Promise<Claims> => {
    const claims = await tokens.read("access", bearerOf(request));
    if (!claims) throw unauthorized("this needs a good access token");
    parts.vouch(request);
    return claims;
  };

  /** A client that was given tokens has proved who it is. */
  const withTokens = (give: Logins["login"]): Handler => async (request) => {
    const response = await give(request);
    parts.vouch(request);
    return response;
  };

  const routes: Record<string, Record<string, Handler>> = {
    [PATHS.token]: { POST: withTokens((request) => logins.login(request)) },
    [PATHS.refresh]: { POST: withTokens((request) => logins.refresh(request)) },
    [PATHS.socketToken]: {
      async POST(request) {
        const ws_token = await sessions.socketToken(await caller(request));
        return jsonAnswer({ ws_token }, { headers: NO_STORE });
      },
    },
    [PATHS.batch]: {
      POST: async (request) => batch(request, (await caller(request)).team),
    },
    [PATHS.cloudEvents]: {
      POST: async (request) =>
        cloudEvents(request, (await caller(request)).team),
    },
    [PATHS.contracts]: {
      async GET(request) {
        await caller(request);
        return jsonAnswer({ contracts: CONTRACTS });
      },
    },
    [PATHS.events]: {
      GET: async (request, url) =>
        pageAnswer(events, (await caller(request)).team, url.searchParams),
    },
    [PATHS.export]: {
      async GET(request) {
        const { team } = await caller(request);
        const lines = ReadableStream.from(events.export(team));
        return answer(lines, "application/x-ndjson");
      },
    },
    ...nodeRoutes(events, caller),
    [PATHS.socket]: { GET: (request) => upgrade(parts, request) },
    ...healthRoutes(events, metrics),
  };
  return new Map(Object.entries(routes));
}

/** How complete the events of each node are. */
function nodeRoutes(
  events: EventLog,
  caller: (request: Request) => Promise<Claims>,
): Record<string, Record<string, Handler>> {
  return {
    [PATHS.nodes]: {
      async GET(request) {
        const { team } = await caller(request);
        return jsonAnswer({ nodes: await events.nodes(team) });
      },
    },
  };
}

/** What operators ask. */
function healthRoutes(
  events: EventLog,
  metrics: Metrics,
): Record<string, Record<string, Handler>> {
  return {
    "/healthz": {
      async GET() {
        await events.check();
        return jsonAnswer({ status: "ok" });
      },
    },
    "/metrics": {
      async GET() {
        const complete = completenessOf(await events.allNodes());
        return answer(metrics.text(complete), "text/plain; version=0.0.4");
      },
    },
  };
}

/** @throws {HttpError} 400 for a cursor or limit that is none */
async function pageAnswer(
  log: EventLog,
  team: string,
  query: URLSearchParams,
): Promise<Response> {
  const from = numberOf(query, "cursor", 0);
  const limit = numberOf(query, "limit", PAGE_EVENTS_DEFAULT);
  if (limit === 0) throw new HttpError(400, "limit is at least 1");
  const { events, next } = await log.page(
    team,
    from,
    Math.min(limit, PAGE_EVENTS_MAX),
  );
  const texts = events.map((bytes) => decoder.decode(bytes));
  const next_cursor = next === null ? "null" : `"${next}"`;
  // The events are JSON already.
  return answer(
    `{"events":[${texts.join(",")}],"next_cursor":${next_cursor}}`,
    "application/json",
  );
}

const decoder = new TextDecoder();

function numberOf(
  query: URLSearchParams,
  name: string,
  absent: number,
): number {
  const text = query.get(name);
  if (text === null || text === "") return absent;
  if (!/^\d{1,15}$/.test(text)) {
    throw new HttpError(400, `${name} is not one of this collector's`);
  }
  return Number(text);
}

/** @throws {HttpError} before the upgrade: 426, 401 or 503 */
async function upgrade(
  { sessions, sockets, intake, events, vouch }: RouteParts,
  request: Request,
): Promise<Response> {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    throw new HttpError(426, "this path takes WebSockets", {
      headers: { upgrade: "websocket" },
    });
  }
  const claims = await sessions.spendSocketToken(bearerOf(request));
  if (!claims) throw unauthorized("this needs a new token for a WebSocket");
  vouch(request);
  sockets.checkRoom();
  try {
    const { socket, response } = Deno.upgradeWebSocket(request);
    sockets.add(socket, claims.team, { intake, events });
    return response;
  } catch {
    throw new HttpError(400, "not a WebSocket handshake");
  }
}
