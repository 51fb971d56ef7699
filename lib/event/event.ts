/**
 * What an event is on its way: a complete draft, a rendered draft, a stamped
 * event. Each is made by one function only.
 *
 * @module
 */

import type { Envelope, EventType, ValidDraft } from "../contract/contract.ts";
import { PAYLOADS } from "../contract/contract.ts";
import { digestOfJson } from "../base/digest.ts";
import { type JsonObject, sameJson } from "../base/json.ts";
import { CLOCK_MAX } from "../base/limits.ts";
import { aggregateOf } from "./types/types.ts";

/** What `project:` in the configuration names; a field it does not name is absent. */
export interface ProjectIdentity {
  readonly project_uuid?: unknown;
  readonly project_slug?: unknown;
}

declare const completed: unique symbol;

/**
 * A valid draft in which only node and clock are still open: it has its id,
 * and all that was known when the caller spoke. This is what the spool keeps.
 */
export type CompleteDraft = ValidDraft & {
  readonly event_id: string;
  readonly timestamp: string;
  readonly team_slug: string;
  readonly [completed]: true;
};

/** What is known at the time of a call and fills what its draft leaves open. */
export interface CallContext {
  readonly newId: () => string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly teamSlug: string;
  readonly project: ProjectIdentity;
}

/** Fills in what the caller left open. */
export function complete(draft: ValidDraft, call: CallContext): CompleteDraft {
  const { project } = call;
  const full: Record<string, unknown> = {
    event_id: draft.event_id ?? call.newId(),
    event_type: draft.event_type,
    payload: withDefaults(draft.event_type, draft.payload),
    timestamp: draft.timestamp ?? isoTime(call.nowMs),
    team_slug: draft.team_slug ?? call.teamSlug,
  };
  const { causation_id } = draft;
  const project_uuid = draft.project_uuid ?? project.project_uuid;
  const project_slug = draft.project_slug ?? project.project_slug;
  if (causation_id !== undefined) full.causation_id = causation_id;
  if (project_uuid !== undefined) full.project_uuid = project_uuid;
  if (project_slug !== undefined) full.project_slug = project_slug;
  return full as unknown as CompleteDraft;
}

let lastTime = { ms: NaN, iso: "" };

/** A moment as ISO 8601; events of a stream come many to the millisecond. */
function isoTime(ms: number): string {
  if (ms !== lastTime.ms) lastTime = { ms, iso: new Date(ms).toISOString() };
  return lastTime.iso;
}

/** What a row is known by for ever, and what it says beside clock and node. */
export interface RowIdentity {
  readonly source: string;
  readonly id: string;
  readonly time: string;
  /** Of all else that it says. */
  readonly digest: string;
}

/**
 * An event but for its clock value. So the costly part of making an event is
 * done before the home's lock is held, and what waits for the lock is small.
 */
export interface RenderedDraft {
  readonly event_id: string;
  /** What it is known by in the queue: its id, and of a row its source beside it. */
  readonly queue_id: string;
  readonly event_type: string;
  readonly team_slug: string;
  readonly node_id: string;
  /** What a row is known by for ever; an envelope is known by its id, while it is queued. */
  readonly identity?: RowIdentity;
  /** Highest clock value that it can have. */
  readonly clockMax: number;
  /** What the spool keeps of it. */
  readonly draft: JsonObject;
  /** What it tells, to be compared. */
  readonly told: JsonObject;
  /** Of what it tells. */
  readonly digest: string;
  /** Whether a draft or an event with its id tells the same. */
  isToldBy(document: JsonObject): boolean;
  /** Whether a row that is known, and gone, was this one. */
  isKnownAs?(known: RowIdentity): boolean;
  /** Gives it its place in the order of events: the event is made. */
  stamp(lamport_clock: number): StampedEvent;
}

/** The head of an envelope until it has its clock value. */
const UNSTAMPED = '{"lamport_clock":0';

/** Writes out all of an event that is known before it has its place in the order. */
export function render(draft: CompleteDraft, nodeId: string): RenderedDraft {
  const { aggregate_id, aggregate_type } = aggregateOf(draft);
  const json = JSON.stringify({
    lamport_clock: 0,
    event_id: draft.event_id,
    event_type: draft.event_type,
    aggregate_id,
    aggregate_type,
    node_id: nodeId,
    payload: draft.payload,
    timestamp: draft.timestamp,
    team_slug: draft.team_slug,
    causation_id: draft.causation_id,
    project_uuid: draft.project_uuid,
    project_slug: draft.project_slug,
  });
  return new RenderedEnvelope(draft, nodeId, json);
}

/** An envelope that is complete but for its clock value. */
class RenderedEnvelope implements RenderedDraft {
  readonly event_id: string;
  readonly event_type: EventType;
  readonly team_slug: string;
  readonly clockMax = CLOCK_MAX;

  constructor(
    draft: CompleteDraft,
    readonly node_id: string,
    /** Begins with `UNSTAMPED`. */
    readonly json: string,
  ) {
    this.event_id = draft.event_id;
    this.event_type = draft.event_type;
    this.team_slug = draft.team_slug;
  }

  get queue_id(): string {
    return this.event_id;
  }

  get draft(): JsonObject {
    const draft = JSON.parse(this.json);
    for (
      const added of [
        "lamport_clock",
        "aggregate_id",
        "aggregate_type",
        "node_id",
      ]
    ) delete draft[added];
    return draft;
  }

  get told(): JsonObject {
    return this.draft;
  }

  /** Of the same that is compared. */
  get digest(): string {
    return digestOfJson([this.event_type, this.draft.payload]);
  }

  /** Same type, and payloads equal by value. */
  isToldBy(document: JsonObject): boolean {
    return this.event_type === document.event_type &&
      sameJson(this.draft.payload, document.payload);
  }

  stamp(lamport_clock: number): StampedEvent {
    const { event_id, event_type, team_slug, node_id } = this;
    const bytes = encoder.encode(
      `{"lamport_clock":${lamport_clock}${this.json.slice(UNSTAMPED.length)}`,
    );
    return { event_id, event_type, lamport_clock, node_id, team_slug, bytes };
  }
}

/** An event as it is stored and sent, with what the queue needs to know of it. */
export interface StampedEvent {
  /** What it is known by in the queue. */
  readonly event_id: string;
  readonly event_type: string;
  readonly lamport_clock: number;
  readonly node_id: string;
  readonly team_slug: string;
  /** What is stored: the envelope in JSON and UTF-8, or a row in its frame. */
  readonly bytes: Uint8Array;
  /** Of a row. */
  readonly identity?: RowIdentity;
  /** Of one that was handed over by a home elsewhere: a digest of what it tells. */
  readonly handed?: string;
}

const encoder = new TextEncoder();

/** The stored form of an event that came as an envelope. */
export function encode(envelope: Envelope): StampedEvent {
  const { event_id, event_type, lamport_clock, node_id, team_slug } = envelope;
  const bytes = encoder.encode(JSON.stringify(envelope));
  return { event_id, event_type, lamport_clock, node_id, team_slug, bytes };
}

function withDefaults(type: EventType, payload: object): object {
  const missing = DEFAULTS[type].filter(([name]) =>
    !Object.hasOwn(payload, name)
  );
  return missing.length === 0
    ? payload
    : { ...payload, ...Object.fromEntries(missing) };
}

/** What builders fill in, by event type: the contract says it. */
const DEFAULTS = Object.fromEntries(
  Object.entries(PAYLOADS).map(([type, { fields }]) => [
    type,
    fields.flatMap(({ name, default: value }): [string, unknown][] =>
      value === undefined ? [] : [[name, value]]
    ),
  ]),
) as Record<EventType, [string, unknown][]>;
