/**
 * A look at the queue that changes nothing, for those who must not hold the
 * lock, or cannot trust the file.
 *
 * @module
 */

import { QUICK_CHECK_BYTES_MAX } from "../base/limits.ts";
import type { Ledger } from "./queue.ts";
import { queuePath, stateOf } from "./queue_file.ts";
import { fromBytes, LAYOUT, LEDGER_KEY, teamKey } from "./queue_layout.ts";
import { findDamage, readValue } from "./sqlite.ts";

/** What a look at the queue has shown. */
export interface QueueLook {
  readonly bytes: number;
  /** SQLite's words for what is wrong; undefined: sound, or not checked. */
  readonly damage?: string;
  /** Too large to be checked in passing. */
  readonly isUnchecked: boolean;
  /** Undefined: nothing was ever put into it, or it is damaged. */
  readonly ledger?: Ledger;
  /** Of a layout that only a newer program knows. */
  readonly isNewer: boolean;
}

/**
 * Looks without the lock: SQLite gives each reader one consistent state.
 *
 * @returns undefined where there is no queue
 * @throws {KittyError} when it cannot be read now, which does not mean damage
 */
export async function lookAtQueue(
  home: string,
): Promise<QueueLook | undefined> {
  const state = await stateOf(home);
  if (!state) return undefined;
  const bytes = state.size;
  const isUnchecked = bytes > QUICK_CHECK_BYTES_MAX;
  const damage = isUnchecked
    ? undefined
    : await findDamage(queuePath(home), { changesNothing: true });
  const known = { bytes, isUnchecked, isNewer: false };
  if (damage !== undefined) return { ...known, damage };
  const ledger = await readRow<Ledger>(home, LEDGER_KEY);
  if (!ledger) return known;
  return ledger.layout > LAYOUT
    ? { ...known, isNewer: true }
    : { ...known, ledger };
}

/**
 * How many events of a team are queued.
 *
 * @throws when that cannot be read now
 */
export async function countOfTeam(home: string, team: string): Promise<number> {
  if (!await stateOf(home)) return 0;
  return await readRow<number>(home, teamKey(team)) ?? 0;
}

async function readRow<T>(
  home: string,
  key: Deno.KvKey,
): Promise<T | undefined> {
  const value = await readValue(queuePath(home), key.map(String));
  return value && fromBytes<T>(value);
}
