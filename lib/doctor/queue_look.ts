/**
 * A look at the queue that changes nothing: below Deno KV, which may end the
 * process on a damaged file, and never opens one for reading only.
 *
 * @module
 */

import { findDamage, queuePath, stateOf } from "../home/queue_file.ts";
import {
  fromBytes,
  LAYOUT,
  type Ledger,
  LEDGER_KEY,
  teamKey,
} from "../home/queue_layout.ts";
import { QUICK_CHECK_BYTES_MAX } from "./limits.ts";

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
 * @throws {KittyError} when it cannot be read now, which is no damage
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
  // As Deno KV writes a key of texts: for each 0x02, UTF-8, 0x00.
  const bytes = new TextEncoder()
    .encode(key.map((part) => `\u0002${String(part)}\u0000`).join(""));
  const { DatabaseSync } = await import("node:sqlite");
  using database = new DatabaseSync(queuePath(home), { readOnly: true });
  const row = database.prepare("SELECT v FROM kv WHERE k = ?").get(bytes);
  return row ? fromBytes<T>(row.v as Uint8Array) : undefined;
}
