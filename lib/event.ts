/**
 * What an event is on its way: a draft, a complete draft, an envelope. Each is
 * made by one function only.
 *
 * @module
 */

import type {
  Draft,
  EntryType,
  Envelope,
  ErrorType,
  EventType,
  Phase,
  ResolutionType,
  Status,
  ValidDraft,
} from "./contract.ts";
import { PAYLOADS } from "./contract.ts";
import { sameJson } from "./json.ts";
import type { ProjectIdentity } from "./project.ts";

/** What every builder takes last: what the caller knows about the event itself. */
export interface EventOptions {
  /** ULID shared by the events of one batch or cause. */
  causationId?: string | undefined;
  /** ULID of the event. Giving the same again makes a retry safe. */
  eventId?: string | undefined;
  /** When it happened, RFC 3339. Without one: now. */
  timestamp?: string | undefined;
}

/** A work package moved from one status to another. */
export function wpStatusChanged(
  wpId: string,
  previousStatus: Status,
  newStatus: Status,
  options: EventOptions & {
    changedBy?: string | undefined;
    featureSlug?: string | null | undefined;
  } = {},
): Draft {
  return draft("WPStatusChanged", options, {
    wp_id: wpId,
    previous_status: previousStatus,
    new_status: newStatus,
    changed_by: options.changedBy,
    feature_slug: options.featureSlug,
  });
}

/** A work package was created. */
export function wpCreated(
  wpId: string,
  title: string,
  dependencies: readonly string[],
  featureSlug: string,
  options: EventOptions = {},
): Draft {
  return draft("WPCreated", options, {
    wp_id: wpId,
    title,
    dependencies,
    feature_slug: featureSlug,
  });
}

/** An agent was assigned to a work package. */
export function wpAssigned(
  wpId: string,
  agentId: string,
  phase: Phase,
  options: EventOptions & { retryCount?: number | undefined } = {},
): Draft {
  return draft("WPAssigned", options, {
    wp_id: wpId,
    agent_id: agentId,
    phase,
    retry_count: options.retryCount,
  });
}

/** A feature was created. */
export function featureCreated(
  featureSlug: string,
  featureNumber: string,
  targetBranch: string,
  wpCount: number,
  options: EventOptions & { createdAt?: string | undefined } = {},
): Draft {
  return draft("FeatureCreated", options, {
    feature_slug: featureSlug,
    feature_number: featureNumber,
    target_branch: targetBranch,
    wp_count: wpCount,
    created_at: options.createdAt,
  });
}

/** All work packages of a feature are done. */
export function featureCompleted(
  featureSlug: string,
  totalWps: number,
  options: EventOptions & {
    completedAt?: string | undefined;
    totalDuration?: string | null | undefined;
  } = {},
): Draft {
  return draft("FeatureCompleted", options, {
    feature_slug: featureSlug,
    total_wps: totalWps,
    completed_at: options.completedAt,
    total_duration: options.totalDuration,
  });
}

/** An entry was added to a work package's history. */
export function historyAdded(
  wpId: string,
  entryType: EntryType,
  entryContent: string,
  options: EventOptions & { author?: string | undefined } = {},
): Draft {
  return draft("HistoryAdded", options, {
    wp_id: wpId,
    entry_type: entryType,
    entry_content: entryContent,
    author: options.author,
  });
}

/** Something went wrong; `wpId` null where it concerns no work package. */
export function errorLogged(
  wpId: string | null,
  errorType: ErrorType,
  errorMessage: string,
  options: EventOptions & {
    stackTrace?: string | null | undefined;
    agentId?: string | null | undefined;
  } = {},
): Draft {
  return draft("ErrorLogged", options, {
    error_type: errorType,
    error_message: errorMessage,
    wp_id: wpId ?? undefined,
    stack_trace: options.stackTrace,
    agent_id: options.agentId,
  });
}

/** A work package no longer waits for another. */
export function dependencyResolved(
  wpId: string,
  dependencyWpId: string,
  resolutionType: ResolutionType,
  options: EventOptions = {},
): Draft {
  return draft("DependencyResolved", options, {
    wp_id: wpId,
    dependency_wp_id: dependencyWpId,
    resolution_type: resolutionType,
  });
}

/** A draft without what was not given. Its type is a claim until the contract has checked it. */
function draft(
  event_type: EventType,
  options: EventOptions,
  payload: Record<string, unknown>,
): Draft {
  return given({
    event_type,
    payload: given(payload),
    event_id: options.eventId,
    causation_id: options.causationId,
    timestamp: options.timestamp,
  }) as unknown as Draft;
}

function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  );
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

declare const rendered: unique symbol;

/**
 * An event but for its clock value. So the costly part of making an event is
 * done before the home's lock is held, and what waits for the lock is small.
 */
export interface RenderedDraft {
  readonly event_id: string;
  readonly event_type: EventType;
  readonly team_slug: string;
  readonly node_id: string;
  /** The envelope in JSON; begins with `UNSTAMPED`. */
  readonly json: string;
  readonly [rendered]: true;
}

const UNSTAMPED = '{"lamport_clock":0';

/** Writes out all of an event that is known before it has its place in the order. */
export function render(draft: CompleteDraft, nodeId: string): RenderedDraft {
  const { event_id, event_type, team_slug } = draft;
  const { aggregate_id, aggregate_type } = aggregateOf(draft);
  const json = JSON.stringify({
    lamport_clock: 0,
    event_id,
    event_type,
    aggregate_id,
    aggregate_type,
    node_id: nodeId,
    payload: draft.payload,
    timestamp: draft.timestamp,
    team_slug,
    causation_id: draft.causation_id,
    project_uuid: draft.project_uuid,
    project_slug: draft.project_slug,
  });
  const event = { event_id, event_type, team_slug, node_id: nodeId, json };
  return event as RenderedDraft;
}

/** The draft that was written out. */
export function draftOf({ json }: RenderedDraft): CompleteDraft {
  const draft = JSON.parse(json);
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

/** An event as it is stored and sent, with what the queue needs to know of it. */
export interface StampedEvent {
  readonly event_id: string;
  readonly event_type: EventType;
  readonly lamport_clock: number;
  readonly node_id: string;
  readonly team_slug: string;
  /** The envelope in JSON and UTF-8. */
  readonly bytes: Uint8Array;
}

const encoder = new TextEncoder();

/** Gives a draft its place in the order of events: the event is made. */
export function stamp(
  { event_id, event_type, team_slug, node_id, json }: RenderedDraft,
  lamport_clock: number,
): StampedEvent {
  const bytes = encoder.encode(
    `{"lamport_clock":${lamport_clock}${json.slice(UNSTAMPED.length)}`,
  );
  return { event_id, event_type, lamport_clock, node_id, team_slug, bytes };
}

/** The stored form of an event that came as an envelope. */
export function encode(envelope: Envelope): StampedEvent {
  const { event_id, event_type, lamport_clock, node_id, team_slug } = envelope;
  const bytes = encoder.encode(JSON.stringify(envelope));
  return { event_id, event_type, lamport_clock, node_id, team_slug, bytes };
}

/** What an event of this draft is about. */
export function aggregateOf(
  draft: ValidDraft,
): { aggregate_id: string; aggregate_type: "WorkPackage" | "Feature" } {
  switch (draft.event_type) {
    case "FeatureCreated":
    case "FeatureCompleted":
      return {
        aggregate_id: draft.payload.feature_slug,
        aggregate_type: "Feature",
      };
    case "ErrorLogged":
      return draft.payload.wp_id
        ? { aggregate_id: draft.payload.wp_id, aggregate_type: "WorkPackage" }
        : { aggregate_id: "error", aggregate_type: "Feature" };
    default:
      return {
        aggregate_id: draft.payload.wp_id,
        aggregate_type: "WorkPackage",
      };
  }
}

/** Whether two documents tell the same: same type, and payloads equal by value. */
export function sameContent(
  draft: CompleteDraft,
  other: { readonly event_type?: unknown; readonly payload?: unknown },
): boolean {
  return draft.event_type === other.event_type &&
    sameJson(draft.payload, other.payload);
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
