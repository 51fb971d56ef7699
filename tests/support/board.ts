/** Events for boards, of both contracts, as plain as possible. */

import type { JsonObject } from "../../lib/base/json.ts";
import { Projection } from "../../lib/board/projection.ts";
import { idOf } from "./events.ts";
import { missionId, ulidAt } from "./project.ts";

/** What a test says of an event; the rest is ordinary. */
export interface Told {
  readonly clock?: number;
  readonly node?: string;
  /** Milliseconds since the first of June. */
  readonly ms?: number;
}

const START_MS = Date.UTC(2026, 5, 1);

export function isoAt(ms: number): string {
  return new Date(START_MS + ms).toISOString();
}

/** The n-th envelope of the first contract. */
export function envelope(
  n: number,
  event_type: string,
  payload: JsonObject,
  { clock = n, node = "aaaaaaaaaaaa", ms = n * 1_000 }: Told = {},
): JsonObject {
  return {
    event_id: idOf(n),
    event_type,
    node_id: node,
    lamport_clock: clock,
    timestamp: isoAt(ms),
    payload,
  };
}

/** The n-th row of a mission. */
export function row(
  n: number,
  name: string,
  data: JsonObject,
  { clock = n, node = "bbbbbbbbbbbb", ms = n * 1_000, ...rest }:
    & Told
    & JsonObject = {},
): JsonObject {
  const missionid = "missionid" in rest ? rest.missionid : missionId(1);
  return {
    id: ulidAt(n),
    source: missionid
      ? `/spec-kitty/missions/${missionid}`
      : "/spec-kitty/projects/p",
    type: `ai.spec-kitty.${name}.v1`,
    time: isoAt(ms),
    lamportclock: clock,
    nodeid: node,
    missionslug: "demo",
    actor: "claude",
    ...rest,
    missionid,
    data,
  };
}

/** A move of a package of a mission. */
export function move(
  n: number,
  wp: string,
  from_lane: string,
  to_lane: string,
  more: Told & JsonObject = {},
  data: JsonObject = {},
): JsonObject {
  return row(n, "lane.transitioned", { from_lane, to_lane, ...data }, {
    subject: wp,
    ...more,
  });
}

/** A board of these events, in this order of arrival. */
export function boardOf(documents: Iterable<JsonObject>): Projection {
  const board = new Projection();
  for (const document of documents) board.add(document);
  return board;
}
