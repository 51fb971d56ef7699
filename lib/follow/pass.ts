/**
 * One pass over the logs: what is new in them becomes events, in order of time
 * over all files, each once.
 *
 * @module
 */

import type { RowIdentity } from "../event/event.ts";
import type { Home } from "../home/home.ts";
import { isSameRow } from "../home/import.ts";
import type { LogNote } from "../home/queue.ts";
import { findLogs, type LogFile, type LogRoot, type OddLog } from "./logs.ts";
import { byTime, type LogNews, type Pending, Reading } from "./reading.ts";
import { everStored, hold, recordAll, type Stopped } from "./recording.ts";

/** What a pass works with. */
export interface PassParts {
  readonly home: Home;
  readonly roots: readonly LogRoot[];
  readonly nowMs: () => number;
}

/** What a pass did. */
export interface PassResult extends Stopped {
  readonly logs: readonly LogNews[];
  readonly odd: readonly OddLog[];
}

/** Reading and recording, again and again: what was seen is remembered. */
export class Passes {
  readonly #parts: PassParts;
  /** What is remembered in the home; undefined until the first look. */
  #notes: Map<string, LogNote> | undefined;

  constructor(parts: PassParts) {
    this.#parts = parts;
  }

  /**
   * Goes over all logs.
   *
   * @throws where the home cannot be used; nothing is lost then
   */
  async run(): Promise<PassResult> {
    const { home, roots } = this.#parts;
    this.#notes ??= await hold(home, ({ queue }) => queue.logNotes());
    const { logs, odd } = await findLogs(roots);
    const readings: Reading[] = [];
    for (const log of logs) readings.push(await this.#read(log));
    const { pending, asOf } = await this.#unknown(readings);
    pending.sort(byTime);
    const end = await recordAll(home, pending, asOf);
    await this.#remember(readings);
    return { logs: readings.map(({ news }) => news), odd, ...end };
  }

  /** Reads a log, unless it is as it was. */
  async #read(log: LogFile): Promise<Reading> {
    const { home, nowMs } = this.#parts;
    const note = this.#notes!.get(log.path);
    const reading = new Reading(log, note);
    if (note?.seen === log.seen && note.waiting === 0) {
      reading.news.rows = reading.news.known = note.rows;
      return reading;
    }
    // What is changed now may change again within what its time can tell.
    const isSettled = Math.abs(nowMs() - log.changedMs) > SETTLED_MS;
    const { nodeId, settings } = home.context;
    const place = { nodeId, team: settings.current.teamSlug };
    const isRead = await reading.read(place);
    reading.seen = isRead && isSettled ? log.seen : null;
    return reading;
  }

  /** Those of the rows that were never recorded, each once. */
  async #unknown(
    readings: readonly Reading[],
  ): Promise<{ pending: Pending[]; asOf: number }> {
    const all = readings.flatMap(({ pending }) => pending);
    if (all.length === 0) return { pending: [], asOf: NaN };
    const { known, asOf } = await hold(this.#parts.home, async ({ queue }) => ({
      known: new Map<string, RowIdentity>(
        await queue.knownRows(all.map(({ row }) => row.identity)),
      ),
      asOf: everStored(queue),
    }));
    const pending = all.filter((item) => {
      const { queue_id, identity } = item.row;
      const there = known.get(queue_id);
      if (!there) known.set(queue_id, identity);
      else {
        const isSame = isSameRow(there, identity);
        item.reading.settle(item, isSame ? "known" : "conflict");
      }
      return !there;
    });
    return { pending, asOf };
  }

  async #remember(readings: readonly Reading[]): Promise<void> {
    const changed = readings.flatMap((reading) => {
      const note = reading.note();
      return note ? [note] : [];
    });
    if (changed.length === 0) return;
    await hold(this.#parts.home, ({ queue }) => queue.noteLogs(changed));
    for (const note of changed) this.#notes!.set(note.path, note);
  }
}

/** A file whose last change is younger may change again without a sign. */
export const SETTLED_MS = 2_000;
