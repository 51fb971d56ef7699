/**
 * Names of users, keys and teams.
 *
 * @module
 */

import { KittyError } from "../../base/errors.ts";
import { NAME_MAX } from "../limits.ts";

/** Whether a user, key or team can have a name; settings may hold others, of programs before this one. */
export function isName(name: string): boolean {
  return name !== "" && name.length <= NAME_MAX && !/[\s\p{C}]/u.test(name);
}

/** @throws {KittyError} for a name that is not allowed */
export function checkName(what: string, name: string): void {
  if (isName(name)) return;
  throw new KittyError(
    "bad_user",
    `a ${what} has 1 to ${NAME_MAX} letters, without white space and control characters`,
  );
}
