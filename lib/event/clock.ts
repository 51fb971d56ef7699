/**
 * The Lamport clock's rules, without storage. `clock_file.ts` stores it.
 *
 * @module
 */

import { CLOCK_MAX } from "../base/limits.ts";

/** A clock reading: a whole number from 0 to `CLOCK_MAX`. */
export type LamportValue = number;

/** The file's content; the Python command line reads and writes the same form. */
export interface ClockState {
  readonly value: LamportValue;
  readonly node_id: string;
  /** ISO 8601, UTC. */
  readonly updated_at: string;
}

/** Whether a value can be a clock's reading. */
export function isClockValue(value: unknown): value is LamportValue {
  return Number.isSafeInteger(value) && (value as number) >= 0 &&
    (value as number) <= CLOCK_MAX;
}

/**
 * The clock after `count` local events: their values are the `count` ones up
 * to the result.
 *
 * @returns undefined where the clock has no values left
 */
export function tick(
  local: LamportValue,
  count = 1,
): LamportValue | undefined {
  const next = local + count;
  return isClockValue(next) ? next : undefined;
}

/**
 * The clock after a message that carries `remote`: `max(local, remote) + 1`.
 *
 * @returns undefined where `remote` is no clock value, or leaves none above it: it is to be ignored
 */
export function receive(
  local: LamportValue,
  remote: number,
): LamportValue | undefined {
  return isClockValue(remote) ? tick(Math.max(local, remote)) : undefined;
}
