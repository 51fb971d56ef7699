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
import {
  amended,
  type NodeCount,
  nodeName,
  noneOf,
  sumOf,
} from "../events/nodes.ts";
import { packageName, type PackageRow } from "../events/packages.ts";
import { Tally } from "../events/tally.ts";
import { PAGE_EVENTS_MAX } from "../limits.ts";
import { arrayOf, keyOf, momentOf, textOf } from "./columns.ts";
import type { Statements } from "./connection.ts";
import { STAMPS_AT_ONCE_MAX } from "./limits.ts";
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
  // Of events that were pruned, their stamps are left.
  const stamps = first > 0 ? new Stamps() : undefined;
  while (stamps && stamps.next < next) {
    const end = Math.min(next, stamps.next + STAMPS_AT_ONCE_MAX);
    await store.read("read stamps", (lane) => stamps.addUpTo(lane, team, end));
  }
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
        await stamps?.addUpTo(tx, team, next);
        const isPruned = first > 0;
        const nodes = isPruned ? stamps?.known : sum.nodes;
        const mended = await mendPackages(tx, team, sum, isPruned) +
          (nodes ? await mendNodes(tx, team, nodes) : 0);
        await tx.commit(mended > 0 ? [[NEXT_TURN, [keyOf(team)]]] : []);
        return mended;
      }),
  );
  return {
    team,
    events: sum.events,
    packages: sum.packages.size,
    nodes: (stamps?.known ?? sum.nodes).size,
    mended,
  };
}

/** What the stamps of events say of nodes, which stay when documents go. */
class Stamps {
  /** Position of the next one. */
  next = 0;
  readonly #nodes = new Map<string, NodeCount>();
  #isWhole = true;

  /** Counts of all nodes; undefined where some stamps were never there, as of envelopes that were pruned before they were copied to this store. */
  get known(): ReadonlyMap<string, NodeCount> | undefined {
    return this.#isWhole ? this.#nodes : undefined;
  }

  async addUpTo(statements: Statements, team: string, end: number) {
    const rows = await statements.send(
      "select node, count(*) as events, min(clock) as lowest, max(clock) as highest from kitty_events.events where team = $1 and position >= $2::bigint and position < $3::bigint group by node",
      [keyOf(team), this.next, end],
    );
    for (const { node, events, lowest, highest } of rows) {
      if (node === null) {
        this.#isWhole = false;
        continue;
      }
      const name = nodeName(textOf(node)), before = this.#nodes.get(name);
      const count = {
        ...noneOf(name),
        events: Number(events),
        lowest: Number(lowest),
        highest: Number(highest),
      };
      this.#nodes.set(name, before ? sumOf(before, count) : count);
    }
    this.next = end;
  }
}

/** Puts right what is wrong; what was pruned is known from what is stored only. @returns how many values */
async function mendPackages(
  tx: Statements,
  team: string,
  { packages }: Sum,
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
  return wrong.length + surplus.length;
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
