/**
 * Values put into a collector's Deno KV, in as many commits as it takes.
 *
 * @module
 */

import type { KvStore } from "./kv_store.ts";
import { CommitRoom } from "./kv_room.ts";

/** Stores all values. */
export async function fill(
  { kv }: KvStore,
  values:
    | AsyncIterable<readonly [Deno.KvKey, Uint8Array]>
    | Iterable<readonly [Deno.KvKey, Uint8Array]>,
): Promise<void> {
  const room = new CommitRoom();
  let commit = kv.atomic();
  for await (const [key, value] of values) {
    if (!room.takeValue(key, value.length)) {
      await commit.commit();
      commit = kv.atomic();
      room.empty();
      room.takeValue(key, value.length);
    }
    commit.set(key, value);
  }
  await commit.commit();
}
