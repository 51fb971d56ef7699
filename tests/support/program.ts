/** The program as its users run it: a process of its own. */

import { tempHome } from "./home.ts";

/** What a run left. */
export interface RunResult {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a run is started. */
export interface RunOptions {
  /** All of standard input; without it there is none. */
  readonly stdin?: string | Uint8Array<ArrayBuffer>;
  readonly cwd?: string;
  /** As this user; goes with `place`. */
  readonly uid?: number;
  /** A folder made by `placeForOthers`, where another user finds the program. */
  readonly place?: string;
}

const SOURCE = decodeURIComponent(
  new URL("../../main.ts", import.meta.url).pathname,
);

/** The program as it is shipped, in a few files that start faster; set by whoever runs all tests. */
const BUNDLE = Deno.env.get("KITTY_EVENTS_BUNDLE");

/** A compiled program to be tried in place of all that. */
const PROGRAM = Deno.env.get("KITTY_EVENTS_PROGRAM");

/** What is run. */
const COMMAND = PROGRAM ?? Deno.execPath();

/** What it is called with, up to the program's own arguments. */
const RUN: readonly string[] = PROGRAM ? [] : [
  ...["run", "--allow-all", "--no-check", "--quiet"],
  ...BUNDLE ? ["--no-config", "--unstable-kv", BUNDLE] : [SOURCE],
];

/** The same for another user, who cannot reach the packages of the configuration. */
const placedRun = (place: string): readonly string[] => [
  ...["run", "--allow-all", "--no-check", "--quiet"],
  ...["--no-config", "--unstable-kv"],
  BUNDLE ? `${place}/bundle/${BUNDLE.split("/").at(-1)}` : `${place}/main.ts`,
];

/** The runtime's own cache, which it would look for in the user's home. */
const DENO_DIR = Deno.env.get("DENO_DIR") ??
  `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/deno`;

/** Starts the program with nothing in its environment but `env`. */
export function spawnProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: RunOptions = {},
): Deno.ChildProcess {
  const { place } = options;
  return new Deno.Command(place ? `${place}/deno` : COMMAND, {
    args: [...place ? placedRun(place) : RUN, ...args],
    env: {
      DENO_DIR: place ? `${place}/cache` : DENO_DIR,
      NO_COLOR: "1",
      ...env,
    },
    clearEnv: true,
    ...options.cwd !== undefined && { cwd: options.cwd },
    ...place && { cwd: place },
    ...options.uid !== undefined && { uid: options.uid },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** A shell script that runs the program, for a folder of the path. */
export function programScript(): string {
  return `#!/bin/sh
DENO_DIR='${DENO_DIR}' NO_COLOR=1 exec ${
    [COMMAND, ...RUN].map((word) => `'${word}'`).join(" ")
  } "$@"
`;
}

/** Runs the program to its end. */
export async function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: RunOptions = {},
): Promise<RunResult> {
  const child = spawnProgram(args, env, options);
  const writing = writeAll(child.stdin, options.stdin ?? "");
  const { code, signal, stdout, stderr } = await child.output();
  await writing;
  const decoder = new TextDecoder();
  return {
    code,
    signal,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/**
 * How a run inside of the test's process is started. `cwd` is where the program
 * looks for a project; paths of files that are not whole begin where the test is.
 */
export type HereOptions = Pick<RunOptions, "stdin" | "cwd"> & {
  readonly env?: Readonly<Record<string, string>>;
};

/** Runs a command line in the home of a test, in its process (`in_process.ts`). */
export type RunHere = (
  words: readonly string[],
  options?: HereOptions,
) => Promise<RunResult>;

/** Runs command lines in one home, each as a process. */
export interface Run {
  (
    words: readonly string[],
    options?: RunOptions & { env?: Readonly<Record<string, string>> },
  ): Promise<RunResult>;
  /** Here, at a tenth of the cost: what sets a scene, or reads back what came of it. */
  readonly here: RunHere;
}

/** Runs command lines in a home; `own` is their environment, below what each is given. */
export function runIn(
  home: string,
  own: Readonly<Record<string, string>> = {},
): Run {
  const inHome = { SPEC_KITTY_HOME: home, ...own };
  const here: RunHere = async (words, { env, stdin, cwd } = {}) => {
    // Most tests start processes only, and do without all that this loads.
    const { runHere } = await import("./in_process.ts");
    return await runHere(words, { ...inHome, ...env }, stdin, 0, (world) => {
      if (cwd !== undefined) world.cwd = () => cwd;
    });
  };
  const run = (
    words: readonly string[],
    { env, ...options }: Parameters<Run>[1] = {},
  ) => runProgram(words, { ...inHome, ...env }, options);
  return Object.assign(run, { here });
}

/** Shows `look` what each run left, before its caller has it. */
export function watched(run: Run, look: (result: RunResult) => void): Run {
  const seen = (result: RunResult) => {
    look(result);
    return result;
  };
  return Object.assign(
    async (...args: Parameters<Run>) => seen(await run(...args)),
    {
      here: async (...args: Parameters<RunHere>) =>
        seen(await run.here(...args)),
    },
  );
}

/** A new home for `work`, in which it runs command lines; removed at its end. */
export async function withProgram(
  work: (run: Run, home: string) => Promise<void>,
): Promise<void> {
  await using home = await tempHome();
  await work(runIn(home.path), home.path);
}

/** For variants of one command line: the first runs as a process, the others here. */
export function variantsOf(run: Run): RunHere {
  let count = 0;
  return (words, options) =>
    count++ === 0 ? run(words, options) : run.here(words, options);
}

async function writeAll(
  stream: WritableStream<Uint8Array<ArrayBuffer>>,
  input: string | Uint8Array<ArrayBuffer>,
): Promise<void> {
  const writer = stream.getWriter();
  try {
    await writer.write(
      typeof input === "string" ? new TextEncoder().encode(input) : input,
    );
    await writer.close();
  } catch {
    // The program ended without reading all of it.
  }
}

/** The JSON documents of an output, one a line. */
// deno-lint-ignore no-explicit-any
export function documentsOf(stdout: string): any[] {
  return stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}
