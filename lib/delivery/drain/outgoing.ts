/**
 * The queue as a drain sees it: events of one team in their order, in their
 * wire form.
 *
 * @module
 */

import { LOCAL_TEAM } from "../../base/config.ts";
import type { Accepted } from "./accepted.ts";
import type { Entry, QueueReader } from "../../home/queue.ts";
import type { WireEvent } from "../transport/transport.ts";

/** Which events a drain takes. */
export interface Selection {
  /** Undefined: events of all teams. */
  readonly teamSlug: string | undefined;
  /** Contracts that the server takes. */
  readonly accepted: Accepted;
  /** Ids that are not to go out this time. */
  readonly resting: ReadonlySet<string>;
  /** These ids only. */
  readonly only?: ReadonlySet<string>;
}

/** Reads what is to be sent, some at a time, each event once. */
export class OutgoingReader {
  readonly #entries: AsyncGenerator<Entry>;
  readonly #selection: Selection;
  /** Contracts of events that were passed over, as the server does not take them. */
  readonly untaken: Set<string> = new Set();
  /** Read, but too large for the last batch. */
  #ahead: WireEvent | undefined;

  constructor(queue: QueueReader, selection: Selection) {
    this.#entries = queue.entries("queue");
    this.#selection = selection;
  }

  /** The next events: at least one unless there is none left, and no more than the bounds allow. */
  async take(eventsMax: number, bytesMax: number): Promise<WireEvent[]> {
    const batch: WireEvent[] = [];
    // An answer names events by their own ids, of which rows of two sources may have one.
    const named = new Set<string>();
    let bytes = 0;
    while (batch.length < eventsMax) {
      const event = this.#ahead ?? await this.#next();
      this.#ahead = undefined;
      if (!event) break;
      const isOver = bytes + event.bytes > bytesMax ||
        named.has(event.wire_id);
      if (batch.length > 0 && isOver) {
        this.#ahead = event;
        break;
      }
      batch.push(event);
      named.add(event.wire_id);
      bytes += event.bytes;
    }
    return batch;
  }

  async #next(): Promise<WireEvent | undefined> {
    const { teamSlug, accepted, resting, only } = this.#selection;
    for (;;) {
      const { value: entry, done } = await this.#entries.next();
      if (done) return undefined;
      const { event_id, team_slug, contract } = entry.event;
      const isOurs = teamSlug === undefined || team_slug === teamSlug ||
        team_slug === LOCAL_TEAM;
      if (!isOurs || resting.has(event_id)) continue;
      if (accepted !== "all" && !accepted.has(contract.name)) {
        this.untaken.add(contract.name);
        continue;
      }
      if (!only || only.has(event_id)) return toWire(entry, teamSlug);
    }
  }
}

/** The wire form differs from the stored one in the team of an event that had none. */
export function toWire(
  entry: Entry,
  teamSlug: string | undefined,
): WireEvent {
  const { event: { document, id, event_id, team_slug }, bytes } = entry;
  const isLocal = team_slug === LOCAL_TEAM && teamSlug !== undefined &&
    teamSlug !== LOCAL_TEAM;
  // A row names no team: it is of the team that sends it.
  const json = isLocal && Object.hasOwn(document, "team_slug")
    ? JSON.stringify({ ...document, team_slug: teamSlug })
    : entry.json;
  return { event_id, wire_id: id, json, bytes, isLocal };
}
