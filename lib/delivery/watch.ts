/**
 * Notices what other processes do in a home: an `emit` touches a file beside
 * the spooled drafts (another one where it waits for the server), and an append of any kind replaces the clock's file.
 *
 * The system is asked to tell of the spool only, never of the home itself: the
 * runtime opens and closes each file that it tells of, and closing a file takes
 * away all locks that this process has on it. Without its lock the queue's log
 * would be deleted under the agent by the next process that closes the queue.
 *
 * @module
 */

import { pause } from "../base/deadline.ts";
import { FILE_MODE, FOLDER_MODE } from "../base/files.ts";
import { isDraftName } from "../home/spool.ts";
import { LOOK_EVERY_MS } from "../base/limits.ts";
import { hurryPath, pokePath } from "../route/agent_file.ts";

/** What has changed. */
export interface HomeChanges {
  /** Events were appended, or drafts spooled. */
  readonly onAppend: () => void;
  /** Somebody waits until the server has what was appended. */
  readonly onHurry: () => void;
  /** A login, a logout, or new settings. Appended events are reported once this has resolved. */
  readonly onLogin: () => Promise<void>;
}

/** Names in a home, and what a change of them means; a login comes first, since events go out as it says. */
const NAMES: ReadonlyMap<string, keyof HomeChanges> = new Map([
  ["credentials", "onLogin"],
  ["config.toml", "onLogin"],
  ["clock.json", "onAppend"],
  ["spool", "onAppend"],
]);

/**
 * Watches a home until `signal`; once this resolves, no change is missed. The
 * system tells of an `emit` within a millisecond where it can; a look now and
 * then finds the rest.
 *
 * @param keyFile the path of a key that stands for the login, where there is one
 */
export async function watchHome(
  home: string,
  changes: HomeChanges,
  signal: AbortSignal,
  keyFile?: string,
): Promise<void> {
  const files = [...NAMES].map(([name, change]): WatchedFile => ({
    path: `${home}/${name}`,
    change,
    isSpool: name === "spool",
  }));
  if (keyFile !== undefined) {
    files.unshift({ path: keyFile, change: "onLogin", isSpool: false });
  }
  const seen = new Map<string, number>();
  for (const { path } of files) seen.set(path, await stampOf(path));
  let looking = Promise.resolve();
  const look = () =>
    looking = looking.then(() => lookAt(files, seen, changes, signal));
  void lookNowAndThen(look, signal);
  void listen(home, look, changes, signal);
}

async function listen(
  home: string,
  look: () => Promise<void>,
  changes: HomeChanges,
  signal: AbortSignal,
): Promise<void> {
  try {
    const spool = `${home}/spool`, signs = [pokePath(home), hurryPath(home)];
    await Deno.mkdir(spool, { recursive: true, mode: FOLDER_MODE });
    for (const sign of signs) {
      await Deno.writeTextFile(sign, "", { mode: FILE_MODE });
    }
    using watcher = Deno.watchFs(spool, { recursive: false });
    const stop = () => watcher.close();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) return;
    for await (const { kind, paths } of watcher) {
      if (signal.aborted) return;
      // A draft that was taken in is nothing new.
      if (kind === "access" || kind === "remove") continue;
      if (!paths.some((path) => isNews(path, signs))) continue;
      await look();
      if (signal.aborted) return;
      if (paths.includes(hurryPath(home))) changes.onHurry();
      else changes.onAppend();
    }
  } catch {
    // The look now and then is left.
  }
}

/** Whether a change of a file in the spool means that there is something to send; temporary files do not. */
function isNews(path: string, signs: readonly string[]): boolean {
  const name = path.split(/[/\\]/).at(-1)!;
  return signs.includes(path) || isDraftName(name);
}

async function lookNowAndThen(
  look: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await pause(LOOK_EVERY_MS, signal);
    await look();
  }
}

/** A file or folder that is looked at, and what a change of it means. */
interface WatchedFile {
  readonly path: string;
  readonly change: keyof HomeChanges;
  readonly isSpool: boolean;
}

/** Compares all files with what was seen of them, and tells what has changed. */
async function lookAt(
  files: readonly WatchedFile[],
  seen: Map<string, number>,
  changes: HomeChanges,
  signal: AbortSignal,
): Promise<void> {
  for (const { path, change, isSpool } of files) {
    const stamp = await stampOf(path);
    if (stamp === seen.get(path)) continue;
    seen.set(path, stamp);
    if (isSpool && !await hasDrafts(path)) continue;
    if (!signal.aborted) await changes[change]();
  }
}

/** Whether something waits in the spool: its folder changes with temporary files, too. */
async function hasDrafts(spool: string): Promise<boolean> {
  try {
    for await (const { name } of Deno.readDir(spool)) {
      if (isDraftName(name)) return true;
    }
  } catch {
    // The spool is missing or cannot be read: nothing to send.
  }
  return false;
}

async function stampOf(path: string): Promise<number> {
  const stat = await Deno.stat(path).catch(() => undefined);
  return stat?.mtime?.getTime() ?? 0;
}
