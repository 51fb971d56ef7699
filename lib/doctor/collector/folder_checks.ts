/**
 * The folder of a collector with the embedded engine.
 *
 * @module
 */

import { sizeText } from "../../base/amounts.ts";
import { Deadline } from "../../base/deadline.ts";
import { DeadlineError, EXIT, reasonOf } from "../../base/errors.ts";
import { lockFile } from "../../base/files.ts";
import type { World } from "../../base/world.ts";
import { eventsPath, lockPath } from "../../collector/folder.ts";
import { findDamage } from "../../home/sqlite.ts";
import { roomAt } from "../disk_checks.ts";
import type { NamedCheck } from "../doctor.ts";
import { type Finding, fine, problem, warning } from "../finding.ts";
import { CHECKED_BYTES_MAX, TAKEN_MS } from "../limits.ts";

/** What can be asked of a folder. */
export function folderChecks(
  folder: string,
  world: World,
): readonly NamedCheck[] {
  return [
    ["folder", () => checkFolder(folder)],
    ["room", () => roomAt(folder)],
    ["store", () => checkStore(folder, world)],
  ];
}

async function checkFolder(folder: string): Promise<Finding> {
  let stat: Deno.FileInfo;
  try {
    stat = await Deno.stat(folder);
  } catch (error) {
    return error instanceof Deno.errors.NotFound
      ? problem(
        `${folder} is not there: no collector has run with this home`,
        "start one: kitty-events collector run; or name its home: --home, or its store: --store",
        EXIT.config,
      )
      : problem(
        `${folder} cannot be looked at: ${reasonOf(error)}`,
        "ask as the user that runs the collector",
      );
  }
  if (!stat.isDirectory) {
    return problem(`${folder} is not a folder`, `move it away`, EXIT.config);
  }
  const OTHERS = 0o077;
  if (((stat.mode ?? 0) & OTHERS) !== 0) {
    return warning(
      `${folder} is open to other users of this machine`,
      `close it: chmod 700 ${folder}`,
    );
  }
  return fine(folder);
}

/** Whether the events can be used, and whether a collector uses them. */
async function checkStore(folder: string, world: World): Promise<Finding> {
  const path = eventsPath(folder);
  const found = await Deno.stat(path).catch(() => undefined);
  if (!found) return fine("no events yet");
  if (!found.isFile) {
    return problem(
      `${path} is not a file`,
      "move it away, and put a backup in its place or start anew",
      EXIT.config,
    );
  }
  const { size } = found;
  const deadline = Deadline.in(world.elapsedMs, TAKEN_MS);
  let lock: Deno.FsFile;
  try {
    lock = await lockFile(lockPath(folder), deadline, "the lock");
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    return fine(`events.kv, ${sizeText(size)}, in use by a collector`);
  }
  try {
    // What is in it is what a collector leaves that did not end by itself.
    const isUnclean = await lock.read(new Uint8Array(1)) !== null;
    return await checkFree(path, size, isUnclean);
  } finally {
    lock.close();
  }
}

/** Whether the events can be used that no collector uses. */
async function checkFree(
  path: string,
  size: number,
  isUnclean: boolean,
): Promise<Finding> {
  const text = `events.kv, ${sizeText(size)}`;
  if (!isUnclean && size > CHECKED_BYTES_MAX) {
    return fine(`${text}, left in good order; not read through`);
  }
  const damage = await findDamage(path, { changesNothing: true });
  return damage === undefined
    ? fine(`${text}, sound; no collector runs`)
    : problem(
      `${path} is damaged: ${damage}`,
      "put a backup in its place: kitty-events collector restore; or move events.kv, events.kv-wal and events.kv-shm away to start anew",
      EXIT.config,
    );
}
