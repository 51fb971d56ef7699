/** Words for what answers say in codes, and texts of events made fit for one line. */

import type { LaneAnswer, Phase } from "../lib/board/answers.ts";

/** All phases, in their order. */
export const PHASES: readonly Phase[] = [
  "created",
  "specifying",
  "specified",
  "planning",
  "planned",
  "tasking",
  "ready",
  "in progress",
  "done",
];

/** `Specified` for `specified`. */
export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** `1 package`, `2 packages`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

/** Label of a lane; its id where the contract does not know it. */
export function laneLabel(lanes: readonly LaneAnswer[], id: string): string {
  return lanes.find((lane) => lane.id === id)?.label ??
    capital(id.replaceAll("_", " "));
}

/** `Mission created` for `example.mission.created.v1`, `Work package created` for `WPCreated`. */
export function typeWords(type: string): string {
  const words = type.split(".").filter((part) => !/^v\d+$/.test(part))
    .slice(-3).join(" ")
    .replaceAll("_", " ")
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .replaceAll(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .replace(/^wp\b/, "work package")
    .replace("innerstate", "state");
  return capital(words);
}

/** A text without controls, marks of direction and marks without width, for places that cannot isolate it. */
export function plain(text: string, longest = 120): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "");
  return clean.length > longest ? `${clean.slice(0, longest)}…` : clean;
}
