/**
 * Events as they arrive, from a batch or a socket: read strictly, each on its
 * own, so that a bad one spoils no other.
 *
 * @module
 */

import type { Problem } from "../../contract/contract.ts";
import { merged, readEnvelope } from "../../contract/read.ts";
import { encode } from "../../event/event.ts";
import { RowContracts } from "../../contract/rows/contracts.ts";
import { producer } from "../../contract/rows/producer.ts";
import { readRow } from "../../event/rows.ts";
import type { JsonObject } from "../../base/json.ts";
import { DOCUMENT_BYTES_MAX, EVENT_BYTES_MAX } from "../../base/limits.ts";
import type { IncomingEvent } from "./event_log.ts";
import { ECHOED_ID_MAX, WORDS_MAX } from "../limits.ts";

/** An event that keeps the contract, or why it is none; with what is known of it either way. */
export type Arrival =
  & {
    /** The id as it came; empty where there is none to speak of. */
    readonly id: string;
    /** The team that it names, if any. */
    readonly team: string | undefined;
  }
  & (
    | { readonly event: IncomingEvent; readonly words?: never }
    | { readonly words: string; readonly event?: never }
  );

/** What came is not JSON at all. */
export const NO_JSON = "no JSON";

/** Reads one event in JSON and UTF-8. */
export function readArrival(bytes: Uint8Array): Arrival | typeof NO_JSON {
  if (bytes.length > DOCUMENT_BYTES_MAX) {
    return { id: "", team: undefined, words: TOO_LARGE };
  }
  const { envelope, problems, value, row } = readEnvelope(bytes);
  if (row) return rowArrival(row.value, row.textProblems);
  if (problems?.some(({ found }) => found === "invalid")) return NO_JSON;
  const named = {
    id: textOf(value, "event_id")?.slice(0, ECHOED_ID_MAX) ?? "",
    team: textOf(value, "team_slug"),
  };
  if (problems) return { ...named, words: wordsOf(problems) };
  const event = { ...encode(envelope), document: { ...envelope } };
  if (event.bytes.length > EVENT_BYTES_MAX) {
    return { ...named, words: TOO_LARGE };
  }
  return { ...named, event };
}

/** The contracts of rows that are taken. */
export const CONTRACTS = new RowContracts([producer]);

/** A row: it names no team, and is of the team that sends it. */
export function rowArrival(
  row: JsonObject,
  ofText: readonly Problem[],
): Arrival {
  const named = {
    id: textOf(row, "id")?.slice(0, ECHOED_ID_MAX) ?? "",
    team: undefined,
  };
  const read = readRow(CONTRACTS, row, "");
  const problems = merged(read.problems, ofText);
  if (!read.event || problems.length > 0) {
    return { ...named, words: wordsOf(problems) };
  }
  const bytes = new TextEncoder().encode(JSON.stringify(row));
  return { ...named, event: { ...read.event, bytes, document: row } };
}

/** Whether an event belongs to another team than the one that sends it. */
export function isForeign({ team }: Arrival, own: string): boolean {
  return team !== undefined && team !== "" && team !== own;
}

/** What is said of an event of another team. */
export const FOREIGN_WORDS =
  "/team_slug: expected the team of the token, found another one";

const TOO_LARGE = `expected an envelope of at most ${EVENT_BYTES_MAX} bytes`;

/** Problems in words; no text of the payload is in them. */
export function wordsOf(problems: readonly Problem[]): string {
  const all = problems.map(({ path, expected, found, hint }) =>
    `${path || "the event"}: expected ${expected}, found ${found}` +
    (hint ? ` (${hint})` : "")
  ).join("; ");
  return all.length > WORDS_MAX
    ? `${all.slice(0, WORDS_MAX - 1)}…`.toWellFormed()
    : all;
}

function textOf(
  value: JsonObject | undefined,
  name: string,
): string | undefined {
  if (!value || !Object.hasOwn(value, name)) return undefined;
  const text = value[name];
  return typeof text === "string" ? text : undefined;
}
