/**
 * Records in a file for each space, changed under a lock, so that commands
 * can change them while the collector runs.
 *
 * @module
 */

import { Deadline } from "../../base/deadline.ts";
import { DeadlineError, KittyError, reasonOf } from "../../base/errors.ts";
import {
  ifRegular,
  lockFile,
  syncFolder,
  TooLargeError,
  writeDurably,
} from "../../base/files.ts";
import { isJsonObject, sameJson } from "../../base/json.ts";
import type { World } from "../../base/world.ts";
import { type HeldFolder, makeFolder, unwritable } from "../folder.ts";
import { SETTINGS_BYTES_MAX, SETTINGS_LOCK_MS_MAX } from "../limits.ts";
import type { Entry, Recorded, Records, Space } from "./records.ts";

/** A record as it lies in a file: its name is its key. */
type Named = Recorded & { readonly name: string };

/** Records in the files of a folder: `users.json` holds `{"users": [...]}`. */
export class FileRecords implements Records {
  readonly #folder: string;
  readonly #world: World;
  readonly #held: HeldFolder | undefined;
  /** Spaces whose file had records when it was last looked at. */
  readonly #filled = new Set<Space>();

  /** @param held of a running collector: what it has read before does not pass for nothing where the file is away */
  constructor(folder: string, world: World, held?: HeldFolder) {
    this.#folder = folder;
    this.#world = world;
    this.#held = held;
  }

  async get<T extends Recorded>(
    space: Space,
    key: string,
  ): Promise<T | undefined> {
    const all = await this.#all(space);
    return all.find(({ name }) => name === key) as T | undefined;
  }

  async list<T extends Recorded>(space: Space): Promise<readonly Entry<T>[]> {
    const all = await this.#all(space);
    return all.map((value) => [value.name, value as Recorded as T]);
  }

  async replace(
    space: Space,
    key: string,
    before: Recorded | undefined,
    after: Recorded | undefined,
  ): Promise<boolean> {
    const folder = this.#folder;
    await (this.#held?.expectThere() ?? makeFolder(folder));
    using _lock = await lockSettings(folder, space, this.#world);
    const all = await this.#all(space);
    const at = all.findIndex(({ name }) => name === key);
    if (!sameJson(all[at], before)) return false;
    const value = after && { ...after, name: key };
    const changed = at < 0
      ? [...all, ...value ? [value] : []]
      : value
      ? all.with(at, value)
      : all.toSpliced(at, 1);
    await this.#write(space, changed);
    this.#note(space, changed);
    return true;
  }

  /** @throws {KittyError} where it cannot be written, or nobody would read it */
  async #write(space: Space, all: readonly Named[]): Promise<void> {
    const path = pathOf(this.#folder, space);
    const text = JSON.stringify({ [space]: all }, null, 2) + "\n";
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > SETTINGS_BYTES_MAX) {
      throw new KittyError(
        "output_failed",
        `cannot write ${path}: it would have ${bytes.length} bytes, and at most ${SETTINGS_BYTES_MAX} are read`,
        {
          hint:
            "remove what is not needed; a store of PostgreSQL has no such bound",
        },
      );
    }
    try {
      await writeDurably(path, `${path}.tmp`, bytes);
    } catch (error) {
      throw unwritable(path, error);
    }
    await syncFolder(this.#folder);
  }

  /** @throws {KittyError} where they cannot be read */
  async #all(space: Space): Promise<readonly Named[]> {
    const found = await readSettings(this.#folder, space);
    if (found) this.#note(space, found);
    else if (this.#held) {
      await this.#held.expectThere();
      if (this.#filled.has(space)) throw gone(pathOf(this.#folder, space));
    }
    return found ?? [];
  }

  #note(space: Space, found: readonly Named[]): void {
    // What collectors say of themselves, they say again.
    if (found.length > 0 && space !== "collectors") this.#filled.add(space);
    else this.#filled.delete(space);
  }
}

function gone(path: string): KittyError {
  return new KittyError(
    "settings_damaged",
    `${path} was there and is gone: it was removed or moved while the collector ran`,
    {
      hint:
        "put it or a backup of it in its place; to do without it, start the collector again",
    },
  );
}

/**
 * All records of a file; undefined where there is none.
 *
 * @throws {KittyError} where the file is damaged, or cannot be read
 */
export async function readSettings(
  folder: string,
  space: Space,
): Promise<readonly Named[] | undefined> {
  const path = pathOf(folder, space);
  const damaged = (found: string) =>
    new KittyError("settings_damaged", found, {
      hint: `put a backup in its place, or remove it${
        AGAIN[space] ?? ` and add the ${space} again`
      }`,
    });
  let file: unknown;
  try {
    const text = await ifRegular(path, Deno.readTextFile, SETTINGS_BYTES_MAX);
    if (text === undefined) throw damaged(`${path} is not a file`);
    file = JSON.parse(text);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof TooLargeError) throw damaged(error.message);
    if (error instanceof SyntaxError) throw damaged(`${path} is not JSON`);
    throw error instanceof KittyError ? error : unreadable(path, error);
  }
  const values = isJsonObject(file) ? file[space] : undefined;
  if (Array.isArray(values) && values.every(isNamed)) return values;
  throw damaged(`${path} holds no list of ${space}`);
}

/** What becomes of a file that is removed, where nobody adds what was in it. */
const AGAIN: Partial<Record<Space, string>> = {
  collectors: ": those that run write it again",
  signing_keys: ": new ones are made, and everybody has to log in again",
};

function unreadable(path: string, error: unknown): KittyError {
  return new KittyError(
    "settings_damaged",
    `cannot read ${path}: ${reasonOf(error)}`,
    { hint: "look at its owner and mode, and at the disk" },
  );
}

function isNamed(value: unknown): value is Named {
  return isJsonObject(value) && typeof value.name === "string";
}

function pathOf(folder: string, space: Space): string {
  return `${folder}/${space}.json`;
}

async function lockSettings(
  folder: string,
  space: Space,
  world: World,
): Promise<Deno.FsFile> {
  const deadline = Deadline.in(world.elapsedMs, SETTINGS_LOCK_MS_MAX);
  const path = `${folder}/${space}.lock`;
  try {
    return await lockFile(path, deadline, `the lock of the ${space}`);
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw unwritable(path, error);
    throw new KittyError("settings_locked", `the ${space} are being changed`, {
      hint: "another command is changing them: try again",
    });
  }
}
