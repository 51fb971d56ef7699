/**
 * Who can log in to a collector, and for which teams.
 *
 * @module
 */

import { AccountStore } from "../../collector/accounts/account_store.ts";
import type { Settings } from "../../collector/engine.ts";
import { type Finding, fine, warning } from "../finding.ts";

/** Whether anybody can send anything. */
export async function checkUsers(
  settings: Settings | undefined,
): Promise<Finding> {
  if (!settings) return fine("not known");
  const users = await new AccountStore(settings.settings).all();
  const teams = new Set(users.map(({ team }) => team));
  if (users.length === 0) {
    return warning(
      "nobody can log in",
      "add a user: kitty-events collector user add NAME --team TEAM",
    );
  }
  const many = (n: number, thing: string) =>
    `${n} ${thing}${n === 1 ? "" : "s"}`;
  return fine(`${many(users.length, "user")} of ${many(teams.size, "team")}`);
}
