/**
 * SQLite below Deno KV. Deno KV may end the process on a damaged file, and
 * never opens one for reading only: what has to look at such a file goes
 * below it, and only here.
 *
 * @module
 */

import { KittyError, queueUnusable, reasonOf } from "../base/errors.ts";
import {
  FAILED_READS_MAX,
  FOLDING_WAIT_MS,
  PAGE_ENTRIES,
} from "../base/limits.ts";
import { expectOpenable } from "./database_files.ts";
import { join, keyOf, number, text } from "./kv_keys.ts";
import type { Place } from "./queue.ts";

/**
 * What opens a file.
 *
 * @throws {KittyError} where opening it would never end
 */
async function openerOf(path: string) {
  await expectOpenable(path);
  const { DatabaseSync } = await import("node:sqlite");
  return (readOnly: boolean) => new DatabaseSync(path, { readOnly });
}

/** How a file is checked. */
export interface CheckOptions {
  /** Leave the file as it is, even if a writer that died left a change half made. */
  readonly changesNothing?: boolean;
}

/**
 * SQLite's own check.
 *
 * @returns what is wrong in its words; undefined for a sound file
 * @throws {KittyError} when the file could not be checked
 */
export async function findDamage(
  path: string,
  options: CheckOptions = {},
): Promise<string | undefined> {
  try {
    const verdict = await quickCheck(path, options);
    if (verdict === "ok") return undefined;
    const words = verdict.replaceAll("\n", "; ");
    const [, code] = verdict.match(/error code=(\d+)/) ?? [];
    if (code === undefined || isDamage(Number(code))) return words;
    throw queueUnusable(`cannot check ${path}: ${words}`);
  } catch (error) {
    if (error instanceof KittyError) throw error;
    if (isDamage((error as { errcode?: number }).errcode ?? 0)) {
      return reasonOf(error);
    }
    throw queueUnusable(`cannot check ${path}: ${reasonOf(error)}`);
  }
}

/**
 * A writer killed while it made the file leaves a journal that has to be rolled
 * back before anybody can read: only a handle that may write can do that.
 */
async function quickCheck(
  path: string,
  { changesNothing = false }: CheckOptions,
): Promise<string> {
  const open = await openerOf(path);
  const check = (readOnly: boolean) => {
    const database = open(readOnly);
    try {
      const rows = database.prepare("PRAGMA quick_check(1)").all();
      return String(rows[0]?.quick_check);
    } finally {
      database.close();
    }
  };
  try {
    return check(true);
  } catch (error) {
    if (!isReadOnly(error)) throw error;
    if (!changesNothing) return check(false);
    throw queueUnusable(
      `cannot check ${path}: a change to it was broken off`,
      "the next emit takes it back, and so does: kitty-events queue check",
    );
  }
}

/** Whether SQLite would have had to write. */
function isReadOnly(error: unknown): boolean {
  const READONLY = 8;
  return (((error as { errcode?: number }).errcode ?? 0) & 0xff) === READONLY;
}

/**
 * Moves all of SQLite's write-ahead log into its file.
 *
 * @param waitMs how long for those who read in it: this thread stands still meanwhile
 * @throws where there is no room for that, or another program reads the log on and on
 */
export async function foldFile(
  path: string,
  waitMs = FOLDING_WAIT_MS,
): Promise<void> {
  const open = await openerOf(path);
  using database = open(false);
  // Whoever is reading is done soon, this process on another thread included.
  database.exec(`PRAGMA busy_timeout = ${waitMs}`);
  const [row] = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
  if (row?.busy === 0) return;
  throw new KittyError(
    "queue_busy",
    "the log of the queue was not folded: another program is reading it",
    { hint: "try again in a moment" },
  );
}

/** Bytes by which folding its log makes a file larger. */
export async function foldingBytes(path: string): Promise<number> {
  const bytes = await pagesOf(path, "page_count");
  return Math.max(0, bytes - (await Deno.stat(path)).size);
}

/** Bytes in a file that nothing lies in, and that new values take before the file grows. */
export function spareBytes(path: string): Promise<number> {
  return pagesOf(path, "freelist_count");
}

/** Bytes of the pages that SQLite counts. */
async function pagesOf(
  path: string,
  count: "page_count" | "freelist_count",
): Promise<number> {
  const open = await openerOf(path);
  using database = open(true);
  const numberOf = (name: string) =>
    Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
  return numberOf(count) * numberOf("page_size");
}

/** Whether SQLite's code speaks of the file's content: a read that failed proves nothing of it. */
function isDamage(code: number): boolean {
  const CORRUPT = 11, NOT_A_DATABASE = 26;
  return [CORRUPT, NOT_A_DATABASE].includes(code & 0xff);
}

/**
 * The value of a key of texts, read without the lock: SQLite gives each reader
 * one consistent state.
 *
 * @throws when the file cannot be read now
 */
export async function readValue(
  path: string,
  key: readonly string[],
): Promise<Uint8Array | undefined> {
  const open = await openerOf(path);
  const database = open(true);
  try {
    const row = database.prepare("SELECT v FROM kv WHERE k = ?")
      .get(join(...key.map(text)));
    return row?.v as Uint8Array | undefined;
  } finally {
    database.close();
  }
}

/**
 * The keys that begin with some texts, and have more parts, read without the
 * lock: nothing of the file is changed.
 *
 * @throws when the file cannot be read so
 */
export async function keysBelow(
  path: string,
  prefix: readonly string[],
): Promise<Deno.KvKey[]> {
  const open = await openerOf(path);
  const database = open(true);
  try {
    const from = join(...prefix.map(text));
    const rows = database.prepare("SELECT k FROM kv WHERE k > ? AND k < ?")
      .all(from, join(from, [0xff]));
    return rows.map(({ k }) => keyOf(k as Uint8Array));
  } finally {
    database.close();
  }
}

/** A row as SQLite has it. */
export interface Row {
  readonly k: Uint8Array;
  readonly v: Uint8Array;
}

/** The rows of a file that Deno KV does not open, as far as they can be read. */
export class ReadableRows implements Disposable {
  readonly #database: Disposable;
  readonly #range: RangeReader;
  /** Reads that met damage so far. */
  failures = 0;

  private constructor(
    database: Disposable,
    readonly value: (key: Uint8Array) => Uint8Array | undefined,
    range: RangeReader,
  ) {
    this.#database = database;
    this.#range = range;
  }

  /** @throws when nothing can be read of the file */
  static async open(
    path: string,
    { readOnly = false }: { readonly readOnly?: boolean } = {},
  ): Promise<ReadableRows> {
    const open = await openerOf(path);
    const database = open(readOnly);
    try {
      // Not `iterate`: at a damaged page it ends as if there were no more rows.
      const range = database.prepare(
        `SELECT k, v FROM kv WHERE k >= ? AND k < ? AND k > ? ORDER BY k LIMIT ${PAGE_ENTRIES}`,
      );
      const value = database.prepare("SELECT v FROM kv WHERE k = ?");
      return new ReadableRows(
        database,
        (key) => (value.get(key) as Row | undefined)?.v,
        (from, to, after) => range.all(from, to, after) as unknown as Row[],
      );
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** The rows of a place, less those on damaged pages. */
  *of(place: Place): Generator<Row> {
    const prefix = text(place);
    const read: ClockReader = (from, to, after) =>
      this.#range(
        join(prefix, number(from)),
        join(prefix, number(to)),
        after,
      );
    const seen = { last: prefix, failures: 0 };
    yield* rowsBetween(read, 0, 2 ** 53, seen);
    this.failures += seen.failures;
  }

  [Symbol.dispose](): void {
    this.#database[Symbol.dispose]();
  }
}

type RangeReader = (
  from: Uint8Array,
  to: Uint8Array,
  after: Uint8Array,
) => Row[];

/** Reads a page of a range of clock values. */
type ClockReader = (
  from: number,
  to: number,
  after: Uint8Array,
) => readonly Row[];

/**
 * The rows of a range of clock values, less those on damaged pages: a range
 * that cannot be read to its end is read on in halves.
 */
function* rowsBetween(
  read: ClockReader,
  from: number,
  to: number,
  seen: { last: Uint8Array; failures: number },
): Generator<Row> {
  try {
    for (let page; (page = read(from, to, seen.last)).length > 0;) {
      for (const row of page) {
        seen.last = row.k;
        yield row;
      }
    }
  } catch {
    seen.failures += 1;
    if (to - from <= 1 || seen.failures > FAILED_READS_MAX) return;
    const middle = Math.floor((from + to) / 2);
    yield* rowsBetween(read, from, middle, seen);
    yield* rowsBetween(read, middle, to, seen);
  }
}

/**
 * All rows of a file as they are at one moment, whatever another process
 * writes meanwhile.
 */
export class Snapshot implements Disposable {
  readonly #database: Disposable;
  /** The next rows behind a key, in the order of their keys; throws at a damaged page. */
  readonly rowsAfter: (key: Uint8Array) => Row[];

  private constructor(
    database: Disposable,
    rowsAfter: (key: Uint8Array) => Row[],
  ) {
    this.#database = database;
    this.rowsAfter = rowsAfter;
  }

  /** @throws when nothing can be read of the file */
  static async open(path: string): Promise<Snapshot> {
    const opened = await openerOf(path);
    const open = (readOnly: boolean) => {
      const database = opened(readOnly);
      try {
        database.exec("BEGIN");
        const rows = database.prepare(
          `SELECT k, v FROM kv WHERE k > ? ORDER BY k LIMIT ${PAGE_ENTRIES}`,
        );
        // The moment is that of the first read.
        rows.all(new Uint8Array());
        return new Snapshot(
          database,
          (key) => rows.all(key) as unknown as Row[],
        );
      } catch (error) {
        database.close();
        throw error;
      }
    };
    try {
      return open(true);
    } catch (error) {
      // One that was killed has left something to be rolled back.
      if (!isReadOnly(error)) throw error;
      return open(false);
    }
  }

  [Symbol.dispose](): void {
    this.#database[Symbol.dispose]();
  }
}
