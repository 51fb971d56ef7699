/** Rows of missions, as a producer sends them to a collector. */

import { strictEqual } from "node:assert/strict";
import type { CollectorClient } from "./collector.ts";
import { lane, type Line, missionId, rowOf } from "./project.ts";

/** A mission that rows belong to. */
export interface TestMission {
  readonly id: string;
  readonly slug: string;
}

/** The first of all missions. */
export const DEMO: TestMission = { id: missionId(1), slug: "demo" };

/** Makes rows, each with an id and a time after the one before. */
export class Rows {
  #n = 0;

  /** A package that moves from lane to lane. */
  move(
    wp_id: string,
    from_lane: string,
    to_lane: string,
    more: Line = {},
    { id, slug }: TestMission = DEMO,
  ): Line {
    const line = lane(++this.#n, { wp_id, from_lane, to_lane, ...more });
    return {
      ...rowOf(line),
      source: `/spec-kitty/missions/${id}`,
      missionid: id,
      missionslug: slug,
    };
  }

  /** A package that is created. */
  create(
    wp_id: string,
    wp_title: string,
    depends_on: readonly string[] = [],
    mission: TestMission = DEMO,
  ): Line {
    const { executionmode: _, ...row } = this.move(
      ...[wp_id, "genesis", "planned", {}, mission] as const,
    );
    const data = {
      actor: "planner",
      depends_on,
      mission_slug: mission.slug,
      wp_id,
      wp_title,
    };
    const moved = /lane\.transitioned/;
    return {
      ...row,
      type: String(row.type).replace(moved, "wp.created"),
      dataschema: String(row.dataschema).replace(moved, "wp.created"),
      data,
    };
  }
}

/** Stores rows as a producer would. */
export async function store(
  client: CollectorClient,
  token: string,
  rows: readonly Line[],
): Promise<void> {
  const { status, text } = await client.ask("/api/v1/cloudevents/", {
    token,
    body: JSON.stringify(rows),
    headers: { "content-type": "application/cloudevents-batch+json" },
  });
  strictEqual(status, 200, text);
}
