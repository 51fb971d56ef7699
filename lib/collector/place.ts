/**
 * Opens the engine that lies at a place: a folder, a store, or nowhere but in
 * memory. Of a store, nothing is loaded before one is named.
 *
 * @module
 */

import type { Log } from "../base/log.ts";
import type { World } from "../base/world.ts";
import {
  type Engine,
  openFolder,
  openSource,
  rebuildFolder,
  type Rebuilt,
  type Settings,
  settingsOf,
  teamsIn,
} from "./engine.ts";
import type { StoreLook } from "./sql/pg_look.ts";
import type { OnStored } from "./events/event_log.ts";
import { logUpgrade, type OnUpgrade } from "./events/upgrading.ts";
import type { Copied } from "./sql/copy.ts";
import { nodeIdOf } from "./identity.ts";
import type { Kept } from "./operator/operator.ts";
import { openKept, runningAt } from "./operator/operator_client.ts";
import { memoryEngine } from "./memory_engine.ts";

/** Where a collector's data lies: in the store, else in the folder, else in memory. */
export interface Place {
  readonly folder: string | undefined;
  /** URL of a PostgreSQL. */
  readonly store?: string | undefined;
}

/** Opens everything. */
export async function openEngine(
  { folder, store }: Place,
  parts: { world: World; onStored: OnStored; log?: Log | undefined },
): Promise<Engine> {
  const { world, onStored, log } = parts;
  if (store !== undefined) {
    const { openPgEngine } = await import("./sql/pg_engine.ts");
    return await openPgEngine(store, parts);
  }
  return folder === undefined
    ? memoryEngine(world, onStored)
    : await openFolder(folder, world, onStored, log && logUpgrade(log));
}

/** Makes anew what is kept beside the events of a place, team by team. */
export async function* rebuild(
  { folder, store }: Place & { folder: string },
  world: World,
  onUpgrade?: OnUpgrade,
): AsyncGenerator<Rebuilt> {
  if (store === undefined) {
    return yield* rebuildFolder(folder, world, onUpgrade);
  }
  const { rebuildStore } = await import("./sql/pg_rebuild.ts");
  yield* rebuildStore(store, world);
}

/** Opens what those work on who keep a collector, whether it runs or not. */
export async function openKeptAt(
  place: Place & { folder: string },
  world: World,
  onUpgrade?: OnUpgrade,
): Promise<Kept> {
  if (place.store === undefined) {
    return await openKept(place.folder, world, onUpgrade);
  }
  const engine = await openEngine(place, { world, onStored: () => {} });
  return {
    events: engine.events,
    records: engine.records,
    instance: await nodeIdOf(engine.records, world),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/**
 * The teams of which events are stored, whether a collector runs or not. Takes
 * no folder, and brings none to its new layout.
 *
 * @throws where they cannot be read
 */
export async function teamsOfEvents(
  place: Place & { folder: string },
  world: World,
): Promise<readonly string[]> {
  const kept = place.store === undefined
    ? await runningAt(place.folder)
    : await openKeptAt(place, world);
  if (!kept) return await teamsIn(place.folder);
  try {
    return await kept.events.teams();
  } finally {
    await kept[Symbol.asyncDispose]();
  }
}

/** Copies what a folder has into a store; no collector may run on the folder. */
export async function* copyFolder(
  folder: string,
  store: string,
  world: World,
  onUpgrade?: OnUpgrade,
): AsyncGenerator<Copied> {
  await using source = await openSource(folder, world, onUpgrade);
  const { copyInto } = await import("./sql/copy.ts");
  yield* copyInto(source, store, world);
}

/** Looks at a store, and changes nothing. */
export async function lookAtStore(
  store: string,
  world: World,
): Promise<StoreLook> {
  const { lookAt } = await import("./sql/pg_look.ts");
  return await lookAt(store, world);
}

/** Opens what commands change; the place may be in use. */
export async function openSettings(
  { folder, store }: Place & { folder: string },
  world: World,
): Promise<Settings & AsyncDisposable> {
  if (store !== undefined) {
    const { openPgSettings } = await import("./sql/pg_engine.ts");
    return await openPgSettings(store, world);
  }
  return {
    ...settingsOf(folder, world),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
