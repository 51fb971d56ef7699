/**
 * The compiled program, built once for all tests that run it, on the runtime
 * base that needs no download.
 */

import {
  COMPILE_FLAGS,
  compilerAt,
  makeProgram,
} from "../../packaging/compile.ts";
import { findTarget, type Target } from "../../packaging/targets.ts";
import { shippedBundle } from "../support/bundled.ts";
import { isThere } from "../support/home.ts";
import { newUser, type User } from "../support/user.ts";
import { BASH, type Need } from "../support/needs.ts";

/** Where the scripts lie that stand in for downloads. */
export const TOOLS = decodeURIComponent(
  new URL("../../../shared/tools/", import.meta.url).pathname,
);

const COMPILER = `${TOOLS}compile-offline`;

const compiler = compilerAt(COMPILER);

/** What a program is made by, beside its bundle. */
const MADE_BY: readonly string[] = [
  "code_cache.ts",
  "compile.ts",
  "loader.js",
  "recorder.js",
  "recording.ts",
  "scripts.ts",
];

/** What every test of the compiled program needs. */
export const RUNTIME_BASE: Need = {
  isMet: Deno.build.target === "x86_64-unknown-linux-gnu" &&
    BASH.isMet && await isThere(COMPILER),
  reason: "there is no runtime base, or no bash to compile with",
};

/** Longer than a run of these tests: another run may still use what it made. */
const KEPT_MS = 15 * 60_000;

/** What was built. */
export interface Built {
  /** The program's path. */
  readonly path: string;
  /** Bytes of the files that it was made of. */
  readonly bundleBytes: number;
  readonly coreBytes: number;
}

const built = new Map<string, Promise<Built>>();

/** The program for a system; without a name, for this one. */
export function builtProgram(name = "linux-x64"): Promise<Built> {
  const known = built.get(name) ?? locked((cache) => buildProgram(cache, name));
  built.set(name, known);
  return known;
}

async function buildProgram(cache: string, name: string): Promise<Built> {
  const folder = `${cache}/bundle`, target = findTarget(name)!;
  const { entry, bytes, coreBytes } = await shippedBundle(folder);
  const key = [await textOf(folder), ...await Promise.all(MADE_BY.map(read))];
  const make = async (program: string) => {
    await makeProgram(compiler, entry, target, program);
  };
  return {
    path: await made(cache, name, target, key, make),
    bundleBytes: bytes,
    coreBytes,
  };
}

/** The path of a script compiled as the program is, without a code cache. */
export function builtScript(label: string, code: string): Promise<string> {
  return locked(async (cache) => {
    const entry = `${cache}/${label}.js`;
    await Deno.writeTextFile(entry, code);
    const target = findTarget(Deno.build.target)!;
    const make = (program: string) => compiler(entry, target, program);
    return await made(cache, label, target, [code], make);
  });
}

/** A new user who has the compiled program on the path. */
export async function programUser(): Promise<User> {
  return await newUser({ program: (await builtProgram()).path });
}

/** A new user who has the program on the path, compiled where that can be. */
export function anyUser(): Promise<User> {
  return RUNTIME_BASE.isMet ? programUser() : newUser();
}

/** Makes what has not been made yet. */
async function made(
  cache: string,
  label: string,
  target: Target,
  texts: readonly string[],
  make: (program: string) => Promise<void>,
): Promise<string> {
  const key = await digest([
    await Deno.readTextFile(COMPILER),
    ...COMPILE_FLAGS,
    target.triple,
    ...texts,
  ]);
  const folder = `${cache}/${label}-${key}`;
  if (!await isThere(folder)) {
    await prune(cache, label);
    const making = `${cache}/making`;
    await Deno.remove(making, { recursive: true }).catch(() => {});
    await Deno.mkdir(making);
    await make(`${making}/${target.program}`);
    await Deno.rename(making, folder);
  }
  const now = new Date();
  await Deno.utime(folder, now, now);
  return `${folder}/${target.program}`;
}

/** Removes what was made of older sources, some 90 MB each. */
async function prune(cache: string, label: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(cache)) {
    if (!isDirectory || !name.startsWith(`${label}-`)) continue;
    const { mtime } = await Deno.stat(`${cache}/${name}`);
    if (Date.now() - mtime!.getTime() > KEPT_MS) {
      await Deno.remove(`${cache}/${name}`, { recursive: true });
    }
  }
}

/** Works in the cache, alone in it: other test files and other runs share it. */
async function locked<T>(work: (cache: string) => Promise<T>): Promise<T> {
  const temp = Deno.env.get("TMPDIR") ?? "/tmp";
  const cache = `${temp}/kitty-events-programs-${Deno.uid()}`;
  await Deno.mkdir(cache, { mode: 0o700 }).catch((error) => {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  });
  // The name can be foreseen, and what lies there is run.
  const { isDirectory, uid } = await Deno.lstat(cache);
  if (!isDirectory || uid !== Deno.uid()) {
    throw new Error(`${cache} is another user's`);
  }
  using lock = await Deno.open(`${cache}/lock`, { create: true, write: true });
  await lock.lock(true);
  return await work(cache);
}

/** All files of a bundle as one text. */
async function textOf(folder: string): Promise<string> {
  const names = (await Array.fromAsync(Deno.readDir(folder)))
    .map(({ name }) => name).filter((name) => name.endsWith(".js")).sort();
  const texts = names.map((name) => Deno.readTextFile(`${folder}/${name}`));
  return JSON.stringify([names, await Promise.all(texts)]);
}

function read(name: string): Promise<string> {
  const url = new URL(`../../packaging/${name}`, import.meta.url);
  return Deno.readTextFile(url);
}

async function digest(texts: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(texts));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
    .toHex().slice(0, 16);
}
