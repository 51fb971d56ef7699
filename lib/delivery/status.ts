/**
 * How delivery stands: `sync status`, and the agent's `/v1/status`.
 *
 * @module
 */

import type { Home } from "../home/home.ts";
import type { QueueReader } from "../home/queue.ts";
import { readTally } from "../home/tally.ts";
import { NO_EVIDENCE } from "../login/login.ts";
import { recallKey } from "../login/key_note.ts";
import type { ConnectionStatus } from "../route/route.ts";
import { Session } from "../login/session.ts";
import type { NoSession } from "../login/open_session.ts";

/** How delivery stands. Its fields are a published form: fields are only ever added. */
export interface SyncStatus {
  readonly connection: ConnectionStatus;
  /** Whether one of the tokens is good as far as this machine's clock tells. */
  readonly authenticated: boolean;
  /** What that rests on; null where no one is logged in. */
  readonly evidence: string | null;
  readonly checked_at: string | null;
  readonly server_url: string | null;
  readonly team_slug: string | null;
  readonly queued: number;
  readonly dead: number;
  readonly spooled: number;
  readonly by_type: Readonly<Record<string, number>>;
  readonly by_team: Readonly<Record<string, number>>;
  /** Timestamp of the first event in the queue. */
  readonly oldest: string | null;
  readonly last_success: string | null;
  readonly last_failure:
    | { readonly at: string; readonly reason: string }
    | null;
  /** accepted + imported = queued + delivered + dead + dropped; the rest was never stored. */
  readonly totals: Readonly<
    Record<
      | "accepted"
      | "imported"
      | "delivered"
      | "dropped"
      | "discarded"
      | "refused"
      | "lost",
      number
    >
  >;
  /** Contracts of events that wait because the server does not take them. */
  readonly untaken: readonly string[];
  /** The agent elsewhere that drafts are handed over to; null: they are queued here. */
  readonly hands_over_to: string | null;
  /** Why nothing can be sent, where nothing can. */
  readonly problem: string | null;
}

/**
 * @param queue the home's queue
 * @param connection that of the home's agent, which only who needs it looks for
 * @param handsOverTo the agent elsewhere that the environment names
 */
export async function readSyncStatus(
  home: Home,
  queue: QueueReader,
  session: Session | NoSession,
  connection: ConnectionStatus = "Offline",
  handsOverTo: string | null = null,
): Promise<SyncStatus> {
  const [{ ledger, oldest, by_team }, tally, spooled] = await Promise
    .all([
      queue.readStats(),
      readTally(home.path),
      // If they cannot be read, that was said when the home was opened.
      home.spool.names().catch(() => []),
    ]);
  await recallKey(session, ledger);
  const { queued, dead, accepted, imported, delivered, dropped } = ledger;
  return {
    connection,
    authenticated: session instanceof Session && session.isGood,
    ...session instanceof Session ? session.evidence : NO_EVIDENCE,
    server_url: session.serverUrl?.origin ?? null,
    team_slug: session.teamSlug ?? null,
    queued,
    dead,
    spooled: spooled.length,
    by_type: Object.fromEntries(
      Object.entries(ledger.by_type).filter(([, count]) => count > 0),
    ),
    by_team,
    oldest,
    last_success: ledger.last_success ?? null,
    last_failure: ledger.last_failure ?? null,
    untaken: ledger.untaken ?? [],
    totals: { accepted, imported, delivered, dropped, ...tally },
    hands_over_to: handsOverTo,
    problem: problemOf(session),
  };
}

function problemOf(session: Session | NoSession): string | null {
  if (!(session instanceof Session)) return session.error.message;
  if (session.teamSlug === undefined && !session.hasToLearnTeam) {
    return "no team is known to send events for; set SPEC_KITTY_TEAM_SLUG, or sync.team_slug in config.toml";
  }
  if (session.refused !== undefined) return session.refused;
  return session.isGood ? null : "the login has expired";
}
