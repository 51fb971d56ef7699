/**
 * Who can log in to a collector, and for which teams.
 *
 * @module
 */

import { counted } from "../../base/amounts.ts";
import { AccountStore } from "../../collector/accounts/account_store.ts";
import { isExpired, KeyStore } from "../../collector/accounts/keys.ts";
import { isName } from "../../collector/accounts/names.ts";
import type { Settings } from "../../collector/engine.ts";
import { fullnessOf, type Room } from "../../collector/keeping/room.ts";
import { type Finding, fine, listed, warning } from "../finding.ts";
import { KEY_WARN_MS, QUOTA_WARN_SHARE } from "../limits.ts";

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
  return fine(
    `${counted(users.length, "user")} of ${counted(teams.size, "team")}`,
  );
}

/** Whether tokens of jobs run out, which their jobs would notice first. */
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
  if (ending.length === 0) return fine(counted(keys.length, "token"));
  return warning(
    ending.join("; "),
    "give the jobs another token (kitty-events collector token create), and revoke this one",
  );
}

/** Whether a team is about to have no room left, or has none: its clients keep what they have. */
export function checkQuotas(rooms: readonly Room[] | undefined): Finding {
  if (!rooms) return fine("not known: no collector runs");
  const bounded = rooms.filter(({ quota }) => quota);
  const isPossible = ({ team }: Room) => isName(team);
  const full = bounded.filter((room) =>
    isPossible(room) && fullnessOf(room) >= QUOTA_WARN_SHARE
  );
  if (full.length === 0) {
    const strange = bounded.filter((room) => !isPossible(room));
    if (strange.length === 0) return fine(counted(bounded.length, "quota"));
    const teams = strange.map(({ team }) => JSON.stringify(team.slice(0, 40)));
    return warning(
      `of teams that nobody can be of: ${listed(teams)}`,
      "remove them: kitty-events collector quota remove TEAM",
    );
  }
  const words = full.map((room) =>
    `${room.team} has used ${Math.floor(fullnessOf(room) * 100)} %`
  );
  return warning(
    listed(words),
    "give more room (kitty-events collector quota set), or remove what is old (kitty-events collector prune); until then clients keep their queues",
  );
}
