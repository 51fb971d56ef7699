/**
 * How much room each team takes, and may take.
 *
 * @module
 */

import type { EventLog, Quota, Usage } from "../events/event_log.ts";
import type { Family } from "../metrics.ts";
import type { Quotas } from "./quotas.ts";

/** The room of one team. */
export interface Room {
  readonly team: string;
  readonly usage: Usage;
  /** Without one, it may take what it likes. */
  readonly quota: Quota | undefined;
}

/** The room of all teams that have sent something, or have a quota; by their names. */
export async function roomOf(
  events: Pick<EventLog, "teams" | "usage">,
  quotas: Quotas,
): Promise<Room[]> {
  const given = new Map(await quotas.all());
  const teams = new Set([...await events.teams(), ...given.keys()]);
  const rooms: Room[] = [];
  for (const team of [...teams].sort()) {
    const usage = await events.usage(team);
    rooms.push({ team, usage, quota: given.get(team) });
  }
  return rooms;
}

/** How full a team is: 1 where it may not take one event more; 0 without a quota. */
export function fullnessOf({ usage, quota }: Room): number {
  const share = (used: number, most: number | undefined) =>
    most === undefined ? 0 : most === 0 ? 1 : used / most;
  return Math.max(
    share(usage.events, quota?.events),
    share(usage.bytes, quota?.bytes),
  );
}

/** Sums for metrics, which anybody may read: no team is named. */
export async function roomFamilies(
  events: Pick<EventLog, "teams" | "usage">,
  quotas: Quotas,
): Promise<Family[]> {
  const rooms = await roomOf(events, quotas);
  const family = (name: string, help: string, value: number): Family => ({
    name,
    help,
    samples: [[{}, value]],
  });
  const sum = (valueOf: (room: Room) => number) =>
    rooms.reduce((all, room) => all + valueOf(room), 0);
  return [
    family(
      "stored_events",
      "Events that are stored, of all teams.",
      sum(({ usage }) => usage.events),
    ),
    family(
      "stored_bytes",
      "Bytes of their documents.",
      sum(({ usage }) => usage.bytes),
    ),
    family(
      "fullest_quota_ratio",
      "How full the team is that has the least room left under its quota: 1 is full.",
      Math.max(0, ...rooms.map(fullnessOf)),
    ),
  ];
}
