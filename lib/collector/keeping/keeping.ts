/**
 * What a running collector does for those who keep it, beside its server.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { World } from "../../base/world.ts";
import type { Services } from "../services.ts";
import { serveOperator } from "../operator/operator_server.ts";

/** What it works with. */
export interface KeepingParts {
  readonly world: World;
  readonly log: Log;
  /** Where its data lies; undefined: in memory. */
  readonly folder: string | undefined;
}

/** Starts all of it. */
export async function startKeeping(
  { world, log, folder }: KeepingParts,
  { engine, nodeId, sinks }: Services,
): Promise<AsyncDisposable> {
  await using undo = new AsyncDisposableStack();
  const { events, records } = engine;
  if (folder !== undefined) {
    const kept = { events, records, instance: nodeId };
    undo.use(await serveOperator({ world, log, folder, kept }));
  }
  sinks.start();
  undo.defer(() => sinks.stop());
  return undo.move();
}
