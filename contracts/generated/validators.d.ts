// Made from contracts/events.schema.json by `deno task contracts`. Do not edit.

import type { EventType } from "./types.ts";

export interface ValidationError {
  keyword: string;
  instancePath: string;
  params: {
    missingProperty?: string;
    additionalProperty?: string;
    propertyName?: string;
  };
}

/** Leaves what it found on itself, as `errors`, until its next call. */
export interface Validator {
  (document: unknown, place?: { instancePath: string }): boolean;
  errors?: ValidationError[] | null;
}

export declare const validateEnvelope: Validator;
export declare const validateDraft: Validator;
/** Each event type's payload. */
export declare const validatePayload: Readonly<Record<EventType, Validator>>;
