/**
 * A backup of a collector's folder while it runs, and a folder made of one.
 *
 * The command reads the events itself, below Deno KV: SQLite shows it one
 * moment of them, and the collector writes on. All that was acknowledged
 * before that moment is in it.
 *
 * @module
 */

import { KittyError, reasonOf } from "../../base/errors.ts";
import { FILE_MODE, FOLDER_MODE, syncFolder } from "../../base/files.ts";
import type { World } from "../../base/world.ts";
import { fromBytes } from "../../home/queue_layout.ts";
import { keyOf } from "../../home/kv_keys.ts";
import { reservePath } from "../../home/reserve.ts";
import { Snapshot } from "../../home/sqlite.ts";
import { fillEvents } from "../engine.ts";
import type { OnUpgrade } from "../events/upgrading.ts";
import { eventsPath, expectEvents } from "../folder.ts";
import { BACKUP_PIECE_BYTES, SETTINGS_BYTES_MAX } from "../limits.ts";
import { OPERATOR_FILE } from "../operator/operator.ts";
import {
  type BackupEntry,
  type BackupName,
  BackupWriter,
  checkBackup,
  entriesOf,
} from "./backup_file.ts";
import { folderOf } from "./new_file.ts";
import { RestoreLock, unmakeable } from "./restore_lock.ts";

/** What a backup holds. */
export interface BackupSummary {
  /** Events of all teams that were ever stored. */
  readonly events: number;
  readonly teams: number;
  /** Files beside them. */
  readonly files: readonly string[];
}

/**
 * Writes a backup.
 *
 * @returns what it holds, and its size in bytes
 * @throws {KittyError} where there is no collector, its data is damaged, or the
 *   file is there or cannot be written; no file is left behind then
 */
export async function backUp(
  folder: string,
  path: string,
): Promise<BackupSummary & { readonly bytes: number }> {
  await expectOutside(path, folder);
  const writer = await BackupWriter.create(path);
  try {
    const counting = new Summary();
    for await (const entry of contentOf(folder)) {
      counting.see(entry);
      await writer.add(...entry);
    }
    if (!counting.hasEvents) {
      throw new KittyError("not_found", `there is no collector in ${folder}`, {
        hint: "name its home: --home DIR",
      });
    }
    return { ...counting.summary, bytes: await writer.finish() };
  } catch (error) {
    await writer.giveUp();
    throw error;
  }
}

async function* contentOf(folder: string): AsyncIterable<BackupEntry> {
  for (const name of await filesIn(folder)) {
    for await (const piece of piecesOf(`${folder}/${name}`)) {
      yield [["file", name], piece];
    }
  }
  await expectEvents(folder);
  const path = eventsPath(folder);
  if (!await isFile(path)) return;
  try {
    using snapshot = await Snapshot.open(path);
    let after: Uint8Array = new Uint8Array();
    for (let rows; (rows = snapshot.rowsAfter(after)).length > 0;) {
      for (const { k, v } of rows) {
        yield [["kv", ...keyOf(k)] as BackupName, v];
      }
      after = rows.at(-1)!.k;
    }
  } catch (error) {
    if (error instanceof KittyError) throw error;
    throw new KittyError(
      "events_damaged",
      `cannot read ${path}: ${reasonOf(error)}`,
      { hint: "look at the disk; an older backup may be what there is" },
    );
  }
}

/** @throws {KittyError} where a backup would lie among what it is one of, and so in each later one */
async function expectOutside(path: string, folder: string): Promise<void> {
  const around = await Deno.realPath(folderOf(path)).catch(() => undefined);
  const own = await Deno.realPath(folder).catch(() => undefined);
  // What is not there is said by those who need it.
  if (around === undefined || own === undefined) return;
  const isInside = around.startsWith(own) &&
    /^$|^[/\\]/.test(around.slice(own.length));
  if (!isInside) return;
  throw new KittyError(
    "output_failed",
    `cannot write ${path}: it is in the collector's own folder`,
    { hint: "name a file elsewhere, on another disk at best" },
  );
}

/**
 * A file in pieces, as it may be of any size; one of nothing is one empty
 * piece. What is added to it meanwhile is left for the next backup.
 *
 * @throws {KittyError} where it cannot be read: a backup without it would not be whole
 */
async function* piecesOf(path: string): AsyncIterable<Uint8Array> {
  try {
    using file = await Deno.open(path, { read: true });
    const { size } = await file.stat();
    for (let at = 0; at === 0 || at < size;) {
      const piece = new Uint8Array(Math.min(BACKUP_PIECE_BYTES, size - at));
      const count = piece.length > 0 ? await file.read(piece) : 0;
      yield piece.subarray(0, count ?? 0);
      if (!count) return;
      at += count;
    }
  } catch (error) {
    throw new KittyError(
      "settings_damaged",
      `cannot read ${path}: ${reasonOf(error)}`,
      { hint: "look at its rights, or remove it where it is not needed" },
    );
  }
}

/** What lies in a folder to stay, links to files included: not its locks and sockets, nor what is half written. */
async function filesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory, isSymlink } of Deno.readDir(folder)) {
      const isPassing = PASSING.has(name) ||
        /\.(lock|part|sock|tmp)$/.test(name);
      if (isPassing || isOfEvents(name)) continue;
      if (isDirectory || isSymlink && isMount(name)) continue;
      await expectFile(`${folder}/${name}`);
      names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

/** Container engines mount secrets as links into folders of such names. */
function isMount(name: string): boolean {
  return name.startsWith("..");
}

/** @throws {KittyError} for anything but a file or a link to one, and for settings that no collector would read */
async function expectFile(path: string): Promise<void> {
  const found = await Deno.stat(path).catch(() => undefined);
  const sizeMax = /\.json$|\/secret$/.test(path)
    ? SETTINGS_BYTES_MAX
    : Infinity;
  if (found?.isFile && found.size <= sizeMax) return;
  throw new KittyError(
    "settings_damaged",
    `cannot back up ${path}: ${
      found?.isFile
        ? `it has ${found.size} bytes, and at most ${sizeMax} are read`
        : "it is no file, nor a link to one"
    }`,
    { hint: "mend it, or move it away" },
  );
}

/** What running collectors say of themselves, and room that they keep. */
const PASSING: ReadonlySet<string> = new Set([
  OPERATOR_FILE,
  reservePath("").slice(1),
  "collectors.json",
]);

function isOfEvents(name: string): boolean {
  return name.startsWith("events.kv");
}

function isFile(path: string): Promise<boolean> {
  return Deno.stat(path).then(({ isFile }) => isFile, () => false);
}

/** What was seen of a backup. */
class Summary {
  readonly #files = new Set<string>();
  #events = 0;
  #teams = 0;
  hasEvents = false;

  see([name, value]: BackupEntry): void {
    if (name[0] === "file") return void this.#files.add(name[1]);
    this.hasEvents = true;
    if (name[1] !== "team") return;
    this.#teams++;
    this.#events += fromBytes<{ events: number }>(value).events;
  }

  get summary(): BackupSummary {
    return {
      events: this.#events,
      teams: this.#teams,
      files: [...this.#files],
    };
  }
}

/**
 * Makes a folder of a backup. All of the backup is read, and found whole,
 * before anything is written; the folder has its name only once all of it is
 * there.
 *
 * @throws {KittyError} where the backup is damaged, or the folder is not empty
 */
export async function restore(
  path: string,
  named: string,
  world: Pick<World, "elapsedMs">,
  onUpgrade?: OnUpgrade,
): Promise<BackupSummary> {
  // Where it is a link, what it leads to is made, and the link stays.
  const folder = await placeOf(named);
  await expectNothing(folder);
  await checkBackup(path);
  const temporary = `${folder}.restoring`;
  await using _lock = await RestoreLock.take(folder, world);
  // One that had the lock before may have made it meanwhile.
  await expectNothing(folder);
  await Deno.remove(temporary, { recursive: true }).catch(() => {});
  try {
    await Deno.mkdir(temporary, { recursive: true, mode: FOLDER_MODE });
    const summary = await write(path, temporary, onUpgrade);
    // It is empty, if it is there.
    await Deno.remove(folder).catch(() => {});
    await Deno.rename(temporary, folder);
    await syncFolder(folderOf(folder));
    return summary;
  } catch (error) {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
    throw error instanceof KittyError ? error : unmakeable(folder, error);
  }
}

/** Where a folder is to be made. @throws {KittyError} for a link to nothing */
async function placeOf(folder: string): Promise<string> {
  const found = await Deno.lstat(folder).catch(() => undefined);
  if (!found?.isSymlink) return folder;
  try {
    return await Deno.realPath(folder);
  } catch (error) {
    throw new KittyError(
      "folder_unusable",
      `cannot follow the link ${folder}: ${reasonOf(error)}`,
      { hint: "make the folder that it leads to, or remove the link" },
    );
  }
}

async function expectNothing(folder: string): Promise<void> {
  const found: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) found.push(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw unmakeable(folder, error);
  }
  if (found.length === 0) return;
  throw new KittyError("file_exists", `${folder} is not empty`, {
    hint: "restore into another home (--home DIR), or move that folder away",
  });
}

async function write(
  path: string,
  folder: string,
  onUpgrade?: OnUpgrade,
): Promise<BackupSummary> {
  const counting = new Summary();
  const values = async function* () {
    for await (const [name, value] of entriesOf(path)) {
      counting.see([name, value]);
      if (name[0] === "file") await append(folder, name[1], value);
      else yield [name.slice(1) as Deno.KvKey, value] as const;
    }
  };
  await fillEvents(eventsPath(folder), values(), onUpgrade);
  await syncFolder(folder);
  return counting.summary;
}

/** Adds to a file of the folder. */
async function append(
  folder: string,
  name: string,
  content: Uint8Array,
): Promise<void> {
  if (!/^[\w-][\w.-]*$/.test(name) || isOfEvents(name)) {
    throw new KittyError("backup_damaged", "the backup names an odd file", {
      hint: "take another backup",
    });
  }
  using file = await Deno.open(`${folder}/${name}`, {
    append: true,
    create: true,
    mode: FILE_MODE,
  });
  for (let done = 0; done < content.length;) {
    done += await file.write(content.subarray(done));
  }
  await file.sync();
}
