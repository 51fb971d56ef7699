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
import { eventsPath } from "../collector/folder.ts";
import { openKeptAt } from "../collector/place.ts";
import { withSettings } from "./collector_settings.ts";
import type { Call } from "./command.ts";
import { printable } from "./output.ts";
import { placeOf } from "./store.ts";
import { upgradeShown } from "./upgrade.ts";

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
  // Where they cannot be read, what the command itself meets says so.
  for (const each of await teamsOfEvents(call).catch(() => [])) known.add(each);
  if (known.size === 0 || known.has(team)) return undefined;
  const meant = nearMiss(team, [...known].sort());
  const words =
    `no user, token or event is of the team ${printable(team)} yet` +
    (meant === undefined ? "" : `\n  did you mean ${printable(meant)}?`);
  return { words, meant };
}

async function teamsOfEvents(call: Call): Promise<readonly string[]> {
  const place = await placeOf(call);
  // Opening would make it.
  if (place.store === undefined) await Deno.stat(eventsPath(place.folder));
  const kept = await openKeptAt(place, call.world, upgradeShown(call));
  try {
    return await kept.events.teams();
  } finally {
    await kept[Symbol.asyncDispose]();
  }
}
