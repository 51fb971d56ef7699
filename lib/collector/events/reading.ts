/**
 * Reading stored events in the order of their arrival.
 *
 * @module
 */

import { EXPORT_ROWS, PAGE_BYTES_MAX } from "../limits.ts";
import { oneLineBytes } from "../../base/shown.ts";
import { joinLines, rowKey } from "./layout.ts";
import type { Store } from "./store.ts";

/** Events in order of arrival, and where to go on; null at the end. */
export interface Page {
  /** In JSON and UTF-8. */
  readonly events: readonly Uint8Array[];
  readonly next: number | null;
}

/** Some events of a team, from the position `from` on. */
export async function readPage(
  store: Store,
  team: string,
  from: number,
  limit: number,
): Promise<Page> {
  const { events: end } = await store.team(team);
  const events: Uint8Array[] = [];
  let bytes = 0, n = from;
  for await (const lines of rowsFrom(store, team, from, end)) {
    for (const line of lines) {
      if (events.length === limit || bytes > PAGE_BYTES_MAX) {
        return { events, next: n };
      }
      events.push(line);
      bytes += line.length;
      n++;
    }
  }
  return { events, next: null };
}

/** All events of a team that are stored by now, one JSON document a line; read as fast as somebody takes them. */
export function exportStream(
  store: Store,
  team: string,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from(linesOf(store, team));
}

async function* linesOf(
  store: Store,
  team: string,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  const { events: end } = await store.team(team);
  for await (const lines of rowsFrom(store, team, 0, end)) {
    yield joinLines(lines.map(oneLineBytes));
  }
}

/** The events from one position up to another, by their rows. */
async function* rowsFrom(
  store: Store,
  team: string,
  from: number,
  end: number,
): AsyncIterable<Uint8Array[]> {
  const first = await rowAround(store, team, from);
  const range = { start: rowKey(team, first), end: rowKey(team, end) };
  const rows = store.kv.list<Uint8Array>(range, { batchSize: EXPORT_ROWS });
  for await (const { key, value } of rows) {
    const n = Number(key.at(-1));
    const lines = await store.lines(team, n, value);
    yield n < from ? lines.slice(from - n) : lines;
  }
}

/** The row in which a position lies. */
async function rowAround(
  store: Store,
  team: string,
  position: number,
): Promise<number> {
  const range = { start: rowKey(team, 0), end: rowKey(team, position + 1) };
  const rows = store.kv.list(range, { reverse: true, limit: 1 });
  for await (const { key } of rows) return Number(key.at(-1));
  return position;
}
