/**
 * Where sessions are kept.
 *
 * @module
 */

import { type Records, removed } from "../records/records.ts";

/** What is kept of a session. */
export interface Session {
  readonly user: string;
  readonly user_id: string;
  /** How many pairs it has had; the last one's refresh token is not used yet. */
  readonly generation: number;
  /** When the last pair was made, milliseconds since 1970. */
  readonly issued: number;
}

/** All sessions, by their ids. */
export class SessionStore {
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  get(id: string): Promise<Session | undefined> {
    return this.#records.get<Session>("session", id);
  }

  /** Stores a new session. */
  async add(id: string, session: Session): Promise<void> {
    await this.#records.replace("session", id, undefined, session);
  }

  /**
   * Puts a session in the place of its last generation.
   *
   * @returns false where another one was faster; nothing has changed then
   */
  replace(id: string, before: Session, after: Session): Promise<boolean> {
    return this.#records.replace("session", id, before, after);
  }

  async remove(id: string): Promise<void> {
    await removed(this.#records, "session", id);
  }

  /** Removes all whose last pair was made before `oldestMs`, since 1970. */
  async removeOlder(oldestMs: number): Promise<void> {
    for (const [id, session] of await this.#records.list<Session>("session")) {
      if (session.issued >= oldestMs) continue;
      await this.#records.replace("session", id, session, undefined);
    }
  }
}
