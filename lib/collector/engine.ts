/**
 * What stores everything that the collector has to remember. Only this file
 * says which engine that is.
 *
 * @module
 */

import { Deadline } from "../base/deadline.ts";
import { fillKv } from "../home/kv_fill.ts";
import { keysBelow } from "../home/sqlite.ts";
import { isThere, removeIfThere } from "../base/files.ts";
import { withStartRoom } from "./disk_room.ts";
import type { World } from "../base/world.ts";
import type { AuditLog } from "./audit/audit.ts";
import { FileAudit } from "./audit/file_audit.ts";
import type { EventLog, OnStored } from "./events/event_log.ts";
import {
  type BesideEvents,
  besideEvents,
  type GoneEvent,
  goneEvents,
} from "./events/kv_beside.ts";
import { KvEventLog } from "./events/kv_event_log.ts";
import { KvStore } from "./events/kv_store.ts";
import { TEAMS } from "./events/layout.ts";
import { rebuildTeam, type Rebuilt } from "./events/kv_rebuild.ts";
import type { OnUpgrade } from "./events/upgrading.ts";
import { eventsPath, HeldFolder, oldSecret, oldSecretPath } from "./folder.ts";
import { adoptSecret } from "./identity.ts";
import { FOLDING_MS_MAX } from "./limits.ts";
import { FileRecords } from "./records/file_records.ts";
import { KvRecords } from "./records/kv_records.ts";
import type { Records } from "./records/records.ts";

export type { BesideEvents, GoneEvent, Rebuilt };

/** What commands change, also while a collector runs. */
export interface Settings {
  readonly settings: Records;
  readonly audit: AuditLog;
}

/**
 * The settings that lie in a folder: files.
 *
 * @param held of the collector that has the folder
 */
export function settingsOf(
  folder: string,
  world: World,
  held?: HeldFolder,
): Settings {
  return {
    settings: new FileRecords(folder, world, held),
    audit: new FileAudit(folder, held),
  };
}

/** Everything stored, opened. */
export interface Engine extends AsyncDisposable, Settings {
  readonly events: EventLog;
  /** What running collectors change. */
  readonly records: Records;
  /** Rejects where what is stored was found to be taken away: nothing can be stored any more. */
  readonly lost?: Promise<never>;
  /** Looks whether it was. */
  look?(): Promise<void>;
  /** Gives up what waits for others, so that the end need not wait for it. */
  abort?(): void;
}

/**
 * Opens the engine that lies in a folder: Deno KV and a few files.
 *
 * @throws {KittyError} where another collector has the folder, or it is damaged
 */
export async function openFolder(
  folder: string,
  world: World,
  onStored: OnStored,
  onUpgrade?: OnUpgrade,
): Promise<Engine> {
  return (await openAll(folder, world, onStored, onUpgrade)).engine;
}

/** All that lies in a folder, to be copied elsewhere. */
export interface Source extends AsyncDisposable {
  readonly engine: Engine;
  /** What lies beside the events of a team. */
  beside(team: string): Promise<BesideEvents>;
  /** The events of a team that were removed. */
  gone(team: string): AsyncIterable<GoneEvent>;
}

/** Opens a folder as {@link openFolder} does, to be read. */
export async function openSource(
  folder: string,
  world: World,
  onUpgrade?: OnUpgrade,
): Promise<Source> {
  const { engine, store } = await openAll(folder, world, () => {}, onUpgrade);
  return {
    engine,
    beside: (team) => besideEvents(store, team),
    gone: (team) => goneEvents(store, team),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

interface Opened {
  readonly engine: Engine;
  readonly store: KvStore;
}

function openAll(
  folder: string,
  world: World,
  onStored: OnStored,
  onUpgrade?: OnUpgrade,
): Promise<Opened> {
  return withStartRoom(
    folder,
    () => openOnce(folder, world, onStored, onUpgrade),
  );
}

async function openOnce(
  folder: string,
  world: World,
  onStored: OnStored,
  onUpgrade?: OnUpgrade,
): Promise<Opened> {
  await using undo = new AsyncDisposableStack();
  const held = await HeldFolder.take(folder, world);
  undo.defer(() => held.release());
  const store = await KvStore.open(eventsPath(folder), onUpgrade);
  undo.defer(() => store.close(Deadline.in(world.elapsedMs, FOLDING_MS_MAX)));
  const records = new KvRecords(store.kv, () => store.expectThere());
  const settings = settingsOf(folder, world, held);
  const secret = await oldSecret(folder);
  if (secret) {
    await adoptSecret(secret, records, settings.settings, world);
    await removeIfThere(oldSecretPath(folder));
  }
  await store.room.begin();
  const whole = undo.move();
  const engine = {
    events: new KvEventLog(store, onStored, world.nowMs),
    records,
    lost: store.lost,
    look: () => store.look(),
    ...settings,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
  return { engine, store };
}

/**
 * The teams of which a folder has events; takes and changes nothing, so it may
 * be in use, or wait for its new layout.
 *
 * @throws where they cannot be read
 */
export async function teamsIn(folder: string): Promise<readonly string[]> {
  const path = eventsPath(folder);
  if (!await isThere(path)) return [];
  return (await keysBelow(path, TEAMS)).map((key) => String(key[1]));
}

/**
 * Makes anew what is stored beside the events of a folder, team by team.
 *
 * @throws {KittyError} where a collector has the folder, or it is damaged
 */
export async function* rebuildFolder(
  folder: string,
  world: World,
  onUpgrade?: OnUpgrade,
): AsyncGenerator<Rebuilt> {
  const held = await withStartRoom(
    folder,
    () => HeldFolder.take(folder, world),
  );
  try {
    using store = await KvStore.open(eventsPath(folder), onUpgrade);
    for (const team of await store.teams()) {
      yield await rebuildTeam(store, team);
    }
  } finally {
    await held.release();
  }
}

/**
 * Makes a file of events of all its values.
 *
 * @throws {KittyError} where a newer program has written them
 */
export async function fillEvents(
  path: string,
  values: AsyncIterable<readonly [Deno.KvKey, Uint8Array]>,
  onUpgrade?: OnUpgrade,
): Promise<void> {
  {
    using store = await KvStore.open(path);
    await fillKv(store.kv, values);
  }
  using _ = await KvStore.open(path, onUpgrade);
}
