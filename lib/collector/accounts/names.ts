/**
 * Names of users, keys and teams.
 *
 * @module
 */

import { KittyError } from "../../base/errors.ts";
import { NAME_MAX } from "../limits.ts";

/** @throws {KittyError} for a name that is not allowed */
export function checkName(what: string, name: string): void {
  if (name !== "" && name.length <= NAME_MAX && !/[\s\p{C}]/u.test(name)) {
    return;
  }
  throw new KittyError(
    "bad_user",
    `a ${what} has 1 to ${NAME_MAX} letters, without white space and control characters`,
  );
}
