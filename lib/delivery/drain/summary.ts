/**
 * What a drain came to, as it is reported: by `sync now --json`, and by the agent
 * to the process that asks it to drain.
 *
 * @module
 */

import { isJsonObject } from "../../base/json.ts";
import type { Fate } from "./counts.ts";
import type { SyncEnd, SyncResult } from "./sync.ts";

/** How a drain ended, in a word. */
export type EndWord = typeof END_WORDS[number];

const END_WORDS = [
  "drained",
  "late",
  "busy",
  "trouble",
  "not_authenticated",
  "forbidden",
  "no_team",
  "outdated",
] as const;

/** A published form: fields are only ever added. */
export interface SyncSummary {
  readonly sent: number;
  readonly delivered: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly remaining: number;
  readonly batches: number;
  readonly duration_ms: number;
  /** Events that the server did not take, by category. */
  readonly failures: Readonly<Record<string, number>>;
  /** Events that were recorded before their team was known. */
  readonly local: number;
  readonly end: EndWord;
  /** Why it did not end well, where there is more to say. */
  readonly reason?: string;
}

/** An event that the server did not take. */
export interface NotTaken {
  readonly event_id: string;
  readonly category: string;
  readonly message: string;
  /** `dead`, or `queued` for another attempt. */
  readonly fate: Fate;
}

export function summaryOf(result: SyncResult): SyncSummary {
  const { counts, end, remaining, durationMs } = result;
  const { sent, delivered, duplicates, rejected, batches, failures, local } =
    counts;
  return {
    sent,
    delivered,
    duplicates,
    rejected,
    remaining,
    batches,
    duration_ms: durationMs,
    failures,
    local,
    ...endOf(end),
  };
}

/** How a drain ended, in a word, and why, where there is more to say. */
export function endOf(end: SyncEnd): { end: EndWord; reason?: string } {
  return {
    end: end.kind === "stopped" ? end.reason : end.kind,
    ...("words" in end) && { reason: end.words },
  };
}

/** Reads what an agent tells of a drain; undefined where it is something else. */
export function readSummary(
  json: unknown,
): { summary: SyncSummary; notTaken: NotTaken[] } | undefined {
  if (!isJsonObject(json)) return undefined;
  const { failed, ...summary } = json;
  const numbers = [
    ...COUNTS.map((name) => summary[name]),
    ...isJsonObject(summary.failures) ? Object.values(summary.failures) : [NaN],
  ];
  const isGood = numbers.every(Number.isFinite) &&
    END_WORDS.some((word) => word === summary.end) &&
    ["string", "undefined"].includes(typeof summary.reason) &&
    Array.isArray(failed) && failed.every(isNotTaken);
  if (!isGood) return undefined;
  return {
    summary: summary as unknown as SyncSummary,
    notTaken: failed as NotTaken[],
  };
}

const COUNTS = [
  "sent",
  "delivered",
  "duplicates",
  "rejected",
  "remaining",
  "batches",
  "duration_ms",
  "local",
] as const;

function isNotTaken(value: unknown): boolean {
  return isJsonObject(value) &&
    ["event_id", "category", "message"].every((name) =>
      typeof value[name] === "string"
    ) && (value.fate === "dead" || value.fate === "queued");
}
