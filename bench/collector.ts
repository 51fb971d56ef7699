/**
 * Real collectors for measurements, and how to ask them.
 *
 * @module
 */

import { fileOf, firstLine } from "./measure.ts";

const MAIN = fileOf("../main.ts");

/** The one user. */
export const USER = ["ada", "acme", "a password"] as const;

/** The recorded history of a real project, as drafts. */
export const HISTORY = fileOf("../../shared/data/work-history.ndjson");

/** A collector in a process of its own. */
export interface Collector extends AsyncDisposable {
  readonly url: string;
  readonly process: Deno.ChildProcess;
}

/** Starts one in a home, with its user. */
export async function startCollector(
  home: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Collector> {
  const [name, team, password] = USER;
  await runProgram(
    [
      ...["collector", "user", "add", name, "--team", team],
      ...["--password-stdin", "--replace"],
    ],
    home,
    { stdin: new TextEncoder().encode(password), env },
  );
  const process = spawnProgram(
    ["collector", "run", "--listen", "127.0.0.1:0", ...args],
    home,
    env,
  );
  const { listening } = JSON.parse(await firstLine(process));
  return {
    url: listening,
    process,
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await process.status;
    },
  };
}

/** Logs a home in. */
export async function logIn(home: string, url: string): Promise<void> {
  const [name, , password] = USER;
  await runProgram(
    [
      ...["auth", "login", "--server", url],
      ...["--username", name, "--password-stdin"],
    ],
    home,
    { stdin: new TextEncoder().encode(password) },
  );
}

/** An access token. */
export async function accessToken(
  url: string,
  client?: Deno.HttpClient,
): Promise<string> {
  const [username, , password] = USER;
  const response = await fetch(`${url}/api/v1/token/`, {
    method: "POST",
    body: JSON.stringify({ username, password }),
    headers: { "content-type": "application/json" },
    ...client && { client },
  });
  return (await response.json()).access;
}

/** Starts the program; what it says of trouble goes nowhere. */
export function spawnProgram(
  args: readonly string[],
  home: string,
  env: Readonly<Record<string, string>> = {},
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", "--quiet", MAIN, ...args],
    env: { SPEC_KITTY_HOME: home, ...env },
    stdin: "piped",
    stdout: "piped",
    // What it says goes nowhere: a full pipe would stop it.
    stderr: "null",
  }).spawn();
}

/** Runs the program to its end. */
export async function runProgram(
  args: readonly string[],
  home: string,
  options: {
    stdin: Uint8Array<ArrayBuffer>;
    env?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const child = spawnProgram(args, home, options.env);
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(options.stdin);
  await writer.close();
  const { code } = await output;
  if (code !== 0) throw new Error(`${args.join(" ")}: exit code ${code}`);
}

/** Peak memory of a process, as far as the system tells it. */
export async function peakMiB(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  const [, kib] = status.match(/VmHWM:\s+(\d+)/) ?? [];
  return Number(kib ?? 0) / 1024;
}

/** Prints a figure. */
export function report(name: string, value: string): void {
  console.log(`${name.padEnd(48)} ${value}`);
}
