/**
 * How far a folder of an older program is on its way to the layout of this one.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";

/** Told how many ids of how many are in their new layout: at first of none, at last of all. */
export type OnUpgrade = (done: number, total: number) => void;

/** Tells a log when it begins, and when it is done. */
export function logUpgrade(log: Log): OnUpgrade {
  return (done, total) => {
    if (done === 0) log.info(BEGINNING);
    if (done < total) return;
    log.info("the ids of events are in their new layout", { count: done });
  };
}

/** A million takes half a minute, on a machine of two cores. */
const BEGINNING =
  "bringing the ids of events to a new layout, once; it begins to listen after that, in about half a minute for a million";
