/**
 * Removes old documents, some at a time, so that nobody who stores waits for
 * long. Ids stay, and so do positions, and the stamps of rows.
 *
 * @module
 */

import { keyOf } from "./columns.ts";
import { STORE_PRUNED_MAX } from "./limits.ts";
import { lockTeam } from "./readings.ts";
import type { Store } from "./store.ts";

const PRUNE = `
with gone as (
  update kitty_events.events set
    type = null, mission = null, subject = null, from_status = null,
    to_status = null, actor = null, occurred_at = null, document = null
  where team = $1 and position >= $2::bigint and position < $3::bigint
    and document is not null
  returning bytes
)
update kitty_events.teams set
  first = $3::bigint,
  events = events - (select count(*) from gone),
  bytes = bytes - (select coalesce(sum(bytes), 0) from gone),
  turn = turn + 1
where team = $1`;

/**
 * Removes what lies before a position of a team.
 *
 * @returns the position of the first that is left
 */
export async function prune(
  store: Store,
  team: string,
  upTo: number,
): Promise<number> {
  for (;;) {
    const { begin, isDone } = await store.write(
      "prune",
      (lane) =>
        lane.transaction("isolation level read committed", async (tx) => {
          const { first, next } = await lockTeam(tx, team);
          const end = Math.min(upTo, next);
          const to = Math.min(end, first + STORE_PRUNED_MAX);
          await tx.commit(
            to > first ? [[PRUNE, [keyOf(team), first, to]]] : [],
          );
          return { begin: Math.max(first, to), isDone: to >= end };
        }),
    );
    if (isDone) return begin;
  }
}
