// Made from contracts/events.schema.json by `deno task contracts`. Do not edit.

/** Version of the contract. */
export const CONTRACT_VERSION = "1.0.0";

/** The type of an event. */
export const EVENT_TYPES = ["WPStatusChanged","WPCreated","WPAssigned","FeatureCreated","FeatureCompleted","HistoryAdded","ErrorLogged","DependencyResolved"] as const;
/** The type of an event. */
export type EventType = "WPStatusChanged" | "WPCreated" | "WPAssigned" | "FeatureCreated" | "FeatureCompleted" | "HistoryAdded" | "ErrorLogged" | "DependencyResolved";

/** The kind of thing that an event is about. */
export const AGGREGATE_TYPES = ["WorkPackage","Feature"] as const;
/** The kind of thing that an event is about. */
export type AggregateType = "WorkPackage" | "Feature";

/** The status of a work package. */
export const STATUSES = ["planned","doing","for_review","done"] as const;
/** The status of a work package. */
export type Status = "planned" | "doing" | "for_review" | "done";

/** The phase that an agent is assigned for. */
export const PHASES = ["implementation","review"] as const;
/** The phase that an agent is assigned for. */
export type Phase = "implementation" | "review";

/** The kind of a history entry. */
export const ENTRY_TYPES = ["note","review","error","comment"] as const;
/** The kind of a history entry. */
export type EntryType = "note" | "review" | "error" | "comment";

/** The kind of an error. */
export const ERROR_TYPES = ["validation","runtime","network","auth","unknown"] as const;
/** The kind of an error. */
export type ErrorType = "validation" | "runtime" | "network" | "auth" | "unknown";

/** How a dependency was resolved. */
export const RESOLUTION_TYPES = ["completed","skipped","merged"] as const;
/** How a dependency was resolved. */
export type ResolutionType = "completed" | "skipped" | "merged";

/** A work package moved from one status to another. */
export interface WPStatusChangedPayload {
  /** The work package. */
  wp_id: string;
  /** Its status before. */
  previous_status: Status;
  /** Its status now. */
  new_status: Status;
  /** Who changed it. */
  changed_by?: string;
  /** The feature that it belongs to. */
  feature_slug?: string | null;
}

/** A work package was created. */
export interface WPCreatedPayload {
  /** The work package. */
  wp_id: string;
  /** Its title. */
  title: string;
  /** The feature that it belongs to. */
  feature_slug: string;
  /** The work packages that it depends on. */
  dependencies?: string[];
}

/** An agent was assigned to a work package. */
export interface WPAssignedPayload {
  /** The work package. */
  wp_id: string;
  /** The agent. */
  agent_id: string;
  /** What the agent is to do. */
  phase: Phase;
  /** How often it was assigned again. */
  retry_count?: number;
}

/** A feature was created. */
export interface FeatureCreatedPayload {
  /** The feature. */
  feature_slug: string;
  /** Its number. */
  feature_number: string;
  /** The branch that it will be merged into. */
  target_branch: string;
  /** How many work packages it has. */
  wp_count: number;
  /** When it was created. */
  created_at?: string;
}

/** All work packages of a feature are done. */
export interface FeatureCompletedPayload {
  /** The feature. */
  feature_slug: string;
  /** How many work packages it had. */
  total_wps: number;
  /** When it was completed. */
  completed_at?: string;
  /** How long it took, such as PT3H. */
  total_duration?: string | null;
}

/** An entry was added to a work package's history. */
export interface HistoryAddedPayload {
  /** The work package. */
  wp_id: string;
  /** What kind of entry it is. */
  entry_type: EntryType;
  /** The entry's text. */
  entry_content: string;
  /** Who wrote it. */
  author?: string;
}

/** Something went wrong. */
export interface ErrorLoggedPayload {
  /** What kind of error it is. */
  error_type: ErrorType;
  /** The error's message. */
  error_message: string;
  /** The work package that it happened in. */
  wp_id?: string | null;
  /** The stack trace. */
  stack_trace?: string | null;
  /** The agent that it happened to. */
  agent_id?: string | null;
}

/** A work package no longer waits for another. */
export interface DependencyResolvedPayload {
  /** The work package that waited. */
  wp_id: string;
  /** The work package that it waited for. */
  dependency_wp_id: string;
  /** How that came about. */
  resolution_type: ResolutionType;
}

/** Each event type's payload. */
export interface PayloadOf {
  /** A work package moved from one status to another. */
  WPStatusChanged: WPStatusChangedPayload;
  /** A work package was created. */
  WPCreated: WPCreatedPayload;
  /** An agent was assigned to a work package. */
  WPAssigned: WPAssignedPayload;
  /** A feature was created. */
  FeatureCreated: FeatureCreatedPayload;
  /** All work packages of a feature are done. */
  FeatureCompleted: FeatureCompletedPayload;
  /** An entry was added to a work package's history. */
  HistoryAdded: HistoryAddedPayload;
  /** Something went wrong. */
  ErrorLogged: ErrorLoggedPayload;
  /** A work package no longer waits for another. */
  DependencyResolved: DependencyResolvedPayload;
}

/** The one input form: what the caller knows, before clock, node and aggregate are added. No other top-level fields. */
export type Draft<T extends EventType = EventType> = {
  [K in T]: {
    event_type: K;
    payload: PayloadOf[K];
    /** Identity of the event; giving it makes a retry safe. */
    event_id?: string;
    /** Id shared by the events of one batch or cause. */
    causation_id?: string | null;
    /** When it happened; without it, now. */
    timestamp?: string;
    /** Team that the event belongs to. */
    team_slug?: string;
    /** Id of the project that it happened in. */
    project_uuid?: unknown;
    /** Slug of the project that it happened in. */
    project_slug?: unknown;
  };
}[T];

/** An event: a payload of one of eight types inside an envelope. Unknown extra fields are allowed. `#/$defs/Draft` is the form that callers hand in. */
export type EnvelopeDocument<T extends EventType = EventType> = {
  [K in T]: {
    event_type: K;
    payload: PayloadOf[K];
    /** Identity of the event; never changes once made. */
    event_id: string;
    /** Id of the work package or feature that it happened to. */
    aggregate_id: string;
    /** What kind of thing it happened to. */
    aggregate_type: AggregateType;
    /** Id of the machine and user that made the event. */
    node_id: string;
    /** Lamport clock value, for the order of events. */
    lamport_clock: number;
    /** Id shared by the events of one batch or cause. */
    causation_id?: string | null;
    /** When it happened. */
    timestamp: string;
    /** Team that the event belongs to; local while none is known. */
    team_slug: string;
    /** Id of the project that it happened in. */
    project_uuid?: unknown;
    /** Slug of the project that it happened in. */
    project_slug?: unknown;
  };
}[T];
