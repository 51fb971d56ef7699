/**
 * Notices what other processes do in a home, at no cost for them: an append
 * replaces the clock's file, a login the credentials.
 *
 * @module
 */

import { pause } from "../deadline.ts";
import { LOOK_EVERY_MS } from "../limits.ts";

/** What has changed. */
export interface HomeChanges {
  /** Events were appended, or drafts spooled. */
  readonly onAppend: () => void;
  /** Somebody logged in or out, or changed the settings. */
  readonly onLogin: () => void;
}

/** Names in a home, and what a change of them means. */
const NAMES: ReadonlyMap<string, keyof HomeChanges> = new Map([
  ["clock.json", "onAppend"],
  ["spool", "onAppend"],
  ["credentials", "onLogin"],
  ["config.toml", "onLogin"],
]);

/**
 * Watches a home until `signal`; once this resolves, no change is missed. The system tells of changes within a
 * millisecond where it can; where it cannot, as on some network file systems,
 * a look once a second finds them.
 */
export async function watchHome(
  home: string,
  changes: HomeChanges,
  signal: AbortSignal,
): Promise<void> {
  const seen = new Map<string, number>();
  for (const name of NAMES.keys()) seen.set(name, await stampOf(home, name));
  void look(home, seen, changes, signal);
  void listen(home, changes, signal);
}

async function listen(
  home: string,
  changes: HomeChanges,
  signal: AbortSignal,
): Promise<void> {
  try {
    await Deno.mkdir(`${home}/spool`, { recursive: true, mode: 0o700 });
    using watcher = Deno.watchFs([home, `${home}/spool`], {
      recursive: false,
    });
    const stop = () => watcher.close();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) return;
    for await (const { kind, paths } of watcher) {
      if (signal.aborted) return;
      if (kind === "access") continue;
      for (const path of paths) {
        const change = NAMES.get(nameOf(home, path));
        // A draft that was taken in is nothing new; a login that is gone is.
        if (change === "onAppend" && kind === "remove") continue;
        if (change) changes[change]();
      }
    }
  } catch {
    // The look once a second is left.
  }
}

/** The name in the home that a path lies under; the program's own temporary files count for nothing. */
function nameOf(home: string, path: string): string {
  const [name, file] = path.slice(home.length + 1).split(/[/\\]/);
  if (file !== undefined && (file.startsWith(".") || !file.endsWith(".json"))) {
    return "";
  }
  return name === "spool" && file === undefined ? "" : name ?? "";
}

async function look(
  home: string,
  seen: Map<string, number>,
  changes: HomeChanges,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await pause(LOOK_EVERY_MS, signal);
    for (const [name, change] of NAMES) {
      const stamp = await stampOf(home, name);
      if (stamp === seen.get(name)) continue;
      seen.set(name, stamp);
      if (!signal.aborted) changes[change]();
    }
  }
}

async function stampOf(home: string, name: string): Promise<number> {
  const stat = await Deno.stat(`${home}/${name}`).catch(() => undefined);
  return stat?.mtime?.getTime() ?? 0;
}
