/**
 * Whether a team that a collector's keeper names is known there: a name that
 * is mistyped would bound, or let in, nobody.
 *
 * @module
 */

import { nearMiss } from "../base/near_miss.ts";
import { AccountStore } from "../collector/accounts/account_store.ts";
import { KeyStore } from "../collector/accounts/keys.ts";
import { checkName } from "../collector/accounts/names.ts";
import { teamsOfEvents } from "../collector/place.ts";
import { withSettings } from "./collector_settings.ts";
import type { Call } from "./command.ts";
import { printable } from "./output.ts";
import { placeOf } from "./store.ts";

/** A team that nothing is of. */
export interface Strange {
  /** One line, or two with the name that was probably meant. */
  readonly words: string;
  readonly meant: string | undefined;
}

/**
 * Whether a team is one that nothing there is of; undefined where something is,
 * or nothing is there yet, so that any name is as good. Refuses nothing, as a
 * team may come later.
 *
 * @throws {KittyError} for what cannot be a team's name
 */
export async function strangeTeam(
  call: Call,
  team: string,
): Promise<Strange | undefined> {
  checkName("team", team);
  const known = await withSettings(call, async ({ settings }) => {
    const users = await new AccountStore(settings).all();
    const tokens = await new KeyStore(settings).all();
    return new Set([...users, ...tokens].map((each) => each.team));
  });
  if (known.has(team)) return undefined;
  const place = await placeOf(call);
  // Where they cannot be read, nobody knows whether it is strange.
  const all = await teamsOfEvents(place, call.world).catch(() => undefined);
  for (const each of all ?? []) known.add(each);
  if (!all || known.size === 0 || known.has(team)) return undefined;
  const meant = nearMiss(team, [...known].sort());
  const words =
    `no user, token or event is of the team ${printable(team)} yet` +
    (meant === undefined ? "" : `\n  did you mean ${printable(meant)}?`);
  return { words, meant };
}
