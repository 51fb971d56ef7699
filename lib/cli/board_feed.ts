/**
 * What the board of a project shows: the rows of its logs and the events of
 * this home's queue, kept in memory. Neither is changed.
 *
 * @module
 */

import { reasonOf } from "../base/errors.ts";
import type { EventLog, IncomingEvent } from "../collector/events/event_log.ts";
import { queueIdOf } from "../event/row_event.ts";
import { documentOf, isFramed, storedOf } from "../event/stored.ts";
import type { LineRow } from "../follow/lines.ts";
import type { Watched, Watching } from "../follow/watching.ts";
import { peekAtQueue, queueMark } from "../home/queue_peek.ts";

/** What a feed works with. */
export interface FeedParts {
  readonly events: EventLog;
  readonly team: string;
  readonly watching: Watching;
  /** Where the queue lies, if it is there; undefined where there is no home. */
  readonly home: string | undefined;
}

/** Events that are admitted at once. */
const GROUP_EVENTS = 1_000;

/** Brings events to a board. */
export class BoardFeed {
  readonly #parts: FeedParts;
  /** What the queue was when it was read last. */
  #mark: string | undefined;
  /** Ids of all that lay in the queue. */
  readonly #known = new Set<string>();
  readonly #clocks = new Clocks();

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** Looks at the queue first: what lies there has its clock values already. */
  async look(): Promise<Watched & { readonly trouble?: string }> {
    const { home, watching } = this.#parts;
    const trouble = home === undefined
      ? undefined
      : await this.#readQueue(home).then(() => undefined, reasonOf);
    const watched = await watching.look();
    const rows = watched.rows
      .filter(({ queue_id }) => !this.#known.has(queue_id));
    for (let at = 0; at < rows.length; at += GROUP_EVENTS) {
      const group = rows.slice(at, at + GROUP_EVENTS);
      await this.#admit(group.map((row) => this.#stamped(row)));
    }
    return { ...watched, ...trouble !== undefined && { trouble } };
  }

  async #readQueue(home: string): Promise<void> {
    const mark = await queueMark(home);
    if (mark === undefined || mark === this.#mark) return;
    let group: IncomingEvent[] = [];
    for await (const bytes of peekAtQueue(home)) {
      const event = incoming(bytes);
      if (this.#known.has(event.event_id)) continue;
      this.#known.add(event.event_id);
      this.#clocks.add(event);
      group.push(event);
      if (group.length < GROUP_EVENTS) continue;
      await this.#admit(group);
      group = [];
    }
    await this.#admit(group);
    this.#mark = mark;
  }

  async #admit(events: readonly IncomingEvent[]): Promise<void> {
    await this.#parts.events.admit(this.#parts.team, events);
  }

  /** A row that was not recorded has no clock value: it goes to its place among those that have one by time. */
  #stamped({ draft, stamped, instant }: LineRow): IncomingEvent {
    const bytes = stamped?.event.bytes ??
      draft!.stamp(this.#clocks.at(Number(instant / NANOS_PER_MS))).bytes;
    return incoming(bytes);
  }
}

const NANOS_PER_MS = 1_000_000n;

/** Which clock values there were at which times. */
class Clocks {
  readonly #seen: { readonly ms: number; readonly clock: number }[] = [];
  /** By time, each with the highest value up to then; undefined while something is new. */
  #highest: { readonly ms: number; readonly clock: number }[] | undefined;

  add({ lamport_clock, document }: IncomingEvent): void {
    const ms = Date.parse(String(document.timestamp ?? document.time));
    if (Number.isNaN(ms)) return;
    this.#seen.push({ ms, clock: lamport_clock });
    this.#highest = undefined;
  }

  /** The highest value of all that is not later; 0 where there is none. */
  at(ms: number): number {
    if (!this.#highest) {
      let clock = 0;
      this.#highest = this.#seen.toSorted((a, b) => a.ms - b.ms)
        .map((one) => ({
          ms: one.ms,
          clock: clock = Math.max(clock, one.clock),
        }));
    }
    let low = 0, high = this.#highest.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#highest[middle]!.ms <= ms) low = middle + 1;
      else high = middle;
    }
    return this.#highest[low - 1]?.clock ?? 0;
  }
}

/** An event as it lies in a queue, as a collector stores it. */
function incoming(bytes: Uint8Array): IncomingEvent {
  const stored = storedOf(bytes, "");
  const { document } = stored;
  const event_id = isFramed(bytes)
    ? queueIdOf({ source: document.source as string, id: stored.id })
    : stored.id;
  return { ...stored, event_id, bytes: documentOf(bytes), document };
}
