/**
 * The disk under the home: what it is, how long it takes, how much is left.
 *
 * @module
 */

import { freeBytes } from "../base/files.ts";
import { sizeText } from "../base/amounts.ts";
import { reasonOf } from "../base/errors.ts";
import { type Finding, fine, problem, warning } from "./finding.ts";
import { nearestFolder, probe } from "./home_checks.ts";
import { ROOM_PROBLEM_BYTES, ROOM_WARN_BYTES, SLOW_SYNC_MS } from "./limits.ts";
import { isNetwork, isThrowAway, mountOf } from "./mounts.ts";
import type { Patient } from "./patient.ts";

/** What the home lies on. */
export async function checkFileSystem(
  { home, world }: Patient,
): Promise<Finding> {
  if (Deno.build.os !== "linux") return fine("not known on this system");
  const folder = await Deno.realPath(await nearestFolder(home));
  let mounts: string;
  try {
    mounts = await Deno.readTextFile("/proc/self/mountinfo");
  } catch {
    // The runtime lets only programs with all rights look there.
    return fine("not known to this program");
  }
  const mount = mountOf(mounts, folder);
  if (!mount) return fine("not known here");
  if (isNetwork(mount)) {
    return warning(
      `${mount.type}, on another machine: its locks may not hold between machines`,
      "use a home on a disk of this machine, one for each machine",
    );
  }
  if (isThrowAway(mount) && !world.env("SPEC_KITTY_NODE_ID")) {
    return warning(
      `${mount.type}, gone with this machine or its container, together with clock and queue`,
      "mount a volume there; or give each container an id of its own in SPEC_KITTY_NODE_ID, and send what it recorded before it ends: kitty-events sync now",
    );
  }
  return fine(mount.type);
}

/** Whether what is written reaches the disk, and how soon. */
export async function checkSync({ home, world }: Patient): Promise<Finding> {
  let ms: number;
  try {
    ms = await probe(await nearestFolder(home), world.elapsedMs);
  } catch (error) {
    return problem(
      `nothing can be synced to the disk: ${reasonOf(error)}`,
      "look at the folder's owner and mode, at the free space and at the disk",
    );
  }
  const took = `one fsync took ${ms.toFixed(1)} ms`;
  return ms < SLOW_SYNC_MS ? fine(took) : warning(
    `${took}, and an emit makes several`,
    "use a faster disk for the home, or record many events through one emit --stdin",
  );
}

/** Whether there is room for more. */
export function checkRoom({ home }: Patient): Promise<Finding> {
  return roomAt(home);
}

/** The same of any folder, there or not. */
export async function roomAt(folder: string): Promise<Finding> {
  let bytes: number;
  try {
    bytes = await freeBytes(await nearestFolder(folder));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotSupported)) throw error;
    return fine("not known: the file system does not tell");
  }
  const room = `${sizeText(bytes)} free`;
  if (bytes < ROOM_PROBLEM_BYTES) {
    return problem(
      room,
      "make room on the disk; events are lost when it is full",
    );
  }
  return bytes < ROOM_WARN_BYTES
    ? warning(room, "make room on the disk before it is full")
    : fine(room);
}
