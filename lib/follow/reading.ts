/**
 * A log while a pass goes over it: what its lines are, and what became of them.
 *
 * @module
 */

import { reasonOf } from "../base/errors.ts";
import type { Problem } from "../base/problem.ts";
import { idTaken, noClockLeft, tooLarge } from "../contract/contract.ts";
import type { Imported } from "../home/import.ts";
import type { LogNote } from "../home/queue.ts";
import type { Recorded } from "../home/record.ts";
import type { RowPlace } from "../event/row_event.ts";
import {
  type LineRow,
  linesOf,
  type LogLine,
  type ReadLine,
  readLine,
} from "./lines.ts";
import type { LogFile } from "./logs.ts";
import { readMission } from "./mission.ts";

/** Something about a line that a person should know. */
export interface LineNews {
  readonly line: number;
  readonly problems: readonly Problem[];
}

/** What a pass found in one log. */
export interface LogNews {
  readonly file: string;
  rows: number;
  recorded: number;
  known: number;
  /** Lines refused now; those of earlier passes are not said again. */
  refused: number;
  /** Lines that wait for something outside of the log. */
  waiting: number;
  problems: LineNews[];
  /** Why it could not be read to its end, if it could not. */
  trouble?: string;
}

/** A row that may be new, and where it was read. */
export interface Pending {
  readonly reading: Reading;
  readonly line: LogLine;
  readonly row: LineRow;
}

/** What became of a pending row. */
export type Settled = Imported | Recorded["kind"] | "known";

/** A log while a pass goes over it. */
export class Reading {
  readonly news: LogNews;
  readonly pending: Pending[] = [];
  /** What the note is to say of the file; undefined where it was not read. */
  seen: string | null | undefined;
  /** Whether a `meta.json` was ever beside it. */
  #hadMeta: boolean;
  readonly #log: LogFile;
  readonly #refusedBefore: ReadonlySet<string>;
  readonly #refused: { sum: string; line?: number; why?: string }[] = [];

  constructor(log: LogFile, note: LogNote | undefined) {
    this.#log = log;
    this.#hadMeta = note?.meta ?? false;
    this.#refusedBefore = new Set(note?.refused.map(({ sum }) => sum));
    this.news = {
      file: log.name,
      rows: 0,
      recorded: 0,
      known: 0,
      refused: 0,
      waiting: 0,
      problems: [],
    };
  }

  /**
   * Reads the log as a whole. What keeps it from being read, or lines from
   * being taken, is its trouble.
   *
   * @returns whether it was read to its end
   */
  async read(place: Omit<RowPlace, "contract">): Promise<boolean> {
    const { news } = this, log = this.#log;
    try {
      const found = await readMission(log, log.projectUuid);
      // Without it, lines that have no id of their own would be others than before.
      const isGone = found.place && found.isAlone && this.#hadMeta;
      const mission = isGone ? { trouble: "its meta.json is gone" } : found;
      if (found.place && !found.isAlone) this.#hadMeta = true;
      for (const line of linesOf(await readBounded(log))) {
        this.#take(line, readLine(line, mission, place));
      }
      if (mission.trouble && news.waiting > 0) news.trouble = mission.trouble;
      return true;
    } catch (error) {
      news.trouble = reasonOf(error);
      return false;
    }
  }

  /** Takes what a line is. */
  #take(line: LogLine, read: ReadLine): void {
    switch (read.kind) {
      case "row":
        this.news.rows += 1;
        this.pending.push({ reading: this, line, row: read.row });
        break;
      case "waits":
        this.news.waiting += 1;
        break;
      case "refused":
        this.#refuse(line, read.problems);
        break;
    }
  }

  /** Takes what became of a row. */
  settle({ line }: Pending, what: Settled): void {
    switch (what) {
      case "stored":
      case "imported":
        this.news.recorded += 1;
        break;
      case "present":
      case "skipped":
      case "known":
        this.news.known += 1;
        break;
      case "conflict":
        this.news.known += 1;
        this.#say(line, [idTaken]);
        break;
      case "too_large":
        this.#refuse(line, [tooLarge], true);
        break;
      case "too_late":
        this.#refuse(line, [noClockLeft], true);
        break;
      case "full":
      case "failed":
        this.seen = null;
        break;
    }
  }

  #refuse(line: LogLine, problems: readonly Problem[], wasRow = false): void {
    if (wasRow) this.news.rows -= 1;
    if (this.#say(line, problems)) this.news.refused += 1;
  }

  /** Says it, once for each text of a line. */
  #say({ sum, number }: LogLine, problems: readonly Problem[]): boolean {
    const isNew = !this.#refusedBefore.has(sum);
    if (isNew && this.news.problems.length < PROBLEM_LINES_MAX) {
      this.news.problems.push({ line: number, problems });
    }
    const count = this.#refused.length;
    if (count < SUMS_MAX) {
      const [first] = problems;
      const why = `${first!.path || "the line"}: expected ${first!.expected}`;
      this.#refused.push(
        count < WHYS_MAX
          ? { sum, line: number, why: why.slice(0, WHY_CHARS_MAX) }
          : { sum },
      );
    }
    return isNew;
  }

  /** What is to be remembered; undefined where that is nothing new. */
  note(): LogNote | undefined {
    const { seen, news: { rows, waiting } } = this;
    if (seen === undefined) return undefined;
    const { path } = this.#log;
    const refused = this.#refused;
    return { path, seen, rows, waiting, refused, meta: this.#hadMeta };
  }
}

/** Lines of a log of which a pass says what is wrong, and what is remembered: a value holds no more. */
const PROBLEM_LINES_MAX = 1_000,
  SUMS_MAX = 1_500,
  WHYS_MAX = 100,
  WHY_CHARS_MAX = 160;

/** The order in which rows are recorded: of time, then of id. */
export function byTime(a: Pending, b: Pending): number {
  const difference = a.row.instant - b.row.instant;
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  const [left, right] = [a.row.identity.id, b.row.identity.id];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Largest log that is read. */
const LOG_BYTES_MAX = 1024 ** 3;

async function readBounded({ path, bytes }: LogFile): Promise<Uint8Array> {
  if (bytes > LOG_BYTES_MAX) {
    throw new Error(`it has more than ${LOG_BYTES_MAX} bytes`);
  }
  return await Deno.readFile(path);
}
