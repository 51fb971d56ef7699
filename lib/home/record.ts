/**
 * The heart of the flow, under the home's lock: complete drafts become events
 * in the queue. Used for calls and for what comes out of the spool.
 *
 * @module
 */

import type { Settings } from "../base/config.ts";
import { DeadlineError } from "../base/errors.ts";
import type { RenderedDraft, StampedEvent } from "../event/event.ts";
import type { Held } from "./held.ts";
import type { Addition, Entry, HandedNote, KnownRow, Place } from "./queue.ts";
import { commitParts } from "./queue_layout.ts";
import { COMMIT_EVENTS_MAX, EVENT_BYTES_MAX } from "../base/limits.ts";

/** A draft to record. */
export interface Candidate {
  readonly draft: RenderedDraft;
  /** Whether its id may be known already: it came from the caller or the spool. */
  readonly mayExist: boolean;
  /** Whether a home elsewhere has handed it over, and may do so again: then it is known for days. */
  readonly isHanded?: boolean;
}

/** What became of a candidate. */
export type Recorded =
  | { readonly kind: "stored"; readonly lamport_clock: number }
  /** The same event is here already. */
  | {
    readonly kind: "present";
    readonly lamport_clock: number;
    /** `gone`: it was recorded before, as a row or handed over, and has left the queue. */
    readonly place: Place | "gone";
  }
  /** Another event has its id. */
  | { readonly kind: "conflict" }
  | { readonly kind: "too_large" }
  /** Its contract has no clock value left for it. */
  | { readonly kind: "too_late" }
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
  const foretold = candidates.map(({ draft }, i) => ({
    node_id: draft.node_id,
    team_slug: draft.team_slug,
    lamport_clock: held.clock + 1 + i,
  }));
  const doubtfulFrom = (at: number) =>
    candidates.slice(at, at + COMMIT_EVENTS_MAX).filter(isDoubtful);
  // Looked up while the clock is stored, which is waited for whatever the looking up comes to: the lock must not be given back before.
  const ahead = findKnown(held, doubtfulFrom(0));
  ahead.catch(() => {});
  await held.reserveClock(candidates.length, held.queue.foretell(foretold));
  let known = await ahead;
  let storing: Promise<Recorded[]> | undefined;
  for (let at = 0; at < candidates.length; at += COMMIT_EVENTS_MAX) {
    const some = candidates.slice(at, at + COMMIT_EVENTS_MAX);
    if (at > 0) {
      const doubtful = doubtfulFrom(at);
      // What may be here already may have come with the part before.
      if (doubtful.length > 0) await storing;
      known = await findKnown(held, doubtful);
    }
    const made = make(held, some, known, room);
    results.push(...await storing ?? []);
    const failed = results.findLast(({ kind }) => kind === "failed");
    storing = failed
      ? Promise.resolve(some.map(() => failed))
      : storeMade(held, made);
  }
  results.push(...await storing ?? []);
  await held.releaseClock(results.every(({ kind }) => kind !== "failed"));
  return results;
}

/** What is here already of drafts, by what it is known by in the queue. */
interface Known {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly rows: ReadonlyMap<string, KnownRow>;
  readonly handed: ReadonlyMap<string, HandedNote>;
}

const NONE_KNOWN: Known = {
  entries: new Map(),
  rows: new Map(),
  handed: new Map(),
};

/** Whether something may be here that has its id. */
function isDoubtful({ mayExist, isHanded = false }: Candidate): boolean {
  return mayExist || isHanded;
}

async function findKnown(
  { queue, place }: Held,
  candidates: readonly Candidate[],
): Promise<Known> {
  const handedIds = candidates.filter(({ isHanded }) => isHanded)
    .map(({ draft }) => draft.queue_id);
  const handed = handedIds.length > 0
    ? await queue.findHanded(handedIds, place.nowMs())
    : NONE_KNOWN.handed;
  const drafts = candidates.filter(({ mayExist }) => mayExist)
    .map(({ draft }) => draft);
  const identities = drafts.flatMap(({ identity }) => identity ?? []);
  const rows = identities.length > 0
    ? await queue.knownRows(identities)
    : NONE_KNOWN.rows;
  const ids = drafts.filter(({ identity, queue_id }) =>
    !identity || rows.has(queue_id)
  ).map(({ queue_id }) => queue_id);
  const all = [...new Set([...ids, ...handed.keys()])];
  const entries = all.length > 0 ? await queue.find(all) : NONE_KNOWN.entries;
  return { entries, rows, handed };
}

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
  known: Known,
  room: Room,
): Made {
  const events: StampedEvent[] = [];
  const twins = new Map<string, Twin>();
  const results = candidates.map((candidate): Recorded => {
    const { draft, isHanded } = candidate;
    const mayExist = isDoubtful(candidate);
    const there = mayExist ? alreadyThere(draft, known, twins) : undefined;
    if (there) return there;
    if (held.clock >= draft.clockMax) return { kind: "too_late" };
    const stamped = draft.stamp(held.clock + 1);
    const event = isHanded ? { ...stamped, handed: draft.digest } : stamped;
    const { length } = event.bytes;
    if (length > EVENT_BYTES_MAX) return { kind: "too_large" };
    if (room.events < 1 || room.bytes < length) return { kind: "full" };
    room.events -= 1;
    room.bytes -= length;
    held.useClock();
    events.push(event);
    if (mayExist) twins.set(event.event_id, { draft, event });
    return { kind: "stored", lamport_clock: event.lamport_clock };
  });
  const additions = commitParts(events).map((part) =>
    held.queue.prepare(part, "accepted")
  );
  return { additions, results };
}

/** A candidate of the same group. */
interface Twin {
  readonly draft: RenderedDraft;
  readonly event: StampedEvent;
}

/** What is said of a draft whose event is here; undefined where it is new. */
function alreadyThere(
  draft: RenderedDraft,
  { entries, rows, handed }: Known,
  twins: ReadonlyMap<string, Twin>,
): Recorded | undefined {
  const present = (
    isSame: boolean,
    lamport_clock: number,
    place: Place | "gone",
  ): Recorded =>
    isSame ? { kind: "present", place, lamport_clock } : { kind: "conflict" };
  const { queue_id } = draft;
  const entry = entries.get(queue_id);
  const row = rows.get(queue_id);
  if (row) {
    return present(draft.isKnownAs!(row), row.clock, entry?.place ?? "gone");
  }
  if (entry) {
    const { place, event: { document, lamport_clock } } = entry;
    return present(draft.isToldBy(document), lamport_clock, place);
  }
  const note = handed.get(queue_id);
  if (note) return present(note.digest === draft.digest, note.clock, "gone");
  const twin = twins.get(queue_id);
  return twin && present(
    draft.isToldBy(twin.draft.told),
    twin.event.lamport_clock,
    "queue",
  );
}

/** Stores what was made; what could not be stored is `failed`. */
async function storeMade(
  held: Held,
  { additions, results }: Made,
): Promise<Recorded[]> {
  const failed = await storeParts(held, additions);
  if (!failed) return [...results];
  const { clocks, error } = failed;
  return results.map((result) =>
    "lamport_clock" in result && clocks.has(result.lamport_clock)
      ? { kind: "failed", error }
      : result
  );
}

/** Commits events part by part; returns the clock values of those that were not stored. */
async function storeParts(
  held: Held,
  additions: readonly Addition[],
): Promise<{ clocks: Set<number>; error: unknown } | undefined> {
  for (const [i, addition] of additions.entries()) {
    try {
      held.deadline.check("store the event");
      await held.queue.store(addition);
    } catch (error) {
      if (!(error instanceof DeadlineError)) held.distrust();
      const rest = additions.slice(i).flatMap(({ events }) => events);
      const clocks = rest.map(({ lamport_clock }) => lamport_clock);
      return { clocks: new Set(clocks), error };
    }
  }
  return undefined;
}
