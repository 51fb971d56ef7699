/**
 * What a collector is put together from, once its engine is open.
 *
 * @module
 */

import type { Log } from "../base/log.ts";
import type { World } from "../base/world.ts";
import type { Trust } from "../login/http_client.ts";
import { AccountStore } from "./accounts/account_store.ts";
import { KeyStore } from "./accounts/keys.ts";
import { LoginNotes } from "./accounts/login_notes.ts";
import { type AddressOf, Logins } from "./accounts/logins.ts";
import { PageSessions } from "./accounts/page_sessions.ts";
import { SessionStore } from "./accounts/session_store.ts";
import { Sessions } from "./accounts/sessions.ts";
import { SigningKeys } from "./accounts/signing_keys.ts";
import { SpentTokens } from "./accounts/spent_tokens.ts";
import { Standing } from "./accounts/standing.ts";
import { Throttle } from "./accounts/throttle.ts";
import { Tickets } from "./accounts/tickets.ts";
import { Tokens } from "./accounts/tokens.ts";
import { Boards } from "./board/boards.ts";
import { Refusals } from "./board/refusals.ts";
import { Watchers } from "./board/watchers.ts";
import type { Engine } from "./engine.ts";
import type { OnStored } from "./events/event_log.ts";
import { Intake } from "./events/intake.ts";
import type { RouteParts } from "./http/routes.ts";
import { nodeIdOf } from "./identity.ts";
import { Quotas } from "./keeping/quotas.ts";
import { Metrics } from "./metrics.ts";
import { Sinks } from "./sinks/sinks.ts";
import { Sockets } from "./sockets/sockets.ts";

/** What it stands on. */
export interface ServiceParts {
  readonly world: World;
  readonly log: Log;
  /** Opens what stores everything. */
  readonly open: (onStored: OnStored) => Promise<Engine>;
  readonly addressOf: AddressOf;
  /** Whom sinks may be. */
  readonly trust?: Trust | undefined;
}

/** Everything that answers, but the server itself. */
export interface Services extends Omit<RouteParts, "vouch">, AsyncDisposable {
  readonly accounts: AccountStore;
  readonly tickets: Tickets;
  readonly signingKeys: SigningKeys;
  readonly throttle: Throttle;
  readonly notes: LoginNotes;
  readonly engine: Engine;
  readonly sinks: Sinks;
}

/**
 * Opens the engine, and puts together what works with it.
 *
 * @throws {KittyError} where it cannot be opened
 */
export async function openServices(
  { world, log, open, addressOf, trust = {} }: ServiceParts,
): Promise<Services> {
  const watchers = new Watchers();
  const metrics = new Metrics(() => sockets.size + watchers.size);
  const sockets: Sockets = new Sockets({ world, log, metrics });
  const engine = await open((team, stored, sender, first) => {
    sockets.broadcast(team, stored, sender, first);
    boards.stored(team, stored, first);
    sinks.stored(team);
  });
  const { events, records, settings } = engine;
  const boards: Boards = new Boards(
    events,
    world,
    (...added) => watchers.added(...added),
  );
  const people = peopleOf(engine, world, { metrics, addressOf });
  const refusals = new Refusals(world);
  const nodeId = await nodeIdOf(records, world);
  const sinks: Sinks = new Sinks({
    ...engine,
    world,
    log,
    trust,
    instance: nodeId,
  });
  const quotas = new Quotas(settings, world.elapsedMs, log);
  return {
    world,
    engine,
    events,
    ...people,
    boards,
    refusals,
    watchers,
    sockets,
    metrics,
    quotas,
    sinks,
    intake: new Intake(events, metrics, refusals, quotas),
    nodeId,
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** Who may do what: users, keys, sessions, and what is noted of them. */
function peopleOf(
  { records, settings, audit }: Engine,
  world: World,
  { metrics, addressOf }: { metrics: Metrics; addressOf: AddressOf },
) {
  const accounts = new AccountStore(settings), keys = new KeyStore(settings);
  const standing = new Standing({ accounts, keys, records, world });
  const store = new SessionStore(records, world.nowMs);
  const signingKeys = new SigningKeys(settings, world);
  const tokens = new Tokens(signingKeys, world.nowMs);
  const whose = { store, accounts, tokens, world };
  const spent = new SpentTokens(records, world);
  const sessions = new Sessions({ ...whose, spent });
  const pages = new PageSessions(whose);
  const throttle = new Throttle(records, world);
  const notes = new LoginNotes(audit, world);
  const tickets = new Tickets(world);
  const logins = new Logins({
    ...whose,
    ...{ sessions, pages, tickets, metrics, throttle, notes, addressOf },
  });
  return {
    ...{ accounts, keys, standing, signingKeys, tokens, sessions, pages },
    ...{ throttle, notes, tickets, logins, audit, addressOf },
  };
}
