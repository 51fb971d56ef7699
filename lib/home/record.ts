/**
 * The heart of the flow, under the home's lock: complete drafts become events
 * in the queue. Used for calls and for what comes out of the spool.
 *
 * @module
 */

import type { Settings } from "../base/config.ts";
import { DeadlineError } from "../base/errors.ts";
import {
  draftOf,
  type RenderedDraft,
  sameContent,
  stamp,
  type StampedEvent,
} from "../event/event.ts";
import type { Held } from "./held.ts";
import type { Addition, Entry, Place } from "./queue.ts";
import { commitParts } from "./queue_layout.ts";
import { COMMIT_EVENTS_MAX, EVENT_BYTES_MAX } from "../base/limits.ts";

/** A draft to record. */
export interface Candidate {
  readonly draft: RenderedDraft;
  /** Whether its id may be known already: it came from the caller or the spool. */
  readonly mayExist: boolean;
}

/** What became of a candidate. */
export type Recorded =
  | { readonly kind: "stored"; readonly lamport_clock: number }
  /** The same event is here already. */
  | {
    readonly kind: "present";
    readonly lamport_clock: number;
    readonly place: Place;
  }
  /** Another event has its id. */
  | { readonly kind: "conflict" }
  | { readonly kind: "too_large" }
  | { readonly kind: "full" }
  | { readonly kind: "failed"; readonly error: unknown };

/**
 * Records drafts in their order. The clock is stored before the events: a
 * crash in between leaves a gap in the values, never a repeat. While one part
 * is being committed, the events of the next are made.
 *
 * @returns one result for each candidate; `failed` where its commit failed
 * @throws when the clock cannot be stored; nothing is recorded then
 */
export async function record(
  held: Held,
  candidates: readonly Candidate[],
  settings: Pick<Settings, "maxQueueSize" | "maxQueueBytes">,
): Promise<Recorded[]> {
  const results: Recorded[] = [];
  const { queued, dead, bytes } = held.queue.ledger;
  const room: Room = {
    events: settings.maxQueueSize - queued - dead,
    bytes: settings.maxQueueBytes - bytes,
  };
  await held.reserveClock(candidates.length);
  let storing: Promise<Recorded[]> | undefined;
  for (let at = 0; at < candidates.length; at += COMMIT_EVENTS_MAX) {
    const some = candidates.slice(at, at + COMMIT_EVENTS_MAX);
    const ids = some.flatMap(({ draft, mayExist }) =>
      mayExist ? draft.event_id : []
    );
    let known = NONE_KNOWN;
    if (ids.length > 0) {
      // What may be here already may have come with the part before.
      await storing;
      known = await held.queue.find(ids);
    }
    const made = make(held, some, known, room);
    results.push(...await storing ?? []);
    const failed = results.findLast(({ kind }) => kind === "failed");
    storing = failed
      ? Promise.resolve(some.map(() => failed))
      : storeMade(held, some, made);
  }
  results.push(...await storing ?? []);
  await held.releaseClock();
  return results;
}

const NONE_KNOWN: ReadonlyMap<string, Entry> = new Map();

/** What the queue still takes. */
interface Room {
  events: number;
  bytes: number;
}

/** Events made of candidates, and what becomes of each if these can be stored. */
interface Made {
  readonly additions: readonly Addition[];
  readonly results: readonly Recorded[];
}

/** Gives each candidate that is new and fits its place in the order. */
function make(
  held: Held,
  candidates: readonly Candidate[],
  known: ReadonlyMap<string, Entry>,
  room: Room,
): Made {
  const events: StampedEvent[] = [];
  const twins = new Map<
    string,
    { draft: RenderedDraft; event: StampedEvent }
  >();
  const results = candidates.map(({ draft, mayExist }): Recorded => {
    const { event_id } = draft;
    const entry = mayExist ? known.get(event_id) : undefined;
    if (entry) {
      const { place, envelope: { lamport_clock } } = entry;
      return sameContent(draftOf(draft), entry.envelope)
        ? { kind: "present", place, lamport_clock }
        : { kind: "conflict" };
    }
    const twin = mayExist ? twins.get(event_id) : undefined;
    if (twin) {
      const { lamport_clock } = twin.event;
      return sameContent(draftOf(draft), draftOf(twin.draft))
        ? { kind: "present", place: "queue", lamport_clock }
        : { kind: "conflict" };
    }
    const event = stamp(draft, held.clock + 1);
    const { length } = event.bytes;
    if (length > EVENT_BYTES_MAX) return { kind: "too_large" };
    if (room.events < 1 || room.bytes < length) return { kind: "full" };
    room.events -= 1;
    room.bytes -= length;
    held.useClock();
    events.push(event);
    if (mayExist) twins.set(event_id, { draft, event });
    return { kind: "stored", lamport_clock: event.lamport_clock };
  });
  const additions = commitParts(events).map((part) =>
    held.queue.prepare(part, "accepted")
  );
  return { additions, results };
}

/** Stores what was made; what could not be stored is `failed`. */
async function storeMade(
  held: Held,
  candidates: readonly Candidate[],
  { additions, results }: Made,
): Promise<Recorded[]> {
  const failed = await storeParts(held, additions);
  if (!failed) return [...results];
  return results.map((result, i) => {
    const { event_id } = candidates[i]!.draft;
    return failed.ids.has(event_id) && "lamport_clock" in result
      ? { kind: "failed", error: failed.error }
      : result;
  });
}

/** Commits events part by part; returns the ids of those that were not stored. */
async function storeParts(
  held: Held,
  additions: readonly Addition[],
): Promise<{ ids: Set<string>; error: unknown } | undefined> {
  for (const [i, addition] of additions.entries()) {
    try {
      held.deadline.check("store the event");
      await held.queue.store(addition);
    } catch (error) {
      if (!(error instanceof DeadlineError)) held.distrust();
      const rest = additions.slice(i).flatMap(({ events }) => events);
      return { ids: new Set(rest.map(({ event_id }) => event_id)), error };
    }
  }
  return undefined;
}
