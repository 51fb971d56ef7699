/**
 * What is remembered of the logs that are followed: when each was read last,
 * and which of its lines were refused, so that nothing is read, and nothing
 * said, twice. Which rows are known does not depend on it.
 *
 * | key | value |
 * |---|---|
 * | `["log", path label]` | `LogNote` |
 *
 * @module
 */

import { KEY_TEXT_MAX } from "../base/limits.ts";
import { fillKv } from "./kv_fill.ts";
import type { LogNote } from "./queue.ts";
import { fromBytes, textLabel, toBytes } from "./queue_layout.ts";

/** All notes, by the paths of their logs. */
export async function readLogNotes(kv: Deno.Kv): Promise<Map<string, LogNote>> {
  const notes = new Map<string, LogNote>();
  for await (const { value } of kv.list<Uint8Array>({ prefix: ["log"] })) {
    const note = fromBytes<LogNote>(value);
    notes.set(note.path, note);
  }
  return notes;
}

/** Stores notes, in the place of older ones. */
export async function writeLogNotes(
  kv: Deno.Kv,
  notes: readonly LogNote[],
): Promise<void> {
  const values = notes.map((note) =>
    [["log", textLabel(note.path, KEY_TEXT_MAX)], bounded(note)] as const
  );
  await fillKv(kv, values);
}

/** A note that fits into one value: what lines were refused for goes first. */
function bounded(note: LogNote): Uint8Array {
  const value = toBytes(note);
  if (value.length <= VALUE_BYTES_MAX) return value;
  const refused = note.refused.map(({ sum }) => ({ sum }));
  return toBytes({ ...note, refused });
}

/** Somewhat less than a value of Deno KV may hold. */
const VALUE_BYTES_MAX = 60_000;
