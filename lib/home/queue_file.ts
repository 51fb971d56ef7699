/**
 * The queue's file, `events.kv`, below Deno KV: whether it is sound, setting
 * it aside when it is proven damaged, opening and compacting it. All of it is
 * for the holder of the home's lock.
 *
 * @module
 */

import type { Deadline } from "../base/deadline.ts";
import { mayOpen } from "../base/descriptors.ts";
import {
  FILE_MODE,
  fileStamp,
  FOLDER_MODE,
  ifRegular,
  isTaken,
} from "../base/files.ts";
import { CHECK_BYTES_PER_MS } from "../base/limits.ts";
import { COMPANIONS, expectOpenable, identityOf } from "./database_files.ts";
import { lockPath } from "./lock.ts";
import { queueUnusable } from "../base/errors.ts";

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
    if (!stat.isFile) throw queueUnusable(`${path} is not a file`);
    return {
      size: stat.size,
      mtimeMs: stat.mtime?.getTime() ?? 0,
      identity: identityOf(stat),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * What a holder leaves in the lock file. A file that no longer matches was
 * changed without the lock, or by a holder that died.
 *
 * @param holder what the holder knows its own seal by, if it wants to: then nobody else had the lock since
 */
export function sealOf(
  state: QueueFileState | undefined,
  holder?: string,
): string {
  const clean = state ? `clean ${state.size} ${state.mtimeMs}` : "clean none";
  return holder === undefined ? clean : `${clean} ${holder}`;
}

/** Whether a file is as the last holder left it. */
export function isSealed(state: QueueFileState, seal: string): boolean {
  const clean = sealOf(state);
  return seal === clean || seal.startsWith(`${clean} `);
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
  if (state && isSealed(state, lastSeal)) return [];
  if (!state) {
    const lost = /^clean \d/.test(lastSeal)
      ? ["events.kv is gone since the last run; a new queue is started"]
      : [];
    // A write-ahead log without its file would be replayed into the new one.
    const strays = await moveAside(home, COMPANIONS, nowMs);
    return strays ? [...lost, `its leftovers are in ${strays}`] : lost;
  }
  if (state.size / CHECK_BYTES_PER_MS > deadline.leftMs / 2) {
    throw queueUnusable(
      "the last run ended in the middle of its work and this call has no time to check so large a queue",
      "run: kitty-events queue check",
    );
  }
  // Loaded only here: a file that matches its seal is not looked at.
  const { findDamage } = await import("./sqlite.ts");
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
 *   the runtime would end in the middle of it, and the process wait for ever;
 *   and as `expectOpenable`
 */
export async function openKv(home: string): Promise<Deno.Kv> {
  if (!mayOpen(lockPath(home), DESCRIPTORS)) {
    throw queueUnusable(
      "this process may open too few files for the queue; raise its limit: ulimit -n 64",
    );
  }
  await expectOpenable(queuePath(home));
  return await Deno.openKv(queuePath(home));
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
    if (!state || !isSealed(state, seal?.trim() ?? "")) return undefined;
    return { kv: await openKv(home), identity: state.identity };
  }).catch(() => undefined);
  return { looked, queue };
}

/** Makes an open Deno KV its owner's only, by its path: SQLite makes further files as the first. */
export async function closeToOthers(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  for (const end of ["", "-wal", "-shm"]) {
    await Deno.chmod(path + end, FILE_MODE).catch(() => {});
  }
}

/** @returns the new folder; undefined where there was nothing to move */
async function moveAside(
  home: string,
  endings: readonly string[],
  nowMs: number,
): Promise<string | undefined> {
  const path = queuePath(home);
  const present: string[] = [];
  for (const ending of endings) {
    if (await isTaken(path + ending)) present.push(ending);
  }
  if (present.length === 0) return undefined;
  const folder = await makeAsideFolder(home, nowMs);
  for (const ending of present) {
    await Deno.rename(path + ending, `${folder}/events.kv${ending}`);
  }
  return folder;
}

/** Makes a new folder for what is set aside of a queue; its path. */
export async function makeAsideFolder(
  home: string,
  nowMs: number,
): Promise<string> {
  const wanted = `${home}/damaged-${fileStamp(nowMs)}`;
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
