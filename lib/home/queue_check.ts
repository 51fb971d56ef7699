/**
 * The thorough check of a queue: file, accounts, index.
 *
 * @module
 */

import type { RowIdentity } from "../event/event.ts";
import { queueIdOf } from "../event/row_event.ts";
import type { StoredEvent } from "../event/stored.ts";
import type { Ledger, Place } from "./queue.ts";
import { queuePath } from "./queue_file.ts";
import { findDamage } from "./sqlite.ts";
import { fromBytes, teamLabel } from "./queue_layout.ts";
import { rows } from "./queue_index.ts";
import type { KvReader } from "./queue_read.ts";

/**
 * Everything that is wrong with a queue, in words. Reads all of it; the caller
 * holds the lock.
 *
 * @param ledger the counters as their holder has them
 */
export async function checkQueue(
  home: string,
  queue: KvReader,
  ledger: Ledger,
): Promise<string[]> {
  const problems: string[] = [];
  const damage = await findDamage(queuePath(home));
  // Deno KV may end the process on a damaged file: no further then.
  if (damage) return [`events.kv: ${damage}`];

  const counted = { queued: 0, dead: 0, bytes: 0, chunks: 0 };
  const byType = new Map<string, number>(), byTeam = new Map<string, number>();
  const ownDead = new Map<string, number>();
  for (const place of ["queue", "dead"] as const) {
    for await (const { event, bytes, key, value } of queue.entries(place)) {
      counted[place === "queue" ? "queued" : "dead"] += 1;
      counted.bytes += bytes;
      counted.chunks += value.length < bytes
        ? fromBytes<[number]>(value)[0]
        : 0;
      const team = teamLabel(event.team_slug);
      if (place === "queue") {
        add(byType, event.event_type);
        add(byTeam, team);
      } else add(ownDead, JSON.stringify([event.node_id, team]));
      if (!isKnownBy(event, String(key[3]))) {
        problems.push(`the entry of ${String(key[3])} holds another event`);
      }
    }
  }
  for (const name of ["queued", "dead", "bytes"] as const) {
    compare(problems, name, ledger[name], counted[name]);
  }
  compareAll(problems, "type", ledger.by_type, byType);
  compareAll(problems, "team", (await queue.readStats()).by_team, byTeam);
  problems.push(...balance(ledger));
  for (const { node, team, dead } of ledger.own?.counts ?? []) {
    const counted = ownDead.get(JSON.stringify([node, team])) ?? 0;
    compare(problems, `dead of node ${node}, team ${team}`, dead, counted);
  }
  problems.push(...await checkIndex(queue, counted));
  return problems;
}

/** Whether an event is the one that is known by this id. */
function isKnownBy({ document }: StoredEvent, id: string): boolean {
  const { source } = document as Partial<RowIdentity>;
  return source === undefined
    ? document.event_id === id
    : queueIdOf({ source, id: document.id as string }) === id;
}

/** Whether the totals add up. */
function balance(ledger: Ledger): string[] {
  const { accepted, imported, queued, delivered, dead, dropped } = ledger;
  const into = accepted + imported, out = queued + delivered + dead + dropped;
  return into === out ? [] : [
    `the totals do not balance: accepted + imported is ${into}, queued + delivered + dead + dropped is ${out}`,
  ];
}

/** Whether the index names exactly the events, and every chunk belongs to one. */
async function checkIndex(
  queue: KvReader,
  counted: { queued: number; dead: number; chunks: number },
): Promise<string[]> {
  const problems: string[] = [];
  const places: Record<Place, number> = { queue: 0, dead: 0 };
  for await (const { items } of rows(queue.kv)) {
    for (const [, place] of items) places[place] += 1;
  }
  compare(problems, "queued in the index", places.queue, counted.queued);
  compare(problems, "dead in the index", places.dead, counted.dead);
  let chunks = 0;
  for await (const _ of queue.kv.list({ prefix: ["chunk"] })) chunks += 1;
  compare(problems, "chunks", chunks, counted.chunks);
  return problems;
}

function compareAll(
  problems: string[],
  what: string,
  ledger: Readonly<Record<string, number>>,
  counted: ReadonlyMap<string, number>,
): void {
  for (const name of new Set([...Object.keys(ledger), ...counted.keys()])) {
    compare(
      problems,
      `of ${what} ${name}`,
      ledger[name] ?? 0,
      counted.get(name) ?? 0,
    );
  }
}

function compare(
  problems: string[],
  what: string,
  ledger: number,
  counted: number,
): void {
  if (ledger !== counted) {
    problems.push(`${what}: the ledger says ${ledger}, counted ${counted}`);
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
