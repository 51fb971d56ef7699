/**
 * Values put into a collector's Deno KV as they lay in another.
 *
 * @module
 */

import { COMMIT_BYTES_MAX } from "../../base/limits.ts";
import { FILLED_AT_ONCE, KEYS_BYTES } from "../limits.ts";
import type { KvStore } from "./kv_store.ts";

/** Stores all values. */
export async function fill(
  { kv }: KvStore,
  values: AsyncIterable<readonly [Deno.KvKey, Uint8Array]>,
): Promise<void> {
  let commit = kv.atomic(), count = 0, bytes = 0;
  for await (const [key, value] of values) {
    commit.set(key, value);
    bytes += value.length + KEYS_BYTES;
    if (++count < FILLED_AT_ONCE && bytes < COMMIT_BYTES_MAX) continue;
    await commit.commit();
    [commit, count, bytes] = [kv.atomic(), 0, 0];
  }
  await commit.commit();
}
