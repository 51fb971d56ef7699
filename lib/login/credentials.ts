/**
 * The home's `credentials`: who is logged in where. The Python command line
 * reads and writes the same file, so one login serves both.
 *
 * It changes under `credentials.lock`, and by rename only, so that readers
 * need no lock.
 *
 * @module
 */

import { makeRoom } from "../home/reserve.ts";
import { knownTeam } from "../base/config.ts";
import type { Deadline } from "../base/deadline.ts";
import { reasonOf } from "../base/errors.ts";
import {
  FILE_MODE,
  fileStamp,
  isDiskFull,
  isStillAt,
  lockFile,
  removeIfThere,
  syncFolder,
  withRoom,
  writeDurably,
} from "../base/files.ts";
import { CREDENTIALS_BYTES_MAX } from "../base/limits.ts";
import { readServerUrl } from "./server_url.ts";
import { isKey, isToken, type Tokens } from "./tokens.ts";

/** Who is logged in, and where. */
export interface Credentials {
  /** The server that issued the tokens, and the only one they are sent to. */
  readonly serverUrl: URL;
  readonly username: string | undefined;
  readonly teamSlug: string | undefined;
  /** Undefined: the session is over. */
  readonly tokens: Tokens | undefined;
  /** Set where the session is over and was by a collector's token, not by a password. */
  readonly wasByToken?: true;
}

/** What the file turned out to be. */
export type CredentialsFinding =
  & (
    | { readonly kind: "none" }
    /** No one is logged in; `why` never quotes the file. */
    | { readonly kind: "unusable"; readonly why: string }
    | {
      readonly kind: "found";
      readonly credentials: Credentials;
      /** When they were last written, by a process that had just got tokens from the server. */
      readonly storedAtMs: number | undefined;
    }
  )
  & { readonly warning?: string };

/** Path of a home's credentials. */
export function credentialsPath(home: string): string {
  return `${home}/credentials`;
}

/** Reads a home's credentials. Never rejects. */
export async function readCredentials(
  home: string,
): Promise<CredentialsFinding> {
  const { tables, why, warning, storedAtMs } = await readTables(home);
  const advice = warning === undefined ? {} : { warning };
  if (why !== undefined) return { kind: "unusable", why, ...advice };
  if (!tables) return { kind: "none" };
  try {
    const credentials = credentialsOf(tables);
    return { kind: "found", credentials, storedAtMs, ...advice };
  } catch (error) {
    return { kind: "unusable", why: reasonOf(error), ...advice };
  }
}

/** The credentials while no one else may change them. */
export interface HeldCredentials {
  read(): Promise<CredentialsFinding>;
  /**
   * Takes the room on the disk that new tokens need, before a server is asked
   * for them: the old ones are good only once.
   *
   * @throws where there is none
   */
  takeRoom(): Promise<void>;
  /**
   * Stores them. What else stands in the file stays; a file that cannot be
   * read is set aside.
   *
   * @returns the new name of a file that was set aside
   */
  write(credentials: Credentials, nowMs: number): Promise<string | undefined>;
  /** Removes the file, read or not. False: there was none. */
  remove(): Promise<boolean>;
}

/**
 * Does work while no one else may change the credentials; makes the home where
 * there is none.
 *
 * @throws {DeadlineError} when others hold them for longer
 */
export async function holdCredentials<T>(
  home: string,
  deadline: Deadline,
  work: (held: HeldCredentials) => Promise<T>,
): Promise<T> {
  using _lock = await takeLock(home, deadline);
  try {
    return await work({
      read: () => readCredentials(home),
      takeRoom: () => takeRoom(home),
      write: (credentials, nowMs) => write(home, credentials, nowMs),
      remove: () => remove(home),
    });
  } finally {
    // Room that was not used, or what a crash left.
    await removeIfThere(temporaryPath(home)).catch(() => {});
  }
}

type Tables = Record<string, unknown>;

/** The file's tables; neither tables nor `why` where there is no file. */
async function readTables(
  home: string,
): Promise<
  { tables?: Tables; why?: string; warning?: string; storedAtMs?: number }
> {
  const path = credentialsPath(home);
  let text: string, mode: number | null, storedAtMs: number | undefined;
  try {
    // Opening a pipe would wait for its writer.
    const { isFile, size, mode: found, mtime } = await Deno.stat(path);
    if (!isFile) return { why: "it is not a file" };
    if (size > CREDENTIALS_BYTES_MAX) return { why: "it is too large" };
    mode = found;
    storedAtMs = mtime?.getTime();
    const decoder = new TextDecoder("utf-8", { fatal: true });
    text = decoder.decode(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    if (error instanceof TypeError) return { why: "it is not valid UTF-8" };
    return { why: reasonOf(error) };
  }
  const isOpen = Deno.build.os !== "windows" && ((mode ?? 0) & 0o077) !== 0;
  const advice = isOpen
    ? { warning: `others may read ${path}; try: chmod 600 ${path}` }
    : {};
  try {
    const { parse } = await import("../base/toml.ts");
    const tables = parse(text, { integersAsBigInt: "asNeeded" });
    return { tables, ...storedAtMs !== undefined && { storedAtMs }, ...advice };
  } catch (error) {
    // The library's message quotes the line, and a line holds a secret.
    const line = (error as { line?: number }).line;
    const why = `it is not valid TOML${line ? ` (line ${line})` : ""}`;
    return { why, ...advice };
  }
}

/** @throws {Error} for a server or a token that cannot be one */
function credentialsOf(tables: Tables): Credentials {
  const text = (table: string, key: string): string => {
    const value = tableOf(tables, table)[key] ?? "";
    if (typeof value === "string") return value;
    throw new Error(`${table}.${key} is not text`);
  };
  const token = (key: string): string => {
    const value = text("tokens", key);
    if (value === "" || isToken(value)) return value;
    throw new Error(`tokens.${key} is not a token`);
  };
  const access = token("access"), refresh = token("refresh");
  return {
    // Whether it may be plain http, the settings of the moment say.
    serverUrl: readServerUrl(text("server", "url"), undefined, true),
    username: text("user", "username") || undefined,
    teamSlug: knownTeam(text("user", "team_slug")),
    tokens: access || refresh
      ? {
        access,
        refresh,
        accessExpiresAtMs: readTime(text("tokens", "access_expires_at")),
        refreshExpiresAtMs: readTime(text("tokens", "refresh_expires_at")),
      }
      : undefined,
    ...!access && !refresh && text("user", LOGIN) === BY_TOKEN &&
      { wasByToken: true },
  };
}

/** What the file says in `user`, for as long as a token that the server did not take any more is not replaced. */
const LOGIN = "login", BY_TOKEN = "token";

function tableOf(tables: Tables, name: string): Tables {
  const table = tables[name] ?? {};
  if (typeof table === "object" && !Array.isArray(table)) {
    return table as Tables;
  }
  throw new Error(`${name} is not a table`);
}

/** ISO 8601 as Python's `isoformat` writes it: six digits of a second, any offset or, for UTC, none. */
function readTime(text: string): number | undefined {
  const match = text.trim().match(
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?$/i,
  );
  if (!match) return undefined;
  const [, date, time, offset = "Z"] = match;
  const ms = Date.parse(`${date}T${time}${offset.toUpperCase()}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** A moment as Python's `fromisoformat` reads it: before 3.11 it knows no `Z`. */
function writeTime(ms: number | undefined): string {
  return ms === undefined
    ? ""
    : new Date(ms).toISOString().replace("Z", "+00:00");
}

async function write(
  home: string,
  credentials: Credentials,
  nowMs: number,
): Promise<string | undefined> {
  const { serverUrl, username, teamSlug, tokens } = credentials;
  const { tables = {}, why } = await readTables(home);
  const path = credentialsPath(home);
  let aside: string | undefined;
  if (why !== undefined) {
    aside = `credentials.damaged-${fileStamp(nowMs)}`;
    await Deno.rename(path, `${home}/${aside}`);
    await Deno.chmod(`${home}/${aside}`, FILE_MODE).catch(() => {});
  }
  const kept = (name: string): Tables => {
    try {
      return tableOf(tables, name);
    } catch {
      return {};
    }
  };
  const user: Tables = {
    ...kept("user"),
    username: username ?? "",
    team_slug: teamSlug,
  };
  if (teamSlug === undefined) delete user.team_slug;
  const before = String(kept("tokens").access ?? "");
  if (tokens) delete user[LOGIN];
  else if (isKey(before)) user[LOGIN] = BY_TOKEN;
  const { stringify } = await import("../base/toml.ts");
  const text = stringify({
    ...tables,
    tokens: {
      ...kept("tokens"),
      access: tokens?.access ?? "",
      refresh: tokens?.refresh ?? "",
      access_expires_at: writeTime(tokens?.accessExpiresAtMs),
      refresh_expires_at: writeTime(tokens?.refreshExpiresAtMs),
    },
    user,
    server: { ...kept("server"), url: serverUrl.origin },
  });
  // A file that a crash left would keep its mode.
  await removeIfThere(temporaryPath(home));
  const content = new TextEncoder().encode(text);
  const store = () => writeDurably(path, temporaryPath(home), content);
  await withRoom(store, () => makeRoom(home));
  await syncFolder(home);
  return aside;
}

/** More than credentials with the longest tokens of a server take. */
const ROOM_BYTES = 64 * 1024;

async function takeRoom(home: string): Promise<void> {
  const take = async () => {
    await removeIfThere(temporaryPath(home));
    await Deno.writeFile(temporaryPath(home), new Uint8Array(ROOM_BYTES), {
      mode: FILE_MODE,
    });
  };
  try {
    await take();
  } catch (error) {
    // What else may be in the way, the writing of the tokens meets and says.
    if (!isDiskFull(error)) return;
    if (!await makeRoom(home)) throw error;
    await take();
  }
}

async function remove(home: string): Promise<boolean> {
  await removeIfThere(temporaryPath(home));
  const wasThere = await removeIfThere(credentialsPath(home));
  await syncFolder(home);
  return wasThere;
}

function temporaryPath(home: string): string {
  return `${home}/.credentials.tmp`;
}

async function takeLock(
  home: string,
  deadline: Deadline,
): Promise<Deno.FsFile> {
  const path = `${home}/credentials.lock`;
  for (;;) {
    const file = await lockFile(path, deadline, "the lock of the credentials");
    // Some versions of Python's `filelock` remove the file with the lock.
    if (await isStillAt(path, file)) return file;
    file.close();
  }
}
