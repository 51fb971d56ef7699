/**
 * What tests need of the machine, and how they run its programs. Where
 * something is missing, the tests that need it are left out, and their names
 * say so.
 */

import { ok } from "node:assert/strict";

/** Something that may not be there. */
export interface Need {
  readonly isMet: boolean;
  /** What is missing, such as `there is no strace`. */
  readonly reason: string;
}

/** A test that is left out, aloud, where a need is not met. */
export function needing(
  needs: readonly Need[],
  name: string,
  fn: (t: Deno.TestContext) => Promise<void>,
): Deno.TestDefinition {
  const missing = needs.find(({ isMet }) => !isMet);
  return {
    name: missing ? `${name} (left out: ${missing.reason})` : name,
    ignore: missing !== undefined,
    fn,
  };
}

/** Whether all is to be tried, however long it takes: see CONTRIBUTING.md. */
export const IS_FULL = Deno.env.get("KITTY_EVENTS_FULL") !== undefined;

/** What takes so long, or so seldom finds anything, that it is tried where it is asked for. */
export const FULL: Need = {
  isMet: IS_FULL,
  reason: "it takes long; KITTY_EVENTS_FULL=1 runs it",
};

/** How a program of the system is run. */
export type ToolOptions = Pick<
  Deno.CommandOptions,
  "args" | "cwd" | "env" | "clearEnv" | "stdin" | "uid" | "gid"
>;

/**
 * Runs a program of the system to its end, without standard input unless asked
 * for otherwise. Rejects where there is no such program: the runtime throws
 * then before it promises anything, so no test starts one in another way.
 */
// deno-lint-ignore require-await
export async function runTool(
  name: string,
  options: ToolOptions = {},
): Promise<Deno.CommandOutput> {
  return new Deno.Command(name, { stdin: "null", ...options }).output();
}

/** Starts a program of the system, whose output the caller reads. */
export function startTool(
  name: string,
  options: ToolOptions = {},
): Deno.ChildProcess {
  return new Deno.Command(name, {
    stdin: "null",
    ...options,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** `runTool` for a program that has to end well; its standard output. */
export async function outputOf(
  name: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<string> {
  const { success, stdout, stderr } = await runTool(name, {
    ...options,
    args: [...args],
  });
  const [said, complained] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  ok(success, `${[name, ...args].join(" ")}: ${said}${complained}`);
  return said!;
}

/** That a command is there, and ends well with these arguments. */
export async function commandNeed(
  name: string,
  args: readonly string[] = ["--version"],
): Promise<Need> {
  const isMet = await runTool(name, { args: [...args] })
    .then(({ success }) => success, () => false);
  return { isMet, reason: `there is no ${name}` };
}

/** Files, modes, pipes and signals as Unix has them. */
export const UNIX: Need = {
  isMet: Deno.build.os !== "windows",
  reason: "Windows has no such thing",
};

/** The superuser, who may act as another user. */
export const SUPERUSER: Need = {
  isMet: UNIX.isMet && Deno.uid() === 0,
  reason: "it takes the superuser",
};

/** The right to mount file systems. */
export const MOUNT: Need = {
  isMet: SUPERUSER.isMet && Deno.build.os === "linux" &&
    (await commandNeed("mount")).isMet,
  reason: "it takes the superuser of a Linux with mount",
};

/** Pipes that have a name. */
export const MKFIFO = await commandNeed("mkfifo");

/** A file or folder that may not be there. */
export async function pathNeed(
  path: string | URL,
  reason = `there is no ${path}`,
): Promise<Need> {
  return { isMet: await Deno.stat(path).then(() => true, () => false), reason };
}

/** An address by which other machines reach this one; undefined where there is none. */
export const OUTER_ADDRESS = Deno.networkInterfaces().find((
  { family, address },
) => family === "IPv4" && !address.startsWith("127."))?.address;

/** That there is one. */
export const OUTER: Need = {
  isMet: OUTER_ADDRESS !== undefined,
  reason: "this machine has no address on a network",
};

/** Linux, with its `/proc`. */
export const LINUX: Need = {
  isMet: Deno.build.os === "linux",
  reason: "it takes a Linux",
};

/** A device on which every write fails. */
export const FULL_DEVICE = await pathNeed("/dev/full");

/** The shell that scripts of the documentation run in. */
export const BASH = await commandNeed("bash", ["-c", "true"]);

/** A client of HTTP that everybody has, and that may come from another address. */
export const CURL = await commandNeed("curl");

/** A proxy that stands before many servers. */
export const NGINX = await commandNeed("nginx", ["-v"]);

/** What makes keys and certificates. */
export const OPENSSL = await commandNeed("openssl", ["version"]);

/** The recorded history of a real project, which may lie beside the checkout. */
export const HISTORY_FILE = new URL(
  "../../../shared/data/work-history.ndjson",
  import.meta.url,
);

/** That it lies there. */
export const HISTORY = await pathNeed(
  HISTORY_FILE,
  "the history is not there",
);
