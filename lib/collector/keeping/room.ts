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

/**
 * The same as metrics. Anybody may read those, so they name only teams that
 * somebody has given a quota, and count all together.
 */
export async function roomFamilies(
  events: Pick<EventLog, "teams" | "usage">,
  quotas: Quotas,
): Promise<Family[]> {
  const rooms = await roomOf(events, quotas);
  const family = (
    name: string,
    help: string,
    valueOf: (room: Room) => number | undefined,
  ): Family[] => {
    const samples = rooms.flatMap((room) => {
      const value = valueOf(room), { team, quota } = room;
      return !quota || value === undefined ? [] : [[{ team }, value] as const];
    });
    return samples.length > 0 ? [{ name, help, samples }] : [];
  };
  const sum = (name: keyof Usage) =>
    rooms.reduce((total, { usage }) => total + usage[name], 0);
  return [
    {
      name: "stored_events",
      help: "Events that are stored.",
      samples: [[{}, sum("events")]],
    },
    {
      name: "stored_bytes",
      help: "Bytes of their documents.",
      samples: [[{}, sum("bytes")]],
    },
    ...family(
      "team_events",
      "Events of a team that are stored.",
      ({ usage }) => usage.events,
    ),
    ...family(
      "team_bytes",
      "Bytes of the documents of a team's events.",
      ({ usage }) => usage.bytes,
    ),
    ...family(
      "team_events_max",
      "Events that a team may have stored.",
      ({ quota }) => quota?.events,
    ),
    ...family(
      "team_bytes_max",
      "Bytes that a team may have stored.",
      ({ quota }) => quota?.bytes,
    ),
  ];
}
