/**
 * The statements that store what was judged to be new, and all that follows
 * from it. They go out in one packet, with the commit behind them.
 *
 * @module
 */

import { bytesOf, type IncomingEvent } from "../events/event_log.ts";
import {
  type NodeCount,
  nodeName,
  noneOf,
  type SharedRow,
  type Told,
  withEvents,
} from "../events/nodes.ts";
import { newer, packageName, type PackageNews } from "../events/packages.ts";
import type { AdmissionParts, Found } from "./offers.ts";
import { arrayOf, columnsOf, documentsOf, keyOf, momentOf } from "./columns.ts";
import type { Verdict } from "./judge.ts";
import type { Value } from "./connection.ts";

/** A statement and its values. */
type Change = readonly [text: string, values: readonly Value[]];

/**
 * Whether this is the transaction in which the questions were asked: each
 * change looks by itself, as a pooler that shares connections between
 * statements would spread them over several, each of them on its own.
 */
const isSame = (id: number) => `pg_current_xact_id()::text = $${id}`;

/** All changes; none where everything was known. */
export function changesOf(
  verdict: Verdict,
  found: Found,
  { team, collector, nowMs }: AdmissionParts,
): Change[] {
  const key = keyOf(team), now = new Date(nowMs).toISOString();
  const { fresh, shared, told } = verdict;
  if (fresh.length + shared.length + told.length === 0) return [];
  const changes: Change[] = [];
  if (fresh.length > 0) {
    changes.push(insertOf(key, found.team.next, fresh, collector, now));
    changes.push(nodesOf(key, fresh, now));
    const news = fresh.flatMap((event) => found.news.get(event) ?? []);
    if (news.length > 0) changes.push(packagesOf(key, news, found));
  }
  if (shared.length > 0) changes.push(sharedOf(key, shared));
  if (told.length > 0) changes.push(toldOf(key, told));
  changes.push([
    MOVE_ON,
    [key, verdict.highest, fresh.length, bytesOf(fresh)],
  ]);
  return changes.map(([text, values]) => [text, [...values, found.tx]]);
}

const MOVE_ON =
  `update kitty_events.teams set next = next + $3::bigint, highest = greatest(highest, $2::bigint), events = events + $3::bigint, bytes = bytes + $4::bigint, turn = turn + 1 where team = $1 and ${
    isSame(5)
  } returning next`;

const INSERT = `
insert into kitty_events.events (
  team, position, event_id, contract, type, mission, subject, from_status,
  to_status, actor, node, clock, occurred_at, bytes, document, received_at,
  collector
)
select
  $1::text, $2::bigint + n - 1, event_id, contract, type, mission, subject,
  from_status, to_status, actor, node, clock, occurred_at, bytes, document,
  $3::timestamptz, $4::bigint
from rows from (
  unnest($5::text[]), unnest($6::text[]), unnest($7::text[]),
  unnest($8::text[]), unnest($9::text[]), unnest($10::text[]),
  unnest($11::text[]), unnest($12::text[]), unnest($13::text[]),
  unnest($14::bigint[]), unnest($15::timestamptz[]), unnest($16::integer[]),
  string_to_table($17::text, E'\\n')
) with ordinality as new (
  event_id, contract, type, mission, subject, from_status, to_status, actor,
  node, clock, occurred_at, bytes, document, n
) where ${isSame(18)}`;

function insertOf(
  key: string,
  next: number,
  fresh: readonly IncomingEvent[],
  collector: number,
  now: string,
): Change {
  return [INSERT, [
    key,
    next,
    now,
    collector,
    ...columnsOf(fresh),
    documentsOf(fresh),
  ]];
}

/** Adds up as `withEvents` does. */
const NODES = `
insert into kitty_events.nodes as old (
  team, node, events, shared, lowest, highest, first_seen, last_seen
)
select $1::text, node, events, 0, lowest, highest, $2::timestamptz, $2::timestamptz
from unnest($3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
  as new (node, events, lowest, highest)
where ${isSame(7)}
on conflict (team, node) do update set
  events = old.events + excluded.events,
  lowest = case when old.events = 0 then excluded.lowest
    else least(old.lowest, excluded.lowest) end,
  highest = greatest(old.highest, excluded.highest),
  first_seen = case when old.events = 0 then excluded.first_seen
    else old.first_seen end,
  last_seen = excluded.last_seen`;

function nodesOf(
  key: string,
  fresh: readonly IncomingEvent[],
  now: string,
): Change {
  const counts = [...Map.groupBy(fresh, ({ node_id }) => nodeName(node_id))]
    .map(([name, events]) => withEvents(noneOf(name), events, now));
  const each = (pick: (count: NodeCount) => string | number) =>
    arrayOf(counts.map(pick));
  return [NODES, [
    key,
    now,
    each(({ node_id }) => keyOf(node_id)),
    each(({ events }) => events),
    each(({ lowest }) => lowest),
    each(({ highest }) => highest),
  ]];
}

const PACKAGES = `
insert into kitty_events.packages (
  team, wp_id, feature, status, updated_at, state
)
select $1::text, * from unnest(
  $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[]
)
where ${isSame(7)}
on conflict (team, wp_id, feature) do update set
  status = excluded.status,
  updated_at = excluded.updated_at,
  state = excluded.state`;

function packagesOf(
  key: string,
  news: readonly PackageNews[],
  { states }: Found,
): Change {
  const changed = [...Map.groupBy(news, packageName)].map(([name, group]) => {
    const [first] = group as [PackageNews];
    const all = group.map(({ state }) => state);
    const state = all.reduce(newer, states.get(name) ?? all[0]!);
    return { ...first, state };
  });
  const each = (pick: (row: PackageNews) => string | null) =>
    arrayOf(changed.map(pick));
  return [PACKAGES, [
    key,
    each(({ wpId }) => keyOf(wpId)),
    each(({ feature }) => keyOf(feature)),
    each(({ state }) => keyOf(state.status)),
    each(({ state }) => momentOf(Date.parse(state.updated_at))),
    each(({ state }) => JSON.stringify(state)),
  ]];
}

/** Each row is noted once, and counted for its node when it is new. */
const SHARED = `
with noted as (
  insert into kitty_events.shared (team, node, event_id, clock)
  select $1::text, * from unnest($2::text[], $3::text[], $4::bigint[])
  where ${isSame(5)}
  on conflict do nothing
  returning node
)
insert into kitty_events.nodes as old (
  team, node, events, shared, lowest, highest
)
select $1::text, node, 0, count(*), 0, 0 from noted group by node
on conflict (team, node) do update set shared = old.shared + excluded.shared`;

function sharedOf(key: string, shared: readonly SharedRow[]): Change {
  const each = (pick: (row: SharedRow) => string | number) =>
    arrayOf(shared.map(pick));
  return [SHARED, [
    key,
    each(({ node_id }) => keyOf(nodeName(node_id))),
    each(({ event_id }) => keyOf(event_id)),
    each(({ lamport_clock }) => lamport_clock),
  ]];
}

const TOLD = `
insert into kitty_events.told (team, home, word)
select $1::text, * from unnest($2::text[], $3::text[])
where ${isSame(4)}
on conflict (team, home) do update set word = excluded.word`;

function toldOf(key: string, told: readonly Told[]): Change {
  return [TOLD, [
    key,
    arrayOf(told.map(({ home }) => keyOf(home))),
    arrayOf(told.map((word) => JSON.stringify(word))),
  ]];
}
