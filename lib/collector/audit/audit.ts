/**
 * Who did what to the collector's people and keys: logins and changes, kept
 * for ever, without any secret.
 *
 * @module
 */

/** One line of it. */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** What happened, such as `login` or `user_removed`. */
  readonly what: string;
  /** The user or key that it happened to. */
  readonly name: string;
  readonly team?: string;
  /** Who did it, where that is somebody else: an admin, or who ran a command. */
  readonly by?: string;
  /** The network address that it came from; without one: a command on the collector's machine. */
  readonly address?: string;
  /** More, in words. */
  readonly details?: string;
}

/** Which lines are wanted; without a word: all. */
export interface AuditFilter {
  readonly team?: string | undefined;
  /** Not before that: ISO 8601, UTC. */
  readonly since?: string | undefined;
}

/** The lines, in the order in which they were noted. */
export interface AuditLog {
  /** Resolves when it is stored. */
  note(entry: AuditEntry): Promise<void>;
  read(filter?: AuditFilter): AsyncIterable<AuditEntry>;
}

/** Whether a line is wanted. */
export function isWanted(
  { at, team }: AuditEntry,
  filter: AuditFilter,
): boolean {
  return (filter.team === undefined || team === filter.team) &&
    (filter.since === undefined || at >= filter.since);
}

/** A line of a moment. */
export function entryAt(
  nowMs: number,
  entry: Omit<AuditEntry, "at">,
): AuditEntry {
  return { at: new Date(nowMs).toISOString(), ...entry };
}
