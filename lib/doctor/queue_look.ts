/**
 * A look at the queue that changes nothing: below Deno KV, which may end the
 * process on a damaged file, and never opens one for reading only.
 *
 * @module
 */

import { findDamage, queuePath, stateOf } from "../home/queue_file.ts";
import { fromBytes, LAYOUT, type Ledger } from "../home/queue_layout.ts";
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
  const damage = isUnchecked ? undefined : await findDamage(queuePath(home));
  const known = { bytes, isUnchecked, isNewer: false };
  if (damage !== undefined) return { ...known, damage };
  const ledger = await readLedger(home);
  if (!ledger) return known;
  return ledger.layout > LAYOUT
    ? { ...known, isNewer: true }
    : { ...known, ledger };
}

/** The key `["ledger"]` as Deno KV writes it: text is 0x02, UTF-8, 0x00. */
const LEDGER_ROW = new TextEncoder().encode("\u0002ledger\u0000");

async function readLedger(home: string): Promise<Ledger | undefined> {
  const { DatabaseSync } = await import("node:sqlite");
  using database = new DatabaseSync(queuePath(home), { readOnly: true });
  const row = database.prepare("SELECT v FROM kv WHERE k = ?").get(LEDGER_ROW);
  return row ? fromBytes<Ledger>(row.v as Uint8Array) : undefined;
}
