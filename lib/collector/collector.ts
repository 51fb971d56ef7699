/**
 * The collector: the server side of the wire protocol, for any number of
 * teams.
 *
 * @module
 */

import { Deadline } from "../base/deadline.ts";
import { BoundedServer } from "../base/bounded_server.ts";
import { DeadlineError, KittyError, reasonOf } from "../base/errors.ts";
import type { World } from "../base/world.ts";
import type { AccountStore } from "./accounts/account_store.ts";
import type { EventLog } from "./events/event_log.ts";
import { BusyError } from "./gate.ts";
import { errorAnswer, HttpError, route, type Routes } from "./http/http.ts";
import {
  CONNECTIONS_MAX,
  PING_MS,
  SESSION_SWEEP_MS,
  STOP_MS_MAX,
} from "./limits.ts";
import type { Log } from "../base/log.ts";
import type { Metrics } from "./metrics.ts";
import { openEngine, type Place } from "./place.ts";
import { openServices } from "./services.ts";
import { pageAnswer } from "./http/page.ts";
import { routesOf } from "./http/routes.ts";

/** What a collector is made of. */
export interface CollectorParts extends Place {
  readonly world: World;
  readonly listen: ListenAddress;
  readonly log: Log;
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
  /** An address that lets a user in to the page once, and within a minute. */
  ticketLink(user: string): string;
  /** Finishes what is under way, within bounds, and gives everything back. */
  stop(): Promise<void>;
}

/**
 * Starts a collector.
 *
 * @throws {KittyError} where its folder or its address is taken
 */
export async function startCollector(
  parts: CollectorParts,
): Promise<Collector> {
  const { world, listen, log } = parts;
  await using undo = new AsyncDisposableStack();
  const services = undo.use(
    await openServices({
      world,
      log,
      open: (onStored) => openEngine(parts, { world, onStored, log }),
    }),
  );
  const { metrics, sockets, watchers, sessions, pages, boards } = services;
  const routes = routesOf({
    ...services,
    vouch: (request) => server.vouch(request),
  });
  await sessions.sweep();

  const server: BoundedServer = await serve(
    parts,
    handlerOf(routes, metrics, log),
  );
  const stopped = Promise.withResolvers<void>();
  const tasks = [
    [parts.pingMs ?? PING_MS, () => sockets.ping()],
    [SESSION_SWEEP_MS, () => sessions.sweep()],
    [parts.pingMs ?? PING_MS, () => watchers.ping(pages, boards)],
  ] as const;
  const running = tasks.map(([ms, task]) =>
    repeat(ms, task, parts, stopped.promise)
  );
  undo.defer(async () => {
    stopped.resolve();
    watchers.stop();
    const ending = Promise.all([sockets.stop(), server.shutdown(), ...running]);
    const deadline = Deadline.in(world.elapsedMs, STOP_MS_MAX);
    // What goes on after that ends with the process.
    await deadline.race(ending, "finish").catch((error) => {
      log.warn("stopped with requests under way", { reason: reasonOf(error) });
    });
  });
  const whole = undo.move();
  const stop = () => whole.disposeAsync();
  const url = urlOf(listen.hostname, (server.addr as Deno.NetAddr).port);
  const { events, accounts, tickets } = services;
  return {
    url,
    events,
    accounts,
    ticketLink: (user) => `${url}/#ticket=${tickets.issue(user)}`,
    stop,
    [Symbol.asyncDispose]: stop,
  };
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

function urlOf(hostname: string, port: number): string {
  return `http://${
    hostname.includes(":") ? `[${hostname}]` : hostname
  }:${port}`;
}

async function serve(
  parts: CollectorParts,
  handler: (request: Request) => Promise<Response>,
): Promise<BoundedServer> {
  const { hostname, port } = parts.listen;
  try {
    return await BoundedServer.start({
      ...parts,
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
  metrics: Metrics,
  log: Log,
): (request: Request) => Promise<Response> {
  return async (request) => {
    let response: Response;
    try {
      const url = urlOfRequest(request);
      response = pageAnswer(request, url) ??
        await route(routes, request, url)();
    } catch (error) {
      response = errorAnswer(httpErrorOf(error, log));
    }
    metrics.request(response.status);
    return response;
  };
}

/** @throws {HttpError} where the Host header is invalid */
function urlOfRequest(request: Request): URL {
  try {
    // Requests come over a private socket, and their URLs say so.
    const url = new URL(request.url.replace(/^http\+unix:/, "http:"));
    // A proxy with TLS before it says so. Whoever lies about it deceives himself only.
    const spoken = request.headers.get("x-forwarded-proto")?.split(",", 1)[0];
    if (spoken?.trim().toLowerCase() === "https") url.protocol = "https:";
    return url;
  } catch {
    throw new HttpError(400, "invalid Host header");
  }
}

function httpErrorOf(error: unknown, log: Log): HttpError {
  if (error instanceof HttpError) return error;
  const headers = { "retry-after": "1" };
  if (error instanceof BusyError) {
    return new HttpError(429, error.message, { headers });
  }
  log.error("a request failed", error);
  return new HttpError(503, "the collector cannot do this now", { headers });
}
