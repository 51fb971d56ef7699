/**
 * Who may send events, and for which team. A file of its own, changed under a
 * lock, so that users can be added while the collector runs.
 *
 * @module
 */

import { LOCAL_TEAM } from "../../base/config.ts";
import { Deadline } from "../../base/deadline.ts";
import { DeadlineError, EXIT, KittyError } from "../../base/errors.ts";
import { lockFile, syncFolder, writeDurably } from "../../base/files.ts";
import type { World } from "../../base/world.ts";
import { makeFolder } from "../folder.ts";
import { NAME_MAX, USERS_LOCK_MS_MAX } from "../limits.ts";
import { hashPassword, type PasswordHash } from "./passwords.ts";

/** A user. */
export interface User {
  readonly name: string;
  /** Another one for each time the name is given a password. */
  readonly id: string;
  readonly team: string;
  readonly password: PasswordHash;
  /** ISO 8601, UTC. */
  readonly created_at: string;
}

/** A user to be. */
export interface NewUser {
  readonly name: string;
  readonly team: string;
  readonly password: string;
  /** Take the place of a user of this name. */
  readonly replace?: boolean;
  /** Rounds of hashing; fewer only where time matters more than safety. */
  readonly rounds?: number;
}

/**
 * Adds a user.
 *
 * @throws {KittyError} where the name is taken, or a value is no good
 */
export async function addUser(
  folder: string,
  world: World,
  { name, team, password, replace = false, rounds }: NewUser,
): Promise<User> {
  checkName("name", name);
  checkName("team", team);
  if (team === LOCAL_TEAM) {
    throw bad(`"${team}" stands for no team yet; use another slug`);
  }
  await makeFolder(folder);
  const user: User = {
    name,
    id: world.randomBytes(8).toHex(),
    team,
    password: await hashPassword(password, world.randomBytes(16), rounds),
    created_at: new Date(world.nowMs()).toISOString(),
  };
  using _lock = await lockUsers(folder, world);
  const others = await readUsers(folder);
  const old = others.findIndex((other) => other.name === name);
  if (old >= 0 && !replace) {
    throw new KittyError("user_exists", `the user "${name}" is there already`, {
      hint: "with --replace the new password and team take its place",
      exit: EXIT.invalid,
    });
  }
  const users = old >= 0 ? others.with(old, user) : [...others, user];
  const path = usersPath(folder);
  const text = JSON.stringify({ users }, null, 2) + "\n";
  await writeDurably(path, `${path}.tmp`, new TextEncoder().encode(text));
  await syncFolder(folder);
  return user;
}

/** All users. Another process may have changed them: they are read anew each time. */
export async function readUsers(folder: string): Promise<readonly User[]> {
  const path = usersPath(folder);
  const damaged = (found: string) =>
    new KittyError("users_damaged", `${path} ${found}`, {
      hint: "put a backup in its place, or remove it and add the users again",
      exit: EXIT.config,
    });
  let file: { users?: unknown } | null;
  try {
    file = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error instanceof SyntaxError ? damaged("is no JSON") : error;
  }
  const users = file?.users;
  if (Array.isArray(users) && users.every(isUser)) return users;
  throw damaged("holds no list of users");
}

function isUser(value: Partial<Record<keyof User, unknown>> | null): boolean {
  return typeof value?.password === "object" && value.password !== null &&
    [value.name, value.id, value.team].every((v) => typeof v === "string");
}

/** The user of a name. */
export async function findUser(
  folder: string,
  name: string,
): Promise<User | undefined> {
  return (await readUsers(folder)).find((user) => user.name === name);
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

function checkName(what: string, name: string): void {
  if (name === "" || name.length > NAME_MAX || /[\s\p{C}]/u.test(name)) {
    throw bad(
      `a ${what} has 1 to ${NAME_MAX} letters, without white space and control characters`,
    );
  }
}

function bad(message: string): KittyError {
  return new KittyError("bad_user", message, { exit: EXIT.invalid });
}
