/**
 * The engine on PostgreSQL. Nothing of it is loaded unless a store is named.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { World } from "../../base/world.ts";
import type { Engine, Settings } from "../engine.ts";
import type { OnStored } from "../events/event_log.ts";
import { PgAudit } from "./pg_audit.ts";
import { PgEventLog } from "./pg_event_log.ts";
import { PgRecords } from "./pg_records.ts";
import { openStore } from "./pg_store.ts";

/** How a store is opened. */
export interface OpenParts {
  readonly world: World;
  readonly onStored: OnStored;
  readonly log?: Log | undefined;
}

/**
 * Opens the engine on a store.
 *
 * @throws {KittyError} for a URL that is wrong, and a store that cannot be used
 */
export async function openPgEngine(
  url: string,
  { world, onStored, log }: OpenParts,
): Promise<Engine> {
  await using undo = new AsyncDisposableStack();
  const store = undo.use(await openStore(url, world));
  const events = undo.use(new PgEventLog({ store, onStored, log }));
  const records = new PgRecords(store);
  const whole = undo.move();
  return {
    events,
    records,
    settings: records,
    audit: new PgAudit(store),
    abort: () => store.abort(),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/**
 * Opens what commands change.
 *
 * @throws {KittyError} as `openPgEngine`
 */
export async function openPgSettings(
  url: string,
  world: World,
): Promise<Settings & AsyncDisposable> {
  const store = await openStore(url, world);
  return {
    settings: new PgRecords(store),
    audit: new PgAudit(store),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
