/**
 * What a collector is put together from, once its engine is open.
 *
 * @module
 */

import type { Log } from "../base/log.ts";
import type { World } from "../base/world.ts";
import type { AccountStore } from "./accounts/account_store.ts";
import { Logins } from "./accounts/logins.ts";
import { PageSessions } from "./accounts/page_sessions.ts";
import { Sessions } from "./accounts/sessions.ts";
import { Tickets } from "./accounts/tickets.ts";
import { Tokens } from "./accounts/tokens.ts";
import { Boards } from "./board/boards.ts";
import { Refusals } from "./board/refusals.ts";
import { Watchers } from "./board/watchers.ts";
import type { Engine } from "./engine.ts";
import type { OnStored } from "./events/event_log.ts";
import { Intake } from "./events/intake.ts";
import type { RouteParts } from "./http/routes.ts";
import { Metrics } from "./metrics.ts";
import { Sockets } from "./sockets/sockets.ts";

/** What it stands on. */
export interface ServiceParts {
  readonly world: World;
  readonly log: Log;
  /** Opens what stores everything. */
  readonly open: (onStored: OnStored) => Promise<Engine>;
}

/** Everything that answers, but the server itself. */
export interface Services
  extends Omit<RouteParts, "vouch" | "addressOf">, AsyncDisposable {
  readonly accounts: AccountStore;
  readonly tickets: Tickets;
}

/**
 * Opens the engine, and puts together what works with it.
 *
 * @throws {KittyError} where it cannot be opened
 */
export async function openServices(
  { world, log, open }: ServiceParts,
): Promise<Services> {
  const watchers = new Watchers();
  const metrics = new Metrics(() => sockets.size + watchers.size);
  const sockets: Sockets = new Sockets({ world, log, metrics });
  const engine = await open((team, stored, sender, first) => {
    sockets.broadcast(team, stored, sender, first);
    boards.stored(team, stored, first);
  });
  const { events, accounts, sessions: store, secret } = engine;
  const boards: Boards = new Boards(
    events,
    world,
    (...added) => watchers.added(...added),
  );
  const tokens = new Tokens(secret, world.nowMs);
  const whose = { store, accounts, tokens, world };
  const sessions = new Sessions(whose), pages = new PageSessions(whose);
  const refusals = new Refusals(world), tickets = new Tickets(world);
  return {
    world,
    events,
    accounts,
    boards,
    refusals,
    watchers,
    sockets,
    metrics,
    tokens,
    sessions,
    pages,
    tickets,
    intake: new Intake(events, metrics, refusals),
    logins: new Logins({ ...whose, sessions, pages, tickets, metrics }),
    nodeId: await nodeIdOf(secret),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** The node that stamps what comes without one: the same for as long as the folder is. */
async function nodeIdOf(secret: Uint8Array): Promise<string> {
  const label = new TextEncoder().encode("node");
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new Uint8Array([...label, ...secret]),
  );
  return new Uint8Array(digest, 0, 6).toHex();
}
