/**
 * Counts of nodes as rows that take the place of those that are there.
 *
 * @module
 */

import type { NodeCount } from "../events/nodes.ts";
import { arrayOf, keyOf } from "./columns.ts";
import type { Value } from "./connection.ts";

const PUT = `
insert into kitty_events.nodes (
  team, node, events, shared, lowest, highest, first_seen, last_seen
)
select $1::text, * from unnest(
  $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
  $7::timestamptz[], $8::timestamptz[]
)
on conflict (team, node) do update set
  events = excluded.events,
  shared = excluded.shared,
  lowest = excluded.lowest,
  highest = excluded.highest,
  first_seen = excluded.first_seen,
  last_seen = excluded.last_seen`;

/** The statement that stores counts of a team, and its values. */
export function putNodes(
  key: string,
  counts: readonly NodeCount[],
): readonly [text: string, values: readonly Value[]] {
  const each = (pick: (count: NodeCount) => string | number | null) =>
    arrayOf(counts.map(pick));
  return [PUT, [
    key,
    each(({ node_id }) => keyOf(node_id)),
    each(({ events }) => events),
    each(({ shared }) => shared),
    each(({ lowest }) => lowest),
    each(({ highest }) => highest),
    each(({ first_seen }) => first_seen),
    each(({ last_seen }) => last_seen),
  ]];
}
