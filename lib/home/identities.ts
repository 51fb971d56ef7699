/**
 * Which files lie at the paths of an SQLite database. Who has one open keeps
 * its log and the log's index from going; where they went all the same, all
 * that is stored from there on is gone with the process.
 *
 * @module
 */

/** Device, inode and birth, in a word. Windows lets nobody remove what is open, and may not tell. */
export function identityOf({ dev, ino, birthtime }: Deno.FileInfo): string {
  return `${dev}:${ino}:${birthtime?.getTime() ?? 0}`;
}

/** Of what lies at a path; `none` where nothing does, or it cannot be looked at. */
export function identityAt(path: string): Promise<string> {
  return Deno.stat(path).then(identityOf, () => "none");
}

/** Of a database's log and its index. */
export async function logIdentity(path: string): Promise<string> {
  const both = [identityAt(`${path}-wal`), identityAt(`${path}-shm`)];
  return (await Promise.all(both)).join(" ");
}
