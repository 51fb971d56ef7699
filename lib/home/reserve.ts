/**
 * Room on the disk that a home keeps for the day on which the disk is full:
 * taking events out of the queue needs room too, as SQLite writes what changes
 * before it changes anything. A file of that size is given back then, and made
 * again when there is room.
 *
 * @module
 */

import type { Deadline } from "../base/deadline.ts";
import {
  FILE_MODE,
  freeBytes,
  isDiskFull,
  isThere,
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

/** Path of a home's reserve. */
export function reservePath(home: string): string {
  return `${home}/reserve`;
}

/**
 * Makes the reserve, where there is none. On a small disk it is half of what
 * is free, so that the queue never holds more than the reserve can fold.
 * Never throws: without it a full disk is more trouble, and nothing else.
 *
 * @param by a disk that has not taken it by then is too slow for this call
 */
export async function makeReserve(
  home: string,
  by?: Deadline,
): Promise<void> {
  if (!await isThere(reservePath(home))) await make(home, by);
}

/** Where it is until it is whole. */
function makingPath(home: string): string {
  return `${reservePath(home)}.tmp`;
}

async function make(home: string, by?: Deadline): Promise<void> {
  const making = makingPath(home);
  try {
    await fill(home, making, by);
    await Deno.rename(making, reservePath(home));
  } catch {
    await remove(making);
  }
}

/**
 * The same after what makes the queue smaller: a drain, a command. Where the disk is too small for a whole
 * reserve, or was full, SQLite's log is folded into its file before: it may
 * grow to 4 MiB, and would take the room that new events need, although the
 * queue is empty. A reserve that was made on a smaller disk, or a fuller one, is made anew.
 * For the holder of the home's lock.
 */
export async function restoreReserve(home: string): Promise<void> {
  const size = await Deno.stat(reservePath(home))
    .then(({ size }) => size, () => 0);
  if (size >= RESERVE_BYTES) return;
  // Whoever was killed while it made one has left a file that may fill the disk.
  await remove(makingPath(home));
  await fold(home);
  if (size > 0) {
    const half = await freeBytes(home).catch(() => 0) / 2;
    if (half < size + RESERVE_BYTES_MIN) return;
  }
  await make(home);
}

/**
 * Writes the reserve: never more than half of what is free, not for a moment
 * either, as another process may record meanwhile. A disk that does not tell is
 * found out by writing twice the reserve, as far as there is room for it, of
 * which half stays.
 */
async function fill(
  home: string,
  path: string,
  by?: Deadline,
): Promise<void> {
  const half = await freeBytes(home).then(
    (bytes) => Math.floor(bytes / 2),
    () => undefined,
  );
  const most = half === undefined
    ? 2 * RESERVE_BYTES
    : Math.min(half, RESERVE_BYTES);
  if (most < RESERVE_BYTES_MIN) throw new Error("no room for a reserve");
  using file = await Deno.open(path, {
    write: true,
    create: true,
    truncate: true,
    mode: FILE_MODE,
  });
  // Some file systems store a run of equal bytes in no room at all.
  const block = new Uint8Array(BLOCK_BYTES);
  for (let at = 0; at < BLOCK_BYTES; at += RANDOM_BYTES) {
    crypto.getRandomValues(block.subarray(at, at + RANDOM_BYTES));
  }
  let size = 0;
  try {
    while (size < most) {
      by?.check("make the reserve");
      size += await file.write(block.subarray(0, most - size));
    }
    if (half !== undefined) return;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
  if (size < 2 * RESERVE_BYTES_MIN) throw new Error("no room for a reserve");
  await file.truncate(Math.floor(size / 2));
}

/**
 * Makes room on a full disk: gives the reserve back, and folds SQLite's log
 * into its file at once. Left for later, the log would grow into the room of
 * the reserve, and find none any more for what it has to add to the file.
 *
 * @returns whether there is more room than before
 */
export async function makeRoom(home: string): Promise<boolean> {
  const hadReserve = await remove(reservePath(home));
  const hadLeftover = await remove(makingPath(home));
  const isFolded = await fold(home);
  return hadReserve || hadLeftover || isFolded;
}

/** @returns whether it was there, and is gone */
function remove(path: string): Promise<boolean> {
  return removeIfThere(path).catch(() => false);
}

/**
 * Before work that makes the queue smaller, in a home whose reserve is gone:
 * folds the log while the disk has room for that. What the work adds to the log
 * would take this room, and then nothing could be folded any more. Where it is
 * too little, the log is left alone, as a part of it folded gives nothing back.
 * For the holder of the home's lock. Never throws.
 */
export async function foldAhead(home: string): Promise<void> {
  if (await isThere(reservePath(home))) return;
  try {
    const takes = await foldingBytes(queuePath(home));
    if (takes === 0) return;
    if (takes <= await freeBytes(home)) await fold(home);
  } catch {
    // The work itself says what is wrong.
  }
}

/** Folds the log of the queue, where there is one. @returns whether that could be done */
function fold(home: string): Promise<boolean> {
  const path = queuePath(home);
  // Opening a queue that is not there would make one.
  return Deno.stat(path).then(() => foldFile(path))
    .then(() => true, () => false);
}
