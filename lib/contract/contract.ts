/**
 * The contract at run time: draft -> valid draft, document -> envelope, or all
 * that is wrong with it.
 *
 * The validators are generated ahead of time; this file turns what they find
 * into problems with a path, what was expected and a hint. No other room
 * imports from `contracts/`.
 *
 * @module
 */
import {
  DRAFT_FIELDS,
  ENVELOPE_FIELDS,
  type Field,
  PAYLOADS,
} from "../../contracts/generated/fields.ts";
import type {
  Draft,
  EnvelopeDocument,
  EventType,
} from "../../contracts/generated/types.ts";
import {
  validateDraft,
  validateEnvelope,
  validatePayload,
  type ValidationError,
  type Validator,
} from "../../contracts/generated/validators.js";
import {
  EVENT_BYTES_MAX,
  PROBLEMS_MAX,
  ROW_CLOCK_MAX,
} from "../base/limits.ts";
import { nearMiss } from "../base/near_miss.ts";
import {
  fromPointer,
  jsonTypeOf,
  type Problem,
  toPointer,
  toShortPointer,
} from "../base/problem.ts";

export * from "../../contracts/generated/types.ts";
export { isDateTime } from "../../contracts/date_time.ts";
export {
  DRAFT_FIELDS,
  ENVELOPE_FIELDS,
  type Field,
  type PayloadFields,
  PAYLOADS,
} from "../../contracts/generated/fields.ts";
export type { Problem } from "../base/problem.ts";

/** A payload may hold any number of fields of its own; a hint is not worth it. */
const UNKNOWN_FIELDS_COMPARED_MAX = 32;

declare const checkedDraft: unique symbol;
declare const checkedEnvelope: unique symbol;

/** A draft that keeps the contract; only `checkDraft` makes one. */
export type ValidDraft<T extends EventType = EventType> =
  & Draft<T>
  & { readonly [checkedDraft]: true };

/**
 * An event that keeps the contract; only `checkEnvelope` makes one of a
 * document, and only `event.ts` of a valid draft.
 */
export type Envelope<T extends EventType = EventType> =
  & EnvelopeDocument<T>
  & { readonly [checkedEnvelope]: true };

/** A checked draft, or all its problems. */
export type CheckedDraft =
  | { draft: ValidDraft; problems?: never }
  | { problems: Problem[]; draft?: never };

/** A checked envelope, or all its problems. */
export type CheckedEnvelope =
  | { envelope: Envelope; problems?: never }
  | { problems: Problem[]; envelope?: never };

/**
 * Checks a draft against the contract. Problems come in the schema's order of
 * fields, one for each path; unknown fields of the draft come last.
 *
 * It looks at values as JSON parsing makes them: what JSON text can hide (numbers that parsing changes,
 * halves of surrogate pairs, depth) is found by `json.ts`.
 */
export function checkDraft(value: unknown): CheckedDraft {
  const errors = errorsOf(value, validateDraft);
  const problems = errors ? problemsOf(value, errors, DRAFT_FIELDS) : [];
  // The contract lets this slug be empty, but not the aggregate's id that it becomes.
  const isNameless = memberOf(value, "event_type") === "FeatureCompleted" &&
    memberOf(memberOf(value, "payload"), "feature_slug") === "";
  if (isNameless) problems.unshift(namelessFeature);
  return problems.length > 0
    ? { problems: problems.slice(0, PROBLEMS_MAX) }
    : { draft: value as ValidDraft };
}

/** Said of an empty text: "found string" alone would seem to contradict what was expected. */
const EMPTY_HINT = "it is empty";

const namelessFeature: Problem = {
  path: "/payload/feature_slug",
  expected: "a non-empty string: it names what the event is about",
  found: "string",
  hint: EMPTY_HINT,
};

/** The id belongs to an event with another payload. */
export const idTaken: Problem = {
  path: "/event_id",
  expected: "an id that no other event has",
  found: "string",
  hint: "an event with this id and another payload is kept already",
};

/** The clock is beyond what the contract's rows can say. */
export const noClockLeft: Problem = {
  path: "/lamportclock",
  expected: `a clock value of at most ${ROW_CLOCK_MAX}`,
  found: "number",
  hint: "this home's clock is higher: use another home for rows",
};

/** The event is too large to be kept. */
export const tooLarge: Problem = {
  path: "",
  expected: `an event of at most ${EVENT_BYTES_MAX} bytes`,
  found: "object",
  hint: "put large texts into a file and name it in the event",
};

/** Checks an envelope against the contract; see {@linkcode checkDraft}. */
export function checkEnvelope(value: unknown): CheckedEnvelope {
  const errors = errorsOf(value, validateEnvelope);
  return errors
    ? { problems: problemsOf(value, errors, ENVELOPE_FIELDS) }
    : { envelope: value as Envelope };
}

/** Whether a word is one of the event types, exactly. */
export function isEventType(word: unknown): word is EventType {
  return Object.hasOwn(PAYLOADS, String(word)) && typeof word === "string";
}

/** The contract itself, as a JSON Schema document; loaded when asked for. */
export async function loadContractSchema(): Promise<Record<string, unknown>> {
  return (await import("./schema.ts")).schema;
}

/** What is wrong with a document and with its payload; undefined where nothing is. */
function errorsOf(
  document: unknown,
  validate: Validator,
): ValidationError[] | undefined {
  const isValid = validate(document);
  const type = memberOf(document, "event_type");
  const payload = memberOf(document, "payload");
  const validatePayloadOf =
    isEventType(type) && jsonTypeOf(payload) === "object"
      ? validatePayload[type]
      : undefined;
  const isPayloadValid = validatePayloadOf?.(payload, PAYLOAD_PLACE) ?? true;
  if (isValid && isPayloadValid) return undefined;
  return [
    ...(isValid ? [] : validate.errors ?? []).slice(0, ERRORS_READ_MAX),
    ...(isPayloadValid ? [] : validatePayloadOf?.errors ?? [])
      .slice(0, ERRORS_READ_MAX),
  ];
}

const PAYLOAD_PLACE = { instancePath: "/payload" };

/** Errors looked at: more than are reported, as they come in no order and some speak of one place. */
const ERRORS_READ_MAX = 4 * PROBLEMS_MAX;

function problemsOf(
  root: unknown,
  errors: readonly ValidationError[],
  fields: readonly Field[],
): Problem[] {
  const eventType = memberOf(root, "event_type");
  const payloadFields = isEventType(eventType)
    ? PAYLOADS[eventType].fields
    : [];

  const paths = new Set(errors.map(pathOf));
  return [...paths]
    .map(fromPointer)
    .map((tokens) => ({ tokens, rank: rankOf(tokens, fields, payloadFields) }))
    .sort((a, b) => compareRanks(a.rank, b.rank))
    .slice(0, PROBLEMS_MAX)
    .map(({ tokens }) => describe(root, tokens, fields, payloadFields));
}

/** The place an error speaks of. */
function pathOf(error: ValidationError): string {
  const { missingProperty, additionalProperty } = error.params;
  const member = missingProperty ?? additionalProperty;
  return error.instancePath + (member === undefined ? "" : toPointer([member]));
}

/** A place's position in the schema, level by level; unknown fields are last. */
function rankOf(
  tokens: readonly string[],
  fields: readonly Field[],
  payloadFields: readonly Field[],
): number[] {
  return tokens.map((token, level) => {
    if (level > 1) return Number(token);
    const table = level === 0 ? fields : payloadFields;
    const index = table.findIndex((field) => field.name === token);
    return index < 0 ? table.length : index;
  });
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (let level = 0; level < Math.min(a.length, b.length); level++) {
    const difference = a[level]! - b[level]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function describe(
  root: unknown,
  tokens: readonly string[],
  fields: readonly Field[],
  payloadFields: readonly Field[],
): Problem {
  const path = toShortPointer(tokens);
  const [top, member, item] = tokens;
  const value = tokens.reduce<unknown>(memberOf, root);
  const found = jsonTypeOf(value);
  if (top === undefined) return { path, expected: "an object", found };

  const inPayload = top === "payload" && member !== undefined;
  const table = inPayload ? payloadFields : fields;
  const field = table.find(({ name }) => name === (inPayload ? member : top));
  if (field === undefined) {
    const hint = unknownFieldHint(top, fields);
    return { path, expected: "no such field", found, hint };
  }
  const expected = item === undefined
    ? field.expected
    : field.items ?? field.expected;
  const siblings = inPayload ? memberOf(root, "payload") : root;
  const meant = typeof value === "string"
    ? nearMiss(value, field.values ?? [])
    : found === "missing" && namedNearly(field, siblings, table)
    ? field.name
    : undefined;
  const hint = value === "" ? EMPTY_HINT : meant && `did you mean "${meant}"?`;
  return { path, expected, found, ...hint && { hint } };
}

/** Whether an unknown field beside it has nearly the name of a missing one. */
function namedNearly(
  field: Field,
  siblings: unknown,
  table: readonly Field[],
): boolean {
  const known = new Set(table.map(({ name }) => name));
  return Object.keys(siblings as object)
    .filter((name) => !known.has(name))
    .slice(0, UNKNOWN_FIELDS_COMPARED_MAX)
    .some((name) => nearMiss(name, known) === field.name);
}

/** What to do with a top-level field that a draft does not have. */
function unknownFieldHint(
  name: string,
  fields: readonly Field[],
): string {
  const meant = nearMiss(name, fields.map((field) => field.name));
  if (meant !== undefined) return `did you mean "${meant}"?`;
  if (ENVELOPE_FIELDS.some((field) => field.name === name)) {
    return "leave it out: it is filled in when the event is made";
  }
  return "move it into payload";
}

/** An own member of an object or array; what is inherited is not there. */
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
