/**
 * Where sessions are kept.
 *
 * @module
 */

import { ENDED_SESSION_MS } from "./limits.ts";
import { type Records, removed, swept } from "../records/records.ts";

/** What is kept of a session. */
export interface Session {
  readonly user: string;
  readonly user_id: string;
  /** How many pairs it has had; the last one's refresh token is not used yet. */
  readonly generation: number;
  /** When the last pair was made, milliseconds since 1970. */
  readonly issued: number;
}

/** What is kept of a session that was ended, while its access tokens would be good. */
interface Ended {
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Ids of the sessions that were ended of late. */
export async function endedSessions(
  records: Records,
): Promise<ReadonlySet<string>> {
  const ended = await records.list<Ended>("ended_session");
  return new Set(ended.map(([id]) => id));
}

/** All sessions, by their ids. */
export class SessionStore {
  readonly #records: Records;
  readonly #nowMs: () => number;

  constructor(records: Records, nowMs: () => number) {
    this.#records = records;
    this.#nowMs = nowMs;
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

  /** Ends a session, and what was given out in it. */
  async end(id: string): Promise<void> {
    const ended: Ended = { at: this.#nowMs() };
    await this.#records.replace("ended_session", id, undefined, ended);
    await removed(this.#records, "session", id);
  }

  /** Removes all whose last pair was made before `oldestMs`, since 1970. */
  async removeOlder(oldestMs: number): Promise<void> {
    await swept<Session>(
      this.#records,
      "session",
      ({ issued }) => issued >= oldestMs,
    );
    const overMs = this.#nowMs() - ENDED_SESSION_MS;
    await swept<Ended>(
      this.#records,
      "ended_session",
      ({ at }) => at >= overMs,
    );
  }
}
