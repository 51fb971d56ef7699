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
import type { QueueReader } from "../home/queue.ts";

/** What a feed works with. */
export interface FeedParts {
  readonly events: EventLog;
  readonly team: string;
  readonly watching: Watching;
  /** The queue of this home; undefined where there is none. */
  readonly queue: () => Promise<QueueReader | undefined>;
}

/** Events that are admitted at once. */
const GROUP_EVENTS = 1_000;

/** Brings events to a board. */
export class BoardFeed {
  readonly #parts: FeedParts;
  /** Events that the queue had ever stored, when it was read last. */
  #everStored = -1;
  /** Ids of all that lay in the queue. */
  readonly #known = new Set<string>();
  #highest = 0;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** Looks at the queue first: what lies there has its clock values already. */
  async look(): Promise<Watched & { readonly trouble?: string }> {
    const trouble = await this.#readQueue().then(() => undefined, reasonOf);
    const watched = await this.#parts.watching.look();
    const rows = watched.rows
      .filter(({ queue_id }) => !this.#known.has(queue_id));
    for (let at = 0; at < rows.length; at += GROUP_EVENTS) {
      const group = rows.slice(at, at + GROUP_EVENTS);
      await this.#admit(group.map((row, i) => this.#stamped(row, i)));
    }
    return { ...watched, ...trouble !== undefined && { trouble } };
  }

  async #readQueue(): Promise<void> {
    const queue = await this.#parts.queue();
    if (!queue) return;
    const { accepted, imported } = await queue.readLedger();
    if (accepted + imported === this.#everStored) return;
    this.#everStored = accepted + imported;
    for (const place of ["queue", "dead"] as const) {
      let group: IncomingEvent[] = [];
      for await (const bytes of queue.documents(place)) {
        const event = incoming(bytes);
        this.#known.add(event.event_id);
        group.push(event);
        if (group.length < GROUP_EVENTS) continue;
        await this.#admit(group);
        group = [];
      }
      await this.#admit(group);
    }
  }

  async #admit(events: readonly IncomingEvent[]): Promise<void> {
    const { highest } = await this.#parts.events.admit(
      this.#parts.team,
      events,
    );
    this.#highest = highest;
  }

  /** A row with the clock value that recording it now would give it. */
  #stamped({ draft, stamped }: LineRow, ahead: number): IncomingEvent {
    return incoming(
      stamped?.event.bytes ?? draft!.stamp(this.#highest + 1 + ahead).bytes,
    );
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
