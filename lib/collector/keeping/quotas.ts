/**
 * How much of each team a collector stores at most. Commands change it while
 * collectors run, which take note within a second.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { Quota, QuotaError } from "../events/event_log.ts";
import { Fresh } from "../fresh.ts";
import { HttpError } from "../http/http.ts";
import { NO_ROOM_RETRY_S, QUOTAS_PACE } from "../limits.ts";
import { changed, type Records, removed } from "../records/records.ts";

/** A quota with its team. */
export type TeamQuota = readonly [team: string, quota: Quota];

/** The quotas of all teams. */
export class Quotas {
  readonly #settings: Records;
  readonly #kept: Fresh<ReadonlyMap<string, Quota>>;

  constructor(settings: Records, elapsedMs: () => number, log?: Log) {
    this.#settings = settings;
    this.#kept = new Fresh(
      async (known) => {
        try {
          return new Map(await this.all());
        } catch (error) {
          if (!known) throw error;
          log?.error("the quotas cannot be read", error);
          // It is not tried again before its time.
          return known;
        }
      },
      { elapsedMs },
      QUOTAS_PACE,
    );
  }

  /** The quota of a team; undefined: it may store what it likes. */
  async of(team: string): Promise<Quota | undefined> {
    return (await this.#kept.get()).get(team);
  }

  /** As stored now, in the order of the teams' names. */
  async all(): Promise<TeamQuota[]> {
    const found = await this.#settings.list<Quota>("quotas");
    return found.map(([team, quota]) => [team, plain(quota)] as const)
      .sort(([a], [b]) => a < b ? -1 : 1);
  }

  /** Gives a team a quota in the place of the one that it has. */
  async set(team: string, quota: Quota): Promise<void> {
    const after = { name: team, ...quota };
    await changed<Quota>(this.#settings, "quotas", team, () => after);
  }

  /** False: the team had none. */
  async remove(team: string): Promise<boolean> {
    return await removed(this.#settings, "quotas", team) !== undefined;
  }
}

/** Without what else stands in the record. */
function plain({ events, bytes }: Quota): Quota {
  return {
    ...events !== undefined && { events },
    ...bytes !== undefined && { bytes },
  };
}

/** What a client hears whose team has no room left. */
export function noRoomWords({ usage, quota }: QuotaError): string {
  const parts = (["events", "bytes"] as const).flatMap((name) =>
    quota[name] === undefined
      ? []
      : [`${usage[name]} of ${quota[name]} ${name}`]
  );
  return `nothing was stored: it would go beyond what the team may have here, with ${
    parts.join(" and ")
  } used`;
}

/** The same as an answer. */
export function noRoom(error: QuotaError): HttpError {
  return new HttpError(507, noRoomWords(error), {
    headers: { "retry-after": `${NO_ROOM_RETRY_S}` },
  });
}
