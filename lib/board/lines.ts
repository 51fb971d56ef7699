/**
 * Events in one line each, and which of them a filter lets through.
 *
 * @module
 */

import type { EventLine, EventLinesAnswer } from "./answers.ts";
import type { Names } from "./columns.ts";
import type { Mission, Package } from "./mission.ts";
import { isCalled, partIs, type Projection } from "./projection.ts";

/** Which events; empty texts let all through. */
export interface EventFilter {
  /** A mission's key. */
  readonly mission: string;
  readonly package: string;
  /** Parts of names, in large or small letters. */
  readonly type: string;
  readonly actor: string;
  readonly node: string;
  /** Times, milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  /** In names: of missions, packages, types, actors and nodes. */
  readonly text: string;
}

/** An event in one line. */
export function lineOf(
  { table, missions }: Projection,
  row: number,
): EventLine {
  const mission = missions.ofRow(row);
  const isMove = table.isMove(row);
  return {
    position: row,
    id: table.id(row),
    at: table.time(row),
    type: table.types.textOf(table.type(row)),
    mission: mission?.key ?? null,
    mission_slug: mission?.slug ?? null,
    package: table.packages.textOf(table.package(row)) || null,
    actor: table.actors.textOf(table.actor(row)) || null,
    node: table.nodes.textOf(table.node(row)),
    clock: table.clock(row),
    from_lane: isMove ? table.from(row) || null : null,
    to_lane: isMove ? table.to(row) : null,
  };
}

/**
 * The positions that a filter lets through.
 *
 * @param from the first that is looked at; upwards from there, else downwards
 */
export function* positionsFor(
  projection: Projection,
  filter: EventFilter,
  from: number,
  direction: "up" | "down",
): Generator<number, void> {
  const isWanted = testOf(projection, filter);
  const step = direction === "up" ? 1 : -1;
  const { position, table: { first } } = projection;
  const start = direction === "up" ? Math.max(from, first) : from;
  for (let row = start; row >= first && row < position; row += step) {
    if (isWanted(row)) yield row;
  }
}

/** A page of lines: below `before`, the latest first, or above `after`, the earliest first. */
export function linesFor(
  projection: Projection,
  filter: EventFilter,
  place: { readonly before: number } | { readonly after: number },
  limit: number,
): EventLinesAnswer {
  const { position } = projection;
  const found = "after" in place
    ? positionsFor(projection, filter, place.after + 1, "up")
    : positionsFor(
      projection,
      filter,
      Math.min(place.before, position) - 1,
      "down",
    );
  const rows = [...found.take(limit + 1)];
  return {
    position,
    lines: rows.slice(0, limit).map((row) => lineOf(projection, row)),
    has_more: rows.length > limit,
  };
}

function testOf(
  projection: Projection,
  filter: EventFilter,
): (row: number) => boolean {
  const { table, missions } = projection;
  const tests: ((row: number) => boolean)[] = [];
  const alike = (
    wanted: string,
    names: Names,
    of: (row: number) => number,
  ) => {
    if (wanted === "") return;
    const numbers = names.matching(partIs(wanted));
    tests.push((row) => numbers.has(of(row)));
  };
  alike(filter.type, table.types, (row) => table.type(row));
  alike(filter.actor, table.actors, (row) => table.actor(row));
  alike(filter.node, table.nodes, (row) => table.node(row));
  if (filter.package !== "") {
    const number = table.packages.find(filter.package);
    tests.push((row) => table.package(row) === number);
  }
  if (filter.fromMs > -Infinity || filter.toMs < Infinity) {
    tests.push((row) => {
      const timeMs = table.timeMs(row);
      return timeMs >= filter.fromMs && timeMs <= filter.toMs;
    });
  }
  if (filter.mission !== "") {
    tests.push((row) => missions.ofRow(row)?.key === filter.mission);
  }
  if (filter.text !== "") tests.push(textTest(projection, filter.text));
  return (row) => tests.every((test) => test(row));
}

function textTest(
  { table, missions }: Projection,
  text: string,
): (row: number) => boolean {
  const has = partIs(text);
  const types = table.types.matching(has);
  const actors = table.actors.matching(has);
  const nodes = table.nodes.matching(has);
  const packages = table.packages.matching(has);
  const found = new Set<Mission>(), titled = new Set<Package>();
  for (const mission of missions.all.values()) {
    if (isCalled(mission.answer, has)) found.add(mission);
    for (const one of mission.packages.values()) {
      if (has(one.state.title)) titled.add(one);
    }
  }
  return (row) => {
    if (
      types.has(table.type(row)) || actors.has(table.actor(row)) ||
      nodes.has(table.node(row)) || packages.has(table.package(row))
    ) return true;
    const mission = missions.ofRow(row);
    if (!mission) return false;
    const one = missions.packageOfRow(row);
    return found.has(mission) || one !== undefined && titled.has(one);
  };
}
