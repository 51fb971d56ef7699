/**
 * One transaction that stores what was offered to a team: what is known is
 * found, the rest gets the next positions, and all that follows from it is
 * stored with it. Two packets go out: the lock with all questions, and the
 * changes with the commit.
 *
 * @module
 */

import { WORK_PACKAGES } from "../../event/stored.ts";
import { Gone, type IncomingEvent } from "../events/event_log.ts";
import type { Told } from "../events/nodes.ts";
import {
  newsOf,
  packageName,
  type PackageNews,
  type PackageState,
} from "../events/packages.ts";
import { STORE_LOCK_MS_MAX } from "./limits.ts";
import { changesOf } from "./changes.ts";
import { arrayOf, keyOf, textOf } from "./columns.ts";
import { judge, type Outcome } from "./judge.ts";
import type { Row } from "./connection.ts";
import type { Lane, Transaction } from "./lane.ts";
import type { Store } from "./store.ts";
import { LostError } from "./trouble.ts";
import {
  type AdmissionParts,
  type Found,
  type Known,
  type Offer,
  teamRowOf,
} from "./offers.ts";

/** Stores what is new of some offers, in as many tries as it takes. All of it is stored, or nothing. */
export async function admitAll(
  store: Store,
  offers: readonly Offer[],
  whose: Pick<AdmissionParts, "team" | "collector">,
): Promise<readonly Outcome[]> {
  let triedFrom: number | undefined;
  return await store.write(
    "store events",
    (lane) =>
      tryAll(lane, offers, {
        ...whose,
        nowMs: store.world.nowMs(),
        triedFrom,
        trying: (first) => triedFrom ??= first,
      }),
  );
}

function tryAll(
  lane: Lane,
  offers: readonly Offer[],
  parts: AdmissionParts,
): Promise<readonly Outcome[]> {
  return lane.transaction("isolation level read committed", async (tx) => {
    const found = await ask(tx, offers, parts);
    const verdict = judge(offers, found, parts);
    parts.trying(found.team.next);
    const changes = changesOf(verdict, found, parts);
    const moved = (await tx.commit(changes)).at(-1);
    if (moved?.length === 0) {
      throw new LostError("statements of a transaction were not in it");
    }
    return verdict.outcomes;
  });
}

/** Time bounds for this transaction alone. None for statements: a commit that waits for a standby must not be cut short, as the server would call it done. */
const BOUNDS =
  `select set_config('lock_timeout', '${STORE_LOCK_MS_MAX}', true), set_config('idle_in_transaction_session_timeout', '${STORE_LOCK_MS_MAX}', true), set_config('statement_timeout', '0', true)`;

const NEW_TEAM =
  "insert into kitty_events.teams (team) select $1::text where not exists (select from kitty_events.teams where team = $1::text) on conflict do nothing";

/** Locks the row of a team: whoever else stores for it waits. What is asked after it sees all that was stored before. */
const LOCK =
  "select next, highest, first, events, bytes, turn, pg_current_xact_id()::text as tx from kitty_events.teams where team = $1 for update";

const KNOWN =
  "select event_id, position, collector, document, contract, node, clock from kitty_events.events where team = $1 and event_id = any($2::text[])";

const PACKAGES =
  "select p.wp_id, p.feature, p.state from unnest($2::text[], $3::text[]) as k (wp_id, feature) join kitty_events.packages p on p.team = $1 and p.wp_id = k.wp_id and p.feature = k.feature";

const TOLD =
  "select home, word from kitty_events.told where team = $1 and home = any($2::text[])";

/** Sends the first packet: nothing in it waits for an answer of the rest. */
async function ask(
  tx: Transaction,
  offers: readonly Offer[],
  { team, collector }: AdmissionParts,
): Promise<Found> {
  const key = keyOf(team);
  const events = offers.flatMap((offer) => offer.events);
  const homes = offers.flatMap(({ word }) => word ? [keyOf(word.home)] : []);
  const ids = new Set(events.map(({ event_id }) => keyOf(event_id)));
  const news = newsByEvent(events);
  const names = new Map(
    [...news.values()].map((one) => [packageName(one), one]),
  );
  const packages = [...names.values()];
  const answers = await Promise.all([
    tx.send(BOUNDS),
    tx.send(NEW_TEAM, [key]),
    tx.send(LOCK, [key]),
    ids.size > 0 ? tx.send(KNOWN, [key, arrayOf([...ids])]) : [],
    packages.length > 0
      ? tx.send(PACKAGES, [
        key,
        arrayOf(packages.map(({ wpId }) => keyOf(wpId))),
        arrayOf(packages.map(({ feature }) => keyOf(feature))),
      ])
      : [],
    homes.length > 0 ? tx.send(TOLD, [key, arrayOf(homes)]) : [],
  ]);
  const [, , [row], known, states, told] = answers;
  return {
    team: teamRowOf(row!),
    tx: row!.tx,
    known: new Map(known.map((row) => [row.event_id, knownOf(row, collector)])),
    news,
    states: new Map(states.map((row) => [
      packageName({ wpId: textOf(row.wp_id), feature: textOf(row.feature) }),
      JSON.parse(row.state) as PackageState,
    ])),
    told: new Map(told.map((row) => [row.home, JSON.parse(row.word) as Told])),
  };
}

function newsByEvent(
  events: readonly IncomingEvent[],
): Map<IncomingEvent, PackageNews> {
  const found = new Map<IncomingEvent, PackageNews>();
  for (const event of events) {
    const news = newsOf(event.document);
    if (news) found.set(event, news);
  }
  return found;
}

/** The stamp of a row that was pruned. */
function stampLeft({ contract, node, clock }: Row) {
  return contract === WORK_PACKAGES.name
    ? undefined
    : { node_id: textOf(node), lamport_clock: Number(clock) };
}

function knownOf(row: Row, collector: number): Known {
  return {
    document: row.document === null
      ? new Gone(stampLeft(row))
      : JSON.parse(row.document),
    position: Number(row.position),
    isMine: Number(row.collector) === collector,
  };
}
