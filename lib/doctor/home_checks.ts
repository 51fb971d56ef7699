/**
 * The home folder: whether it can be written, who may read it, and whether its
 * lock is free.
 *
 * @module
 */

import { Deadline } from "../base/deadline.ts";
import { readAgentState } from "../route/agent_file.ts";
import { DeadlineError, reasonOf } from "../base/errors.ts";
import { FILE_MODE } from "../base/files.ts";
import { lockPath } from "../home/lock.ts";
import { type Finding, fine, listed, problem, warning } from "./finding.ts";
import { LOCK_WAIT_MS } from "./limits.ts";
import type { Patient } from "./patient.ts";

/** Whether events can be kept there at all. */
export async function checkHome(
  { home, stat, obstacle, world }: Patient,
): Promise<Finding> {
  if (obstacle) return obstacle;
  const folder = stat ? home : await nearestFolder(home);
  try {
    await probe(folder, world.elapsedMs);
  } catch (error) {
    return problem(
      `${folder} cannot be written: ${reasonOf(error)}`,
      "look at its owner, its mode and the free space, or choose another home with SPEC_KITTY_HOME",
    );
  }
  return fine(
    stat ? home : `${home} is not there yet; the first event makes it`,
  );
}

/**
 * Writes, syncs and removes a file.
 *
 * @returns how long the sync took
 */
export async function probe(
  folder: string,
  elapsedMs: () => number,
): Promise<number> {
  const path = `${folder}/.kitty-events-doctor-${Deno.pid}.tmp`;
  try {
    using file = await Deno.open(path, {
      write: true,
      createNew: true,
      mode: FILE_MODE,
    });
    await file.write(new Uint8Array(4096));
    const startedMs = elapsedMs();
    await file.syncData();
    return elapsedMs() - startedMs;
  } finally {
    await Deno.remove(path).catch(() => {});
  }
}

/** The folder itself, or the nearest one above that is there. */
export async function nearestFolder(path: string): Promise<string> {
  let folder = path;
  while (!await Deno.stat(folder).then((s) => s.isDirectory, () => false)) {
    const above = folder.slice(0, folder.lastIndexOf("/"));
    if (above === "" || above === folder) return "/";
    folder = above;
  }
  return folder;
}

/** Files whose content no other user may see, wherever the home lies. */
const SECRETS = ["credentials", "agent.token"];

/** Who may read and who may change the home's files. */
export async function checkPermissions(patient: Patient): Promise<Finding> {
  const { home, stat, world } = patient;
  const uid = world.uid();
  if (uid === null) return fine("not known on this system");
  if (!stat) return fine("nothing there yet");
  const strangers: string[] = [];
  const open: string[] = [];
  const entries = [
    { name: ".", path: home },
    ...(await entriesOf(home)).map((name) => ({
      name,
      path: `${home}/${name}`,
    })),
  ];
  for (const { name, path } of entries) {
    const entry = await Deno.stat(path).catch(() => undefined);
    if (!entry) continue;
    if (entry.uid !== uid) strangers.push(`${name} (user ${entry.uid})`);
    const isOpen = ((entry.mode ?? 0) & 0o077) !== 0;
    if (isOpen && SECRETS.includes(name)) open.push(path);
  }
  if (strangers.length > 0) {
    const found = `not this user's own: ${listed(strangers)}`;
    // File modes do not bind the superuser, who leaves files that bind the owner.
    return uid === 0
      ? warning(
        found,
        "do not run kitty-events as the superuser in the home of another",
      )
      : problem(found, `give them back: sudo chown -R ${uid} ${home}`);
  }
  if (open.length > 0) {
    return warning(
      `others may read ${listed(open)}`,
      `chmod 600 ${open.join(" ")}`,
    );
  }
  if (((stat.mode ?? 0) & 0o077) !== 0) {
    const mode = ((stat.mode ?? 0) & 0o777).toString(8);
    return warning(
      `others may look into the home (mode ${mode})`,
      `chmod 700 ${home}`,
    );
  }
  return fine("only this user may read the home");
}

/** Names in a folder; none where it is not there. */
export async function entriesOf(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

/** Whether the home's lock is given within a second, and who has it where it is not. */
export async function checkLock(patient: Patient): Promise<Finding> {
  const { home, world } = patient;
  const path = lockPath(home);
  const file = await Deno.open(path, { read: true, write: true })
    .catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    });
  if (!file) return fine("nobody has taken it yet");
  const granted = file.lock(true);
  const deadline = Deadline.in(world.elapsedMs, LOCK_WAIT_MS);
  const startedMs = world.elapsedMs();
  try {
    await deadline.race(granted, "wait for the home's lock");
  } catch (error) {
    granted.catch(() => {}).finally(() => file.close());
    if (!(error instanceof DeadlineError)) throw error;
    return problem(
      `held for more than a second by ${await holderOf(patient)}`,
      "events are spooled meanwhile, and nothing is lost; wait for that process, or end it",
    );
  }
  const waitedMs = Math.round(world.elapsedMs() - startedMs);
  const text = new Uint8Array(64);
  const length = await file.read(text) ?? 0;
  file.close();
  const isHeld = new TextDecoder().decode(text.subarray(0, length))
    .startsWith("held");
  return isHeld
    ? warning(
      "the last holder died in the middle of its work",
      "nothing to do: the next run checks the queue before it goes on",
    )
    : fine(`free, given after ${waitedMs} ms`);
}

/** The holder in words: Linux lists its locks by inode. */
async function holderOf({ home, world }: Patient): Promise<string> {
  const agent = await readAgentState(home, world.nowMs());
  const stat = await Deno.stat(lockPath(home));
  const locks = await Deno.readTextFile("/proc/locks").catch(() => "");
  const pid = locks.split("\n")
    .find((line) =>
      / FLOCK /.test(line) && !line.includes("->") &&
      line.includes(`:${stat.ino} `)
    )?.trim().split(/\s+/)[4];
  if (!pid || pid === "0") {
    return `another process${
      agent ? `, perhaps the agent (process ${agent.pid})` : ""
    }`;
  }
  const name = await Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "");
  return `process ${pid}${name ? ` (${name.trim()})` : ""}`;
}
