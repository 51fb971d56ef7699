/**
 * Clock values that others tell of, which may be anything.
 *
 * @module
 */

import { CLOCK_MAX } from "../../base/limits.ts";

/**
 * The higher of a clock value and what may be one. What is too large is told
 * only where there is nothing better: it must not hide a value that counts.
 */
export function higher(
  value: number | undefined,
  remote: unknown,
): number | undefined {
  if (typeof remote !== "number") return value;
  if (!Number.isInteger(remote) || remote < 0) return value;
  if (value === undefined) return remote;
  const highest = Math.max(value, remote);
  return highest < CLOCK_MAX ? highest : Math.min(value, remote);
}
