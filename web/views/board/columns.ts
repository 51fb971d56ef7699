/** Which packages stand in which column, and in what order. */

import type { LaneAnswer, PackageAnswer } from "../../../lib/board/answers.ts";
import { laneLabel } from "../../words.ts";

/** A lane with its packages. */
export interface Column {
  readonly lane: LaneAnswer;
  readonly packages: readonly PackageAnswer[];
  /** An empty one that takes no room; it opens when a package comes into it. */
  readonly isFolded: boolean;
}

/** Which cards are shown, and their order. */
export interface BoardFilter {
  readonly text: string;
  readonly agent: string;
  readonly sort: string;
}

const byName = new Intl.Collator(undefined, { numeric: true });

/** The packages that a filter lets through, in order. */
export function chosenOf(
  packages: readonly PackageAnswer[],
  { text, agent, sort }: BoardFilter,
): PackageAnswer[] {
  const wanted = text.toLowerCase();
  return packages.filter((each) =>
    (!agent || each.agent === agent) &&
    (!wanted || `${each.id} ${each.title}`.toLowerCase().includes(wanted))
  ).sort((a, b) => orderOf(sort, a, b) || byName.compare(a.id, b.id));
}

function orderOf(sort: string, a: PackageAnswer, b: PackageAnswer): number {
  switch (sort) {
    case "age":
      return compare(a.lane_since ?? "~", b.lane_since ?? "~");
    case "changed":
      return compare(b.changed_at, a.changed_at);
    default:
      return 0;
  }
}

/** Times of one form stand in the order of their characters. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A column for each lane of the contract, and for any other that a package is in. */
export function lanesOf(
  lanes: readonly LaneAnswer[],
  packages: readonly PackageAnswer[],
): Column[] {
  const byLane = Map.groupBy(packages, ({ lane }) => lane);
  const unknown = [...byLane.keys()]
    .filter((id) => !lanes.some((lane) => lane.id === id))
    .map((id): LaneAnswer => ({
      id,
      label: laneLabel(lanes, id),
      role: "halted",
    }));
  return [...lanes, ...unknown].map((lane, i) => {
    const held = byLane.get(lane.id) ?? [];
    return {
      lane,
      packages: held,
      isFolded: held.length === 0 && isAside(lanes, i),
    };
  });
}

/** Lanes beside the way: those of what is halted, and one before the first in which work waits. */
function isAside(lanes: readonly LaneAnswer[], index: number): boolean {
  const role = lanes[index]?.role ?? "halted";
  return role === "halted" ||
    role === "todo" && lanes[index + 1]?.role === "todo";
}
