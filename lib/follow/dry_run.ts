/**
 * What following would record: all rows of the logs, in order of time.
 *
 * @module
 */

import type { JsonObject } from "../base/json.ts";
import type { RowPlace } from "../event/row_event.ts";
import type { LineRow } from "./lines.ts";
import { findLogs, type LogRoot, type OddLog } from "./logs.ts";
import { byTime, type LogNews, Reading } from "./reading.ts";

/** What logs hold. */
export interface DryRun {
  readonly logs: readonly LogNews[];
  readonly odd: readonly OddLog[];
  /** The rows, without clock and node where they have none of their own. */
  rows(): Generator<JsonObject>;
}

/** Reads all logs, and records nothing. */
export async function dryRun(
  roots: readonly LogRoot[],
  place: Omit<RowPlace, "contract">,
): Promise<DryRun> {
  const { logs, odd } = await findLogs(roots);
  const readings: Reading[] = [];
  for (const log of logs) {
    const reading = new Reading(log, undefined);
    readings.push(reading);
    await reading.read(place);
  }
  const pending = readings.flatMap(({ pending }) => pending).sort(byTime);
  return {
    logs: readings.map(({ news }) => news),
    odd,
    *rows() {
      const seen = new Set<string>();
      for (const { row } of pending) {
        if (seen.has(row.queue_id)) continue;
        seen.add(row.queue_id);
        yield documentOf(row);
      }
    },
  };
}

function documentOf({ draft, stamped }: LineRow): JsonObject {
  return draft?.told ?? stamped!.document;
}
