/**
 * Copies records of a folder into a store, so that they are the same there:
 * what was changed or removed since an earlier copy is changed and removed,
 * unless collectors have begun to use the store.
 *
 * @module
 */

import { KittyError } from "../../base/errors.ts";
import { sameJson } from "../../base/json.ts";
import type { Engine } from "../engine.ts";
import { PRESENCE_GONE_MS } from "../limits.ts";
import { collecting } from "../presence.ts";
import type { Recorded, Records, Space } from "../records/records.ts";

/** What was done in one space. */
export interface CopiedRecords {
  readonly records: Space;
  /** How many the source has. */
  readonly count: number;
  readonly copied: number;
  readonly changed: number;
  readonly removed: number;
}

/** Which records go along: settings, what collectors have noted, and what is of running ones only. */
const PLACES: Readonly<Record<Space, "settings" | "records" | "left">> = {
  users: "settings",
  keys: "settings",
  signing_keys: "settings",
  quotas: "settings",
  sinks: "settings",
  sink_cursor: "records",
  collector: "records",
  session: "records",
  ended_session: "records",
  known_address: "records",
  collectors: "left",
  lease: "left",
  spent_token: "left",
  throttle: "left",
};

/** Copies some kind of records. */
export interface RecordsCopy {
  readonly source: Engine;
  readonly target: Records;
  /** Whether collectors have begun to use the store: what they have changed stays. */
  readonly isUsed: boolean;
}

/** Whether a collector runs on what these are the settings of, or was killed there not long ago. */
export async function isCollecting(
  settings: Records,
  nowMs: number,
): Promise<boolean> {
  const all = await collecting(settings);
  return all.some(({ seen_at }) =>
    nowMs - Date.parse(seen_at) < PRESENCE_GONE_MS
  );
}

const spacesIn = (place: "settings" | "records") =>
  (Object.keys(PLACES) as Space[]).filter((space) => PLACES[space] === place);

/** So many differences are named. */
const NAMED_MAX = 8;

/** @throws {KittyError} `store_differs` where collectors use the store, and settings there are others */
export async function expectSameSettings(copy: RecordsCopy): Promise<void> {
  const { isUsed, source, target } = copy;
  if (!isUsed) return;
  const found: string[] = [];
  for (const space of spacesIn("settings")) {
    // A store that is empty in this respect takes all.
    const stored = new Map(await target.list(space));
    if (stored.size === 0) continue;
    for (const [key, value] of await source.settings.list(space)) {
      const other = stored.get(key);
      stored.delete(key);
      if (other === undefined) found.push(`${space} ${key} is missing`);
      else if (!sameJson(value, other)) found.push(`${space} ${key} differs`);
    }
    for (const key of stored.keys()) {
      found.push(`${space} ${key} is there only`);
    }
  }
  if (found.length === 0) return;
  const more = found.length - NAMED_MAX;
  const named = found.slice(0, NAMED_MAX).join(", ") +
    (more > 0 ? `, and ${more} more` : "");
  throw new KittyError(
    "store_differs",
    `collectors use the store already, and its settings are others: ${named}`,
    {
      hint:
        "nothing of it was changed: make the settings the same with the commands for users, tokens, quotas and sinks, or name an empty store",
    },
  );
}

/** Copies all records, space by space. */
export async function* copyRecords(
  copy: RecordsCopy,
): AsyncGenerator<CopiedRecords> {
  for (const place of ["settings", "records"] as const) {
    for (const space of spacesIn(place)) {
      yield await copySpace(copy, copy.source[place], space);
    }
  }
}

async function copySpace(
  { target, isUsed }: RecordsCopy,
  from: Records,
  space: Space,
): Promise<CopiedRecords> {
  const all = await from.list(space);
  const stored = new Map<string, Recorded>(await target.list(space));
  let copied = 0, changed = 0, removed = 0;
  for (const [key, value] of all) {
    const before = stored.get(key);
    stored.delete(key);
    if (before !== undefined && (isUsed || sameJson(before, value))) continue;
    if (!await target.replace(space, key, before, value)) continue;
    if (before === undefined) copied++;
    else changed++;
  }
  for (const [key, before] of isUsed ? [] : stored) {
    if (await target.replace(space, key, before, undefined)) removed++;
  }
  return { records: space, count: all.length, copied, changed, removed };
}
