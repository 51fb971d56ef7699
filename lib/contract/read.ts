/**
 * Reading drafts and events of the first contract, and telling a row from
 * them, which is for the contracts of rows to judge.
 *
 * @module
 */

import {
  type JsonObject,
  type ParsedDocument,
  parseDocument,
} from "../base/json.ts";
import { EVENT_BYTES_MAX, PROBLEMS_MAX } from "../base/limits.ts";
import {
  checkDraft,
  type CheckedDraft,
  type CheckedEnvelope,
  checkEnvelope,
  EVENT_TYPES,
  type EventType,
  type Problem,
  tooLarge,
} from "./contract.ts";

/**
 * Reads and checks a draft that came as JSON text in UTF-8.
 *
 * @returns beside problems, `event_type` where the draft names one of the eight
 */
export function readDraft(
  bytes: Uint8Array,
  options?: { first?: boolean },
): CheckedDraft & { eventType?: EventType | undefined } & MayBeRow {
  const parsed = parseDocument(bytes, {
    ...options,
    bytesMax: EVENT_BYTES_MAX,
  });
  if (isRowLike(parsed.value) && !parsed.isTooLarge) return rowOf(parsed);
  const eventType = EVENT_TYPES.find((t) => t === parsed.value?.event_type);
  if (parsed.isTooLarge) return { problems: [tooLarge], eventType };
  const checked = parsed.value && checkDraft(parsed.value);
  const problems = parsed.problems
    ? merged(checked?.problems, parsed.problems)
    : checked!.problems;
  return problems
    ? { problems, eventType }
    : { draft: checked!.draft!, eventType };
}

/**
 * Reads and checks an envelope that came as JSON text in UTF-8.
 *
 * @returns beside it `value`: the object that could be read, if any
 */
export function readEnvelope(
  bytes: Uint8Array,
  options?: { first?: boolean },
): CheckedEnvelope & { value?: JsonObject | undefined } & MayBeRow {
  const parsed = parseDocument(bytes, {
    ...options,
    bytesMax: EVENT_BYTES_MAX,
  });
  if (isRowLike(parsed.value) && !parsed.isTooLarge) {
    return { ...rowOf(parsed), value: parsed.value };
  }
  if (parsed.isTooLarge) return { problems: [tooLarge], value: parsed.value };
  if (!parsed.problems) {
    return { ...checkEnvelope(parsed.value), value: parsed.value };
  }
  const checked = parsed.value && checkEnvelope(parsed.value);
  const problems = merged(checked?.problems, parsed.problems);
  return { problems, value: parsed.value };
}

/** What is read where a document is a row: it is for the contracts of rows to judge. */
export interface MayBeRow {
  readonly row?: {
    readonly value: JsonObject;
    /** What is wrong with its text. */
    readonly textProblems: readonly Problem[];
  };
}

/** Whether a document is of a contract of rows: it names its type as they do. */
function isRowLike(value: JsonObject | undefined): boolean {
  return value !== undefined && !Object.hasOwn(value, "event_type") &&
    ["type", "specversion", "contract"].some((name) =>
      Object.hasOwn(value, name)
    );
}

function rowOf(
  { value, problems = [] }: ParsedDocument,
): { problems: Problem[] } & MayBeRow {
  return {
    row: { value: value!, textProblems: problems },
    problems: [{
      path: "/event_type",
      expected: `one of ${EVENT_TYPES.join(", ")}`,
      found: "missing",
    }],
  };
}

/** Problems of values, then those of the text at other places. */
export function merged(
  ofValues: readonly Problem[] = [],
  ofText: readonly Problem[],
): Problem[] {
  const paths = new Set(ofValues.map(({ path }) => path));
  return [...ofValues, ...ofText.filter(({ path }) => !paths.has(path))]
    .slice(0, PROBLEMS_MAX);
}
