/**
 * Which logs are followed: those of a project, or those that are named.
 *
 * A repository is somebody else's text: a link that leads out of the project
 * is not followed, and whatever is not a file is left alone.
 *
 * @module
 */

import { KittyError, reasonOf } from "../base/errors.ts";
import { isThere } from "../base/files.ts";

/** Name of a mission's log. */
const LOG = "status.events.jsonl";

const SPECS = "kitty-specs", WORKTREES = ".worktrees", CONFIG = ".kittify";

/** Where logs are looked for. */
export interface LogRoot {
  readonly path: string;
  readonly kind: "project" | "specs" | "file";
  /** Of the project that its logs belong to, where that has one. */
  readonly projectUuid?: string | undefined;
}

/** A log. */
export interface LogFile {
  readonly path: string;
  /** As it is shown. */
  readonly name: string;
  /** The folder that no link may lead out of. */
  readonly within: string | undefined;
  readonly projectUuid: string | undefined;
  /** Changes with the file: its size and its times. */
  readonly seen: string;
  /** When it was changed last, milliseconds since 1970. */
  readonly changedMs: number;
  readonly bytes: number;
}

/** A log that cannot be read, and why. */
export interface OddLog {
  readonly name: string;
  readonly why: string;
}

/**
 * Where to look for logs.
 *
 * @param path a project, its `kitty-specs`, a mission's folder or a log; the project around `cwd` where none is given
 * @throws {KittyError} where there is no such thing
 */
export async function rootOf(
  path: string | undefined,
  cwd: string,
): Promise<LogRoot> {
  if (path === undefined) return await projectAround(cwd);
  const full = await Deno.realPath(path).catch((error) => {
    throw noLogs(
      path,
      error instanceof Deno.errors.NotFound
        ? "no such file or folder"
        : reasonOf(error),
    );
  });
  if (!(await Deno.stat(full)).isDirectory) return { path: full, kind: "file" };
  if (await isThere(`${full}/${LOG}`)) {
    return { path: `${full}/${LOG}`, kind: "file" };
  }
  const isSpecs = /[/\\]kitty-specs$/.test(full);
  return { path: full, kind: isSpecs ? "specs" : "project" };
}

async function projectAround(cwd: string): Promise<LogRoot> {
  for (let folder = cwd; folder !== ""; folder = parentOf(folder)) {
    for (const name of [SPECS, CONFIG]) {
      if (await isThere(`${folder}/${name}`)) {
        return { path: await Deno.realPath(folder), kind: "project" };
      }
    }
  }
  throw noLogs(cwd, `neither ${SPECS} nor ${CONFIG} is in it or above it`);
}

/** The folder that a path lies in; empty at the top. */
export function parentOf(path: string): string {
  return path.slice(
    0,
    Math.max(0, path.lastIndexOf("/"), path.lastIndexOf("\\")),
  );
}

function noLogs(path: string, found: string): KittyError {
  return new KittyError("no_logs", `cannot follow ${path}: ${found}`, {
    hint: "go into a Spec Kitty project, or name one: kitty-events follow PATH",
  });
}

/** The logs that are there now, by their paths, and what stands in a log's place but is none. */
export async function findLogs(
  roots: readonly LogRoot[],
): Promise<{ logs: LogFile[]; odd: OddLog[] }> {
  const logs = new Map<string, LogFile>();
  const odd: OddLog[] = [];
  for (const root of roots) {
    for await (const { path, name, within } of candidates(root)) {
      try {
        const log = await lookAt(path, name, within);
        if (!log) continue;
        const { projectUuid } = root;
        logs.set(log.path, { ...log, projectUuid });
      } catch (error) {
        odd.push({ name, why: reasonOf(error) });
      }
    }
  }
  return { logs: [...logs.values()], odd };
}

/** Where a log may be. */
interface Candidate {
  readonly path: string;
  readonly name: string;
  readonly within: string | undefined;
}

async function* candidates(root: LogRoot): AsyncGenerator<Candidate> {
  const { path, kind } = root;
  if (kind === "file") {
    yield { path, name: path, within: undefined };
    return;
  }
  if (kind === "specs") return yield* missionsIn(path, "", path);
  yield* missionsIn(`${path}/${SPECS}`, `${SPECS}/`, path);
  for (const worktree of await foldersIn(`${path}/${WORKTREES}`)) {
    const inside = `${WORKTREES}/${worktree}/${SPECS}`;
    yield* missionsIn(`${path}/${inside}`, `${inside}/`, path);
  }
}

async function* missionsIn(
  specs: string,
  prefix: string,
  within: string,
): AsyncGenerator<Candidate> {
  for (const mission of await foldersIn(specs)) {
    const path = `${specs}/${mission}/${LOG}`;
    yield { path, name: `${prefix}${mission}/${LOG}`, within };
  }
}

/** Names of the folders in a folder, in order; links may lead to one. */
async function foldersIn(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory, isSymlink } of Deno.readDir(path)) {
      if (isDirectory || isSymlink) names.push(name);
    }
  } catch {
    // It is not there, or not to be read: there are no logs in it.
  }
  return names.sort();
}

/** A log's file; undefined where there is none. @throws where something else is in its place */
async function lookAt(
  path: string,
  name: string,
  within: string | undefined,
): Promise<Omit<LogFile, "projectUuid"> | undefined> {
  const real = await realInside(path, within);
  if (real === undefined) return undefined;
  const stat = await Deno.stat(real);
  if (!stat.isFile) throw new Error("it is not a file");
  const meta = await Deno.stat(`${parentOf(path)}/meta.json`)
    .catch(() => undefined);
  const times = [stat.mtime, stat.ctime, meta?.mtime, meta?.ctime]
    .map((time) => time?.getTime() ?? 0);
  return {
    path: real,
    name,
    within,
    seen: [stat.size, stat.ino ?? 0, ...times].join(" "),
    changedMs: Math.max(...times),
    bytes: stat.size,
  };
}

/**
 * Where a path leads; undefined where nothing is there.
 *
 * @throws where a link leads nowhere, or out of the folder `within`
 */
export async function realInside(
  path: string,
  within: string | undefined,
): Promise<string | undefined> {
  let real: string;
  try {
    real = await Deno.realPath(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const isLink = await Deno.lstat(path).then(
      (stat) => stat.isSymlink,
      () => false,
    );
    if (isLink) throw new Error("it is a link that leads nowhere");
    return undefined;
  }
  const isInside = within === undefined || /^[/\\]/.test(
    real.startsWith(within) ? real.slice(within.length) : "",
  );
  if (!isInside) throw new Error("it is a link that leads out of the project");
  return real;
}
