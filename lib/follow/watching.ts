/**
 * Logs that are looked at again and again, without a home: what was seen is
 * remembered for as long as the process lives, and nothing is recorded.
 *
 * @module
 */

import type { RowPlace } from "../event/row_event.ts";
import type { LineRow } from "./lines.ts";
import { findLogs, type LogFile, type LogRoot, type OddLog } from "./logs.ts";
import { SETTLED_MS } from "./pass.ts";
import { byTime, type LogNews, type Pending, Reading } from "./reading.ts";

/** What a look has shown. */
export interface Watched {
  /** Rows that no look has shown before, in order of time. */
  readonly rows: readonly LineRow[];
  /** The logs that were read now. */
  readonly read: readonly LogNews[];
  /** Logs that are there. */
  readonly logs: number;
  readonly odd: readonly OddLog[];
}

/** Looks at logs. */
export class Watching {
  readonly #roots: readonly LogRoot[];
  readonly #place: Omit<RowPlace, "contract">;
  readonly #nowMs: () => number;
  /** What the logs were when they were read, by their paths. */
  readonly #seen = new Map<string, string>();
  readonly #rows = new Set<string>();

  constructor(
    roots: readonly LogRoot[],
    place: Omit<RowPlace, "contract">,
    nowMs: () => number,
  ) {
    this.#roots = roots;
    this.#place = place;
    this.#nowMs = nowMs;
  }

  /** Reads what has changed since the last look. */
  async look(): Promise<Watched> {
    const { logs, odd } = await findLogs(this.#roots);
    const readings: Reading[] = [];
    for (const log of logs) {
      if (this.#seen.get(log.path) === log.seen) continue;
      const reading = new Reading(log, undefined);
      readings.push(reading);
      if (await reading.read(this.#place)) this.#remember(log, reading);
    }
    const rows = readings.flatMap(({ pending }) => pending).sort(byTime)
      .filter((pending) => this.#isNew(pending)).map(({ row }) => row);
    const read = readings.map(({ news }) => news);
    return { rows, read, logs: logs.length, odd };
  }

  /** What is changed now may change again within what its time can tell. */
  #remember(log: LogFile, { news }: Reading): void {
    const isSettled = Math.abs(this.#nowMs() - log.changedMs) > SETTLED_MS;
    if (isSettled && news.waiting === 0) this.#seen.set(log.path, log.seen);
  }

  #isNew({ row: { queue_id } }: Pending): boolean {
    if (this.#rows.has(queue_id)) return false;
    this.#rows.add(queue_id);
    return true;
  }
}
