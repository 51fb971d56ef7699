/**
 * Room on the disk that is kept for the day on which the disk is full: taking
 * events out of an SQLite file needs room too, as SQLite writes what changes
 * before it changes anything. A file of that size is given back then, and made
 * again when there is room. A home has one beside its queue, a collector
 * beside its events.
 *
 * @module
 */

import type { Deadline } from "../base/deadline.ts";
import {
  freeBytes,
  isDiskFull,
  isThere,
  openNew,
  removeIfThere,
} from "../base/files.ts";
import { queuePath } from "./queue_file.ts";
import { foldFile, foldingBytes } from "./sqlite.ts";

/**
 * What folding SQLite's log into its file may take at most, which is 1,000
 * pages, and some commits more.
 */
const RESERVE_BYTES = 5 * 1024 * 1024;

/** Less than this is of no use. */
const RESERVE_BYTES_MIN = 256 * 1024;

/** Bytes of a write, and those that are random at once. */
const BLOCK_BYTES = 1024 * 1024;
const RANDOM_BYTES = 64 * 1024;

/** Path of the reserve of a home, or of another folder that has one. */
export function reservePath(folder: string): string {
  return `${folder}/reserve`;
}

/** The reserve of a folder. Of what changes it, only one may be under way: who holds the folder's lock sees to it. */
export class Reserve {
  readonly path: string;
  readonly #folder: string;
  readonly #file: string;
  readonly #bytes: number;
  readonly #waitMs: number | undefined;
  /** Whether the disk took less than it says is free, as with a user's share of it: to try again would fill that. */
  #isBounded = false;

  /**
   * @param file the SQLite file whose log is folded
   * @param options bytes of a whole one, and how long folding waits for those who read in the file
   */
  constructor(
    folder: string,
    file: string,
    options: { readonly bytes?: number; readonly waitMs?: number } = {},
  ) {
    const { bytes = RESERVE_BYTES, waitMs } = options;
    this.path = reservePath(folder);
    this.#folder = folder;
    this.#file = file;
    this.#bytes = bytes;
    this.#waitMs = waitMs;
  }

  /** Where it is until it is whole. */
  get #making(): string {
    return `${this.path}.tmp`;
  }

  /** Bytes of what is there. */
  size(): Promise<number> {
    return Deno.stat(this.path).then(({ size }) => size, () => 0);
  }

  /**
   * Makes the reserve, where there is none. On a small disk it is half of what
   * is free, so that the file never holds more than the reserve can fold.
   * Never throws: without it a full disk is more trouble, and nothing else.
   *
   * @param by a disk that has not taken it by then is too slow for this call
   */
  async make(by?: Deadline): Promise<void> {
    if (!await isThere(this.path)) await this.#make(by);
  }

  async #make(by?: Deadline): Promise<void> {
    try {
      this.#isBounded = await fill(
        this.#folder,
        this.#making,
        this.#bytes,
        by,
      );
      await Deno.rename(this.#making, this.path);
    } catch {
      await remove(this.#making);
    }
  }

  /**
   * The same after what makes the file emptier: a drain, a command. Where the
   * disk is too small for a whole reserve, or was full, SQLite's log is folded
   * into its file before: it may grow to 4 MiB, and would take the room that new
   * events need, although there are none. A reserve that was made on a smaller
   * disk, or a fuller one, is made anew.
   */
  async restore(): Promise<void> {
    // Whoever was killed while it made one has left a file that may fill the disk.
    await remove(this.#making);
    const size = await this.size();
    if (size >= this.#bytes) return;
    await this.foldIfFits();
    if (size === 0 || await this.canGrow()) await this.#make();
  }

  /** Whether it is smaller than a whole one, and there is room for a larger one. */
  async canGrow(): Promise<boolean> {
    const size = await this.size();
    if (size >= this.#bytes || this.#isBounded) return false;
    const half = await freeBytes(this.#folder).catch(() => 0) / 2;
    return half >= size + RESERVE_BYTES_MIN;
  }

  /**
   * Makes room on a full disk: gives the reserve back, and folds SQLite's log
   * into its file at once. Left for later, the log would grow into the room of
   * the reserve, and find none any more for what it has to add to the file.
   *
   * @returns whether there is more room than before
   */
  async makeRoom(): Promise<boolean> {
    this.#isBounded = false;
    const hadReserve = await remove(this.path);
    const hadLeftover = await remove(this.#making);
    const isFolded = await this.fold();
    return hadReserve || hadLeftover || isFolded;
  }

  /**
   * Gives a part of it back, for what takes little.
   *
   * @returns whether there is more room than before
   */
  async giveSome(bytes: number): Promise<boolean> {
    if (await remove(this.#making)) return true;
    const left = await this.size() - bytes;
    if (left < RESERVE_BYTES_MIN) return await remove(this.path);
    return await Deno.truncate(this.path, left).then(() => true, () => false);
  }

  /**
   * Before work that makes the file emptier, where the reserve is gone: folds
   * the log while the disk has room for that. What the work adds to the log
   * would take this room, and then nothing could be folded any more. Never throws.
   */
  async foldAhead(): Promise<void> {
    if (await isThere(this.path)) return;
    const takes = await this.#foldingBytes();
    if (takes > 0) await this.#foldWithin(takes, 0);
  }

  /**
   * Folds the log where the disk has room for what the file grows by. Where it
   * is too little, the log is left alone, as a part of it folded gives nothing
   * back. Never throws.
   *
   * @param least bytes of a log that is worth it
   */
  async foldIfFits(least = 1): Promise<void> {
    const log = await Deno.stat(`${this.#file}-wal`).catch(() => undefined);
    if (!log || log.size < least) return;
    await this.#foldWithin(await this.#foldingBytes(), Infinity);
  }

  /** @param unknown what counts as free on a disk that does not tell */
  async #foldWithin(
    takes: number,
    unknown: number,
  ): Promise<void> {
    const free = await freeBytes(this.#folder).catch(() => unknown);
    if (takes <= free) await this.fold();
  }

  /** By how much folding makes the file larger; 0 where that is not known: the work itself says what is wrong then. */
  #foldingBytes(): Promise<number> {
    return foldingBytes(this.#file).catch(() => 0);
  }

  /** Folds the log, where there is one. @returns whether that could be done */
  fold(): Promise<boolean> {
    // Opening a file that is not there would make one.
    return Deno.stat(this.#file)
      .then(() => foldFile(this.#file, this.#waitMs))
      .then(() => true, () => false);
  }

  /**
   * Whether the disk takes so much: asked, and tried, as a user's share of it
   * may be smaller than what is free.
   */
  async hasRoom(bytes: number): Promise<boolean> {
    const free = await freeBytes(this.#folder).catch(() => Infinity);
    if (free < bytes) return false;
    try {
      const file = await openNew(this.#making);
      await writeUpTo(file, bytes).finally(() => file.close());
      return true;
    } catch {
      return false;
    } finally {
      await remove(this.#making);
    }
  }
}

/** Makes the reserve of a home: see {@link Reserve.make}. */
export function makeReserve(home: string, by?: Deadline): Promise<void> {
  return ofHome(home).make(by);
}

/** See {@link Reserve.restore}. For the holder of the home's lock. */
export function restoreReserve(home: string): Promise<void> {
  return ofHome(home).restore();
}

/** See {@link Reserve.makeRoom}. */
export function makeRoom(home: string): Promise<boolean> {
  return ofHome(home).makeRoom();
}

/** See {@link Reserve.foldAhead}. For the holder of the home's lock. */
export function foldAhead(home: string): Promise<void> {
  return ofHome(home).foldAhead();
}

function ofHome(home: string): Reserve {
  return new Reserve(home, queuePath(home));
}

/** @returns whether it was there, and is gone */
function remove(path: string): Promise<boolean> {
  return removeIfThere(path).catch(() => false);
}

/**
 * Writes the reserve: never more than half of what is free, not for a moment
 * either, as another process may record meanwhile. A disk that does not tell is
 * found out by writing twice the reserve, as far as there is room for it, of
 * which half stays.
 */
async function fill(
  folder: string,
  path: string,
  bytes: number,
  by?: Deadline,
): Promise<boolean> {
  const half = await freeBytes(folder).then(
    (bytes) => Math.floor(bytes / 2),
    () => undefined,
  );
  const most = half === undefined ? 2 * bytes : Math.min(half, bytes);
  if (most < RESERVE_BYTES_MIN) throw new Error("no room for a reserve");
  using file = await openNew(path);
  let size = most;
  try {
    await writeUpTo(file, most, by);
    if (half !== undefined) return false;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    ({ size } = await file.stat());
  }
  if (size < 2 * RESERVE_BYTES_MIN) throw new Error("no room for a reserve");
  await file.truncate(Math.floor(size / 2));
  return half !== undefined;
}

/** Writes so many bytes. @throws where there is no room for them */
async function writeUpTo(
  file: Deno.FsFile,
  bytes: number,
  by?: Deadline,
): Promise<void> {
  // Some file systems store a run of equal bytes in no room at all.
  const block = new Uint8Array(BLOCK_BYTES);
  for (let at = 0; at < BLOCK_BYTES; at += RANDOM_BYTES) {
    crypto.getRandomValues(block.subarray(at, at + RANDOM_BYTES));
  }
  for (let size = 0; size < bytes;) {
    by?.check("make the reserve");
    size += await file.write(block.subarray(0, bytes - size));
  }
}
