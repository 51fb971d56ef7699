/** A server that takes connections and says nothing, and events recorded meanwhile. */

import { strictEqual } from "node:assert/strict";
import { inTrial, runBounded, type Trial } from "./delivery_trial.ts";
import { silentAccept } from "./fault/pipe.ts";
import { documentsOf } from "./program.ts";

/** A home that is logged in at a server that has fallen silent. */
export function withSilence(
  work: (trial: Trial) => Promise<void>,
): Promise<void> {
  return inTrial(async (trial) => {
    trial.proxy.inject(silentAccept());
    trial.proxy.freeze();
    await work(trial);
  });
}

/** One event by a process of its own: recorded whatever the server does; how long it took. */
export async function emitBounded(
  home: string,
  ...options: string[]
): Promise<number> {
  const { code, stdout, stderr, ms } = await runBounded(
    [
      "emit",
      "wp-status-changed",
      "WP01",
      "planned",
      "doing",
      "--json",
      ...options,
    ],
    { SPEC_KITTY_HOME: home },
  );
  strictEqual(code, 0, stderr);
  strictEqual(documentsOf(stdout)[0].status, "queued");
  return ms;
}
