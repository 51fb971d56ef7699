/**
 * Adding users: who may send events, and for which team.
 *
 * @module
 */

import { LOCAL_TEAM } from "../../base/config.ts";
import { KittyError } from "../../base/errors.ts";
import type { World } from "../../base/world.ts";
import { NAME_MAX } from "../limits.ts";
import type { AccountStore, Role, User } from "./account_store.ts";
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
    throw bad(`"${team}" stands for no team yet; use another slug`);
  }
  const user: User = {
    name,
    id: world.randomBytes(8).toHex(),
    team,
    ...role && { role },
    password: await hashPassword(password, world.randomBytes(16), rounds),
    created_at: new Date(world.nowMs()).toISOString(),
  };
  if (await accounts.add(user, { replace })) return user;
  throw new KittyError("user_exists", `the user "${name}" is there already`, {
    hint: "with --replace the new password and team take its place",
  });
}

function checkName(what: string, name: string): void {
  if (name === "" || name.length > NAME_MAX || /[\s\p{C}]/u.test(name)) {
    throw bad(
      `a ${what} has 1 to ${NAME_MAX} letters, without white space and control characters`,
    );
  }
}

function bad(message: string): KittyError {
  return new KittyError("bad_user", message);
}
