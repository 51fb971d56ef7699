/**
 * Users in a file of their own, changed under a lock, so that users can be
 * added while the collector runs.
 *
 * @module
 */

import { Deadline } from "../../base/deadline.ts";
import { DeadlineError, KittyError } from "../../base/errors.ts";
import { lockFile, syncFolder, writeDurably } from "../../base/files.ts";
import type { World } from "../../base/world.ts";
import { makeFolder } from "../folder.ts";
import { USERS_LOCK_MS_MAX } from "../limits.ts";
import type { AccountStore, User } from "./account_store.ts";

/** The users of a collector's folder. */
export class FileAccounts implements AccountStore {
  readonly #folder: string;
  readonly #world: World;

  constructor(folder: string, world: World) {
    this.#folder = folder;
    this.#world = world;
  }

  all(): Promise<readonly User[]> {
    return readUsers(this.#folder);
  }

  async find(name: string): Promise<User | undefined> {
    return (await this.all()).find((user) => user.name === name);
  }

  async add(
    user: User,
    { replace }: { readonly replace: boolean },
  ): Promise<boolean> {
    const folder = this.#folder;
    await makeFolder(folder);
    using _lock = await lockUsers(folder, this.#world);
    const others = await this.all();
    const old = others.findIndex(({ name }) => name === user.name);
    if (old >= 0 && !replace) return false;
    const users = old >= 0 ? others.with(old, user) : [...others, user];
    const path = usersPath(folder);
    const text = JSON.stringify({ users }, null, 2) + "\n";
    await writeDurably(path, `${path}.tmp`, new TextEncoder().encode(text));
    await syncFolder(folder);
    return true;
  }
}

/**
 * All users of a folder.
 *
 * @throws {KittyError} where the file is damaged
 */
export async function readUsers(folder: string): Promise<readonly User[]> {
  const path = usersPath(folder);
  const damaged = (found: string) =>
    new KittyError("users_damaged", `${path} ${found}`, {
      hint: "put a backup in its place, or remove it and add the users again",
    });
  let file: { users?: unknown } | null;
  try {
    file = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error instanceof SyntaxError ? damaged("is not JSON") : error;
  }
  const users = file?.users;
  if (Array.isArray(users) && users.every(isUser)) return users;
  throw damaged("holds no list of users");
}

function isUser(value: Partial<Record<keyof User, unknown>> | null): boolean {
  return typeof value?.password === "object" && value.password !== null &&
    [value.name, value.id, value.team].every((v) => typeof v === "string");
}

function usersPath(folder: string): string {
  return `${folder}/users.json`;
}

async function lockUsers(folder: string, world: World): Promise<Deno.FsFile> {
  const deadline = Deadline.in(world.elapsedMs, USERS_LOCK_MS_MAX);
  try {
    return await lockFile(`${folder}/users.lock`, deadline, "the users' lock");
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    throw new KittyError("users_locked", "the users are being changed", {
      hint: "another user is being added: try again",
    });
  }
}
