// Made from contracts/events.schema.json by `deno task contracts`. Do not edit.

import type { EventType } from "./types.ts";

/** One field of an envelope, a draft or a payload. */
export interface Field {
  readonly name: string;
  readonly required: boolean;
  /** What it is for, as a sentence. */
  readonly description: string;
  /** What is allowed, as words that follow "expected". */
  readonly expected: string;
  /** The allowed values, of an enumeration. */
  readonly values?: readonly string[];
  /** What is allowed as an item, of an array. */
  readonly items?: string;
  /** What a builder fills in. */
  readonly default?: unknown;
}

/** A payload's own description and its fields. */
export interface PayloadFields {
  readonly description: string;
  readonly fields: readonly Field[];
}

export const ENVELOPE_FIELDS: readonly Field[] = [
  {"name":"event_id","required":true,"description":"Identity of the event; never changes once made.","expected":"a ULID (26 characters of Crockford base32, upper case)"},
  {"name":"event_type","required":true,"description":"What happened; decides the payload's form.","expected":"one of WPStatusChanged, WPCreated, WPAssigned, FeatureCreated, FeatureCompleted, HistoryAdded, ErrorLogged, DependencyResolved","values":["WPStatusChanged","WPCreated","WPAssigned","FeatureCreated","FeatureCompleted","HistoryAdded","ErrorLogged","DependencyResolved"]},
  {"name":"aggregate_id","required":true,"description":"Id of the work package or feature that it happened to.","expected":"a non-empty string"},
  {"name":"aggregate_type","required":true,"description":"What kind of thing it happened to.","expected":"one of WorkPackage, Feature","values":["WorkPackage","Feature"]},
  {"name":"payload","required":true,"description":"What is told about it; its form follows from event_type.","expected":"an object"},
  {"name":"node_id","required":true,"description":"Id of the machine and user that made the event.","expected":"a non-empty string"},
  {"name":"lamport_clock","required":true,"description":"Lamport clock value, for the order of events.","expected":"an integer of 0 or more"},
  {"name":"causation_id","required":false,"description":"Id shared by the events of one batch or cause.","expected":"a ULID (26 characters of Crockford base32, upper case) or null"},
  {"name":"timestamp","required":true,"description":"When it happened.","expected":"an RFC 3339 date-time (such as 2026-02-03T12:00:00Z)"},
  {"name":"team_slug","required":true,"description":"Team that the event belongs to; local while none is known.","expected":"a non-empty string"},
  {"name":"project_uuid","required":false,"description":"Id of the project that it happened in.","expected":"any value"},
  {"name":"project_slug","required":false,"description":"Slug of the project that it happened in.","expected":"any value"},
];

export const DRAFT_FIELDS: readonly Field[] = [
  {"name":"event_type","required":true,"description":"What happened; decides the payload's form.","expected":"one of WPStatusChanged, WPCreated, WPAssigned, FeatureCreated, FeatureCompleted, HistoryAdded, ErrorLogged, DependencyResolved","values":["WPStatusChanged","WPCreated","WPAssigned","FeatureCreated","FeatureCompleted","HistoryAdded","ErrorLogged","DependencyResolved"]},
  {"name":"payload","required":true,"description":"What is told about it; its form follows from event_type.","expected":"an object"},
  {"name":"event_id","required":false,"description":"Identity of the event; giving it makes a retry safe.","expected":"a ULID (26 characters of Crockford base32, upper case)"},
  {"name":"causation_id","required":false,"description":"Id shared by the events of one batch or cause.","expected":"a ULID (26 characters of Crockford base32, upper case) or null"},
  {"name":"timestamp","required":false,"description":"When it happened; without it, now.","expected":"an RFC 3339 date-time (such as 2026-02-03T12:00:00Z)"},
  {"name":"team_slug","required":false,"description":"Team that the event belongs to.","expected":"a non-empty string"},
  {"name":"project_uuid","required":false,"description":"Id of the project that it happened in.","expected":"any value"},
  {"name":"project_slug","required":false,"description":"Slug of the project that it happened in.","expected":"any value"},
];

export const PAYLOADS: Readonly<Record<EventType, PayloadFields>> = {
  WPStatusChanged: {
    description: "A work package moved from one status to another.",
    fields: [
  {"name":"wp_id","required":true,"description":"The work package.","expected":"a work package id (WP and two digits, such as WP01)"},
  {"name":"previous_status","required":true,"description":"Its status before.","expected":"one of planned, doing, for_review, done","values":["planned","doing","for_review","done"]},
  {"name":"new_status","required":true,"description":"Its status now.","expected":"one of planned, doing, for_review, done","values":["planned","doing","for_review","done"]},
  {"name":"changed_by","required":false,"description":"Who changed it.","expected":"a string","default":"user"},
  {"name":"feature_slug","required":false,"description":"The feature that it belongs to.","expected":"a string or null"},
],
  },
  WPCreated: {
    description: "A work package was created.",
    fields: [
  {"name":"wp_id","required":true,"description":"The work package.","expected":"a work package id (WP and two digits, such as WP01)"},
  {"name":"title","required":true,"description":"Its title.","expected":"a non-empty string"},
  {"name":"feature_slug","required":true,"description":"The feature that it belongs to.","expected":"a non-empty string"},
  {"name":"dependencies","required":false,"description":"The work packages that it depends on.","expected":"an array, each item a work package id (WP and two digits, such as WP01)","items":"a work package id (WP and two digits, such as WP01)","default":[]},
],
  },
  WPAssigned: {
    description: "An agent was assigned to a work package.",
    fields: [
  {"name":"wp_id","required":true,"description":"The work package.","expected":"a work package id (WP and two digits, such as WP01)"},
  {"name":"agent_id","required":true,"description":"The agent.","expected":"a non-empty string"},
  {"name":"phase","required":true,"description":"What the agent is to do.","expected":"one of implementation, review","values":["implementation","review"]},
  {"name":"retry_count","required":false,"description":"How often it was assigned again.","expected":"an integer of 0 or more","default":0},
],
  },
  FeatureCreated: {
    description: "A feature was created.",
    fields: [
  {"name":"feature_slug","required":true,"description":"The feature.","expected":"a feature slug (three digits, a hyphen, then a-z, 0-9 and hyphens, such as 028-cli-events)"},
  {"name":"feature_number","required":true,"description":"Its number.","expected":"a feature number (a string of three digits, such as 028)"},
  {"name":"target_branch","required":true,"description":"The branch that it will be merged into.","expected":"a non-empty string"},
  {"name":"wp_count","required":true,"description":"How many work packages it has.","expected":"an integer of 0 or more"},
  {"name":"created_at","required":false,"description":"When it was created.","expected":"an RFC 3339 date-time (such as 2026-02-03T12:00:00Z)"},
],
  },
  FeatureCompleted: {
    description: "All work packages of a feature are done.",
    fields: [
  {"name":"feature_slug","required":true,"description":"The feature.","expected":"a string"},
  {"name":"total_wps","required":true,"description":"How many work packages it had.","expected":"an integer of 0 or more"},
  {"name":"completed_at","required":false,"description":"When it was completed.","expected":"an RFC 3339 date-time (such as 2026-02-03T12:00:00Z)"},
  {"name":"total_duration","required":false,"description":"How long it took, such as PT3H.","expected":"a string or null"},
],
  },
  HistoryAdded: {
    description: "An entry was added to a work package's history.",
    fields: [
  {"name":"wp_id","required":true,"description":"The work package.","expected":"a work package id (WP and two digits, such as WP01)"},
  {"name":"entry_type","required":true,"description":"What kind of entry it is.","expected":"one of note, review, error, comment","values":["note","review","error","comment"]},
  {"name":"entry_content","required":true,"description":"The entry's text.","expected":"a non-empty string"},
  {"name":"author","required":false,"description":"Who wrote it.","expected":"a string","default":"user"},
],
  },
  ErrorLogged: {
    description: "Something went wrong.",
    fields: [
  {"name":"error_type","required":true,"description":"What kind of error it is.","expected":"one of validation, runtime, network, auth, unknown","values":["validation","runtime","network","auth","unknown"]},
  {"name":"error_message","required":true,"description":"The error's message.","expected":"a non-empty string"},
  {"name":"wp_id","required":false,"description":"The work package that it happened in.","expected":"a string or null"},
  {"name":"stack_trace","required":false,"description":"The stack trace.","expected":"a string or null"},
  {"name":"agent_id","required":false,"description":"The agent that it happened to.","expected":"a string or null"},
],
  },
  DependencyResolved: {
    description: "A work package no longer waits for another.",
    fields: [
  {"name":"wp_id","required":true,"description":"The work package that waited.","expected":"a work package id (WP and two digits, such as WP01)"},
  {"name":"dependency_wp_id","required":true,"description":"The work package that it waited for.","expected":"a work package id (WP and two digits, such as WP01)"},
  {"name":"resolution_type","required":true,"description":"How that came about.","expected":"one of completed, skipped, merged","values":["completed","skipped","merged"]},
],
  },
};
