/**
 * The audit in a file of NDJSON, which commands add to while the collector
 * runs. Each line opens it anew, so it may be moved away at any time.
 *
 * @module
 */

import { KittyError } from "../../base/errors.ts";
import { isJsonObject } from "../../base/json.ts";
import { type Line, LineReader } from "../../base/lines.ts";
import { type HeldFolder, makeFolder, unwritable } from "../folder.ts";
import {
  type AuditEntry,
  type AuditFilter,
  type AuditLog,
  isWanted,
} from "./audit.ts";

/** Lines of a file, each written at once: processes need no lock to append. */
export class FileAudit implements AuditLog {
  readonly #folder: string;
  readonly #held: HeldFolder | undefined;

  /** @param held of a running collector, which does not make its folder anew */
  constructor(folder: string, held?: HeldFolder) {
    this.#folder = folder;
    this.#held = held;
  }

  get #path(): string {
    return `${this.#folder}/audit.ndjson`;
  }

  async note(entry: AuditEntry): Promise<void> {
    await (this.#held?.expectThere() ?? makeFolder(this.#folder));
    const options = { read: true, append: true, create: true, mode: 0o600 };
    await this.#expectFile();
    try {
      using file = await Deno.open(this.#path, options);
      // A line that was cut off, as on a full disk, must not swallow this one.
      const begin = await isTorn(file) ? "\n" : "";
      const text = `${begin}${JSON.stringify(entry)}\n`;
      let rest = new TextEncoder().encode(text);
      while (rest.length > 0) rest = rest.subarray(await file.write(rest));
      await file.syncData();
    } catch (error) {
      throw unwritable(this.#path, error);
    }
  }

  async *read(filter: AuditFilter = {}): AsyncIterable<AuditEntry> {
    let file: Deno.FsFile;
    try {
      await this.#expectFile();
      file = await Deno.open(this.#path, { read: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw error;
    }
    using _ = file;
    const reader = new LineReader((buffer) => file.read(buffer));
    for (let lines; (lines = await reader.next());) {
      for (const line of lines) {
        const entry = entryOf(line);
        if (entry && isWanted(entry, filter)) yield entry;
      }
    }
  }

  /**
   * A pipe that nobody writes to would be waited for for ever.
   *
   * @throws {KittyError} for anything but a file
   */
  async #expectFile(): Promise<void> {
    const found = await Deno.stat(this.#path).catch(() => undefined);
    if (!found || found.isFile) return;
    throw new KittyError("settings_damaged", `${this.#path} is not a file`, {
      hint: "move it away: the audit begins anew",
    });
  }
}

/** Whether a file ends within a line. */
async function isTorn(file: Deno.FsFile): Promise<boolean> {
  const end = await file.seek(0, Deno.SeekMode.End);
  if (end === 0) return false;
  await file.seek(-1, Deno.SeekMode.End);
  const last = new Uint8Array(1);
  return await file.read(last) === 1 && last[0] !== 0x0a;
}

function entryOf({ bytes }: Line): AuditEntry | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    const isEntry = isJsonObject(value) &&
      ["at", "what", "name"].every((key) => typeof value[key] === "string");
    return isEntry ? value as unknown as AuditEntry : undefined;
  } catch {
    return undefined;
  }
}

const decoder = new TextDecoder();
