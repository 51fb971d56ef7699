/**
 * Who and where this process is: user, home folder, node id.
 *
 * @module
 */

import { sha256Hex } from "../base/digest.ts";
import { KittyError } from "../base/errors.ts";
import type { World } from "../base/world.ts";

/**
 * The node id: the first 12 hex digits of SHA-256 of `hostname:username` in
 * UTF-8, as the Python command line computes it with `socket.gethostname()`
 * and `getpass.getuser()`. `SPEC_KITTY_NODE_ID` overrides it.
 */
export async function generateNodeId(world: World): Promise<string> {
  const given = world.env("SPEC_KITTY_NODE_ID");
  if (given) return given;
  const name = `${world.hostname()}:${await userName(world)}`;
  return await sha256Hex(name, 12);
}

/** The user as `getpass.getuser()` names it; `uid-<n>` in a container without an entry for it. */
export async function userName(world: World): Promise<string> {
  for (const name of ["LOGNAME", "USER", "LNAME", "USERNAME"]) {
    const value = world.env(name);
    if (value) return value;
  }
  return (await passwdEntry(world))?.name ?? `uid-${world.uid() ?? "unknown"}`;
}

/**
 * The folder that holds all files of the program: the one asked for, else
 * `SPEC_KITTY_HOME`, else `.spec-kitty` in the user's home.
 *
 * @returns undefined where the user has no home at all
 */
export async function homeFolder(
  world: World,
  asked?: string,
): Promise<string | undefined> {
  const given = asked || world.env("SPEC_KITTY_HOME");
  if (given) return absolute(world, given);
  const userHome = world.env("HOME") || world.env("USERPROFILE") ||
    (await passwdEntry(world))?.home;
  return userHome ? `${absolute(world, userHome)}/.spec-kitty` : undefined;
}

/** Where the runtime lets no program go that has limited rights, whatever they are. */
const FORBIDDEN = /^\/(?:dev|proc|sys)(?:\/|$)/;

/** Why a folder cannot be a home for this program at all; undefined where it can. */
export async function refusalOf(home: string): Promise<KittyError | undefined> {
  if (!FORBIDDEN.test(home)) return undefined;
  try {
    (await Deno.open(`${home}/clock.lock`, { write: true })).close();
    return undefined;
  } catch (error) {
    // Only a program with all rights gets another answer.
    if (!(error instanceof Deno.errors.NotCapable)) return undefined;
  }
  return new KittyError(
    "home_out_of_reach",
    `the home cannot be ${home}: this program may not use files below /dev, /proc or /sys; set SPEC_KITTY_HOME to a folder elsewhere, such as one below /tmp or /run, or on a volume`,
  );
}

function absolute(world: World, path: string): string {
  const rooted = /^([/\\]|[A-Za-z]:[/\\])/.test(path);
  const full = rooted ? path : `${world.cwd() ?? "."}/${path}`;
  let end = full.length;
  while (end > 1 && full[end - 1] === "/") end--;
  return full.slice(0, end);
}

/**
 * The user's passwd entry. The file is read first because containers seldom
 * set `USER` and `node:os` costs a fifth of a one-shot `emit`; accounts from
 * other sources (LDAP, systemd) only `node:os` knows.
 */
async function passwdEntry(
  world: World,
): Promise<{ name: string; home: string } | undefined> {
  const uid = world.uid();
  if (uid === null) return undefined;
  const text = await Deno.readTextFile("/etc/passwd").catch(() => "");
  for (const line of text.split("\n")) {
    const [name, , id, , , home] = line.split(":");
    if (name && id === String(uid)) return { name, home: home ?? "" };
  }
  try {
    const user = (await import("node:os")).userInfo();
    return { name: String(user.username), home: String(user.homedir ?? "") };
  } catch {
    return undefined;
  }
}

/** The error for a user without a home folder, who named none either. */
export function noHome(): KittyError {
  return new KittyError(
    "no_home",
    "this user has no home folder: set SPEC_KITTY_HOME, or use --home",
  );
}
