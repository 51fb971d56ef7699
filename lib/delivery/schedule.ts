/**
 * When the agent drains next. Pure: all moments are milliseconds on the
 * monotonic clock of the process.
 *
 * @module
 */

import type { SyncEnd } from "./drain/sync.ts";

/** What decides when to drain. */
export interface Plan {
  /** Whether something was appended since the last drain. */
  readonly isPoked: boolean;
  /** Until then what comes is gathered, to be sent together. */
  readonly gatheredMs: number;
  /** The drain that comes whatever happens. */
  readonly scheduledMs: number;
  /** Until then the server is left alone. */
  readonly notBeforeMs: number;
  /** What may not come back: until the scheduled drain, or for good. */
  readonly bar: "none" | "until_scheduled" | "until_restart";
  /** Drains in a row that ended in trouble. */
  readonly troubles: number;
}

/**
 * When to drain.
 *
 * @param paceMs when the next batch may go out; with a connection, at once
 */
export function nextDrainMs(plan: Plan, nowMs: number, paceMs: number): number {
  if (plan.bar === "until_restart") return Infinity;
  const dueMs = plan.isPoked && plan.bar === "none"
    ? Math.max(nowMs, plan.gatheredMs)
    : plan.scheduledMs;
  return Math.max(dueMs, plan.notBeforeMs, paceMs);
}

/**
 * The plan after a drain.
 *
 * @param backoffMs gives the pause after so many troubles in a row
 */
export function planAfter(
  plan: Plan,
  end: SyncEnd,
  nowMs: number,
  backoffMs: (troubles: number, retryAfterMs?: number) => number,
): Plan {
  switch (end.kind) {
    case "drained":
      return { ...plan, troubles: 0 };
    case "trouble": {
      const troubles = plan.troubles + 1;
      const waitMs = backoffMs(troubles, end.retryAfterMs);
      return { ...plan, troubles, isPoked: true, notBeforeMs: nowMs + waitMs };
    }
    case "busy":
    case "late":
      return { ...plan, isPoked: true };
    case "stopped":
      return {
        ...plan,
        bar: end.reason === "outdated" ? "until_restart" : "until_scheduled",
      };
  }
}
