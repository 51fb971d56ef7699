/**
 * The collector: the server side of the wire protocol, for any number of
 * teams.
 *
 * @module
 */

import { Deadline, pause } from "../base/deadline.ts";
import { BoundedServer } from "../base/bounded_server.ts";
import { DeadlineError, KittyError, reasonOf } from "../base/errors.ts";
import { isDiskFull } from "../base/files.ts";
import { type AddressSet, hostForUrl } from "../base/net/addresses.ts";
import type { KeyPairKeeper } from "../base/net/key_pair.ts";
import type { Origin } from "../base/net/proxies.ts";
import type { World } from "../base/world.ts";
import type { AccountStore } from "./accounts/account_store.ts";
import { entryAt } from "./audit/audit.ts";
import { type EventLog, QuotaError } from "./events/event_log.ts";
import { BusyError } from "./gate.ts";
import { errorAnswer, HttpError, route, type Routes } from "./http/http.ts";
import {
  BOARD_SWEEP_MS,
  CONNECTIONS_MAX,
  LOOK_MS,
  PING_MS,
  PRESENCE_MS,
  STOP_MS_MAX,
} from "./limits.ts";
import {
  FAILURES_NOTED_MS,
  LANES_SWEEP_MS,
  SESSION_SWEEP_MS,
  STANDING_MS,
} from "./accounts/limits.ts";
import type { Log } from "../base/log.ts";
import { withStartRoom } from "./disk_room.ts";
import { openEngine, type Place } from "./place.ts";
import { LOOP_STATUS } from "./sinks/sending.ts";
import { HOP } from "../base/wire.ts";
import type { Trust } from "../login/http_client.ts";
import { Presence } from "./presence.ts";
import { openServices, type Services } from "./services.ts";
import { pageAnswer } from "./http/page.ts";
import { noRoom } from "./keeping/quotas.ts";
import { startKeeping } from "./keeping/keeping.ts";
import { routesOf } from "./http/routes.ts";

/** What a collector is made of. */
export interface CollectorParts extends Place {
  readonly world: World;
  readonly listen: ListenAddress;
  readonly log: Log;
  /** Certificate and key; without them, plain HTTP. */
  readonly keyPair?: KeyPairKeeper | undefined;
  /** Proxies that are believed what they say of clients. */
  readonly proxies?: AddressSet | undefined;
  /** Whom sinks may be, and how they are spoken to. */
  readonly trust?: Trust | undefined;
  /** Pause between two pings; the protocol's where none is given. */
  readonly pingMs?: number;
}

/** Where to listen; port 0 takes a free one. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

/** A running collector. */
export interface Collector extends AsyncDisposable {
  /** Such as `http://127.0.0.1:8787`. */
  readonly url: string;
  readonly events: EventLog;
  readonly accounts: AccountStore;
  /** Rejects where its data was taken away: it can only end then. */
  readonly lost: Promise<never>;
  /** An address that lets a user in to the page once, and within a minute. */
  ticketLink(user: string): string;
  /** Finishes what is under way, within bounds, and gives everything back. */
  stop(): Promise<void>;
}

/**
 * Starts a collector.
 *
 * @throws {KittyError} where its folder or its address is taken, or its disk is full
 */
export function startCollector(parts: CollectorParts): Promise<Collector> {
  const folder = privateFolder(parts);
  return folder === undefined
    ? start(parts)
    : withStartRoom(folder, () => start(parts));
}

async function start(parts: CollectorParts): Promise<Collector> {
  const { world, log } = parts;
  await using undo = new AsyncDisposableStack();
  const services = undo.use(
    await openServices({
      world,
      log,
      trust: parts.trust,
      addressOf: (request) => server.originOf(request).address,
      open: (onStored) => openEngine(parts, { world, onStored, log }),
    }),
  );
  const { sessions } = services;
  undo.use(
    await startKeeping(
      { world, log, folder: privateFolder(parts) },
      services,
    ),
  );
  const routes = routesOf({
    ...services,
    vouch: (request) => server.vouch(request),
  });
  await sessions.sweep();
  await lookAtSigningKeys(services);

  const server: BoundedServer = await serve(
    parts,
    handlerOf(routes, services, log, (request) => server.originOf(request)),
  );
  const url = urlOf(parts, (server.addr as Deno.NetAddr).port);
  undo.defer(await startTasks(parts, services, server, url));
  const whole = undo.move();
  const stop = async () => {
    const over = new AbortController();
    void pause(STOP_MS_MAX, over.signal).then(() => {
      if (!over.signal.aborted) services.engine.abort?.();
    });
    await whole.disposeAsync().finally(() => over.abort());
  };
  const { events, accounts, tickets } = services;
  return {
    url,
    events,
    accounts,
    lost: services.engine.lost ?? new Promise<never>(() => {}),
    ticketLink: (user) => `${url}/#ticket=${tickets.issue(user)}`,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Says that the collector runs, and does what is to be done from time to time.
 *
 * @returns ends all of it, the server included, within bounds
 */
async function startTasks(
  parts: CollectorParts,
  services: Services,
  server: BoundedServer,
  url: string,
): Promise<() => Promise<void>> {
  const { world, log, keyPair } = parts;
  const { sockets, watchers, sessions, boards, settings } = services;
  const presence = new Presence({
    settings,
    world,
    url,
    certificateEndsMs: () => keyPair?.current.certificate.untilMs,
  });
  await presence.tell()
    .catch((error) => log.error("nobody was told of this collector", error));
  const stopped = Promise.withResolvers<void>();
  const tasks = [
    [parts.pingMs ?? PING_MS, () => sockets.ping()],
    [SESSION_SWEEP_MS, () => sessions.sweep()],
    [PRESENCE_MS, () => presence.tell()],
    [LOOK_MS, () => services.engine.look?.()],
    [parts.pingMs ?? PING_MS, () => watchers.ping(boards)],
    [BOARD_SWEEP_MS, () => services.boards.forget()],
    [STANDING_MS, () => dismiss(services)],
    [LANES_SWEEP_MS, () => services.throttle.sweep()],
    [FAILURES_NOTED_MS, () => services.notes.flush()],
    [SESSION_SWEEP_MS, () => lookAtSigningKeys(services)],
  ] as const;
  const running = tasks.map(([ms, task]) =>
    repeat(ms, task, parts, stopped.promise)
  );
  return async () => {
    stopped.resolve();
    watchers.stop();
    const ending = Promise.all([
      services.notes.flush()
        .catch((error) => log.error("failed logins were not noted", error)),
      sockets.stop(),
      server.shutdown(),
      presence.leave(),
      ...running,
    ]);
    const deadline = Deadline.in(world.elapsedMs, STOP_MS_MAX);
    // What goes on after that ends with the process.
    await deadline.race(ending, "finish").catch((error) => {
      log.warn("stopped with requests under way", { reason: reasonOf(error) });
    });
  };
}

/** Closes what is open for those who are not good any more. */
async function dismiss(
  { standing, sockets, watchers, world }: Services,
): Promise<void> {
  const isGood = await standing.look();
  sockets.dismiss(isGood);
  watchers.dismiss(isGood, world.nowMs());
}

/** Signing keys are followed by new ones, and go when nothing needs them any more. */
async function lookAtSigningKeys(
  { signingKeys, audit, world }: Services,
): Promise<void> {
  const { made, removed } = await signingKeys.look();
  const note = (what: string, name: string) =>
    audit.note(entryAt(world.nowMs(), { what, name, by: "the collector" }));
  if (made !== undefined) await note("signing_key_made", made);
  for (const name of removed) await note("signing_key_removed", name);
}

/** Does a periodic task until the end; one that fails is tried again. */
async function repeat(
  ms: number,
  task: () => Promise<void> | void,
  { world, log }: CollectorParts,
  end: Promise<void>,
): Promise<void> {
  while (await isRunningAfter(ms, world, end)) {
    try {
      await task();
    } catch (error) {
      log.error("a periodic task failed", error);
    }
  }
}

/** Waits, unless the end comes first. */
async function isRunningAfter(
  ms: number,
  { elapsedMs }: World,
  end: Promise<void>,
): Promise<boolean> {
  try {
    await Deadline.in(elapsedMs, ms).race(end, "wait");
    return false;
  } catch (error) {
    if (error instanceof DeadlineError) return true;
    throw error;
  }
}

function urlOf({ listen, keyPair }: CollectorParts, port: number): string {
  const { hostname } = listen;
  return `${keyPair ? "https" : "http"}://${hostForUrl(hostname)}:${port}`;
}

/** A folder that this collector has for itself: several on one store may have one home. */
function privateFolder({ folder, store }: Place): string | undefined {
  return store === undefined ? folder : undefined;
}

async function serve(
  parts: CollectorParts,
  handler: (request: Request) => Promise<Response>,
): Promise<BoundedServer> {
  const { hostname, port } = parts.listen;
  try {
    return await BoundedServer.start({
      ...parts,
      folder: privateFolder(parts),
      connectionsMax: CONNECTIONS_MAX,
      handler,
    });
  } catch (error) {
    throw new KittyError(
      "cannot_listen",
      `cannot listen on ${hostname} port ${port}: ${reasonOf(error)}`,
      {
        hint: "choose another one: --listen 127.0.0.1:0 takes any free port",
      },
    );
  }
}

function handlerOf(
  routes: Routes,
  { metrics, nodeId }: Pick<Services, "metrics" | "nodeId">,
  log: Log,
  originOf: (request: Request) => Origin,
): (request: Request) => Promise<Response> {
  return async (request) => {
    let response: Response;
    try {
      if (request.headers.get(HOP) === nodeId) throw loop();
      const url = urlOfRequest(request, originOf(request));
      response = pageAnswer(request, url) ??
        await route(routes, request, url)();
    } catch (error) {
      response = errorAnswer(httpErrorOf(error, log));
    }
    metrics.request(response.status);
    return response;
  };
}

/** What was sent on to others does not come back here. */
function loop(): HttpError {
  return new HttpError(LOOP_STATUS, "this collector has sent it itself");
}

/** @throws {HttpError} where the Host header is invalid */
function urlOfRequest(request: Request, { isEncrypted }: Origin): URL {
  try {
    // Requests come over a private socket, and their URLs say so.
    const url = new URL(request.url.replace(/^http\+unix:/, "http:"));
    if (isEncrypted) url.protocol = "https:";
    return url;
  } catch {
    throw new HttpError(400, "invalid Host header");
  }
}

function httpErrorOf(error: unknown, log: Log): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof QuotaError) return noRoom(error);
  const headers = { "retry-after": "1" };
  if (error instanceof BusyError) {
    return new HttpError(429, error.message, { headers });
  }
  log.error("a request failed", error);
  const words = isDiskFull(error)
    ? "the collector's disk is full"
    : "the collector cannot do this now";
  return new HttpError(503, words, { headers });
}
