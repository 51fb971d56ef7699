/**
 * Waiting for the server's word on events that another process delivers, and
 * saying why it did not come.
 *
 * @module
 */

import { type Deadline, pause } from "../base/deadline.ts";
import type { Home } from "../home/home.ts";
import {
  ACKNOWLEDGED_LOOK_MS,
  CLOSE_TIMEOUT_MS,
  LOOK_EVERY_MS,
  REASON_MS,
} from "../base/limits.ts";
import { findAgent } from "./agent_file.ts";
import { CONNECTION_LABELS, type Offer, type Route } from "./route.ts";

/**
 * Waits until events have left the queue. Never rejects.
 *
 * @param agent the home whose agent delivers them, and the time; the wait ends
 *   where it does so no more
 * @returns the ids of those that the server has acknowledged; none where a
 *   person dropped events meanwhile, as these may be among them
 */
export async function awaitAcknowledged(
  { events, queue, deadline }: Omit<Offer, "wait">,
  agent?: { readonly home: string; readonly nowMs: () => number },
): Promise<ReadonlySet<string>> {
  const ids = events.map(({ event_id }) => event_id);
  const acknowledged = new Set<string>();
  const restMs = Math.max(
    ACKNOWLEDGED_LOOK_MS,
    Math.min(REASON_MS, deadline.leftMs / 10),
  );
  try {
    const { dropped } = await queue.readLedger();
    let lookAtLeftMs = deadline.leftMs - LOOK_EVERY_MS;
    for (;;) {
      let isOver = false;
      if (agent !== undefined && deadline.leftMs < lookAtLeftMs) {
        lookAtLeftMs -= LOOK_EVERY_MS;
        isOver = !await deadline.race(delivers(agent), "look");
      }
      // Only now, so that what the agent delivered at its end is seen.
      const places = await deadline.race(queue.placesOf(ids), "look");
      for (const id of ids) if (!places.has(id)) acknowledged.add(id);
      isOver ||= [...places.values()].every((place) => place === "dead");
      if (isOver || deadline.leftMs <= restMs) break;
      await pause(ACKNOWLEDGED_LOOK_MS);
    }
    if ((await queue.readLedger()).dropped !== dropped) return new Set();
  } catch {
    // What cannot be looked up is not known to have been acknowledged.
  }
  return acknowledged;
}

/**
 * Why the server has acknowledged nothing, as far as this machine knows; in
 * words, with what to do. Asks no server, and never rejects.
 *
 * What has to be read for it is left out where there is no time left.
 */
export async function whyUnacknowledged(
  route: Pick<Route, "status" | "carrier">,
  home: Home,
  deadline: Deadline,
): Promise<string> {
  const now = route.carrier === "agent" && deadline.leftMs > 0
    ? await deadline.race(beside(route, home), "look").catch(() => route)
    : route;
  const { status, carrier } = now;
  const lookUp = async (look: (home: Home) => Promise<string | undefined>) =>
    deadline.leftMs > 0
      ? await deadline.race(look(home), "look").catch(() => undefined)
      : undefined;
  const failure = carrier === "nobody" ? undefined : await lookUp(lastFailure);
  const reasons = status === "Offline"
    ? [await lookUp(loginProblem), idle(carrier)]
    // It did answer, or is not asked again before its time.
    : status === "Connected" && failure !== undefined
    ? []
    : [unanswered(now)];
  reasons.push(failure);
  return reasons.filter((text) => text !== undefined).join("; ");
}

/** Whether a home's agent still delivers. */
async function delivers(
  { home, nowMs }: { readonly home: string; readonly nowMs: () => number },
): Promise<boolean> {
  const atMs = nowMs();
  const agent = await findAgent(home, atMs);
  if (agent?.state !== "Offline") return agent !== undefined;
  // While it takes up new settings, it is Offline for a moment.
  return atMs - Date.parse(agent.since) <= CLOSE_TIMEOUT_MS;
}

/** How the agent of a route stands now: the call may have begun long ago. */
async function beside(
  route: Pick<Route, "status" | "carrier">,
  home: Home,
): Promise<Pick<Route, "status" | "carrier">> {
  const agent = await findAgent(home.path, home.world.nowMs());
  if (!agent) return { status: "Offline", carrier: "nobody" };
  // An Offline one was never waited for.
  return route.status === "Offline" ? route : { ...route, status: agent.state };
}

function idle(carrier: Route["carrier"]): string {
  switch (carrier) {
    case "nobody":
      return "no agent is running (start one: kitty-events agent run; or deliver: kitty-events sync now)";
    case "agent":
      return "the agent does not deliver (Offline); see: kitty-events doctor";
    default:
      return "this process is not connected (Offline)";
  }
}

function unanswered({ status, carrier }: Pick<Route, "status" | "carrier">) {
  if (status === "Connected") return "the server did not answer in time";
  const who = carrier === "agent" ? "the agent" : "this process";
  return `${who} has no connection to the server (${
    CONNECTION_LABELS[status]
  })`;
}

/** Why the login that there is cannot be used to deliver. */
async function loginProblem(home: Home): Promise<string | undefined> {
  // Loaded only here: it brings the network with it.
  const { openSession } = await import("../login/open_session.ts");
  const settings = home.context.settings.current;
  const session = await openSession(home.path, settings, home.world, () => {});
  if (!("error" in session)) return undefined;
  const { message, hint } = session.error;
  return hint ? `${message} (${hint})` : message;
}

/** What was in the way of the last drain, where it went wrong. */
async function lastFailure(home: Home): Promise<string | undefined> {
  const { reader } = home;
  if (!reader) return undefined;
  const { last_failure, last_success = "" } = await reader.readLedger();
  return last_failure && last_failure.at > last_success
    ? `the last attempt failed: ${last_failure.reason}`
    : undefined;
}
