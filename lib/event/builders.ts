/**
 * The eight builders: what a caller tells, as a draft.
 *
 * @module
 */

import type {
  Draft,
  EntryType,
  ErrorType,
  EventType,
  Phase,
  ResolutionType,
  Status,
} from "../contract/contract.ts";

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
