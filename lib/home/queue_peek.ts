/**
 * The events of a queue for those who only look on: read below Deno KV and
 * without the lock, so that nothing is taken in, mended or waited for.
 *
 * @module
 */

import { queueUnusable } from "../base/errors.ts";
import type { Ledger } from "./queue.ts";
import { queuePath, stateOf } from "./queue_file.ts";
import { fromBytes, LEDGER_KEY } from "./queue_layout.ts";
import { lookAtQueue } from "./queue_look.ts";
import { envelopesIn } from "./salvage.ts";
import { ReadableRows, readValue } from "./sqlite.ts";

/**
 * What changes whenever something was stored, or the file is another one;
 * undefined where there is no queue.
 *
 * @throws when it cannot be read now
 */
export async function queueMark(home: string): Promise<string | undefined> {
  const state = await stateOf(home);
  if (!state) return undefined;
  const value = await readValue(queuePath(home), LEDGER_KEY.map(String));
  const { accepted, imported } = value
    ? fromBytes<Ledger>(value)
    : { accepted: 0, imported: 0 };
  return `${state.identity} ${accepted + imported}`;
}

/**
 * All events that wait or are dead letters, as they are stored.
 *
 * @throws {KittyError} where the file is damaged, or only a newer program can read it
 */
export async function* peekAtQueue(
  home: string,
): AsyncGenerator<Uint8Array> {
  const look = await lookAtQueue(home);
  if (!look) return;
  const path = queuePath(home);
  if (look.damage !== undefined) {
    throw queueUnusable(`${path} is damaged: ${look.damage}`);
  }
  if (look.isNewer) {
    throw queueUnusable(`a newer kitty-events has written ${path}`);
  }
  using rows = await ReadableRows.open(path, { readOnly: true });
  yield* envelopesIn(rows);
}
