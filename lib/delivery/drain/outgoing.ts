/**
 * The queue as a drain sees it: events of one team in their order, in their
 * wire form.
 *
 * @module
 */

import { LOCAL_TEAM } from "../../base/config.ts";
import type { Entry, QueueReader } from "../../home/queue.ts";
import type { WireEvent } from "../transport/transport.ts";

/** Which events a drain takes. */
export interface Selection {
  readonly teamSlug: string;
  /** Ids that are not to go out this time. */
  readonly resting: ReadonlySet<string>;
  /** These ids only. */
  readonly only?: ReadonlySet<string>;
}

/** Reads what is to be sent, some at a time, each event once. */
export class OutgoingReader {
  readonly #entries: AsyncGenerator<Entry>;
  readonly #selection: Selection;
  /** Read, but too large for the last batch. */
  #ahead: WireEvent | undefined;

  constructor(queue: QueueReader, selection: Selection) {
    this.#entries = queue.entries("queue");
    this.#selection = selection;
  }

  /** The next events: at least one unless there is none left, and no more than the bounds allow. */
  async take(eventsMax: number, bytesMax: number): Promise<WireEvent[]> {
    const batch: WireEvent[] = [];
    let bytes = 0;
    while (batch.length < eventsMax) {
      const event = this.#ahead ?? await this.#next();
      this.#ahead = undefined;
      if (!event) break;
      if (batch.length > 0 && bytes + event.bytes > bytesMax) {
        this.#ahead = event;
        break;
      }
      batch.push(event);
      bytes += event.bytes;
    }
    return batch;
  }

  async #next(): Promise<WireEvent | undefined> {
    const { teamSlug, resting, only } = this.#selection;
    for (;;) {
      const { value: entry, done } = await this.#entries.next();
      if (done) return undefined;
      const { event_id, team_slug } = entry.event;
      const isOurs = team_slug === teamSlug || team_slug === LOCAL_TEAM;
      if (!isOurs || resting.has(event_id)) continue;
      if (!only || only.has(event_id)) return toWire(entry, teamSlug);
    }
  }
}

/** The wire form differs from the stored one in the team of an event that had none. */
export function toWire(entry: Entry, teamSlug: string): WireEvent {
  const { event: { document, event_id, team_slug }, bytes } = entry;
  const isLocal = team_slug === LOCAL_TEAM && teamSlug !== LOCAL_TEAM;
  // A row names no team: it is of the team that sends it.
  const json = isLocal && Object.hasOwn(document, "team_slug")
    ? JSON.stringify({ ...document, team_slug: teamSlug })
    : entry.json;
  return { event_id, json, bytes, isLocal };
}
