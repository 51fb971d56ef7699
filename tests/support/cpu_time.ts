/**
 * What this process has had of the machine's cores: unlike time, it does not
 * grow with what else runs there.
 *
 * @module
 */

import { cpuUsage } from "node:process";

/** Milliseconds of all threads so far. */
export function cpuMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1_000;
}
