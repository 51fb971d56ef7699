/**
 * What a store keeps beside the events of a team, made anew from them while
 * collectors run: most of it without their noticing, the end under the lock on
 * the team's row.
 *
 * @module
 */

import { sameJson } from "../../base/json.ts";
import type { World } from "../../base/world.ts";
import type { Rebuilt } from "../engine.ts";
import { amended, type NodeCount } from "../events/nodes.ts";
import { packageName, type PackageRow } from "../events/packages.ts";
import { Tally } from "../events/tally.ts";
import { PAGE_EVENTS_MAX } from "../limits.ts";
import { arrayOf, keyOf, momentOf } from "./columns.ts";
import type { Statements } from "./connection.ts";
import { putNodes } from "./node_rows.ts";
import {
  lockTeam,
  NEXT_TURN,
  readNodes,
  readPackages,
  readSome,
  teamIn,
  teamsIn,
} from "./readings.ts";
import type { Store } from "./store.ts";
import { openStore } from "./pg_store.ts";

/** Makes anew what is stored beside the events, team by team. */
export async function* rebuildStore(
  url: string,
  world: World,
): AsyncGenerator<Rebuilt> {
  await using store = await openStore(url, world);
  for (const team of await teamsIn(store)) {
    yield await rebuildTeam(store, team);
  }
}

/** What follows from events that were gone through. */
class Sum extends Tally {
  /** Position of the next one. */
  next: number;
  events = 0;

  constructor(next: number) {
    super();
    this.next = next;
  }

  /** Goes through the events up to a position. */
  async addUpTo(statements: Statements, team: string, end: number) {
    while (this.next < end) {
      const range = { from: this.next, end, limit: PAGE_EVENTS_MAX };
      const rows = await readSome(statements, team, range);
      for (const { document } of rows) this.add(JSON.parse(document));
      this.events += rows.length;
      const last = rows.at(-1);
      // Where nothing is left, there is nothing to wait for.
      this.next = last ? Number(last.position) + 1 : end;
    }
  }
}

async function rebuildTeam(store: Store, team: string): Promise<Rebuilt> {
  const { next, first } = await teamIn(store, team);
  const sum = new Sum(first);
  while (sum.next < next) {
    const end = Math.min(next, sum.next + PAGE_EVENTS_MAX);
    await store.read("read events", (lane) => sum.addUpTo(lane, team, end));
  }
  const mended = await store.write(
    "mend",
    (lane) =>
      lane.transaction("isolation level read committed", async (tx) => {
        // It may have been pruned since it was read.
        const { next, first } = await lockTeam(tx, team);
        await sum.addUpTo(tx, team, next);
        // What was pruned is known from what is stored only.
        const mended = await mend(tx, team, sum, first > 0);
        await tx.commit(mended > 0 ? [[NEXT_TURN, [keyOf(team)]]] : []);
        return mended;
      }),
  );
  return {
    team,
    events: sum.events,
    packages: sum.packages.size,
    nodes: sum.nodes.size,
    mended,
  };
}

/** Puts right what is wrong. @returns how many values */
async function mend(
  tx: Statements,
  team: string,
  { packages, nodes }: Sum,
  isPruned: boolean,
): Promise<number> {
  const key = keyOf(team);
  const stored = new Map(
    (await readPackages(tx, team)).map((row) => [packageName(row), row]),
  );
  const wrong = [...packages].filter(([name, { state }]) =>
    !sameJson(stored.get(name)?.state, state) &&
    !(isPruned && stored.has(name))
  ).map(([, row]) => row);
  const surplus = isPruned
    ? []
    : [...stored].filter(([name]) => !packages.has(name)).map(([, row]) => row);
  const gone = [...wrong, ...surplus];
  await tx.send(
    "delete from kitty_events.packages p using unnest($2::text[], $3::text[]) as k (wp_id, feature) where p.team = $1 and p.wp_id = k.wp_id and p.feature = k.feature",
    [
      key,
      arrayOf(gone.map(({ wpId }) => keyOf(wpId))),
      arrayOf(gone.map(({ feature }) => keyOf(feature))),
    ],
  );
  await insertPackages(tx, key, wrong);
  const mendedNodes = isPruned ? 0 : await mendNodes(tx, team, nodes);
  return wrong.length + surplus.length + mendedNodes;
}

/** Stores states of packages that are not there. */
async function insertPackages(
  tx: Statements,
  key: string,
  rows: readonly PackageRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.send(
    "insert into kitty_events.packages (team, wp_id, feature, status, updated_at, state) select $1::text, * from unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])",
    [
      key,
      arrayOf(rows.map(({ wpId }) => keyOf(wpId))),
      arrayOf(rows.map(({ feature }) => keyOf(feature))),
      arrayOf(rows.map(({ state }) => keyOf(state.status))),
      arrayOf(rows.map(({ state }) => momentOf(Date.parse(state.updated_at)))),
      arrayOf(rows.map(({ state }) => JSON.stringify(state))),
    ],
  );
}

async function mendNodes(
  tx: Statements,
  team: string,
  counted: ReadonlyMap<string, NodeCount>,
): Promise<number> {
  const { counts } = await readNodes(tx, team);
  const { right, surplus } = amended(counts, counted);
  const key = keyOf(team);
  if (right.length > 0) await tx.send(...putNodes(key, right));
  if (surplus.length > 0) {
    await tx.send(
      "delete from kitty_events.nodes where team = $1 and node = any($2::text[])",
      [key, arrayOf(surplus.map(keyOf))],
    );
  }
  return right.length + surplus.length;
}
