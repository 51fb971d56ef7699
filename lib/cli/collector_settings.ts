/**
 * What commands of a collector change, whether it runs or not.
 *
 * @module
 */

import type { Settings } from "../collector/engine.ts";
import { type AuditEntry, entryAt } from "../collector/audit/audit.ts";
import { openSettings } from "../collector/place.ts";
import { userName } from "../emit/identity.ts";
import type { Call } from "./command.ts";
import { EXIT, KittyError, reasonOf, usageError } from "../base/errors.ts";
import { placeOf } from "./store.ts";

/** Where a collector listens that is not told where. */
export const LISTEN_DEFAULT = "127.0.0.1:8787";

/**
 * The folder of the collector that a call is about.
 *
 * @throws {KittyError} where it names a store
 */
export async function folderOf(call: Call): Promise<string> {
  const { folder, store } = await placeOf(call);
  if (store === undefined) return folder;
  throw usageError(
    "this is for collectors that have their data in a folder",
    "with PostgreSQL, take its own tools, such as pg_dump",
  );
}

/** Does work with the settings of the collector that a call is about. */
export async function withSettings<T>(
  call: Call,
  work: (settings: Settings) => Promise<T>,
): Promise<T> {
  await using settings = await openSettings(await placeOf(call), call.world);
  return await work(settings);
}

/** Shows all that the settings have of something. */
export async function showAll<T>(
  call: Call,
  read: (settings: Settings) => Promise<readonly T[]>,
  show: (call: Call, one: T) => Promise<unknown>,
): Promise<number> {
  for (const one of await withSettings(call, read)) await show(call, one);
  return EXIT.ok;
}

/**
 * Notes what a command has changed, and who ran it.
 *
 * @throws {KittyError} which says that the change was made
 */
export async function noteChange(
  { world }: Call,
  { audit }: Settings,
  entry: Omit<AuditEntry, "at" | "by" | "address">,
): Promise<void> {
  const by = `${await userName(world)}@${world.hostname()}`;
  try {
    await audit.note(entryAt(world.nowMs(), { ...entry, by }));
  } catch (error) {
    const { code, hint } = error instanceof KittyError
      ? error
      : { code: "output_failed", hint: undefined } as const;
    throw new KittyError(
      code,
      `it was done, but not noted in the audit: ${reasonOf(error)}`,
      { hint },
    );
  }
}
