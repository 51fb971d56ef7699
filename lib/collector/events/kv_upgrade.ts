/**
 * A collector's Deno KV as this program uses it, and what older ones left in it.
 *
 * @module
 */

import { KittyError, reasonOf } from "../../base/errors.ts";
import { isDiskFull } from "../../base/files.ts";
import { fromBytes, toBytes } from "../../home/queue_layout.ts";
import { CommitRoom, keyBytes } from "../../home/commit_room.ts";
import { IDS_MOVED_AT_ONCE } from "../limits.ts";
import { IdPages, type PlacedId } from "./kv_ids.ts";
import {
  LAYOUT,
  LAYOUT_KEY,
  OLD_IDS,
  type RowPlace,
  TEAMS,
  type TeamState,
} from "./layout.ts";
import type { OnUpgrade } from "./upgrading.ts";

/**
 * Brings a file to the layout of this program; one that is new gets it at once.
 *
 * @param onUpgrade called where there is anything to do
 * @throws {KittyError} where a newer program has written the file, or it cannot be done
 */
export async function useLayout(
  kv: Deno.Kv,
  path: string,
  onUpgrade?: OnUpgrade,
): Promise<void> {
  const { value } = await kv.get<Uint8Array>(LAYOUT_KEY);
  const layout = value ? fromBytes<number>(value) : undefined;
  if (layout !== undefined && layout > LAYOUT) {
    throw new KittyError("newer_layout", `${path} has layout ${layout}`, {
      hint: "a newer kitty-events has written it: use that one",
    });
  }
  try {
    // First: an older program would not find the ids that are in pages already.
    if (layout !== LAYOUT) await kv.set(LAYOUT_KEY, toBytes(LAYOUT));
    await putIdsIntoPages(kv, onUpgrade);
  } catch (error) {
    throw new KittyError(
      "folder_unusable",
      `bringing ${path} to its new layout was broken off: ${reasonOf(error)}`,
      {
        hint: isDiskFull(error)
          ? "nothing is lost; make room on the disk, and start again: it goes on from there"
          : "nothing is lost; start again: it goes on from there",
        cause: error,
      },
    );
  }
}

/** A program that is ended meanwhile leaves the rest to the next. */
async function putIdsIntoPages(
  kv: Deno.Kv,
  onUpgrade: OnUpgrade = () => {},
): Promise<void> {
  let count = 0, total = 0;
  for (let old; (old = await oldIds(kv)).length > 0; count += old.length) {
    if (count === 0) total = await eventsIn(kv);
    // Part of it may have been done before, so that the end is known only there.
    onUpgrade(count, Math.max(total, count + old.length + 1));
    const commit = kv.atomic();
    for (const [team, entries] of Map.groupBy(old, teamOf)) {
      const placed = entries.map(({ key, value }): PlacedId => [
        String(key.at(-1)),
        ...fromBytes<RowPlace>(value),
      ]);
      const pages = await IdPages.around(kv, team, placed.map(([id]) => id));
      for (const [key, page] of pages.add(placed)) {
        commit.set(key, toBytes(page));
      }
    }
    for (const { key } of old) commit.delete(key);
    await commit.commit();
  }
  if (count > 0) onUpgrade(count, count);
}

/** How many events were ever stored: each has an id. */
async function eventsIn(kv: Deno.Kv): Promise<number> {
  let events = 0;
  for await (const { value } of kv.list<Uint8Array>({ prefix: TEAMS })) {
    events += fromBytes<TeamState>(value).events;
  }
  return events;
}

/** The first of them: as many as one commit can move. */
async function oldIds(kv: Deno.Kv): Promise<Deno.KvEntry<Uint8Array>[]> {
  const limit = IDS_MOVED_AT_ONCE, options = { limit, batchSize: limit };
  const ids: Deno.KvEntry<Uint8Array>[] = [];
  const room = new CommitRoom();
  for await (const entry of kv.list<Uint8Array>({ prefix: OLD_IDS }, options)) {
    const hasRoom = room.take({ keyBytes: KEYS_OF_ID * keyBytes(entry.key) });
    if (ids.length > 0 && !hasRoom) break;
    ids.push(entry);
  }
  return ids;
}

/** The one that goes, and those of pages that come for it at worst. */
const KEYS_OF_ID = 3;

function teamOf({ key }: Deno.KvEntry<Uint8Array>): string {
  return String(key[1]);
}
