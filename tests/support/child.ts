/** Real other processes that run a piece of this program. */

import { tempFolder } from "./home.ts";

/** How a child is run. */
export interface ChildOptions {
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
  /** With only what `env` names. */
  readonly clearEnv?: boolean;
  readonly uid?: number;
}

/**
 * A user that owns nothing and has no entry anywhere; file modes bind it, which
 * they do not the superuser.
 */
export const NOBODY = 54_321;

const ROOT = new URL("../../", import.meta.url);

/** Where a child finds the runtime, its cache and this program. */
interface Place {
  readonly runtime: string;
  readonly lib: string;
  readonly flags: readonly string[];
  readonly env?: Record<string, string>;
}

const HERE: Place = {
  runtime: Deno.execPath(),
  lib: `${ROOT}lib/`,
  flags: [
    `--config=${decodeURIComponent(new URL("deno.json", ROOT).pathname)}`,
  ],
};

/** The program's bundle, where whoever runs the tests has made one. */
const BUNDLE = Deno.env.get("KITTY_EVENTS_BUNDLE");

/**
 * Copies what a child of another user needs into a folder: it may reach neither
 * this user's runtime, nor its cache, nor the checkout.
 *
 * @param runs whether that is the program, or code that imports pieces of it
 */
export async function placeForOthers(
  folder: string,
  runs: "program" | "code" = "program",
): Promise<Place> {
  await Deno.chmod(folder, 0o755);
  const runtime = `${folder}/deno`;
  await Deno.link(Deno.execPath(), runtime)
    .catch(() => Deno.copyFile(Deno.execPath(), runtime));
  // The sources would be compiled anew in an empty cache.
  if (BUNDLE && runs === "program") {
    await copyFolder(BUNDLE.replace(/[^/]+$/, ""), `${folder}/bundle/`);
  } else await copySources(folder);
  await Deno.mkdir(`${folder}/cache`);
  await Deno.chmod(`${folder}/cache`, 0o777);
  return {
    runtime,
    lib: `file://${folder}/lib/`,
    flags: ["--no-config", "--unstable-kv"],
    env: { DENO_DIR: `${folder}/cache` },
  };
}

async function copySources(folder: string): Promise<void> {
  const root = decodeURIComponent(ROOT.pathname);
  for (const part of ["lib", "contracts"]) {
    await copyFolder(`${root}${part}`, `${folder}/${part}`);
  }
  for (const part of ["main.ts", "deno.json"]) {
    await Deno.copyFile(`${root}${part}`, `${folder}/${part}`);
    await Deno.chmod(`${folder}/${part}`, 0o644);
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { mode: 0o755 });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else {
      await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
      await Deno.chmod(`${to}/${name}`, 0o644);
    }
  }
}

/**
 * Starts a process with `code`, a module in which `lib` is the URL of this
 * program's `lib/` and `args` are its arguments.
 */
export function spawnCode(
  code: string,
  options: ChildOptions = {},
  place: Place = HERE,
): Deno.ChildProcess {
  const source = `const lib = ${JSON.stringify(place.lib)};
    const args: string[] = ${JSON.stringify(options.args ?? [])};
    ${code}`;
  const child = new Deno.Command(place.runtime, {
    args: ["run", "-A", "--quiet", "--no-check", ...place.flags, "-"],
    env: { ...place.env, ...options.env },
    clearEnv: options.clearEnv ?? false,
    ...options.uid !== undefined && { uid: options.uid, cwd: "/" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  void send(child.stdin, source);
  return child;
}

async function send(
  stdin: WritableStream<Uint8Array>,
  text: string,
): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
}

/** Runs `code` to its end. Its standard output; throws where it fails. */
export async function runCode(
  code: string,
  options: ChildOptions = {},
): Promise<string> {
  await using folder = options.uid === undefined
    ? undefined
    : await tempFolder();
  const place = folder ? await placeForOthers(folder.path, "code") : HERE;
  const child = spawnCode(code, options, place);
  const { code: exit, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  if (exit !== 0) throw new Error(`exit ${exit}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** Reads a child's output line by line, for tests that talk to it. */
export function linesOf(
  stream: ReadableStream<Uint8Array>,
): AsyncIterableIterator<string> {
  return lines(stream);
}

async function* lines(
  stream: ReadableStream<Uint8Array>,
): AsyncIterableIterator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
  if (rest) yield rest;
}
