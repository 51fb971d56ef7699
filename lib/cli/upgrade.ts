/**
 * A collector's folder that an older program has left, on its way to the new
 * layout while a command waits for it.
 *
 * @module
 */

import type { OnUpgrade } from "../collector/events/upgrading.ts";
import type { Call } from "./command.ts";
import { Progress } from "./progress.ts";

/** Shows how far it is, where it takes long: `sync now` does the same. */
export function upgradeShown({ terminal, world, out }: Call): OnUpgrade {
  let progress: Progress | undefined;
  return (done, total) => {
    progress ??= new Progress(terminal, world, {
      total,
      isShown: !out.mode.quiet && !out.mode.json,
      heading: "bringing the ids of events to a new layout, once",
    });
    if (done < total) progress.show(done);
    else void progress.end();
  };
}
