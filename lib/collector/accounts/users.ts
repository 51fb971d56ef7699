/**
 * Adding users and changing them: who may send events, and for which team.
 *
 * @module
 */

import { LOCAL_TEAM } from "../../base/config.ts";
import { KittyError } from "../../base/errors.ts";
import type { World } from "../../base/world.ts";
import type { AccountStore, Role, User } from "./account_store.ts";
import { checkName } from "./names.ts";
import { hashPassword } from "./passwords.ts";

/** A user to be. */
export interface NewUser {
  readonly name: string;
  readonly team: string;
  readonly password: string;
  readonly role?: Role;
  /** Take the place of a user of this name. */
  readonly replace?: boolean;
  /** Rounds of hashing; fewer only where time matters more than safety. */
  readonly rounds?: number;
}

/**
 * Adds a user.
 *
 * @throws {KittyError} where the name is taken, or a value is not allowed
 */
export async function addUser(
  accounts: AccountStore,
  world: World,
  { name, team, password, role, replace = false, rounds }: NewUser,
): Promise<User> {
  checkName("name", name);
  checkName("team", team);
  if (team === LOCAL_TEAM) {
    throw new KittyError(
      "bad_user",
      `"${team}" stands for no team yet; use another slug`,
    );
  }
  const user: User = {
    name,
    team,
    ...role && { role },
    ...await newPassword(world, password, rounds),
    created_at: new Date(world.nowMs()).toISOString(),
  };
  if (await accounts.add(user, { replace })) return user;
  const there = await accounts.find(name);
  throw there && there.team !== team
    ? new KittyError(
      "user_exists",
      `the user "${name}" is there already, in the team "${there.team}": names are those of all teams together`,
      {
        hint:
          "choose another name; with --replace the user goes over to the new team",
      },
    )
    : new KittyError("user_exists", `the user "${name}" is there already`, {
      hint: "with --replace the new password and team take its place",
    });
}

/** Gives a user another password. @throws {KittyError} where there is none, or it is not allowed */
export async function setPassword(
  accounts: AccountStore,
  world: World,
  { name, password, rounds }: Pick<NewUser, "name" | "password" | "rounds">,
): Promise<User> {
  // Hashing takes long: nobody waits for it in vain.
  found(name, await accounts.find(name));
  const changed = await newPassword(world, password, rounds);
  const user = await accounts.change(name, (user) => ({ ...user, ...changed }));
  return found(name, user);
}

/** Gives a user another role. @throws {KittyError} where there is none */
export async function setRole(
  accounts: AccountStore,
  name: string,
  role: Role,
): Promise<User> {
  const user = await accounts.change(name, (user) => ({ ...user, role }));
  return found(name, user);
}

/** Lets a user in, or not any more. @throws {KittyError} where there is none */
export async function setDisabled(
  accounts: AccountStore,
  name: string,
  isDisabled: boolean,
): Promise<User> {
  const user = await accounts.change(name, ({ disabled: _, ...user }) => ({
    ...user,
    ...isDisabled && { disabled: true },
  }));
  return found(name, user);
}

/** Removes a user. @throws {KittyError} where there is none */
export async function removeUser(
  accounts: AccountStore,
  name: string,
): Promise<User> {
  return found(name, await accounts.remove(name));
}

/** @throws {KittyError} where there was no user of the name */
function found(name: string, user: User | undefined): User {
  if (user) return user;
  throw new KittyError("not_found", `the user "${name}" is not there`, {
    hint: "list them: kitty-events collector user list",
  });
}

/** A password, and the id that stands for it: whatever was given out for another one is void. */
async function newPassword(
  world: World,
  password: string,
  rounds: number | undefined,
): Promise<Pick<User, "id" | "password">> {
  return {
    id: world.randomBytes(8).toHex(),
    password: await hashPassword(password, world.randomBytes(16), rounds),
  };
}
