/**
 * The audit in a file of NDJSON, which commands add to while the collector
 * runs.
 *
 * @module
 */

import { isJsonObject } from "../../base/json.ts";
import { makeFolder } from "../folder.ts";
import type { AuditEntry, AuditLog } from "./audit.ts";

/** Lines of a file, each written at once: processes need no lock to append. */
export class FileAudit implements AuditLog {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get #path(): string {
    return `${this.#folder}/audit.ndjson`;
  }

  async note(entry: AuditEntry): Promise<void> {
    await makeFolder(this.#folder);
    const options = { append: true, create: true, mode: 0o600 };
    using file = await Deno.open(this.#path, options);
    const line = new TextEncoder().encode(JSON.stringify(entry) + "\n");
    await file.write(line);
    await file.syncData();
  }

  async *read(): AsyncIterable<AuditEntry> {
    let text: string;
    try {
      text = await Deno.readTextFile(this.#path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw error;
    }
    for (const line of text.split("\n")) {
      const entry = entryOf(line);
      if (entry) yield entry;
    }
  }
}

function entryOf(line: string): AuditEntry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isJsonObject(value) ? value as unknown as AuditEntry : undefined;
  } catch {
    return undefined;
  }
}
