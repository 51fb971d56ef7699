/**
 * How long to leave a server alone that is in trouble.
 *
 * @module
 */

import {
  BACKOFF_FIRST_MS,
  BACKOFF_MS_MAX,
  RETRY_AFTER_MS_MAX,
} from "./limits.ts";
import type { World } from "./world.ts";

/**
 * The pause before the next try: doubling from half a second to half a
 * minute, with full jitter, so that many clients do not come back at once.
 * What the server asks for wins.
 *
 * @param failures how many tries have failed in a row, from 1 on
 * @param random a number from 0 up to, not including, 1
 */
export function backoffMs(
  failures: number,
  random: number,
  retryAfterMs?: number,
): number {
  if (retryAfterMs !== undefined) return retryAfterMs;
  const ceiling = BACKOFF_FIRST_MS * 2 ** Math.min(failures - 1, 20);
  return random * Math.min(ceiling, BACKOFF_MS_MAX);
}

/** A throw for `backoffMs`: from 0 up to, not including, 1. */
export function dice(world: Pick<World, "randomBytes">): number {
  return world.randomBytes(1)[0]! / 256;
}

/**
 * The same for one that comes back without end: a server that asks for no
 * pause at all gets one all the same.
 */
export function leastBackoffMs(
  failures: number,
  random: number,
  retryAfterMs?: number,
): number {
  const asked = retryAfterMs !== undefined && retryAfterMs >= BACKOFF_FIRST_MS;
  return backoffMs(failures, random, asked ? retryAfterMs : undefined);
}

/**
 * Reads a `Retry-After` header: seconds, or a date. At most an hour.
 *
 * @param nowMs wall clock, milliseconds since 1970
 * @returns undefined where it is neither
 */
export function readRetryAfter(
  header: string | null,
  nowMs: number,
): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  const ms = /^\d+(\.\d+)?$/.test(text)
    ? Number(text) * 1_000
    : Date.parse(text) - nowMs;
  if (Number.isNaN(ms)) return undefined;
  return Math.min(Math.max(0, ms), RETRY_AFTER_MS_MAX);
}
