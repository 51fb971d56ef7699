/**
 * What a collector is put together from, once its engine is open.
 *
 * @module
 */

import type { Log } from "../base/log.ts";
import type { World } from "../base/world.ts";
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
import { Boards, type OnAdded } from "./board/boards.ts";
import { Refusals } from "./board/refusals.ts";
import { Watchers } from "./board/watchers.ts";
import type { Engine } from "./engine.ts";
import type { OnStored } from "./events/event_log.ts";
import { Intake } from "./events/intake.ts";
import type { RouteParts } from "./http/routes.ts";
import { Quotas } from "./keeping/quotas.ts";
import type { Records } from "./records/records.ts";
import { nodeIdOf } from "./identity.ts";
import type { Trust } from "../login/http_client.ts";
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
  /** Whom sinks may be, and how they are spoken to. */
  readonly trust?: Trust | undefined;
}

/** Everything that answers, but the server itself. */
export interface Services extends Omit<RouteParts, "vouch">, AsyncDisposable {
  readonly accounts: AccountStore;
  readonly tickets: Tickets;
  readonly engine: Engine;
  readonly sinks: Sinks;
  readonly settings: Records;
  readonly signingKeys: SigningKeys;
  readonly throttle: Throttle;
  readonly notes: LoginNotes;
}

/**
 * Opens the engine, and puts together what works with it.
 *
 * @throws {KittyError} where it cannot be opened
 */
export async function openServices(
  { world, log, open, addressOf, trust }: ServiceParts,
): Promise<Services> {
  const watchers = new Watchers();
  const metrics = new Metrics(() => sockets.size + watchers.size);
  const sockets: Sockets = new Sockets({ world, log, metrics });
  const engine = await open((team, stored, sender, first) => {
    sockets.broadcast(team, stored, sender, first);
    boards.stored(team, stored, first);
    sinks.stored(team);
  });
  const { events, records, settings, audit } = engine;
  const accounts = new AccountStore(settings), keys = new KeyStore(settings);
  const standing = new Standing({ accounts, keys, records, world });
  const store = new SessionStore(records, world.nowMs);
  const added: OnAdded = (...news) => watchers.added(...news);
  const boards: Boards = new Boards(events, world, added);
  const signingKeys = new SigningKeys(settings, world);
  const tokens = new Tokens(signingKeys, world.nowMs);
  const whose = { store, accounts, tokens, world };
  const spent = new SpentTokens(records, world);
  const sessions = new Sessions({ ...whose, spent });
  const pages = new PageSessions(whose);
  const throttle = new Throttle(records, world);
  const notes = new LoginNotes(audit, world);
  const refusals = new Refusals(world), tickets = new Tickets(world);
  const nodeId = await nodeIdOf(records, world), instance = nodeId;
  const sinks: Sinks = new Sinks({ world, log, trust, ...engine, instance });
  const quotas = new Quotas(settings, world.elapsedMs, log);
  return {
    world,
    engine,
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
    quotas,
    intake: new Intake(events, metrics, refusals, quotas),
    ...{ nodeId, sinks, settings },
    keys,
    standing,
    signingKeys,
    throttle,
    notes,
    audit,
    addressOf,
    logins: new Logins({
      ...whose,
      ...{ sessions, pages, tickets, metrics, throttle, notes, addressOf },
    }),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}
