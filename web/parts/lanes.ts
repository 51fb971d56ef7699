/** The colour of a lane: its role has a hue, the lanes of one role are its shades. */

import type { LaneAnswer } from "../../lib/board/answers.ts";

/** There are so many shades of each hue. */
const SHADES = 3;

/** Which shade a lane has. */
export function shadeOf(
  lanes: readonly LaneAnswer[],
  { id, role }: LaneAnswer,
): number {
  const at = lanes.filter((lane) => lane.role === role)
    .findIndex((lane) => lane.id === id);
  return Math.min(SHADES - 1, Math.max(0, at));
}

/** Classes that give something a lane's colour; one that no contract knows counts as halted. */
export function laneClass(lanes: readonly LaneAnswer[], id: string): string {
  const lane = lanes.find((each) => each.id === id);
  return lane
    ? `role-${lane.role} shade-${shadeOf(lanes, lane)}`
    : `role-halted shade-${SHADES - 1}`;
}
