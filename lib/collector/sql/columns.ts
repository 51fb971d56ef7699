/**
 * How values become texts of PostgreSQL: keys, arrays, and the columns that
 * people query events by.
 *
 * @module
 */

import { factsOf } from "../../board/facts.ts";
import { producer } from "../../contract/rows/producer.ts";
import { WORK_PACKAGES } from "../../event/stored.ts";
import type { IncomingEvent } from "../events/event_log.ts";
import { joinLines } from "../../base/line_bytes.ts";
import { COLUMN_CHARS_MAX } from "./limits.ts";

/** A text as a key: itself, but in JSON where PostgreSQL could not store it, or it looks like that. */
export function keyOf(text: string): string {
  const isPlain = !text.startsWith('"') && !text.includes("\0") &&
    text.isWellFormed();
  return isPlain ? text : JSON.stringify(text);
}

/** The text that a key stands for. */
export function textOf(key: string): string {
  return key.startsWith('"') ? JSON.parse(key) : key;
}

/** An array, as PostgreSQL reads it. */
export function arrayOf(
  values: readonly (string | number | null)[],
): string {
  const parts = values.map((value) =>
    value === null
      ? "NULL"
      : typeof value === "number"
      ? String(value)
      : `"${ESCAPED.test(value) ? value.replace(ALL_ESCAPED, "\\$&") : value}"`
  );
  return `{${parts.join(",")}}`;
}

const ESCAPED = /["\\]/, ALL_ESCAPED = /["\\]/g;

/** A text that is shown, and not compared: bounded, without NUL; null for an empty one. */
function columnOf(text: string): string | null {
  if (text === "") return null;
  const short = text.length > COLUMN_CHARS_MAX
    ? text.slice(0, COLUMN_CHARS_MAX)
    : text;
  return short.includes("\0") || !short.isWellFormed()
    ? short.toWellFormed().replaceAll("\0", "\ufffd")
    : short;
}

/** A moment that PostgreSQL takes; null for another one. */
export function momentOf(ms: number): string | null {
  // Its texts of years have four digits here.
  const isSound = ms >= -62_135_596_800_000 && ms <= 253_402_300_799_999;
  return isSound ? new Date(ms).toISOString() : null;
}

/** The columns of new events, in the order of `INSERT`, each an array. */
export function columnsOf(events: readonly IncomingEvent[]): string[] {
  const facts = events.map(({ document }) => factsOf(document));
  const each = (
    pick: (
      fact: typeof facts[0],
      event: IncomingEvent,
    ) => string | number | null,
  ) => arrayOf(facts.map((fact, i) => pick(fact, events[i]!)));
  return [
    each((_, { event_id }) => keyOf(event_id)),
    each((_, { document }) =>
      ("event_type" in document ? WORK_PACKAGES : producer).name
    ),
    each(({ type }) => columnOf(type)),
    each(({ owner }) => columnOf(owner ? owner.slug || owner.id : "")),
    each((fact) => columnOf(fact.package)),
    each(({ from }) => columnOf(from)),
    each(({ to }) => columnOf(to)),
    each(({ actor }) => columnOf(actor)),
    // Whole: it is what is left to tell of a row that was pruned.
    each((_, { node_id }) => keyOf(node_id)),
    each((_, { lamport_clock }) => lamport_clock),
    each(({ timeMs }) => momentOf(timeMs)),
    each((_, { bytes }) => bytes.length),
  ];
}

const decoder = new TextDecoder();

/** The documents of events, a line each. */
export function documentsOf(events: readonly IncomingEvent[]): string {
  const joined = joinLines(events.map(({ bytes }) => bytes));
  return decoder.decode(joined.subarray(0, -1));
}
