/**
 * The questions that are asked of a store's events.
 *
 * @module
 */

import type { JsonObject } from "../../base/json.ts";
import { KittyError } from "../../base/errors.ts";
import { queueIdOf } from "../../event/row_event.ts";
import type { IncomingEvent, Page } from "../events/event_log.ts";
import { type NodeCount, stampOf, type Told } from "../events/nodes.ts";
import type { PackageRow } from "../events/packages.ts";
import { PAGE_BYTES_MAX } from "../limits.ts";
import { arrayOf, keyOf, textOf } from "./columns.ts";
import type { Row, Statements } from "./connection.ts";
import type { Lane, Transaction } from "./lane.ts";
import { type TeamRow, teamRowOf } from "./offers.ts";
import type { Store } from "./store.ts";

const NO_TEAM: TeamRow = {
  next: 0,
  highest: 0,
  first: 0,
  events: 0,
  bytes: 0,
  turn: 0,
};

const TEAM =
  "select next, highest, first, events, bytes, turn from kitty_events.teams where team = $1";

/** What is stored of a team. */
export async function readTeam(
  statements: Statements,
  team: string,
): Promise<TeamRow> {
  const [row] = await statements.send(TEAM, [keyOf(team)]);
  return row ? teamRowOf(row) : NO_TEAM;
}

/** The same, and whoever wants to change anything of it waits until the transaction is over. */
export async function lockTeam(
  tx: Transaction,
  team: string,
): Promise<TeamRow> {
  const [row] = await tx.send(`${TEAM} for update`, [keyOf(team)]);
  return row ? teamRowOf(row) : NO_TEAM;
}

/** Makes collectors ask anew what they keep of a team. */
export const NEXT_TURN =
  "update kitty_events.teams set turn = turn + 1 where team = $1";

/** What is stored of a team, over any connection. */
export function teamIn(store: Store, team: string): Promise<TeamRow> {
  return store.read("read the team", (lane) => readTeam(lane, team));
}

/** All teams that have sent anything. */
export async function teamsIn(store: Store): Promise<readonly string[]> {
  const rows = await store.read(
    "read teams",
    (lane) => lane.send("select team from kitty_events.teams order by team"),
  );
  return rows.map(({ team }) => textOf(team));
}

/** The documents from a position on, up to another one, as many as a page may have. */
const SOME = `
select position, collector, document from (
  select position, collector, document,
    sum(bytes) over (order by position) - bytes as before
  from (
    select position, collector, document, bytes from kitty_events.events
    where team = $1 and position >= $2::bigint and position < $3::bigint
      and document is not null
    order by position limit $4::integer
  ) as page
) as sized where before <= ${PAGE_BYTES_MAX} order by position`;

/** Some events, one after another. */
export async function readSome(
  statements: Statements,
  team: string,
  { from, end, limit }: { from: number; end: number; limit: number },
): Promise<readonly Row[]> {
  if (from >= end) return [];
  return await statements.send(SOME, [keyOf(team), from, end, limit]);
}

/**
 * Some events with their positions, and where to go on.
 *
 * @throws {KittyError} `events_damaged` where there are none, and the end is not reached: whoever goes through all would ask for ever
 */
export async function readPage(
  statements: Statements,
  team: string,
  { from, limit }: { from: number; limit: number },
): Promise<Page> {
  const { next: end, first: oldest } = await readTeam(statements, team);
  const start = Math.max(from, oldest);
  const rows = await readSome(statements, team, { from: start, end, limit });
  const [row] = rows;
  if (!row) {
    // All of it may have been pruned since the team was read.
    if (start < end) await expectPruned(statements, team, end);
    return { events: [], first: Math.max(start, end), next: null };
  }
  const first = Number(row.position);
  // Positions follow from the first one: a page ends where one is missing.
  const gap = rows.findIndex(({ position }, i) =>
    Number(position) !== first + i
  );
  const events = rows.slice(0, gap < 0 ? undefined : gap);
  const next = first + events.length;
  return {
    events: events.map(({ document }) => encoder.encode(document)),
    first,
    next: next < end ? next : null,
  };
}

/** @throws {KittyError} where what lies before a position was not pruned, and nevertheless not found */
export async function expectPruned(
  statements: Statements,
  team: string,
  end: number,
): Promise<void> {
  const { first } = await readTeam(statements, team);
  if (first >= end) return;
  throw new KittyError(
    "events_damaged",
    `the store has no events of the team ${team} at positions that are counted, before ${end}`,
    { hint: "restore a backup of its database" },
  );
}

/** Reads several things as they were at one moment. */
export function atOneMoment<T>(
  lane: Lane,
  work: (statements: Statements) => Promise<T>,
): Promise<T> {
  return lane.transaction(
    "isolation level repeatable read read only",
    async (tx) => {
      const read = await work(tx);
      await tx.commit([]);
      return read;
    },
  );
}

/** The states of a team's work packages. */
export async function readPackages(
  statements: Statements,
  team: string,
): Promise<PackageRow[]> {
  const rows = await statements.send(
    `select wp_id, feature, state from kitty_events.packages where team = $1 order by wp_id collate "C", feature collate "C"`,
    [keyOf(team)],
  );
  return rows.map(({ wp_id, feature, state }) => ({
    wpId: textOf(wp_id),
    feature: textOf(feature),
    state: JSON.parse(state),
  }));
}

/** What is stored of a team's nodes, and what their homes have told. */
export async function readNodes(
  statements: Statements,
  team: string,
): Promise<{ counts: NodeCount[]; told: Told[] }> {
  const key = [keyOf(team)];
  const [counts, told] = await Promise.all([
    statements.send(
      "select node, events, shared, lowest, highest, first_seen, last_seen from kitty_events.nodes where team = $1",
      key,
    ),
    statements.send("select word from kitty_events.told where team = $1", key),
  ]);
  return {
    counts: counts.map(countOf),
    told: told.map(({ word }) => JSON.parse(word)),
  };
}

function countOf(row: Row): NodeCount {
  const seen = (moment: Date | null) => moment && moment.toISOString();
  return {
    node_id: textOf(row.node),
    events: Number(row.events),
    shared: Number(row.shared),
    lowest: Number(row.lowest),
    highest: Number(row.highest),
    first_seen: seen(row.first_seen),
    last_seen: seen(row.last_seen),
  };
}

/** Events by their positions. */
export async function readAt(
  statements: Statements,
  team: string,
  positions: readonly number[],
): Promise<Map<number, string>> {
  const rows = await statements.send(
    "select position, document from kitty_events.events where team = $1 and position = any($2::bigint[]) and document is not null",
    [keyOf(team), arrayOf(positions)],
  );
  return new Map(rows.map((row) => [Number(row.position), row.document]));
}

const encoder = new TextEncoder();

/** An event as it was when it came. @param bytes the document in JSON and UTF-8 */
export function eventOf(
  document: JsonObject,
  bytes: Uint8Array,
): IncomingEvent {
  const { event_id, id, source, event_type, type, team_slug } = document;
  return {
    event_id: event_id === undefined
      ? queueIdOf({ source: source as string, id: id as string })
      : event_id as string,
    event_type: (event_type ?? type) as string,
    team_slug: (team_slug ?? "") as string,
    ...stampOf(document),
    bytes,
    document,
  };
}
