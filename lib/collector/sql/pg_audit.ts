/**
 * The audit in PostgreSQL.
 *
 * @module
 */

import {
  type AuditEntry,
  type AuditFilter,
  type AuditLog,
  isWanted,
} from "../audit/audit.ts";
import type { Store } from "./store.ts";

/** Rows read at once. */
const ROWS = 1_000;

/** A line says when it happened by its maker's clock; the server's, by which it is found, may be another. */
const CLOCKS_MS = 24 * 60 * 60 * 1000;

/** Lines in a table, in the order in which the server noted them. */
export class PgAudit implements AuditLog {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async note(entry: AuditEntry): Promise<void> {
    const { world } = this.#store;
    const id = world.randomBytes(16).toHex();
    await this.#store.write("note in the audit", (lane) =>
      // A try whose answer was lost is not noted again.
      lane.send(
        "insert into kitty_events.audit (id, entry) select $1::text, $2::text where not exists (select from kitty_events.audit where id = $1::text and noted_at > now() - interval '1 hour')",
        [id, JSON.stringify(entry)],
      ));
  }

  async *read(filter: AuditFilter = {}): AsyncIterable<AuditEntry> {
    let after = [beginOf(filter), ""];
    for (;;) {
      const rows = await this.#store.read("read the audit", (lane) =>
        lane.send(
          `select noted_at::text as at, id, entry from kitty_events.audit where (noted_at, id) > ($1::text::timestamptz, $2::text) order by noted_at, id limit ${ROWS}`,
          after,
        ));
      for (const { entry } of rows) {
        const read: AuditEntry = JSON.parse(entry);
        if (isWanted(read, filter)) yield read;
      }
      if (rows.length < ROWS) return;
      const { at, id } = rows.at(-1)!;
      after = [at, id];
    }
  }
}

/** Before all lines that are wanted. */
function beginOf({ since }: AuditFilter): string {
  if (since === undefined) return "-infinity";
  const ms = Date.parse(since) - CLOCKS_MS;
  // PostgreSQL has no year 0, and writes those before it in another way.
  return ms <= 0 ? "-infinity" : new Date(ms).toISOString();
}
