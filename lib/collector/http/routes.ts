/**
 * What the collector answers at each path.
 *
 * @module
 */

import { boardRoutes, filteredExport } from "../board/board_routes.ts";
import type { Boards } from "../board/boards.ts";
import { eventFilter, isFilter, limitOf, numberOf } from "../board/query.ts";
import type { Refusals } from "../board/refusals.ts";
import type { Watchers } from "../board/watchers.ts";
import { Deadline } from "../../base/deadline.ts";
import { PATHS } from "../../base/wire.ts";
import { producer } from "../../contract/rows/producer.ts";
import { WORK_PACKAGES } from "../../event/stored.ts";
import type { World } from "../../base/world.ts";
import { batchHandler } from "../events/batch.ts";
import { cloudEventHandler } from "../events/cloud_events.ts";
import {
  answer,
  bearerOf,
  checkUpgrade,
  type Handler,
  HttpError,
  jsonAnswer,
  NO_STORE,
  Routes,
  unauthorized,
} from "./http.ts";
import type { Intake } from "../events/intake.ts";
import {
  PAGE_EVENTS_DEFAULT,
  PAGE_EVENTS_MAX,
  READY_MS_MAX,
} from "../limits.ts";
import { roomFamilies } from "../keeping/room.ts";
import type { Quotas } from "../keeping/quotas.ts";
import type { Engine } from "../engine.ts";
import type { KeyStore } from "../accounts/keys.ts";
import type { AddressOf, Logins } from "../accounts/logins.ts";
import type { Standing } from "../accounts/standing.ts";
import type { AuditLog } from "../audit/audit.ts";
import type { Metrics } from "../metrics.ts";
import { sinkFamilies, sinkStates } from "../sinks/sinks.ts";
import type { EventLog } from "../events/event_log.ts";
import { completenessOf } from "../events/nodes.ts";
import type { Sessions } from "../accounts/sessions.ts";
import type { Sockets } from "../sockets/sockets.ts";
import type { Tokens } from "../accounts/tokens.ts";
import type { PageSessions } from "../accounts/page_sessions.ts";
import { Callers } from "./callers.ts";
import { pageRoutes } from "./page_routes.ts";
import { peopleRoutes } from "./people_routes.ts";

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
  readonly pages: PageSessions;
  readonly boards: Boards;
  readonly watchers: Watchers;
  readonly refusals: Refusals;
  readonly logins: Logins;
  readonly tokens: Tokens;
  readonly standing: Standing;
  readonly keys: KeyStore;
  readonly audit: AuditLog;
  readonly addressOf: AddressOf;
  readonly metrics: Metrics;
  readonly quotas: Quotas;
  readonly engine: Pick<Engine, "events" | "settings" | "records">;
  /** Of events that come without one. */
  readonly nodeId: string;
  /** Called with each request whose sender has proved who it is. */
  readonly vouch: (request: Request) => void;
}

/** All routes. */
export function routesOf(parts: RouteParts): Routes {
  const { logins, sessions, events, boards, refusals } = parts;
  const callers = new Callers(parts);
  const batch = batchHandler(parts);
  const cloudEvents = cloudEventHandler(parts);

  /** A client that was given tokens has proved who it is. */
  const withTokens = (give: Logins["login"]): Handler => async (request) => {
    const response = await give(request);
    parts.vouch(request);
    return response;
  };
  /** What a team may send. */
  const sent = (
    take: (request: Request, team: string) => Promise<Response>,
  ): Handler =>
  async (request) => take(request, (await callers.sender(request)).team);

  return new Routes({
    [PATHS.token]: { POST: withTokens((request) => logins.login(request)) },
    [PATHS.refresh]: { POST: withTokens((request) => logins.refresh(request)) },
    [PATHS.socketToken]: {
      async POST(request) {
        const caller = await callers.sender(request);
        const ws_token = await sessions.socketToken(caller);
        return jsonAnswer({ ws_token }, { headers: NO_STORE });
      },
    },
    [PATHS.batch]: { POST: sent(batch) },
    [PATHS.cloudEvents]: { POST: sent(cloudEvents) },
    [PATHS.contracts]: {
      async GET(request, url) {
        await callers.team(request, url);
        return jsonAnswer({ contracts: CONTRACTS });
      },
    },
    [PATHS.events]: {
      GET: async (request, url) =>
        pageAnswer(events, await callers.team(request, url), url.searchParams),
    },
    [PATHS.export]: {
      GET: async (request, url) =>
        exportAnswer(parts, await callers.team(request, url), url.searchParams),
    },
    ...nodeRoutes(events, callers),
    [PATHS.socket]: { GET: (request) => upgrade(parts, request) },
    ...pageRoutes(parts, callers),
    ...peopleRoutes(parts, callers),
    ...boardRoutes({
      boards,
      events,
      refusals,
      teamOf: (request, url) => callers.team(request, url),
    }),
    ...healthRoutes(parts),
  });
}

/** How complete the events of each node are. */
function nodeRoutes(
  events: EventLog,
  callers: Callers,
): Record<string, Record<string, Handler>> {
  return {
    [PATHS.nodes]: {
      async GET(request, url) {
        const team = await callers.team(request, url);
        return jsonAnswer({ nodes: await events.nodes(team) });
      },
    },
  };
}

/** What operators ask. */
function healthRoutes(
  { world, events, metrics, quotas, engine }: RouteParts,
): Record<string, Record<string, Handler>> {
  return {
    "/healthz": {
      // That the process lives: without its store it is not to be started anew.
      GET: () => jsonAnswer({ status: "ok" }),
    },
    "/readyz": {
      async GET() {
        await Deadline.in(world.elapsedMs, READY_MS_MAX)
          .race(events.check(), "ask the store");
        return jsonAnswer({ status: "ready" });
      },
    },
    "/metrics": {
      async GET() {
        const complete = completenessOf(await events.allNodes());
        const text = metrics.text(complete, [
          ...await roomFamilies(events, quotas),
          ...sinkFamilies(await sinkStates(engine)),
        ]);
        return answer(text, "text/plain; version=0.0.4");
      },
    },
  };
}

/**
 * All events of a team, or those that a filter lets through.
 *
 * @throws {HttpError} 400 for a time that is none
 */
async function exportAnswer(
  { boards, events }: RouteParts,
  team: string,
  query: URLSearchParams,
): Promise<Response> {
  const lines = isFilter(query)
    ? filteredExport(await boards.of(team), events, team, eventFilter(query))
    : events.export(team);
  return answer(ReadableStream.from(lines), "application/x-ndjson");
}

/** @throws {HttpError} 400 for a cursor or limit that is none */
async function pageAnswer(
  log: EventLog,
  team: string,
  query: URLSearchParams,
): Promise<Response> {
  const from = numberOf(query, "cursor", 0);
  const limit = limitOf(query, PAGE_EVENTS_DEFAULT, PAGE_EVENTS_MAX);
  const { events, next } = await log.page(team, from, limit);
  const texts = events.map((bytes) => decoder.decode(bytes));
  const next_cursor = next === null ? "null" : `"${next}"`;
  // The events are JSON already.
  return answer(
    `{"events":[${texts.join(",")}],"next_cursor":${next_cursor}}`,
    "application/json",
  );
}

const decoder = new TextDecoder();

/** @throws {HttpError} before the upgrade: 426, 401 or 503 */
async function upgrade(
  { sessions, standing, sockets, intake, events, vouch }: RouteParts,
  request: Request,
): Promise<Response> {
  checkUpgrade(request);
  const caller = await sessions.spendSocketToken(bearerOf(request));
  if (!caller || !await standing.isGood(caller)) {
    throw unauthorized("this needs a new token for a WebSocket");
  }
  vouch(request);
  sockets.checkRoom();
  try {
    const { socket, response } = Deno.upgradeWebSocket(request);
    sockets.add(socket, caller, { intake, events });
    return response;
  } catch {
    throw new HttpError(400, "not a WebSocket handshake");
  }
}
