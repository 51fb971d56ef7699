/**
 * A collector's folder that an older program has left, on its way to the new
 * layout while a command waits for it.
 *
 * @module
 */

import type { OnUpgrade } from "../collector/events/upgrading.ts";
import type { Call } from "./command.ts";
import { Progress } from "./progress.ts";

/**
 * Does work that may have to wait for such a folder, and shows how far that is
 * where it takes long: `sync now` does the same.
 */
export async function withUpgradeShown<T>(
  { terminal, world, out }: Pick<Call, "terminal" | "world" | "out">,
  work: (onUpgrade: OnUpgrade) => Promise<T>,
): Promise<T> {
  let progress: Progress | undefined;
  try {
    return await work((done, total) => {
      progress ??= new Progress(terminal, world, {
        total,
        isShown: !out.mode.quiet && !out.mode.json,
        heading: "bringing the ids of events to a new layout, once",
      });
      if (done < total) progress.show(done);
      else void progress.end();
    });
  } finally {
    // Where it failed, too: what is said of that is on a line of its own.
    await progress?.end();
  }
}
