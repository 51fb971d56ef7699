/**
 * Writing files so that they survive what may happen meanwhile, and locks on
 * files.
 *
 * @module
 */

import type { Deadline } from "./deadline.ts";

/** Only the owner reads and writes: events may hold what others must not see. */
export const FILE_MODE = 0o600;
/** As `FILE_MODE`, for folders. */
export const FOLDER_MODE = 0o700;

/**
 * Writes `temporary`, syncs it to the disk and renames it to `path`, so that
 * at every moment `path` is the old file or the whole new one. Where that
 * fails, `temporary` is removed again.
 *
 * @param check called when all is written: throws where it is not wanted any more
 */
export async function writeDurably(
  path: string,
  temporary: string,
  content: Uint8Array,
  check?: () => void,
): Promise<void> {
  try {
    await writeSynced(temporary, content);
    check?.();
    await replace(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

async function writeSynced(path: string, content: Uint8Array): Promise<void> {
  using file = await openNew(path);
  for (let done = 0; done < content.length;) {
    done += await file.write(content.subarray(done));
  }
  await file.syncData();
}

/**
 * Opens a new file to write to. What lies there is a killed process's, or a
 * pipe that would hold the opening up for ever: it gives way.
 */
export async function openNew(path: string): Promise<Deno.FsFile> {
  const options = { write: true, createNew: true, mode: FILE_MODE };
  try {
    return await Deno.open(path, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    await Deno.remove(path);
    return await Deno.open(path, options);
  }
}

/** Windows refuses to replace a file while another program has it open, mostly for a moment. */
const REPLACE_TRIES = 5;
const REPLACE_PAUSE_MS = 10;

async function replace(from: string, to: string): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      return await Deno.rename(from, to);
    } catch (error) {
      const passing = Deno.build.os === "windows" && tries < REPLACE_TRIES &&
        error instanceof Deno.errors.PermissionDenied;
      if (!passing) throw error;
      await new Promise((done) => setTimeout(done, REPLACE_PAUSE_MS * tries));
    }
  }
}

/**
 * Makes renames and removals in a folder survive a power cut. Windows has no
 * such call (NTFS journals them), and some file systems refuse it.
 */
export async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  try {
    const folder = await Deno.open(path, { read: true });
    try {
      await folder.sync();
    } finally {
      folder.close();
    }
  } catch {
    // The files themselves are synced; only a power cut in this second can undo the rename.
  }
}

/** Largest file of the home or of a project that is read whole: each is small unless it was made to do harm. */
const FILE_BYTES_MAX = 1024 * 1024;

/** The file is larger than anything that is read whole. */
export class TooLargeError extends Error {
  override name = "TooLargeError";
}

/**
 * Reads a file; something else in its place is not opened, as a pipe that
 * nobody writes to may hold the opening up for ever, and on some versions of
 * the runtime the whole process with it.
 *
 * @param read such as `Deno.readTextFile`
 * @param bytesMax where it may be larger, or smaller, than 1 MiB
 * @returns undefined where it is not a file
 * @throws as `Deno.stat` and `read`, where there is nothing or it cannot be read
 * @throws {TooLargeError} where it is larger than that
 */
export async function ifRegular<T>(
  path: string,
  read: (path: string) => Promise<T>,
  bytesMax: number = FILE_BYTES_MAX,
): Promise<T | undefined> {
  const { isFile, size } = await Deno.stat(path);
  if (isFile && size > bytesMax) {
    throw new TooLargeError(
      `${path} has ${size} bytes, and at most ${bytesMax} are read`,
    );
  }
  return isFile ? await read(path) : undefined;
}

/** Whether something is at a path, or at the end of the links there, and may be looked at. */
export function isThere(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

/** Whether a name is taken, be it by a link that leads to nothing. */
export function isTaken(path: string): Promise<boolean> {
  return Deno.lstat(path).then(() => true, () => false);
}

/** Removes a file. False: there was none. */
export async function removeIfThere(path: string): Promise<boolean> {
  try {
    await Deno.remove(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A moment as a part of a file name: ISO 8601 without the colons that Windows refuses. */
export function fileStamp(nowMs: number): string {
  return new Date(nowMs).toISOString().replaceAll(":", "");
}

/** The lock of a home that is held while its events are sent. */
export function drainLockPath(home: string): string {
  return `${home}/drain.lock`;
}

/**
 * Takes the exclusive lock of a file that is there for nothing else; makes the
 * file, and its folder, where there is none. The lock ends with the file's
 * closing, or with the process. One that is granted after the deadline is
 * given back unused.
 *
 * @param what the lock in words, such as "the home's lock"
 * @throws {DeadlineError} when another process or call holds it for longer
 */
export async function lockFile(
  path: string,
  deadline: Deadline,
  what: string,
): Promise<Deno.FsFile> {
  const opening = openLockFile(path);
  let file: Deno.FsFile;
  try {
    file = await deadline.race(opening, `open ${what}`);
  } catch (error) {
    opening.then((file) => file.close(), () => {});
    throw error;
  }
  const granted = file.lock(true);
  try {
    await deadline.race(granted, `wait for ${what}`);
    return file;
  } catch (error) {
    granted.catch(() => {}).finally(() => file.close());
    throw error;
  }
}

/**
 * Whether a file is the one of a path.
 *
 * @throws where the path cannot be looked at, as when nothing is there
 */
export async function isFileAt(
  path: string,
  file: Deno.FsFile,
): Promise<boolean> {
  const [there, own] = await Promise.all([Deno.stat(path), file.stat()]);
  return there.dev === own.dev && there.ino === own.ino;
}

/** Whether a file is still seen at its path: a lock on one that was removed has no effect. */
export function isStillAt(path: string, file: Deno.FsFile): Promise<boolean> {
  return isFileAt(path, file).catch(() => false);
}

async function openLockFile(path: string): Promise<Deno.FsFile> {
  try {
    return await openRegular(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const folder = path.slice(0, path.lastIndexOf("/"));
    await Deno.mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    return await openRegular(path);
  }
}

/** Reading a pipe that lies in a lock's place would hold the lock for ever. */
async function openRegular(path: string): Promise<Deno.FsFile> {
  const options = { read: true, write: true, create: true, mode: FILE_MODE };
  const file = await Deno.open(path, options);
  try {
    // Moves an offset in memory only, so it cannot block; pipes have none.
    file.seekSync(0, Deno.SeekMode.Start);
    return file;
  } catch {
    file.close();
    throw new Error(`${path} is not a file`);
  }
}

/**
 * Does work; on a full disk, once more where room can be made for it.
 *
 * @param makeRoom whether there is more room than before
 */
export async function withRoom(
  work: () => Promise<unknown>,
  makeRoom: () => Promise<boolean>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isDiskFull(error) || !await makeRoom()) throw error;
    await work();
  }
}

/** Whether an error says that a disk, or a user's share of it, is full. */
export function isDiskFull(error: unknown): boolean {
  const text = error instanceof Error ? error.message : String(error);
  return /disk is full|no space left|quota exceeded|os error (28|112|122)\b/i
    .test(text);
}

/**
 * Bytes of a folder's disk that this user may still fill.
 *
 * @throws where the system does not tell, or may not be asked
 */
export async function freeBytes(folder: string): Promise<number> {
  // A library must not have a person asked for a right that it was not given.
  const right = { name: "sys", kind: "statfs" } as const;
  const { state } = Deno.permissions.querySync(right);
  if (state !== "granted") throw new Deno.errors.NotCapable("no statfs");
  // Loaded only here: an emit seldom asks.
  const { statfs } = await import("node:fs/promises");
  const { blocks, bavail, bsize } = await statfs(folder);
  // So say some that live in memory, and take what they are given.
  if (blocks === 0) throw new Deno.errors.NotSupported("it does not tell");
  return bavail * bsize;
}
