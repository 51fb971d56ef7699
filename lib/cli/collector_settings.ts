/**
 * What commands of a collector change, whether it runs or not.
 *
 * @module
 */

import { type Settings, settingsOf } from "../collector/engine.ts";
import { collectorFolder } from "../collector/folder.ts";
import { type AuditEntry, entryAt } from "../collector/audit/audit.ts";
import type { Call } from "./command.ts";
import { homeOf } from "./keeper.ts";

/** Where a collector listens that is not told where. */
export const LISTEN_DEFAULT = "127.0.0.1:8787";

/** The folder of the collector that a call is about. */
export async function folderOf(call: Call): Promise<string> {
  return collectorFolder(await homeOf(call));
}

/** Does work with the settings of the collector that a call is about. */
export async function withSettings<T>(
  call: Call,
  work: (settings: Settings) => Promise<T>,
): Promise<T> {
  return await work(settingsOf(await folderOf(call), call.world));
}

/** Notes what a command has changed, and who ran it. */
export async function noteChange(
  { world }: Call,
  { audit }: Settings,
  entry: Omit<AuditEntry, "at" | "by" | "address">,
): Promise<void> {
  const names = ["LOGNAME", "USER", "USERNAME"].map((name) => world.env(name));
  const user = names.find(Boolean) ?? world.uid() ?? "somebody";
  const by = `${user}@${world.hostname()}`;
  await audit.note(entryAt(world.nowMs(), { ...entry, by }));
}
