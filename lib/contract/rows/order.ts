/**
 * The published total order of rows, from any number of logs: the same result
 * for any order of the input.
 *
 * @module
 */

import { instantOf } from "./times.ts";
import { byCodePoint } from "../../base/code_points.ts";
import { isJsonObject, type JsonObject } from "../../base/json.ts";
import { canonical, NumberLiteral, parseExact } from "./canonical.ts";

/** Why a row has no place in the order. The first that is true is named. */
export type Unordered =
  | "row_not_object"
  | "id_missing"
  | "id_not_normalizable"
  | "clock_out_of_range"
  | "time_unparseable"
  | "source_invalid";

/** One line of a log. */
export interface OrderedLine<T> {
  /** What the caller knows it by. */
  readonly line: T;
  /** The row as JSON text; undefined where the line is not text. */
  readonly text: string | undefined;
}

/** What became of all lines: `ordered + errors + collapsed == read`. */
export interface Order<T> {
  readonly read: number;
  readonly ordered: readonly T[];
  readonly errors: readonly { readonly line: T; readonly reason: Unordered }[];
  /** Lines of an event that another line stands for. */
  readonly collapsed: number;
  /** Events of which lines differ, in order. */
  readonly conflicts: readonly {
    readonly source: string;
    readonly id: string;
  }[];
}

/** Largest `lamportclock`: CloudEvents integers have 32 bits. */
const CLOCK_MAX = 2n ** 31n - 1n;

interface Key {
  readonly hasClock: boolean;
  readonly clock: bigint;
  readonly instant: bigint;
  readonly id: string;
  readonly source: string;
}

interface Keyed<T> {
  readonly line: T;
  readonly key: Key;
  readonly row: JsonObject;
  readonly bytes: string;
}

/**
 * Orders lines.
 *
 * @param upcast what a line is as a row, where it is none yet; undefined where it is one
 */
export function orderLines<T>(
  lines: Iterable<OrderedLine<T>>,
  upcast: (line: OrderedLine<T>) => JsonObject | undefined = () => undefined,
): Order<T> {
  const errors: { line: T; reason: Unordered }[] = [];
  const groups = new Map<string, Keyed<T>[]>();
  let read = 0;
  for (const item of lines) {
    const { line, text } = item;
    read += 1;
    const parsed = upcast(item) ??
      (text === undefined ? undefined : parseExact(text));
    const row = isRow(parsed) ? parsed : undefined;
    const key = row ? keyOf(row) : "row_not_object";
    if (typeof key === "string") {
      errors.push({ line, reason: key });
      continue;
    }
    const name = `${key.id} ${key.source}`;
    const group = groups.get(name);
    const keyed = { line, key, row: row!, bytes: canonical(row) };
    if (group) group.push(keyed);
    else groups.set(name, [keyed]);
  }
  const all = [...groups.values()];
  const survivors = all.map((group) =>
    group.reduce((best, other) => other.bytes < best.bytes ? other : best)
  ).sort((a, b) => compareKeys(a.key, b.key));
  const conflicts = all.filter(differs)
    .map(([{ key: { source, id } }]) => ({ source, id }))
    .sort((a, b) => byCodePoint(a.source, b.source) || byCodePoint(a.id, b.id));
  return {
    read,
    ordered: survivors.map(({ line }) => line),
    errors,
    collapsed: read - errors.length - survivors.length,
    conflicts,
  };
}

function isRow(value: unknown): value is JsonObject {
  return isJsonObject(value) && !(value instanceof NumberLiteral);
}

/** Whether lines of one event differ in more than the spelling of its id. */
function differs<T>(
  group: readonly Keyed<T>[],
): group is [Keyed<T>, ...Keyed<T>[]] {
  if (group.length === 1) return false;
  const variants = group.map(({ row: { id: _id, ...rest } }) =>
    canonical(rest)
  );
  return new Set(variants).size > 1;
}

/** A row's place, or why it has none. */
function keyOf(row: JsonObject): Key | Unordered {
  const own = (name: string) =>
    Object.hasOwn(row, name) ? row[name] : undefined;
  const given = own("id");
  if (given === undefined || given === null || given === "") {
    return "id_missing";
  }
  const id = normalizedId(given);
  if (id === undefined) return "id_not_normalizable";
  const hasClock = Object.hasOwn(row, "lamportclock");
  const clock = hasClock ? clockOf(row.lamportclock) : 0n;
  if (clock === undefined) return "clock_out_of_range";
  const time = own("time");
  const instant = typeof time === "string" ? instantOf(time) : undefined;
  if (instant === undefined) return "time_unparseable";
  const source = own("source") ?? "";
  if (typeof source !== "string") return "source_invalid";
  return { hasClock, clock, instant, id, source };
}

function clockOf(value: unknown): bigint | undefined {
  if (!(value instanceof NumberLiteral)) return undefined;
  const clock = value.integer;
  return clock !== undefined && clock >= 0n && clock <= CLOCK_MAX
    ? clock
    : undefined;
}

/** A ULID in capitals, a UUID in small letters and with hyphens; undefined for anything else. */
function normalizedId(id: unknown): string | undefined {
  if (typeof id !== "string") return undefined;
  if (/^[0-9A-HJKMNP-TV-Z]{26}$/i.test(id)) return id.toUpperCase();
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
    return id.toLowerCase();
  }
  if (!/^[0-9a-f]{32}$/i.test(id)) return undefined;
  return id.toLowerCase()
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function compareKeys(a: Key, b: Key): number {
  return Number(a.hasClock) - Number(b.hasClock) ||
    compare(a.clock, b.clock) || compare(a.instant, b.instant) ||
    byCodePoint(a.id, b.id) || byCodePoint(a.source, b.source);
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
