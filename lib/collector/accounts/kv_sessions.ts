/**
 * Sessions in Deno KV.
 *
 * @module
 */

import { fromBytes, toBytes } from "../../home/queue_layout.ts";
import type { Session, SessionStore } from "./session_store.ts";

/** The key of a session. */
function sessionKey(id: string): Deno.KvKey {
  return ["session", id];
}

/** Sessions beside the events. */
export class KvSessions implements SessionStore {
  readonly #kv: Deno.Kv;

  constructor(kv: Deno.Kv) {
    this.#kv = kv;
  }

  async get(id: string): Promise<Session | undefined> {
    const { value } = await this.#kv.get<Uint8Array>(sessionKey(id));
    return value ? fromBytes<Session>(value) : undefined;
  }

  async add(id: string, session: Session): Promise<void> {
    await this.#kv.set(sessionKey(id), toBytes(session));
  }

  async replace(id: string, before: Session, after: Session): Promise<boolean> {
    const entry = await this.#kv.get<Uint8Array>(sessionKey(id));
    const isLast = entry.value !== null &&
      fromBytes<Session>(entry.value).generation === before.generation;
    if (!isLast) return false;
    const commit = this.#kv.atomic().check(entry);
    return (await commit.set(entry.key, toBytes(after)).commit()).ok;
  }

  async remove(id: string): Promise<void> {
    await this.#kv.delete(sessionKey(id));
  }

  async removeOlder(oldestMs: number): Promise<void> {
    const rows = this.#kv.list<Uint8Array>({ prefix: ["session"] });
    for await (const { key, value } of rows) {
      if (fromBytes<Session>(value).issued < oldestMs) {
        await this.#kv.delete(key);
      }
    }
  }
}
