/**
 * Who can log in to a collector, and for which teams.
 *
 * @module
 */

import { AccountStore } from "../../collector/accounts/account_store.ts";
import { isExpired, KeyStore } from "../../collector/accounts/keys.ts";
import type { Settings } from "../../collector/engine.ts";
import { type Finding, fine, warning } from "../finding.ts";
import { KEY_WARN_MS } from "../limits.ts";

const many = (n: number, thing: string) => `${n} ${thing}${n === 1 ? "" : "s"}`;

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
  return fine(`${many(users.length, "user")} of ${many(teams.size, "team")}`);
}

/** Whether keys of jobs run out, which their jobs would notice first. */
export async function checkKeys(
  settings: Settings | undefined,
  nowMs: number,
): Promise<Finding> {
  if (!settings) return fine("not known");
  const keys = await new KeyStore(settings.settings).all();
  const ending = keys.filter((key) => isExpired(key, nowMs + KEY_WARN_MS))
    .map((key) => {
      const word = isExpired(key, nowMs) ? "ran out" : "runs out";
      return `${key.name} of ${key.team} ${word} on ${
        key.expires_at!.slice(0, 10)
      }`;
    });
  if (ending.length === 0) return fine(many(keys.length, "key"));
  return warning(
    ending.join("; "),
    "give the jobs another key (kitty-events collector token create), and revoke this one",
  );
}
