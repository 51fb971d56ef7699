/**
 * Records in a file for each space, changed under a lock, so that commands
 * can change them while the collector runs.
 *
 * @module
 */

import { Deadline } from "../../base/deadline.ts";
import { DeadlineError, KittyError } from "../../base/errors.ts";
import { lockFile, syncFolder, writeDurably } from "../../base/files.ts";
import { isJsonObject, sameJson } from "../../base/json.ts";
import type { World } from "../../base/world.ts";
import { makeFolder } from "../folder.ts";
import { SETTINGS_LOCK_MS_MAX } from "../limits.ts";
import type { Entry, Recorded, Records, Space } from "./records.ts";

/** A record as it lies in a file: its name is its key. */
type Named = Recorded & { readonly name: string };

/** Records in the files of a folder: `users.json` holds `{"users": [...]}`. */
export class FileRecords implements Records {
  readonly #folder: string;
  readonly #world: World;

  constructor(folder: string, world: World) {
    this.#folder = folder;
    this.#world = world;
  }

  async get<T extends Recorded>(
    space: Space,
    key: string,
  ): Promise<T | undefined> {
    const all = await readSettings(this.#folder, space);
    return all.find(({ name }) => name === key) as T | undefined;
  }

  async list<T extends Recorded>(space: Space): Promise<readonly Entry<T>[]> {
    const all = await readSettings(this.#folder, space);
    return all.map((value) => [value.name, value as Recorded as T]);
  }

  async replace(
    space: Space,
    key: string,
    before: Recorded | undefined,
    after: Recorded | undefined,
  ): Promise<boolean> {
    const folder = this.#folder;
    await makeFolder(folder);
    using _lock = await lockSettings(folder, space, this.#world);
    const all = await readSettings(folder, space);
    const at = all.findIndex(({ name }) => name === key);
    if (!sameJson(all[at], before)) return false;
    const value = after && { ...after, name: key };
    const changed = at < 0
      ? [...all, ...value ? [value] : []]
      : value
      ? all.with(at, value)
      : all.toSpliced(at, 1);
    const path = pathOf(folder, space);
    const text = JSON.stringify({ [space]: changed }, null, 2) + "\n";
    await writeDurably(path, `${path}.tmp`, new TextEncoder().encode(text));
    await syncFolder(folder);
    return true;
  }
}

/**
 * All records of a file.
 *
 * @throws {KittyError} where the file is damaged
 */
export async function readSettings(
  folder: string,
  space: Space,
): Promise<readonly Named[]> {
  const path = pathOf(folder, space);
  const damaged = (found: string) =>
    new KittyError("settings_damaged", `${path} ${found}`, {
      hint:
        `put a backup in its place, or remove it and add the ${space} again`,
    });
  let file: unknown;
  try {
    file = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error instanceof SyntaxError ? damaged("is not JSON") : error;
  }
  const values = isJsonObject(file) ? file[space] : undefined;
  if (Array.isArray(values) && values.every(isNamed)) return values;
  throw damaged(`holds no list of ${space}`);
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
  try {
    const path = `${folder}/${space}.lock`;
    return await lockFile(path, deadline, `the lock of the ${space}`);
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    throw new KittyError("settings_locked", `the ${space} are being changed`, {
      hint: "another command is changing them: try again",
    });
  }
}
