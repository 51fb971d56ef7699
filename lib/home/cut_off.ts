/**
 * A database whose log was taken away while this process had it open. SQLite
 * goes on writing into a file without a name then: all that is stored from
 * there on would be gone with the process, and what others store never seen by
 * it.
 *
 * @module
 */

import { Deadline, pause } from "../base/deadline.ts";
import { type KittyError, queueUnusable, reasonOf } from "../base/errors.ts";
import { FILE_MODE, isTaken } from "../base/files.ts";
import { HOUSEKEEPING_TIMEOUT_MS } from "../base/limits.ts";
import type { World } from "../base/world.ts";
import { copyQueue } from "./compact.ts";
import { closeToOthers, makeAsideFolder, queuePath } from "./queue_file.ts";
import { foldFile } from "./sqlite.ts";

/**
 * Keeps the queue as this process knows it, in a file of its own. Its handle
 * must never be closed: closing would fold its log over what others have
 * stored since.
 *
 * @returns what is to be said of it; the queue is of no use to this process any more
 */
export async function keepView(
  home: string,
  kv: Deno.Kv,
  world: Pick<World, "elapsedMs" | "nowMs">,
): Promise<KittyError> {
  const found = `SQLite's log of ${
    queuePath(home)
  } was removed or replaced while this process had the queue open`;
  try {
    const folder = await makeAsideFolder(home, world.nowMs());
    const path = queuePath(folder);
    const deadline = Deadline.in(world.elapsedMs, HOUSEKEEPING_TIMEOUT_MS);
    await deadline.race(
      copyQueue(kv, path).then(() => closeToOthers(path))
        .then(() => foldFile(path)),
      "copy the queue",
    );
    return queueUnusable(
      `${found}; what the process knew of it is in ${folder}`,
      `start the process again, and bring the events back: kitty-events queue import --from ${folder}`,
    );
  } catch (error) {
    return queueUnusable(
      `${found}, and what the process knew of it could not be copied: ${
        reasonOf(error)
      }`,
      "start the process again",
    );
  }
}

/** How long to wait between two looks whether a database is closed. */
const CLOSING_LOOK_MS = 10;

/**
 * Closes a database that only this process has open, and waits until SQLite
 * has put all of its log into the file: ended before, with a log that has no
 * name any more, it would leave the file half written.
 *
 * @returns whether that was seen to its end
 */
export async function closeWhole(
  kv: Deno.Kv,
  path: string,
  deadline: Deadline,
): Promise<boolean> {
  const log = `${path}-wal`;
  // SQLite removes what lies at this path as the last thing that it does.
  await Deno.writeFile(log, new Uint8Array(), {
    createNew: true,
    mode: FILE_MODE,
  }).catch(() => {});
  kv.close();
  while (await isTaken(log)) {
    if (deadline.leftMs <= 0) return false;
    await pause(CLOSING_LOOK_MS);
  }
  return true;
}
