/**
 * The files of an SQLite database: which they are, and whether it can be
 * opened with them. Who has one open keeps its log and the log's index from
 * going; where they went all the same, all that is stored from there on is gone
 * with the process.
 *
 * @module
 */

import { queueUnusable } from "../base/errors.ts";

/** What SQLite makes beside a database, by what follows its name: they belong to it and move with it. */
export const COMPANIONS = ["-wal", "-shm", "-journal"] as const;

/** Device, inode and birth, in a word. Windows lets nobody remove what is open, and may not tell. */
export function identityOf({ dev, ino, birthtime }: Deno.FileInfo): string {
  return `${dev}:${ino}:${birthtime?.getTime() ?? 0}`;
}

/** Of a path where there is no file. */
export const NO_FILE = "none";

/**
 * Of what lies at a path; `NO_FILE` where nothing does.
 *
 * @throws where the disk does not tell
 */
export async function identityAt(path: string): Promise<string> {
  try {
    return identityOf(await Deno.stat(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return NO_FILE;
    throw error;
  }
}

/**
 * Of a database's log and its index.
 *
 * @throws as `identityAt`
 */
export async function logIdentity(path: string): Promise<string> {
  const both = [identityAt(`${path}-wal`), identityAt(`${path}-shm`)];
  return (await Promise.all(both)).join(" ");
}

/**
 * Sees to it that nothing lies beside a database that holds up or ends who
 * opens it. SQLite waits for ever for the other end of a pipe, and a thread of
 * Deno KV takes the whole process along where it may not write.
 *
 * @throws {KittyError} where that is so
 */
export async function expectOpenable(path: string): Promise<void> {
  const own = lookAt(path);
  for (const end of COMPANIONS) {
    const companion = path + end, stat = lookAt(companion);
    if (!stat) continue;
    if (!stat.isFile) throw queueUnusable(`${companion} is not a file`);
    // SQLite makes them as the database is: only another one needs a closer look.
    const isAlike = stat.uid === own?.uid && stat.mode === own?.mode;
    // Of a group nobody can tell without opening it.
    const isShared = ((stat.mode ?? 0) & 0o022) !== 0;
    if (!isAlike && !isShared) await expectWritable(companion);
  }
}

/** At once: asking another thread four times would cost an emit a fiftieth of its time, and opening comes right behind it. */
function lookAt(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}

/** Opens nothing: closing a file lets go of all locks that this process has on it. */
async function expectWritable(path: string): Promise<void> {
  const { access, constants } = await import("node:fs/promises");
  try {
    await access(path, constants.W_OK);
  } catch (error) {
    if ((error as { code?: string }).code !== "EACCES" || isRoot()) return;
    throw queueUnusable(
      `this user may not write ${path}`,
      "make it this user's own, and writable, as events.kv beside it",
    );
  }
}

/** Modes keep the superuser from nothing, and the runtime's own look goes by them alone. */
function isRoot(): boolean {
  // A library must not have a person asked for a right that it was not given.
  const right = { name: "sys", kind: "uid" } as const;
  return Deno.permissions.querySync(right).state === "granted" &&
    Deno.uid() === 0;
}
