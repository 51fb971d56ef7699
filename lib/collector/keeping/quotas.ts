/**
 * How much of each team a collector stores at most. Commands change it while
 * collectors run, which take note within a second.
 *
 * @module
 */

import { Deadline } from "../../base/deadline.ts";
import type { Log } from "../../base/log.ts";
import type { Quota, QuotaError } from "../events/event_log.ts";
import { DeadlineError } from "../../base/errors.ts";
import { HttpError } from "../http/http.ts";
import { NO_ROOM_RETRY_S, QUOTAS_KEPT_MS, QUOTAS_LATE_MS } from "../limits.ts";
import { changed, type Records, removed } from "../records/records.ts";

/** A quota with its team. */
export type TeamQuota = readonly [team: string, quota: Quota];

/** The quotas of all teams. */
export class Quotas {
  readonly #settings: Records;
  readonly #elapsedMs: () => number;
  readonly #log: Log | undefined;
  #kept: ReadonlyMap<string, Quota> | undefined;
  #readMs = -Infinity;
  #reading: Promise<void> | undefined;
  /** For so long it is waited for. */
  #late: Deadline | undefined;

  constructor(settings: Records, elapsedMs: () => number, log?: Log) {
    this.#settings = settings;
    this.#elapsedMs = elapsedMs;
    this.#log = log;
  }

  /** The quota of a team; undefined: it may store what it likes. */
  async of(team: string): Promise<Quota | undefined> {
    if (this.#elapsedMs() - this.#readMs >= QUOTAS_KEPT_MS) {
      if (!this.#reading) {
        this.#late = Deadline.in(this.#elapsedMs, QUOTAS_LATE_MS);
        this.#reading = this.#read().finally(() => this.#reading = undefined);
      }
      await this.#waitFor(this.#reading);
    }
    return this.#kept!.get(team);
  }

  /** What was read last counts where it takes too long. */
  async #waitFor(reading: Promise<void>): Promise<void> {
    try {
      await this.#late!.race(reading, "read the quotas");
    } catch (error) {
      if (this.#kept) return;
      if (!(error instanceof DeadlineError)) throw error;
      await reading;
    }
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

  async #read(): Promise<void> {
    try {
      this.#kept = new Map(await this.all());
    } catch (error) {
      // What was read last counts for longer: a damaged file must not open the gates, nor close them.
      if (!this.#kept) throw error;
      this.#log?.error("the quotas cannot be read", error);
    }
    this.#readMs = this.#elapsedMs();
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
