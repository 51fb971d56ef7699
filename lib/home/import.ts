/**
 * Taking events over from an export: id, node and clock stay as they are.
 *
 * @module
 */

import type { Settings } from "../base/config.ts";
import type { RowIdentity, StampedEvent } from "../event/event.ts";
import { type JsonObject, sameJson } from "../base/json.ts";
import { CLOCK_MAX, EVENT_BYTES_MAX } from "../base/limits.ts";
import type { Held } from "./held.ts";
import { highestOf } from "./own_counts.ts";
import { commitParts } from "./queue_layout.ts";

/** What became of one event. */
export type Imported =
  | "imported"
  /** It is here already, with the same content. */
  | "skipped"
  /** Its id is here already, with other content. */
  | "conflict"
  | "too_large"
  | "full";

/** An event with its id, node and clock value. */
export interface Importable {
  readonly event: StampedEvent;
  /** The envelope or the row. */
  readonly document: JsonObject;
}

/**
 * Imports a group of events. The clock is raised to the highest value seen,
 * before the events are stored; a value that leaves none above it is not
 * followed.
 *
 * @param counted the highest clock value of this node that was counted before
 *   the first group; what is above it has come from another home of the node
 */
export async function importGroup(
  held: Held,
  group: readonly Importable[],
  settings: Pick<Settings, "maxQueueSize" | "maxQueueBytes">,
  counted = highestCounted(held),
): Promise<Imported[]> {
  const here = await lookUp(held, group);
  const fresh: StampedEvent[] = [];
  const { queued, dead, bytes } = held.queue.ledger;
  let events = queued + dead, total = bytes;
  const results = group.map((item): Imported => {
    const { event } = item;
    const there = here.look(item);
    if (there !== "new") return there;
    if (event.bytes.length > EVENT_BYTES_MAX) return "too_large";
    if (
      events + 1 > settings.maxQueueSize ||
      total + event.bytes.length > settings.maxQueueBytes
    ) return "full";
    events += 1;
    total += event.bytes.length;
    fresh.push(event);
    here.note(item);
    return "imported";
  });
  await followClock(held, fresh);
  const { nodeId } = held.place;
  for (const part of commitParts(fresh)) {
    const own = part.filter(({ node_id, lamport_clock }) =>
      node_id === nodeId && lamport_clock > counted
    );
    await held.queue.append(part, "imported", own);
  }
  return results;
}

/** The highest clock value of this node that this home has counted. */
export function highestCounted({ queue, place }: Held): number {
  return highestOf(queue.ledger.own, place.nodeId);
}

/** What is here of a group, while it is taken over. */
interface Here {
  look(item: Importable): "new" | "skipped" | "conflict";
  /** From now on it is here. */
  note(item: Importable): void;
}

/** Looks up what of a group is here. */
async function lookUp(
  { queue }: Held,
  group: readonly Importable[],
): Promise<Here> {
  const identities = group.flatMap(({ event }) => event.identity ?? []);
  const rows: Map<string, RowIdentity> = identities.length > 0
    ? await queue.knownRows(identities)
    : new Map();
  const ids = group.filter(({ event }) => !event.identity)
    .map(({ event }) => event.event_id);
  const documents = new Map(
    [...await queue.find(ids)].map(([id, { event }]) => [id, event.document]),
  );
  return {
    look({ event: { event_id, identity }, document }) {
      const row = identity && rows.get(event_id);
      if (row) return isSameRow(row, identity) ? "skipped" : "conflict";
      const there = identity ? undefined : documents.get(event_id);
      if (!there) return "new";
      return sameJson(there, document) ? "skipped" : "conflict";
    },
    note({ event: { event_id, identity }, document }) {
      if (identity) rows.set(event_id, identity);
      else documents.set(event_id, document);
    },
  };
}

/** Whether two rows of one source and id differ in nothing but clock and node. */
export function isSameRow(a: RowIdentity, b: RowIdentity): boolean {
  return a.digest === b.digest && a.time === b.time;
}

/** Raises the clock to the highest value of events that come in. */
async function followClock(
  held: Held,
  events: readonly StampedEvent[],
): Promise<void> {
  const clocks = events.map(({ lamport_clock }) => lamport_clock);
  const highest = Math.max(0, ...clocks.filter((value) => value < CLOCK_MAX));
  if (clocks.some((value) => value >= CLOCK_MAX)) {
    held.warn(
      `an imported event has a clock value above 2^52: the clock does not follow it`,
    );
  }
  if (highest > held.clock) await held.setClock(highest);
}
