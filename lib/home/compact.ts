/**
 * Gives the room of removed events back to the disk. The file only ever grows
 * by itself.
 *
 * SQLite's own way is not open to a program without all rights of its user. So
 * what is left is copied into a new file, which then takes the old one's
 * place. Needs the home's lock.
 *
 * @module
 */

import {
  FILE_MODE,
  removeIfThere,
  syncFolder,
  withRoom,
} from "../base/files.ts";
import { fillKv } from "./kv_fill.ts";
import { queuePath } from "./queue_file.ts";
import { foldFile } from "./sqlite.ts";
import { makeRoom } from "./reserve.ts";

/** The queue's files, by what follows their common name. */
const ENDINGS = ["", "-wal", "-shm"];

/**
 * Compacts a home's queue. Its handles are of the old file then: whoever has
 * one finds another file at the next hold, and opens that.
 *
 * @throws {KittyError} while another process reads the queue
 */
export async function compactQueue(
  home: string,
  kv: Deno.Kv,
): Promise<{ bytes_before: number; bytes_after: number }> {
  const path = queuePath(home), fresh = `${path}.compact`;
  const bytes_before = await sizeOnDisk(path);
  try {
    await withRoom(async () => {
      await removeAll(fresh, ENDINGS);
      await copyQueue(kv, fresh);
    }, () => makeRoom(home));
    await foldFile(fresh);
    // All of the old file is in it now, so that a crash from here on finds one of the two whole.
    await foldFile(path);
    await removeAll(path, ["-wal", "-shm"]);
    if (Deno.build.os !== "windows") await Deno.chmod(fresh, FILE_MODE);
    await Deno.rename(fresh, path);
    await syncFolder(home);
  } finally {
    await removeAll(fresh, ENDINGS);
  }
  return { bytes_before, bytes_after: await sizeOnDisk(path) };
}

/** Copies all of a queue into a new file. */
export async function copyQueue(from: Deno.Kv, path: string): Promise<void> {
  const to = await Deno.openKv(path);
  try {
    await fillKv(to, allOf(from));
  } finally {
    to.close();
  }
}

async function* allOf(kv: Deno.Kv) {
  for await (const { key, value } of kv.list<Uint8Array>({ prefix: [] })) {
    yield [key, value] as const;
  }
}

async function removeAll(
  path: string,
  endings: readonly string[],
): Promise<void> {
  for (const ending of endings) await removeIfThere(path + ending);
}

async function sizeOnDisk(path: string): Promise<number> {
  const sizes = await Promise.all(
    ["", "-wal"].map((end) =>
      Deno.stat(path + end).then((stat) => stat.size, () => 0)
    ),
  );
  return sizes.reduce((sum, size) => sum + size);
}
