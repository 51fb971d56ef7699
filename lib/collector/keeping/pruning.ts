/**
 * Letting old events of a team go, into an archive first where one is wanted.
 *
 * @module
 */

import { KittyError, reasonOf } from "../../base/errors.ts";
import { isDiskFull } from "../../base/files.ts";
import type { JsonObject } from "../../base/json.ts";
import { nearMiss } from "../../base/near_miss.ts";
import { oneLineBytes } from "../../base/shown.ts";
import { fromBytes } from "../../home/queue_layout.ts";
import { CLOCK_SKEW_MS, PAGE_EVENTS_MAX } from "../limits.ts";
import type { KeptEvents } from "../operator/operator.ts";
import { joinLines } from "../../base/line_bytes.ts";
import { linesIn, NewFile } from "./new_file.ts";

/** What is to go. */
export interface Pruning {
  readonly team: string;
  /** Events that happened earlier go: milliseconds since 1970. */
  readonly beforeMs: number;
  /** Where they are written to first. */
  readonly archive?: string | undefined;
  /** What a sink has not had yet stays. */
  readonly unsent?: Unsent | undefined;
  /** Only say what would go. */
  readonly isDry?: boolean;
  /** Now, milliseconds since 1970. */
  readonly nowMs: number;
}

/** A sink, and the position of its next event. */
export interface Unsent {
  readonly sink: string;
  readonly position: number;
}

/** What has gone. */
export interface Pruned {
  readonly team: string;
  readonly removed: number;
  readonly bytes: number;
  /** What is left. */
  readonly left: number;
  /** Position of the first event that is left, and when it happened. */
  readonly first: number;
  readonly first_at: string | null;
  /** The sink because of which no more has gone. */
  readonly held_by: string | null;
  readonly archive: string | null;
  readonly archive_bytes: number | null;
}

/**
 * Removes the events from the first on up to the first that is not older. One
 * whose time lies ahead, or is none, was stamped by a clock that is wrong: it
 * goes with those around it. The archive is on disk before anything goes.
 *
 * @throws {KittyError} where the team has sent nothing, or the archive is there
 *   or cannot be written; nothing was removed then
 */
export async function prune(
  events: KeptEvents,
  pruning: Pruning,
): Promise<Pruned> {
  const { team, archive, isDry = false } = pruning;
  const teams = await events.teams();
  if (!teams.includes(team)) {
    const meant = nearMiss(team, [...teams].sort());
    throw new KittyError(
      "not_found",
      `no team "${team.slice(0, 40)}" has sent anything`,
      {
        hint: meant === undefined
          ? "see what there is: kitty-events collector quota list"
          : `did you mean ${meant}?`,
      },
    );
  }
  const file = archive === undefined || isDry
    ? undefined
    : await NewFile.create(archive, "gzip");
  let found: Found, archive_bytes: number | null;
  try {
    found = await oldOnes(events, pruning, file);
    const isEmpty = found.end === found.from;
    if (isEmpty) await file?.giveUp();
    archive_bytes = isEmpty ? null : await file?.finish() ?? null;
    if (archive_bytes !== null) await expectWhole(archive!, found);
  } catch (error) {
    await file?.giveUp();
    throw error;
  }
  const { from, end, bytes, nextAt } = found;
  if (!isDry && end > from) await removed(events, team, end, archive);
  const { events: left } = await events.usage(team);
  return {
    team,
    removed: end - from,
    bytes,
    left: isDry ? left - (end - from) : left,
    first: end,
    first_at: nextAt,
    held_by: found.heldBy,
    archive: archive_bytes === null ? null : archive!,
    archive_bytes,
  };
}

/** What can be read back is on disk; nothing else is reason enough to remove anything. */
async function expectWhole(
  archive: string,
  { from, end }: Found,
): Promise<void> {
  const lines = await linesIn(archive).catch(reasonOf);
  if (lines === end - from) return;
  throw new KittyError(
    "output_failed",
    `${archive} does not hold the ${
      end - from
    } events that were written: ${lines}`,
    { hint: "nothing was removed; look at the disk, and remove the file" },
  );
}

async function removed(
  events: KeptEvents,
  team: string,
  end: number,
  archive: string | undefined,
): Promise<void> {
  try {
    await events.prune(team, end);
  } catch (error) {
    const first = await events.first(team).catch(() => undefined);
    const whole = archive === undefined ? "" : `; ${archive} has all of it`;
    throw new KittyError(
      "busy",
      `not all was removed: ${
        reasonOf(error)
      }; the first event is now at position ${first ?? "unknown"}${whole}`,
      {
        hint: `${
          isDiskFull(error) ? "make room on the disk, then " : ""
        }do it again, with another --archive or without`,
      },
    );
  }
}

interface Found {
  /** Position of the first event, and of the first that stays. */
  readonly from: number;
  readonly end: number;
  /** Of their documents. */
  readonly bytes: number;
  /** When the first that stays happened; null where none does. */
  readonly nextAt: string | null;
  readonly heldBy: string | null;
}

/** Finds the old ones, and writes them to the archive. */
async function oldOnes(
  events: KeptEvents,
  { team, beforeMs, nowMs, unsent }: Pruning,
  file: NewFile | undefined,
): Promise<Found> {
  const from = await events.first(team);
  let end = from, bytes = 0;
  for (;;) {
    const page = await events.page(team, end, PAGE_EVENTS_MAX);
    if (page.events.length === 0) break;
    if (page.first !== end) {
      throw new KittyError("busy", `events of "${team}" are being removed`, {
        hint: "another command does it: wait for it, and try again",
      });
    }
    const times = page.events.map((bytes) => timeOf(fromBytes(bytes)));
    // A sink may stand before the first event, where it was not told of what went before.
    const isUnsent = (i: number) => unsent && end + i >= unsent.position;
    const isYoung = (ms: number) =>
      ms >= beforeMs && ms <= nowMs + CLOCK_SKEW_MS;
    const stop = times.findIndex((ms, i) => isYoung(ms) || isUnsent(i));
    const heldBy = stop < 0 || isYoung(times[stop]!) ? null : unsent!.sink;
    const old = stop < 0 ? page.events : page.events.slice(0, stop);
    bytes += old.reduce((sum, { length }) => sum + length, 0);
    end += old.length;
    await file?.write(joinLines(old.map(oneLineBytes)));
    if (stop >= 0) {
      return { from, end, bytes, nextAt: momentText(times[stop]!), heldBy };
    }
    if (page.next === null) break;
  }
  return { from, end, bytes, nextAt: null, heldBy: null };
}

function momentText(ms: number): string | null {
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

/** When an event happened by its own word; NaN where it does not say. */
function timeOf({ timestamp, time }: JsonObject): number {
  return Date.parse(String(timestamp ?? time));
}
