/**
 * What `emit` says about the state of the queue, at most once an hour.
 *
 * @module
 */

import type { Settings } from "../base/config.ts";
import {
  OLDEST_WARN_MS,
  QUEUE_WARN_SHARE,
  WARN_EVERY_MS,
} from "../base/limits.ts";
import type { Held } from "./held.ts";
import type { Ledger } from "./queue.ts";

/** The warning that is due now; it is then noted as given with the next commit. */
export function queueWarning(
  held: Held,
  settings: Settings,
  nowMs: number,
): string | undefined {
  const { queued, dead, warned_at } = held.queue.ledger;
  const waitingMs = noteWaiting(held, nowMs);
  const sinceMs = nowMs - (warned_at ?? -Infinity);
  // A time in the future is from before the system's clock was set back.
  if (sinceMs >= 0 && sinceMs < WARN_EVERY_MS) return undefined;
  const share = usedShare(held.queue.ledger, settings);
  const warning = share >= QUEUE_WARN_SHARE
    ? `the queue is ${
      Math.floor(share * 100)
    } % full (${queued} queued, ${dead} dead letters); a full queue refuses events`
    : (settings.serverUrl ?? settings.sinkUrl) !== undefined &&
        waitingMs > OLDEST_WARN_MS
    ? "events have been waiting for the server for more than a day; see: kitty-events doctor"
    : undefined;
  if (warning) held.queue.note({ warned_at: nowMs });
  return warning;
}

/** How much of the queue's capacity is used, by events or by bytes: 1 is full. */
export function usedShare(
  { queued, dead, bytes }: Pick<Ledger, "queued" | "dead" | "bytes">,
  settings: Pick<Settings, "maxQueueSize" | "maxQueueBytes">,
): number {
  return Math.max(
    (queued + dead) / settings.maxQueueSize,
    bytes / settings.maxQueueBytes,
  );
}

/**
 * How long events have been waiting without the server taking any. Their own
 * times do not tell: what was followed happened long before it came here.
 */
function noteWaiting({ queue }: Held, nowMs: number): number {
  const { queued, waiting_since, last_success } = queue.ledger;
  const isKnown = queued > 0 && waiting_since !== undefined;
  if (!isKnown) {
    queue.note({ waiting_since: nowMs });
    return 0;
  }
  const succeeded = last_success === undefined ? 0 : Date.parse(last_success);
  return nowMs - Math.max(waiting_since, succeeded);
}
