/**
 * An audit in an array, for as long as the process is.
 *
 * @module
 */

import {
  type AuditEntry,
  type AuditFilter,
  type AuditLog,
  isWanted,
} from "./audit.ts";

/** Lines in an array. */
export class MemoryAudit implements AuditLog {
  readonly #entries: AuditEntry[] = [];

  note(entry: AuditEntry): Promise<void> {
    this.#entries.push(entry);
    return Promise.resolve();
  }

  async *read(filter: AuditFilter = {}): AsyncIterable<AuditEntry> {
    yield* await Promise.resolve(
      this.#entries.filter((entry) => isWanted(entry, filter)),
    );
  }
}
