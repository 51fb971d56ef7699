/**
 * Values put into a Deno KV, in as many commits as it takes.
 *
 * @module
 */

import { CommitRoom } from "./commit_room.ts";

/** A value, and its key. */
type Value = readonly [Deno.KvKey, Uint8Array];

/** Stores all values. */
export async function fillKv(
  kv: Deno.Kv,
  values: AsyncIterable<Value> | Iterable<Value>,
): Promise<void> {
  const room = new CommitRoom();
  let commit: Deno.AtomicOperation | undefined;
  for await (const [key, value] of values) {
    if (!room.takeValue(key, value.length)) {
      await commit?.commit();
      commit = undefined;
      room.empty();
      room.takeValue(key, value.length);
    }
    commit = (commit ?? kv.atomic()).set(key, value);
  }
  await commit?.commit();
}
