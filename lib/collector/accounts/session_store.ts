/**
 * Where sessions are kept, whatever stores them.
 *
 * @module
 */

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
export interface SessionStore {
  get(id: string): Promise<Session | undefined>;
  /** Stores a new session. */
  add(id: string, session: Session): Promise<void>;
  /**
   * Puts a session in the place of its last generation.
   *
   * @returns false where another one was faster; nothing has changed then
   */
  replace(id: string, before: Session, after: Session): Promise<boolean>;
  remove(id: string): Promise<void>;
  /** Removes all whose last pair was made before `oldestMs`, since 1970. */
  removeOlder(oldestMs: number): Promise<void>;
}
