/**
 * The lanes of a contract, and what each means: a board is drawn and counted
 * by that, whatever the contract.
 *
 * @module
 */

import { STATUSES } from "../contract/contract.ts";
import { producer } from "../contract/rows/producer.ts";
import type { RowContract } from "../contract/rows/row_contract.ts";
import type { LaneAnswer, LaneRole } from "./answers.ts";

/** What the lanes mean that contracts are known to have. */
const ROLES: Readonly<Record<string, LaneRole>> = {
  genesis: "todo",
  planned: "todo",
  claimed: "doing",
  doing: "doing",
  in_progress: "doing",
  for_review: "review",
  in_review: "review",
  approved: "review",
  done: "done",
  blocked: "halted",
  canceled: "halted",
};

/** A lane behind a review that passed, though it is not the end. */
const PASSED = "approved";

/** A lane nobody works on any more, and which never counts as work left. */
const ABANDONED = "canceled";

/** Lanes of the first contract. */
const OF_FEATURES: readonly LaneAnswer[] = STATUSES.map(laneOf);

/** Lanes of the producer contract. */
const OF_MISSIONS: readonly LaneAnswer[] = lanesIn(producer).map(laneOf);

/** The lanes of features or missions, with those at the end that only events name. */
export function lanesOf(
  kind: "feature" | "mission",
  seen: Iterable<string>,
): readonly LaneAnswer[] {
  const known = kind === "feature" ? OF_FEATURES : OF_MISSIONS;
  const others = [...seen].filter((id) => !known.some((lane) => lane.id === id))
    .sort();
  return others.length === 0 ? known : [...known, ...others.map(laneOf)];
}

/** The lanes of several boards together: in the order in which work goes through them. */
export function joinedLanes(
  lists: Iterable<readonly LaneAnswer[]>,
): LaneAnswer[] {
  const lanes = new Map<string, LaneAnswer>();
  for (const list of lists) for (const lane of list) lanes.set(lane.id, lane);
  const ranks = Object.keys(ROLES);
  const rankOf = ({ id }: LaneAnswer) =>
    ranks.includes(id) ? ranks.indexOf(id) : ranks.length;
  return [...lanes.values()].sort((a, b) => rankOf(a) - rankOf(b));
}

/** What a lane means. One that nobody knows holds work. */
export function roleOf(lane: string): LaneRole {
  return Object.hasOwn(ROLES, lane) ? ROLES[lane]! : "doing";
}

/** How a move ends a review, if it does. */
export function reviewOf(
  from: string,
  to: string,
): "passed" | "sent back" | undefined {
  if (from === "" || roleOf(from) !== "review") return undefined;
  const role = roleOf(to);
  if (role === "todo" || role === "doing") return "sent back";
  const isPassed = role === "done" || to === PASSED;
  return isPassed && from !== PASSED ? "passed" : undefined;
}

/** Whether other packages may build on one in this lane. */
export function isMetBy(lane: string): boolean {
  return roleOf(lane) === "done" || lane === PASSED;
}

/** Whether a package in this lane is still to be done. */
export function isLeft(lane: string): boolean {
  return roleOf(lane) !== "done" && lane !== ABANDONED;
}

function laneOf(id: string): LaneAnswer {
  const words = id.replaceAll("_", " ");
  const label = words.charAt(0).toUpperCase() + words.slice(1);
  return { id, label, role: roleOf(id) };
}

/** Where a contract says which lanes there are: in the type that moves packages. */
function lanesIn({ types }: RowContract): string[] {
  for (const { data } of types.values()) {
    const lanes = data.properties?.to_lane?.enum;
    if (lanes) return lanes.filter((lane) => typeof lane === "string");
  }
  return [];
}
