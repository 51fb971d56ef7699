/**
 * All sinks of a store, each driven for itself: one that fails holds up no
 * other.
 *
 * @module
 */

import { pause } from "../../base/deadline.ts";
import type { Log } from "../../base/log.ts";
import type { World } from "../../base/world.ts";
import type { EventLog } from "../events/event_log.ts";
import { SINK_LOOK_MS } from "../limits.ts";
import type { Family } from "../metrics.ts";
import type { Trust } from "../../login/http_client.ts";
import type { Records } from "../records/records.ts";
import { Driver, type DriverParts } from "./driver.ts";
import { cursorAt, type Sink, type SinkCursor, SinkStore } from "./sink.ts";

/** What sinks work with. */
export interface SinksParts {
  readonly world: World;
  readonly log: Log;
  readonly events: EventLog;
  readonly settings: Records;
  readonly records: Records;
  readonly instance: string;
  readonly trust?: Trust | undefined;
}

/** Drives all sinks until it is stopped. */
export class Sinks {
  readonly #parts: SinksParts;
  readonly #store: SinkStore;
  readonly #drivers = new Map<string, Driver>();
  readonly #driving: DriverParts;
  readonly #over = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(parts: SinksParts) {
    this.#parts = parts;
    this.#store = new SinkStore(parts.settings);
    const holder = parts.world.randomBytes(8).toHex();
    this.#driving = { ...parts, holder };
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Something of a team was stored. */
  stored(team: string): void {
    for (const driver of this.#drivers.values()) {
      if (driver.sink.team === team) driver.poke();
    }
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#running;
    await Promise.all([...this.#drivers.values()].map((one) => one.stop()));
    this.#drivers.clear();
  }

  async #run(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#look().catch((error) =>
        this.#parts.log.error("the sinks cannot be read", error)
      );
      await pause(SINK_LOOK_MS, this.#over.signal);
    }
  }

  /** Begins with those that are new, and ends with those that are gone. */
  async #look(): Promise<void> {
    const wanted = (await this.#store.all()).filter(({ paused }) => !paused);
    const byId = new Map(wanted.map((sink) => [sink.id, sink]));
    for (const [id, driver] of [...this.#drivers]) {
      if (byId.has(id)) continue;
      this.#drivers.delete(id);
      // A request that is under way holds up no other sink.
      void driver.stop();
    }
    for (const [id, sink] of byId) {
      if (this.#drivers.has(id)) continue;
      this.#drivers.set(id, new Driver(sink, this.#driving));
    }
  }
}

/** How a sink stands. */
export interface SinkState extends Omit<Sink, "id" | "from">, SinkCursor {
  /** Events that are stored and were not looked at yet. */
  readonly lag: number;
}

/** How all sinks stand, by their names. */
export async function sinkStates({ events, settings, records }: {
  readonly events: Pick<EventLog, "usage" | "first">;
  readonly settings: Records;
  readonly records: Records;
}): Promise<SinkState[]> {
  const cursors = new Map(await records.list<SinkCursor>("sink_cursor"));
  const states: SinkState[] = [];
  for (const given of await new SinkStore(settings).all()) {
    const { id, from: _, ...sink } = given;
    const found = cursors.get(sink.name);
    const cursor = found?.sink === id ? found : cursorAt(given);
    const { first, end } = await rangeOf(events, sink.team);
    states.push({
      ...sink,
      ...cursor,
      lag: end - Math.min(end, Math.max(first, cursor.position)),
    });
  }
  return states;
}

/** Position of the next event of a team. */
export async function endOf(
  events: Pick<EventLog, "usage" | "first">,
  team: string,
): Promise<number> {
  return (await rangeOf(events, team)).end;
}

/** Positions of the first event of a team that is still there, and of the next one. */
async function rangeOf(
  events: Pick<EventLog, "usage" | "first">,
  team: string,
): Promise<{ first: number; end: number }> {
  for (;;) {
    const first = await events.first(team);
    const usage = await events.usage(team);
    // Unless some were removed in between.
    if (await events.first(team) === first) {
      return { first, end: first + usage.events };
    }
  }
}

/** The same as metrics. */
export function sinkFamilies(states: readonly SinkState[]): Family[] {
  if (states.length === 0) return [];
  const family = (
    name: string,
    help: string,
    valueOf: (state: SinkState) => number,
  ): Family => ({
    name,
    help,
    samples: states.map((state) => [{ sink: state.name }, valueOf(state)]),
  });
  return [
    family(
      "sink_lag_events",
      "Events that are stored and did not go to the sink yet.",
      ({ lag }) => lag,
    ),
    family(
      "sink_delivered_events",
      "Events that the sink has taken.",
      ({ delivered }) => delivered,
    ),
    family(
      "sink_refused_events",
      "Events that the sink has refused for good.",
      ({ refused }) => refused,
    ),
    family(
      "sink_missed_events",
      "Events that were removed before they went to the sink.",
      ({ missed }) => missed,
    ),
    family(
      "sink_in_trouble",
      "1 while the sink takes nothing.",
      ({ trouble }) => trouble ? 1 : 0,
    ),
    family(
      "sink_paused",
      "1 where a person has paused the sink.",
      ({ paused }) => paused ? 1 : 0,
    ),
  ];
}
