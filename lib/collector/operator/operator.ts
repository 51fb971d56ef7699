/**
 * The operator's way to a running collector: commands on its machine, run by
 * the user whose folder it is, ask it for what no file can tell them.
 *
 * @module
 */

import { FILE_MODE, ifRegular, writeDurably } from "../../base/files.ts";
import { isJsonObject } from "../../base/json.ts";
import type { World } from "../../base/world.ts";
import type { EventLog } from "../events/event_log.ts";
import { unwritable } from "../folder.ts";
import type { Records } from "../records/records.ts";

/** What of a team's events those see who keep them. */
export type KeptEvents = Pick<
  EventLog,
  "teams" | "usage" | "first" | "page" | "prune"
>;

/** What those work on who keep a collector, whether it runs or not. */
export interface Kept extends AsyncDisposable {
  readonly events: KeptEvents;
  readonly records: Records;
  /** Tells collectors apart; all on one store have the same. */
  readonly instance: string;
}

/** Where a running collector is asked. */
export interface OperatorPlace {
  /** The path of a socket, or a URL. */
  readonly listening: string;
  /** Asked of every request: whoever can read it owns the folder. */
  readonly token: string;
}

/** Paths of its requests. */
export const OPERATOR_PATHS = {
  instance: "/v1/instance",
  teams: "/v1/teams",
  usage: "/v1/usage",
  page: "/v1/page",
  prune: "/v1/prune",
  records: "/v1/records",
} as const;

/** Name of its socket in a folder whose path is short enough. */
export const OPERATOR_SOCKET = "operator.sock";

/** Says where it is asked. */
export const OPERATOR_FILE = "operator.json";

function pathIn(folder: string): string {
  return `${folder}/${OPERATOR_FILE}`;
}

/**
 * Says where the collector of a folder is asked.
 *
 * @throws {KittyError} where that cannot be written
 */
export async function writePlace(
  folder: string,
  place: OperatorPlace,
): Promise<void> {
  const path = pathIn(folder), temporary = `${path}.tmp`;
  // Left by one that was killed: its mode is not known.
  await Deno.remove(temporary).catch(() => {});
  const text = JSON.stringify(place) + "\n";
  try {
    await writeDurably(path, temporary, new TextEncoder().encode(text));
  } catch (error) {
    throw unwritable(path, error);
  }
  if (Deno.build.os !== "windows") await Deno.chmod(path, FILE_MODE);
}

/** Where the collector of a folder is asked; undefined where none says so. */
export async function readPlace(
  folder: string,
): Promise<OperatorPlace | undefined> {
  try {
    const text = await ifRegular(pathIn(folder), Deno.readTextFile);
    const value: unknown = JSON.parse(text ?? "");
    if (!isJsonObject(value)) return undefined;
    const { listening, token } = value;
    return typeof listening === "string" && typeof token === "string"
      ? { listening, token }
      : undefined;
  } catch {
    return undefined;
  }
}

/** It is not asked any more. */
export async function removePlace(folder: string): Promise<void> {
  await Deno.remove(pathIn(folder)).catch(() => {});
}

/** A token that nobody guesses. */
export function newToken(world: Pick<World, "randomBytes">): string {
  return world.randomBytes(32).toHex();
}
