/**
 * The folder of a collector's data: who may use it, and what older programs left in it.
 *
 * @module
 */

import { Deadline } from "../base/deadline.ts";
import { DeadlineError, KittyError, reasonOf } from "../base/errors.ts";
import {
  FOLDER_MODE,
  ifRegular,
  isDiskFull,
  isStillAt,
  isThere,
  lockFile,
  TooLargeError,
} from "../base/files.ts";
import { findDamage } from "../home/sqlite.ts";
import type { World } from "../base/world.ts";
import { LOCK_MS_MAX } from "./limits.ts";

/** The data folder in a home. */
export function collectorFolder(home: string): string {
  return `${home}/collector`;
}

/** Path of the stored events. */
export function eventsPath(folder: string): string {
  return `${folder}/events.kv`;
}

/** Path of what one collector holds at a time. */
export function lockPath(folder: string): string {
  return `${folder}/collector.lock`;
}

/** What to do where the disk of a folder is full. */
export const ROOM_HINT = "make room on its disk, and try again";

/** An error for a file of the folder that cannot be written. */
export function unwritable(path: string, error: unknown): KittyError {
  return new KittyError(
    "output_failed",
    `cannot write ${path}: ${reasonOf(error)}`,
    {
      hint: isDiskFull(error)
        ? ROOM_HINT
        : "look at its owner and mode, and at those of its folder",
    },
  );
}

/** Makes the folder, for its owner only. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    if (Deno.build.os !== "windows") await Deno.chmod(folder, FOLDER_MODE);
  } catch (error) {
    throw new KittyError(
      "folder_unusable",
      `cannot make ${folder}: ${reasonOf(error)}`,
      {
        hint: isDiskFull(error)
          ? ROOM_HINT
          : "look at the owner and mode of the folder around it",
      },
    );
  }
}

const IN_USE = "in use\n";

/** The folder while one collector has it. */
export class HeldFolder {
  readonly #folder: string;
  readonly #file: Deno.FsFile;

  private constructor(folder: string, file: Deno.FsFile) {
    this.#folder = folder;
    this.#file = file;
  }

  /**
   * Takes the folder. After an unclean end the events are checked first,
   * because Deno KV may end the whole process on a damaged file.
   *
   * @throws {KittyError} where another collector has it, or it is damaged
   */
  static async take(folder: string, world: World): Promise<HeldFolder> {
    await makeFolder(folder);
    await expectEvents(folder);
    const deadline = Deadline.in(world.elapsedMs, LOCK_MS_MAX);
    let file: Deno.FsFile;
    try {
      file = await lockFile(
        lockPath(folder),
        deadline,
        "the collector's lock",
      );
    } catch (error) {
      throw error instanceof DeadlineError ? taken(folder) : error;
    }
    try {
      const buffer = new Uint8Array(IN_USE.length);
      const isUnclean = await file.read(buffer) !== null;
      if (isUnclean) await checkEvents(folder);
      if (!isUnclean) await sayInUse(file, lockPath(folder));
      return new HeldFolder(folder, file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Before anything is made or missed in it: a folder that is away for a
   * moment, as a volume may be, is not made anew.
   *
   * @throws {KittyError} where it is not the one at its path any more
   */
  async expectThere(): Promise<void> {
    const folder = this.#folder;
    if (await isStillAt(lockPath(folder), this.#file)) return;
    throw new KittyError(
      "folder_unusable",
      `${folder} or the lock in it was removed, moved or replaced while the collector ran`,
      { hint: "put it back, and start the collector again where it has ended" },
    );
  }

  /** Gives the folder back after a clean end. */
  async release(): Promise<void> {
    await this.#file.truncate();
    this.#file.close();
  }
}

/** @throws {KittyError} where that cannot be written */
async function sayInUse(file: Deno.FsFile, path: string): Promise<void> {
  try {
    await file.write(new TextEncoder().encode(IN_USE));
  } catch (error) {
    throw unwritable(path, error);
  }
}

function taken(folder: string): KittyError {
  return new KittyError(
    "collector_running",
    `another collector is using ${folder}`,
    { hint: "stop it first, or give this one another --home" },
  );
}

/**
 * SQLite waits for ever for a pipe that nobody writes to.
 *
 * @throws {KittyError} where something else than a file lies in the place of the events
 */
export async function expectEvents(folder: string): Promise<void> {
  const path = eventsPath(folder);
  const found = await Deno.stat(path).catch(() => undefined);
  if (!found || found.isFile) return;
  throw new KittyError("events_damaged", `${path} is not a file`, {
    hint: "move it away, and put a backup in its place or start anew",
  });
}

async function checkEvents(folder: string): Promise<void> {
  const path = eventsPath(folder);
  const damage = await isThere(path) ? await findDamage(path) : undefined;
  if (damage !== undefined) {
    throw new KittyError("events_damaged", `${path} is damaged: ${damage}`, {
      hint:
        "put a backup of the folder in its place, or move events.kv, events.kv-wal and events.kv-shm away to start anew",
    });
  }
}

const SECRET_BYTES = 32;

/** Where programs before this one kept the one secret that signed tokens. */
export function oldSecretPath(folder: string): string {
  return `${folder}/secret`;
}

/**
 * The secret that an older program has left; undefined where there is none.
 *
 * @throws {KittyError} for another file in its place
 */
export async function oldSecret(
  folder: string,
): Promise<Uint8Array | undefined> {
  const path = oldSecretPath(folder);
  let secret: Uint8Array | undefined;
  try {
    secret = await ifRegular(path, Deno.readFile);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (!(error instanceof TooLargeError)) throw error;
  }
  if (secret?.length === SECRET_BYTES) return secret;
  throw new KittyError("bad_secret", `${path} is not a collector's secret`, {
    hint: "remove it: a new one is made, and everybody has to log in again",
  });
}
