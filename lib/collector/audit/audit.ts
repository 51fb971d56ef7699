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
  /** The user or key that it happened to or that did it. */
  readonly name: string;
  readonly team?: string;
  /** The network address that it came from; without one: a command on the collector's machine. */
  readonly address?: string;
  /** More, in words. */
  readonly details?: string;
}

/** The lines, in the order in which they were noted. */
export interface AuditLog {
  /** Resolves when it is stored. */
  note(entry: AuditEntry): Promise<void>;
  read(): AsyncIterable<AuditEntry>;
}
