/**
 * Unix sockets and their paths: an address takes a hundred bytes or so, and a
 * home may lie deeper than that.
 *
 * @module
 */

import { sha256Hex } from "./digest.ts";
import { FILE_MODE, FOLDER_MODE } from "./files.ts";
import type { World } from "./world.ts";

/** Bytes of a path that fit into an address, its end included. */
const ADDRESS_BYTES = Deno.build.os === "darwin" ? 104 : 108;

/** Whether a socket can be at a path. */
export function fitsSocket(path: string): boolean {
  return new TextEncoder().encode(path).length < ADDRESS_BYTES;
}

/**
 * Where a socket of a folder is: there, or, where that is too long, at a path
 * made from it in the user's private folder for such things.
 *
 * @throws {Error} where no private folder can be had
 */
export async function socketPathIn(
  folder: string,
  name: string,
  world: Pick<World, "env" | "uid">,
): Promise<string> {
  const path = `${folder}/${name}`;
  if (fitsSocket(path)) return path;
  return await shortSocketPath(folder, name, world);
}

/**
 * Serves at a socket of a folder, for this user alone: there, else where it is
 * short, as not every disk can hold a socket. Only one at a time may have the
 * folder.
 *
 * @param serve listens at a path
 * @param onFailure hears why there is none at a place
 * @returns undefined where no place will do, as on Windows
 */
export async function serveAtSocket<Server>(
  folder: string,
  name: string,
  world: Pick<World, "env" | "uid">,
  serve: (path: string) => Server,
  onFailure?: (error: unknown) => void,
): Promise<Server | undefined> {
  if (Deno.build.os === "windows") return undefined;
  for (const find of [socketPathIn, shortSocketPath]) {
    try {
      const path = await find(folder, name, world);
      // Left by one that was killed.
      await Deno.remove(path).catch(() => {});
      const server = serve(path);
      await Deno.chmod(path, FILE_MODE);
      return server;
    } catch (error) {
      onFailure?.(error);
    }
  }
  return undefined;
}

/** Whether a program listens on the socket at a path: one that was killed leaves the file alone. */
export async function isListenedTo(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch (error) {
    // So many wait already that no more may.
    return error instanceof Deno.errors.WouldBlock;
  }
}

/** As {@link socketPathIn}, never in the folder itself. */
async function shortSocketPath(
  folder: string,
  name: string,
  world: Pick<World, "env" | "uid">,
): Promise<string> {
  // One home has one path, whatever links lead to it.
  const real = await Deno.realPath(folder);
  const label = await sha256Hex(real, 16);
  return `${await privateFolder(world)}/${label}-${name.replace(/^\./, "")}`;
}

/** A folder that no other user may enter: the session's, else one among the temporary files. */
async function privateFolder(
  { env, uid }: Pick<World, "env" | "uid">,
): Promise<string> {
  const me = uid();
  const runtime = env("XDG_RUNTIME_DIR");
  const temporary = env("TMPDIR");
  const own = (folder: string | undefined, name: string): string[] =>
    folder?.startsWith("/") && fitsSocket(`${folder}/${name}/${LONGEST_NAME}`)
      ? [`${folder}/${name}`]
      : [];
  const name = `kitty-events-${me}`;
  const amongTemporary = own(temporary, name);
  const candidates = [
    ...own(runtime, "kitty-events"),
    ...amongTemporary.length > 0 ? amongTemporary : own("/tmp", name),
  ];
  const reasons: string[] = [];
  for (const path of candidates) {
    try {
      await Deno.mkdir(path, { mode: FOLDER_MODE }).catch((error) => {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      });
      // The name can be foreseen: a link, or another user's folder, is not ours.
      const { isDirectory, uid: owner, mode } = await Deno.lstat(path);
      if (isDirectory && owner === me && ((mode ?? 0) & 0o077) === 0) {
        return path;
      }
      reasons.push(`${path} is not a folder of this user alone`);
    } catch (error) {
      reasons.push(`${path}: ${(error as Error).message}`);
    }
  }
  throw new Error(
    `there is no private folder for a short path (${reasons.join("; ")})`,
  );
}

/** A label, a dash and the longest name of a socket. */
const LONGEST_NAME = `${"x".repeat(16)}-requests.sock`;
