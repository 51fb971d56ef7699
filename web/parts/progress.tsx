/** How the packages of a mission are spread over its lanes. */

import type {
  LaneAnswer,
  LaneRole,
  MissionAnswer,
} from "../../lib/board/answers.ts";
import { counted } from "../words.ts";
import { laneClass } from "./lanes.ts";

/** What is furthest stands first, as in any progress bar. */
const ORDER: readonly LaneRole[] = [
  "done",
  "review",
  "doing",
  "todo",
  "halted",
];

interface Part {
  readonly lane: LaneAnswer;
  readonly count: number;
}

/** Lanes that hold packages, the furthest first. */
export function partsOf({ lanes, counts }: MissionAnswer): Part[] {
  return ORDER.flatMap((role) =>
    lanes.filter((lane) => lane.role === role).toReversed()
      .map((lane) => ({ lane, count: counts[lane.id] ?? 0 }))
  ).filter(({ count }) => count > 0);
}

/** A bar of all lanes, with its words for those who do not see it. */
export function Progress({ mission }: { mission: MissionAnswer }) {
  const parts = partsOf(mission);
  const words = parts.length === 0
    ? "No work packages yet"
    : `${mission.done} of ${counted(mission.packages, "package")} done: ${
      parts.map(({ lane, count }) => `${count} ${lane.label}`).join(", ")
    }`;
  return (
    <span class="progress" role="img" aria-label={words} title={words}>
      {parts.map(({ lane, count }) => (
        <span
          key={lane.id}
          class={`part ${laneClass(mission.lanes, lane.id)}`}
          style={{ flexGrow: count }}
        />
      ))}
    </span>
  );
}
