/**
 * Records in Deno KV, beside the events. One process has the file.
 *
 * @module
 */

import { sameJson } from "../../base/json.ts";
import { fromBytes, toBytes } from "../../home/queue_layout.ts";
import type { Entry, Recorded, Records, Space } from "./records.ts";

/** Records that only the running collector changes. */
export class KvRecords implements Records {
  readonly #kv: Deno.Kv;
  readonly #check: () => Promise<void>;

  /** @param check throws where what was stored just now went nowhere */
  constructor(kv: Deno.Kv, check: () => Promise<void>) {
    this.#kv = kv;
    this.#check = check;
  }

  async get<T extends Recorded>(
    space: Space,
    key: string,
  ): Promise<T | undefined> {
    const { value } = await this.#kv.get<Uint8Array>([space, key]);
    return value ? fromBytes<T>(value) : undefined;
  }

  async list<T extends Recorded>(space: Space): Promise<readonly Entry<T>[]> {
    const entries: Entry<T>[] = [];
    for await (
      const { key, value } of this.#kv.list<Uint8Array>({ prefix: [space] })
    ) entries.push([String(key[1]), fromBytes<T>(value)]);
    return entries;
  }

  async replace(
    space: Space,
    key: string,
    before: Recorded | undefined,
    after: Recorded | undefined,
  ): Promise<boolean> {
    for (;;) {
      const entry = await this.#kv.get<Uint8Array>([space, key]);
      const stands = entry.value ? fromBytes(entry.value) : undefined;
      if (!sameJson(stands, before)) return false;
      const commit = this.#kv.atomic().check(entry);
      if (after) commit.set(entry.key, toBytes(after));
      else commit.delete(entry.key);
      if (!(await commit.commit()).ok) continue;
      await this.#check();
      return true;
    }
  }
}
