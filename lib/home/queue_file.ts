/**
 * The queue's file, `events.kv`, below Deno KV: whether it is sound, setting
 * it aside when it is proven damaged, opening and compacting it. All of it is
 * for the holder of the home's lock.
 *
 * @module
 */

import type { Deadline } from "../base/deadline.ts";
import { KittyError, reasonOf } from "../base/errors.ts";
import { FILE_MODE, fileStamp, FOLDER_MODE, ifRegular } from "../base/files.ts";
import { CHECK_BYTES_PER_MS } from "../base/limits.ts";
import { lockPath } from "./lock.ts";

/** SQLite's companions of the file: they belong to it and move with it. */
const COMPANIONS = ["-wal", "-shm", "-journal"];

/** What tells one state of the file from another. */
export interface QueueFileState {
  readonly size: number;
  readonly mtimeMs: number;
  /** Device and inode: a handle opened on other ones reads a file that was moved away. */
  readonly identity: string;
}

/** Path of the queue's file in a home. */
export function queuePath(home: string): string {
  return `${home}/events.kv`;
}

/** The file's state; undefined where there is none. */
export async function stateOf(
  home: string,
): Promise<QueueFileState | undefined> {
  const path = queuePath(home);
  try {
    const stat = await Deno.stat(path);
    if (!stat.isFile) throw unusable(`${path} is not a file`);
    return {
      size: stat.size,
      mtimeMs: stat.mtime?.getTime() ?? 0,
      identity: `${stat.dev}:${stat.ino}:${stat.birthtime?.getTime() ?? 0}`,
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * What a holder leaves in the lock file. A file that no longer matches was
 * changed by somebody without the lock, or by a holder that died.
 */
export function sealOf(state: QueueFileState | undefined): string {
  return state ? `clean ${state.size} ${state.mtimeMs}` : "clean none";
}

/**
 * Makes sure that the file can be opened: Deno KV may end the whole process
 * on a damaged one. A file that matches its seal is trusted; another one is
 * checked, and set aside if it is proven damaged.
 *
 * @returns what was wrong and what was done, in words
 * @throws {KittyError} when the file is not damaged but cannot be used now
 */
export async function makeSound(
  home: string,
  state: QueueFileState | undefined,
  lastSeal: string,
  deadline: Deadline,
  nowMs: number,
): Promise<string[]> {
  if (state && sealOf(state) === lastSeal) return [];
  if (!state) {
    const lost = /^clean \d/.test(lastSeal)
      ? ["events.kv is gone since the last run; a new queue is started"]
      : [];
    // A write-ahead log without its file would be replayed into the new one.
    const strays = await moveAside(home, COMPANIONS, nowMs);
    return strays ? [...lost, `its leftovers are in ${strays}`] : lost;
  }
  if (state.size / CHECK_BYTES_PER_MS > deadline.leftMs / 2) {
    throw unusable(
      "the last run ended in the middle of its work and this call has no time to check so large a queue",
      "run: kitty-events queue check",
    );
  }
  const damage = await findDamage(queuePath(home));
  if (damage === undefined) return [];
  const aside = await moveAside(home, ["", ...COMPANIONS], nowMs);
  return [
    `events.kv was damaged (${damage}) and is now in ${aside}; a new queue is started; what can still be read comes back with: kitty-events queue import --from ${aside}`,
  ];
}

/** Deno KV on the queue's file, and which file that is. */
export interface OpenQueue {
  readonly kv: Deno.Kv;
  readonly identity: string;
}

/** Files that Deno KV may have open of a queue, its threads' own included. */
const DESCRIPTORS = 10;

/**
 * Opens Deno KV on the queue's file.
 *
 * @throws {KittyError} where this process may open too few files: a thread of
 *   the runtime would end in the middle of it, and the process wait for ever
 */
export function openKv(home: string): Promise<Deno.Kv> {
  const open: Deno.FsFile[] = [];
  try {
    while (open.length < DESCRIPTORS) open.push(Deno.openSync(lockPath(home)));
  } catch (error) {
    // What else may be wrong, the opening itself meets.
    if (/too many open files|os error 24/i.test(String(error))) {
      throw unusable(
        "this process may open too few files for the queue; raise its limit: ulimit -n 64",
      );
    }
  } finally {
    for (const file of open) file.close();
  }
  return Deno.openKv(queuePath(home));
}

/** A queue that is being opened before the lock is held. */
export interface OpeningQueue {
  /** Resolves as soon as it is known whether it can be; then the opening is under way. */
  readonly looked: Promise<unknown>;
  readonly queue: Promise<OpenQueue | undefined>;
}

/**
 * Opens the queue before the lock is held, while its caller has other things
 * to do: opening is a good part of an `emit`. Only a file that is at rest and
 * matches its seal is opened; the lock's holder looks at it again.
 */
export function openAhead(home: string): OpeningQueue {
  const looked = Promise.all([
    stateOf(home),
    ifRegular(lockPath(home), Deno.readTextFile),
  ]);
  const queue = looked.then(async ([state, seal]) => {
    if (!state || sealOf(state) !== seal?.trim()) return undefined;
    return { kv: await openKv(home), identity: state.identity };
  }).catch(() => undefined);
  return { looked, queue };
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
    throw unusable(`cannot check ${path}: ${words}`);
  } catch (error) {
    if (error instanceof KittyError) throw error;
    if (isDamage((error as { errcode?: number }).errcode ?? 0)) {
      return reasonOf(error);
    }
    throw unusable(`cannot check ${path}: ${reasonOf(error)}`);
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
  const { DatabaseSync } = await import("node:sqlite");
  const check = (readOnly: boolean) => {
    using database = new DatabaseSync(path, { readOnly });
    const rows = database.prepare("PRAGMA quick_check(1)").all();
    return String(rows[0]?.quick_check);
  };
  try {
    return check(true);
  } catch (error) {
    if (!isReadOnly(error)) throw error;
    if (!changesNothing) return check(false);
    throw unusable(
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

/** Moves all of SQLite's write-ahead log into its file. */
export async function foldFile(path: string): Promise<void> {
  const { DatabaseSync } = await import("node:sqlite");
  using database = new DatabaseSync(path);
  const [row] = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
  if (row?.busy === 0) return;
  throw new KittyError(
    "queue_busy",
    "the log of the queue was not folded: another program is reading it",
    { hint: "try again in a moment" },
  );
}

/** The same for a home's queue. */
export function foldLog(home: string): Promise<void> {
  return foldFile(queuePath(home));
}

/** Makes the files of a new queue its owner's only: SQLite makes further ones as the first. */
export async function closeToOthers(home: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  for (const end of ["", "-wal", "-shm"]) {
    await Deno.chmod(queuePath(home) + end, FILE_MODE).catch(() => {});
  }
}

/** Whether SQLite's code speaks of the file's content: a read that failed proves nothing of it. */
function isDamage(code: number): boolean {
  const CORRUPT = 11, NOT_A_DATABASE = 26;
  return [CORRUPT, NOT_A_DATABASE].includes(code & 0xff);
}

/** An error for a queue that is there but cannot be used now. */
export function unusable(message: string, hint?: string): KittyError {
  return new KittyError("queue_unusable", message, { hint });
}

/** @returns the new folder; undefined where there was nothing to move */
async function moveAside(
  home: string,
  endings: string[],
  nowMs: number,
): Promise<string | undefined> {
  const path = queuePath(home);
  const present: string[] = [];
  for (const ending of endings) {
    const there = await Deno.lstat(path + ending).then(() => true, () => false);
    if (there) present.push(ending);
  }
  if (present.length === 0) return undefined;
  const folder = await makeNewFolder(`${home}/damaged-${fileStamp(nowMs)}`);
  for (const ending of present) {
    await Deno.rename(path + ending, `${folder}/events.kv${ending}`);
  }
  return folder;
}

async function makeNewFolder(wanted: string): Promise<string> {
  for (let n = 0;; n++) {
    const folder = n === 0 ? wanted : `${wanted}-${n}`;
    try {
      await Deno.mkdir(folder, { mode: FOLDER_MODE });
      return folder;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}
