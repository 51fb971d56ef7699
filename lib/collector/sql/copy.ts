/**
 * Copies what a collector has in its folder into a store. It can be done
 * again, and goes on where it was broken off: what is there already is
 * compared, and the rest added at the same positions.
 *
 * @module
 */

import { producer } from "../../contract/rows/producer.ts";
import { WORK_PACKAGES } from "../../event/stored.ts";
import { KittyError } from "../../base/errors.ts";
import { fromBytes } from "../../home/queue_layout.ts";
import type { World } from "../../base/world.ts";
import type { BesideEvents, GoneEvent, Source } from "../engine.ts";
import { nodeName } from "../events/nodes.ts";
import { PAGE_EVENTS_MAX } from "../limits.ts";
import { admitAll } from "./admission.ts";
import { arrayOf, keyOf, textOf } from "./columns.ts";
import {
  type CopiedRecords,
  copyRecords,
  expectSameSettings,
  isCollecting,
} from "./copy_records.ts";
import { putNodes } from "./node_rows.ts";
import { PgRecords } from "./pg_records.ts";
import { openStore } from "./pg_store.ts";
import { eventOf, lockTeam, NEXT_TURN, teamIn } from "./readings.ts";
import type { Store } from "./store.ts";

/** What was copied of a team, or of what is no event. */
export type Copied =
  | {
    readonly team: string;
    readonly events: number;
    readonly copied: number;
  }
  | CopiedRecords
  | {
    readonly records: "audit";
    readonly count: number;
    readonly copied: number;
  };

/**
 * Copies everything.
 *
 * @throws {KittyError} `store_differs` where the store has other events of a
 *   team, or is in use with other settings
 */
export async function* copyInto(
  source: Source,
  url: string,
  world: World,
): AsyncGenerator<Copied> {
  await using store = await openStore(url, world);
  const teams = await source.engine.events.teams();
  // Before anything is changed.
  for (const team of teams) await compare(source, store, team);
  const copy = {
    source: source.engine,
    target: new PgRecords(store),
    isUsed: await isUsed(source, store),
  };
  await expectSameSettings(copy);
  yield* copyRecords(copy);
  yield await copyAudit(source, store);
  for (const team of teams) yield await copyTeam(source, store, team);
}

/** Whether collectors run on the store, or have stored there what the source does not have. */
async function isUsed(source: Source, store: Store): Promise<boolean> {
  if (await isCollecting(new PgRecords(store), store.world.nowMs())) {
    return true;
  }
  const rows = await store.read(
    "read teams",
    (lane) => lane.send("select team, next from kitty_events.teams"),
  );
  for (const { team, next } of rows) {
    // The last of the store, and what would be behind it.
    const from = Number(next) - 1;
    if (from < 0) continue;
    const page = await source.engine.events.page(textOf(team), from, 1);
    const { events } = page;
    const first = await source.engine.events.first(textOf(team));
    if (events.length === 0 && first <= from) return true;
  }
  return false;
}

/** As many at a time as one statement takes. */
async function* groupsOf<T>(all: AsyncIterable<T>): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const one of all) {
    group.push(one);
    if (group.length < PAGE_EVENTS_MAX) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

async function copyAudit(source: Source, store: Store): Promise<Copied> {
  let count = 0, copied = 0;
  for await (const entries of groupsOf(source.engine.audit.read())) {
    // The same each time, so that each is noted once.
    const ids = entries.map(() => `copy ${String(count++).padStart(12, "0")}`);
    const done = await store.write("copy the audit", (lane) =>
      lane.send(
        "insert into kitty_events.audit (noted_at, id, entry) select * from unnest($1::timestamptz[], $2::text[], $3::text[]) on conflict do nothing returning 1",
        [
          arrayOf(entries.map(({ at }) => at)),
          arrayOf(ids),
          arrayOf(entries.map((entry) => JSON.stringify(entry))),
        ],
      ));
    copied += done.length;
  }
  return { records: "audit", count, copied };
}

const arrived = (bytes: Uint8Array) => eventOf(fromBytes(bytes), bytes);

/** @throws {KittyError} where the first events of the store are others than those of the source */
async function compare(
  { engine }: Source,
  store: Store,
  team: string,
): Promise<void> {
  const { next } = await teamIn(store, team);
  // Of those that were removed, only ids are left.
  for (let from = await engine.events.first(team); from < next;) {
    const { events } = await engine.events.page(team, from, PAGE_EVENTS_MAX);
    const rows = await store.read("compare", (lane) =>
      lane.send(
        "select event_id from kitty_events.events where team = $1 and position >= $2::bigint order by position limit $3::integer",
        [keyOf(team), from, events.length],
      ));
    const other = rows.findIndex(({ event_id }, i) =>
      event_id !== keyOf(arrived(events[i]!).event_id)
    );
    if (other >= 0) {
      throw new KittyError(
        "store_differs",
        `the store has other events of the team ${team}, from position ${
          from + other
        } on`,
        { hint: "nothing of it was changed: name an empty store" },
      );
    }
    // What the store has beyond them came later.
    if (rows.length === 0) return;
    from += rows.length;
  }
}

async function copyTeam(
  source: Source,
  store: Store,
  team: string,
): Promise<Copied> {
  const { engine } = source;
  await copyGone(source, store, team);
  const { next: before } = await teamIn(store, team);
  let from = before;
  for (;;) {
    const page = await engine.events.page(team, from, PAGE_EVENTS_MAX);
    const events = page.events.map(arrived);
    if (events.length === 0) break;
    await admitAll(store, [{ events }], { team, collector: 0 });
    from += events.length;
    if (page.next === null) break;
  }
  const { next } = await teamIn(store, team);
  // Whatever came to the store by itself has its counts already.
  if (next === from) await copyBeside(store, team, await source.beside(team));
  return { team, events: from, copied: from - before };
}

/** Makes the ids known of events that were removed, and lets the rest begin behind them. */
async function copyGone(
  source: Source,
  store: Store,
  team: string,
): Promise<void> {
  const first = await source.engine.events.first(team), key = keyOf(team);
  const { next } = await teamIn(store, team);
  if (first === 0 || next > 0) return;
  for await (const some of groupsOf(source.gone(team))) {
    const of = (pick: (event: GoneEvent) => string | number | null) =>
      arrayOf(some.map(pick));
    await store.write("copy ids", (lane) =>
      lane.send(GONE, [
        ...[key, new Date(store.world.nowMs()).toISOString()],
        of(({ position }) => position),
        of(({ event_id }) => keyOf(event_id)),
        of(({ stamp }) => (stamp ? producer : WORK_PACKAGES).name),
        of(({ stamp }) => stamp ? keyOf(stamp.node_id) : null),
        of(({ stamp }) => stamp?.lamport_clock ?? null),
      ]));
  }
  await store.write("copy a team", (lane) =>
    lane.send(
      "insert into kitty_events.teams as old (team, next, first) values ($1, $2, $2) on conflict (team) do update set next = $2, first = $2 where old.next = 0",
      [key, first],
    ));
}

const GONE =
  "insert into kitty_events.events (team, position, event_id, contract, node, clock, received_at, collector, bytes) select $1::text, position, id, contract, node, clock, $2::timestamptz, 0, 0 from unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[]) as gone (position, id, contract, node, clock) on conflict do nothing";

/** Puts counts, words and shared rows there as they are in the source. */
async function copyBeside(
  store: Store,
  team: string,
  { counts, told, shared }: BesideEvents,
): Promise<void> {
  const key = keyOf(team);
  await store.write(
    "copy counts",
    (lane) =>
      lane.transaction("isolation level read committed", async (tx) => {
        await tx.send(
          "insert into kitty_events.teams (team) values ($1) on conflict do nothing",
          [key],
        );
        await lockTeam(tx, team);
        await tx.commit([
          putNodes(key, counts),
          [
            "insert into kitty_events.told (team, home, word) select $1::text, * from unnest($2::text[], $3::text[]) on conflict (team, home) do update set word = excluded.word",
            [
              key,
              arrayOf(told.map(({ home }) => keyOf(home))),
              arrayOf(told.map((word) => JSON.stringify(word))),
            ],
          ],
          [
            "insert into kitty_events.shared (team, node, event_id, clock) select $1::text, * from unnest($2::text[], $3::text[], $4::bigint[]) on conflict do nothing",
            [
              key,
              arrayOf(shared.map(({ node_id }) => keyOf(nodeName(node_id)))),
              arrayOf(shared.map(({ event_id }) => keyOf(event_id))),
              arrayOf(shared.map(({ lamport_clock }) => lamport_clock)),
            ],
          ],
          [NEXT_TURN, [key]],
        ]);
      }),
  );
}
