/**
 * The spool, `spool/`: the way out when the queue cannot be used in time, and
 * an entrance of its own. Any program may drop a draft there: it writes
 * `.name.tmp` in the folder and renames it to `name.json`.
 *
 * @module
 */

import type { Deadline } from "../base/deadline.ts";
import { parseDocument } from "../base/json.ts";
import type { RenderedDraft } from "../event/event.ts";
import {
  FOLDER_MODE,
  isTaken,
  removeIfThere,
  syncFolder,
  writeDurably,
} from "../base/files.ts";
import { DOCUMENT_BYTES_MAX } from "../base/limits.ts";

/** What became of a draft that was to be spooled. */
export type Spooled = "written" | "present" | "conflict";

/** A draft's file. */
export interface SpoolFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** The spool of a home. */
export class Spool {
  readonly path: string;

  constructor(home: string) {
    this.path = `${home}/spool`;
  }

  /**
   * Stores a draft durably.
   *
   * @param by what is not written by then never comes to lie there: its caller says that it is lost
   * @param isHanded whether a home elsewhere has handed it over
   * @returns `present` where the same draft waits there already, `conflict` where another one has its id
   */
  async put(
    draft: RenderedDraft,
    by: Deadline,
    isHanded = false,
  ): Promise<Spooled> {
    const check = () => by.check("write the spool");
    check();
    const name = `${draft.event_id}${isHanded ? HANDED_END : ".json"}`;
    const there = await Deno.readFile(`${this.path}/${name}`).catch(() => null);
    if (there) {
      const { value } = parseDocument(there);
      return value && draft.isToldBy(value) ? "present" : "conflict";
    }
    const content = new TextEncoder().encode(
      JSON.stringify(draft.draft) + "\n",
    );
    try {
      await this.write(name, content, check);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      await Deno.mkdir(this.path, { recursive: true, mode: FOLDER_MODE });
      await this.write(name, content, check);
    }
    await syncFolder(this.path);
    return "written";
  }

  /** Writes or replaces one file. */
  async write(
    name: string,
    content: Uint8Array,
    check?: () => void,
  ): Promise<void> {
    await writeDurably(
      `${this.path}/${name}`,
      `${this.path}/.${name}.tmp`,
      content,
      check,
    );
  }

  /** Names of the drafts that wait, in order. Folders, links and pipes are none. */
  async names(): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const { name, isFile } of Deno.readDir(this.path)) {
        if (isFile && isDraftName(name)) {
          names.push(name);
        }
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return names.sort();
  }

  /**
   * Reads a draft's file.
   *
   * @returns undefined where it is gone; of one too large to be a draft, the first `DOCUMENT_BYTES_MAX` bytes
   */
  async read(name: string): Promise<SpoolFile | undefined> {
    const path = `${this.path}/${name}`;
    try {
      const { size, mtime } = await Deno.stat(path);
      if (size < DOCUMENT_BYTES_MAX) {
        const bytes = await Deno.readFile(path);
        return { name, bytes, modifiedMs: mtime?.getTime() ?? 0 };
      }
      using file = await Deno.open(path, { read: true });
      const stat = await file.stat();
      const buffer = new Uint8Array(Math.min(stat.size, DOCUMENT_BYTES_MAX));
      let length = 0;
      while (length < buffer.length) {
        const count = await file.read(buffer.subarray(length));
        if (count === null) break;
        length += count;
      }
      return {
        name,
        bytes: buffer.subarray(0, length),
        modifiedMs: stat.mtime?.getTime() ?? 0,
      };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Whether files can be removed here: otherwise taking one in would take it in again and again. */
  async isWritable(): Promise<boolean> {
    const probe = `${this.path}/.probe`;
    try {
      await removeIfThere(probe);
      await Deno.writeTextFile(probe, "", { createNew: true });
      await removeIfThere(probe);
      return true;
    } catch (error) {
      // Of another process that asks the same.
      return error instanceof Deno.errors.AlreadyExists;
    }
  }

  /** Removes files that were taken in, for good, also over a power cut. */
  async remove(names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map((name) => removeIfThere(`${this.path}/${name}`)),
    );
    if (names.length > 0) await syncFolder(this.path);
  }

  /**
   * Removes what writers of this program left that were killed long ago: files
   * that were never a draft, of which nothing was promised.
   */
  async removeLeftovers(nowMs: number): Promise<void> {
    try {
      for await (const { name } of Deno.readDir(this.path)) {
        if (!LEFTOVER.test(name)) continue;
        const path = `${this.path}/${name}`;
        const { mtime } = await Deno.stat(path);
        const ageMs = nowMs - (mtime?.getTime() ?? nowMs);
        if (ageMs > LEFTOVER_MS) await removeIfThere(path);
      }
    } catch {
      // They do no harm.
    }
  }

  /** Moves a file that can never become an event to `rejected/`, with the reason beside it. */
  async reject(name: string, reason: object): Promise<void> {
    const folder = `${this.path}/rejected`;
    await Deno.mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    let target = name;
    for (let n = 1; await isTaken(`${folder}/${target}`); n++) {
      target = `${name.slice(0, -".json".length)}-${n}.json`;
    }
    await writeDurably(
      `${folder}/${target}.reason.json`,
      `${folder}/.${target}.reason.tmp`,
      new TextEncoder().encode(JSON.stringify(reason) + "\n"),
    );
    await Deno.rename(`${this.path}/${name}`, `${folder}/${target}`);
    await syncFolder(folder);
    await syncFolder(this.path);
  }
}

/** What `put` writes to before it renames it; other programs choose other names. */
const LEFTOVER = /^\.[0-7][0-9A-HJKMNP-TV-Z]{25}(?:\.handed)?\.json\.tmp$/;

/** No write takes a day. */
const LEFTOVER_MS = 24 * 60 * 60 * 1000;

/** How the name of a draft ends that was handed over: its event is to be known then as one. */
const HANDED_END = ".handed.json";

/** Whether a file of the spool holds a draft that was handed over. */
export function isHandedName(name: string): boolean {
  return name.endsWith(HANDED_END);
}

/** Whether a file of the spool is a draft by its name: writers begin those that are not whole yet with a dot. */
export function isDraftName(name: string): boolean {
  return name.endsWith(".json") && !name.startsWith(".");
}
