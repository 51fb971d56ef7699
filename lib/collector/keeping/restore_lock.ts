/**
 * One restore of a folder at a time: two would write into one another's, and
 * the first to end would give its name to what the other has half written.
 *
 * @module
 */

import { Deadline } from "../../base/deadline.ts";
import { DeadlineError, KittyError, reasonOf } from "../../base/errors.ts";
import { isStillAt, lockFile } from "../../base/files.ts";
import type { World } from "../../base/world.ts";
import { LOCK_MS_MAX } from "../limits.ts";

/** The lock, in a file beside the folder: Windows renames no folder with an open file in it. */
export class RestoreLock implements AsyncDisposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Waits for its turn, but not for long: who gives the lock back may have made
   * the folder, or failed.
   *
   * @throws {KittyError} where another restore goes on having it, or it cannot be made
   */
  static async take(
    folder: string,
    world: Pick<World, "elapsedMs">,
  ): Promise<RestoreLock> {
    const path = `${folder}.restoring.lock`;
    const deadline = Deadline.in(world.elapsedMs, LOCK_MS_MAX);
    try {
      for (;;) {
        const file = await lockFile(path, deadline, "the lock of the restore");
        // Whoever had it before has removed it: another may have made it anew.
        if (await isStillAt(path, file)) return new RestoreLock(path, file);
        file.close();
      }
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw unmakeable(folder, error);
    }
    throw new KittyError("busy", `another restore makes ${folder}`, {
      hint: "wait for its end, and see what it has made",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (Deno.build.os === "windows") this.#file.close();
    await Deno.remove(this.#path).catch(() => {});
    if (Deno.build.os !== "windows") this.#file.close();
  }
}

/** What is said of a folder that cannot be made. */
export function unmakeable(folder: string, error: unknown): KittyError {
  return new KittyError(
    "folder_unusable",
    `cannot make ${folder}: ${reasonOf(error)}`,
    { hint: "look at the folder around it, and at the disk's free space" },
  );
}
