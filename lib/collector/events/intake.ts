/**
 * Arrivals become stored events, each with its result: the one way in, for
 * batches and sockets alike.
 *
 * @module
 */

import type { Envelope } from "../../contract/contract.ts";
import { type JsonObject, sameJson } from "../../base/json.ts";
import { type EventResult, REJECTED } from "../../base/wire.ts";
import { type Arrival, FOREIGN_WORDS, isForeign } from "./arrival.ts";
import { Gate } from "../gate.ts";
import { commitsOf, type IncomingEvent, type Place } from "./layout.ts";
import type { Metrics } from "../metrics.ts";
import type { Store } from "./store.ts";

/** Called with each group of new events once it is on disk, in order. */
export type OnStored = (
  team: string,
  events: readonly IncomingEvent[],
  /** Who sent them; it need not be told. */
  sender: object | undefined,
) => void;

/** What became of arrivals. */
export interface Taken {
  /** In the order of the arrivals. */
  readonly results: readonly EventResult[];
  /** The team's highest clock value. */
  readonly highest: number;
}

/** The way in. */
export class Intake {
  readonly #store: Store;
  readonly #metrics: Metrics;
  readonly #onStored: OnStored;
  readonly #gates = new Map<string, Gate>();

  constructor(store: Store, metrics: Metrics, onStored: OnStored) {
    this.#store = store;
    this.#metrics = metrics;
    this.#onStored = onStored;
  }

  /** Does `work` while nothing of the team is being stored. */
  alone<T>(team: string, work: () => Promise<T>): Promise<T> {
    let gate = this.#gates.get(team);
    if (!gate) this.#gates.set(team, gate = new Gate(1));
    return gate.enter(work);
  }

  /** Stores what is new and good. Resolves when all of it is on disk. */
  take(
    team: string,
    arrivals: readonly Arrival[],
    sender?: object,
  ): Promise<Taken> {
    return this.alone(team, async () => {
      const { results, fresh } = await this.#judge(team, arrivals);
      for (const events of commitsOf(fresh)) {
        await this.#store.append(team, events);
        this.#onStored(team, events, sender);
      }
      for (const { status } of results) this.#metrics.events(status);
      const { highest } = await this.#store.team(team);
      return { results, highest };
    });
  }

  async #judge(
    team: string,
    arrivals: readonly Arrival[],
  ): Promise<{ results: EventResult[]; fresh: IncomingEvent[] }> {
    const fresh = new Map<string, IncomingEvent>();
    const stored = await this.#storedAmong(team, arrivals);
    const results = arrivals.map((arrival): EventResult => {
      const { id, event, words } = arrival;
      if (isForeign(arrival, team)) return rejected(id, FOREIGN_WORDS);
      if (!event) return rejected(id, words);
      const known = stored.get(id) ?? fresh.get(id)?.envelope;
      if (!known) {
        fresh.set(id, event);
        return { event_id: id, status: "accepted" };
      }
      const other = differenceOf(known, event.envelope);
      return other === undefined
        ? { event_id: id, status: "duplicate" }
        : rejected(
          id,
          `/event_id: expected an id of its own, found the id of an event with another ${other}`,
        );
    });
    return { results, fresh: [...fresh.values()] };
  }

  /** The stored events that have ids of arrivals. */
  async #storedAmong(
    team: string,
    arrivals: readonly Arrival[],
  ): Promise<Map<string, Envelope>> {
    const ids = arrivals.filter(({ event }) => event).map(({ id }) => id);
    if (ids.length === 0) return new Map();
    const places = await this.#store.places(team, [...new Set(ids)]);
    const wanted = new Set(ids);
    const byRow = Map.groupBy(
      [...places].filter(([id]) => wanted.has(id)),
      ([, [row]]) => row,
    );
    const stored = new Map<string, Envelope>();
    for (const [row, found] of byRow) {
      const lines = await this.#store.lines(team, row);
      for (const [id, [, line]] of found as [string, Place][]) {
        stored.set(id, JSON.parse(decoder.decode(lines[line])));
      }
    }
    return stored;
  }
}

const decoder = new TextDecoder();

function rejected(event_id: string, error_message: string): EventResult {
  return { event_id, status: REJECTED, error_message };
}

/** Fields that make an event what it is. */
const CONTENT = [
  "event_type",
  "aggregate_id",
  "aggregate_type",
  "node_id",
  "lamport_clock",
  "timestamp",
  "payload",
] as const;

/** The first field in which two events differ, by value. */
function differenceOf(a: Envelope, b: Envelope): string | undefined {
  const [left, right]: JsonObject[] = [{ ...a }, { ...b }];
  return CONTENT.find((name) => !sameJson(left![name], right![name]));
}
