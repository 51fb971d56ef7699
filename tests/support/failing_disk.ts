/** Disks that fail now and then: real calls of a real process, some of which end with an error. */

import { commandNeed, LINUX, type Need, outputOf } from "./needs.ts";

/** How a disk fails. */
export interface Failing {
  readonly seed: number;
  /** Of all calls, 0 to 1. */
  readonly share: number;
  readonly error: "EIO" | "ENOSPC";
  /** `w` write, `p` pwrite, `s` fsync and fdatasync, `t` ftruncate. */
  readonly calls: string;
}

const ERRNO = { EIO: 5, ENOSPC: 28 } as const;

/** What makes disks fail: a compiler, and a loader that loads before others. */
export const FAILING_DISK: readonly Need[] = [LINUX, await commandNeed("cc")];

/** The kinds of failures that trials go through. */
export const CALLS: readonly string[] = ["w", "p", "s", "t", "wpst"];

const SOURCE = decodeURIComponent(
  new URL("./failing_disk.c", import.meta.url).pathname,
);

/** What makes the disk fail, compiled once in a process. */
let compiled: Promise<Uint8Array<ArrayBuffer>> | undefined;

async function compile(library: string): Promise<Uint8Array<ArrayBuffer>> {
  await outputOf("cc", [
    ...["-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"],
  ]);
  return await Deno.readFile(library);
}

/**
 * Puts what makes the disk fail into a folder.
 *
 * @param folder where it is put
 * @returns makes the environment of a process for which files fail that are below `below`, or, with a star at its end, whose paths begin so
 */
export async function failingDisk(
  folder: string,
): Promise<(below: string, how: Failing) => Record<string, string>> {
  const library = `${folder}/failing_disk.so`;
  await Deno.writeFile(library, await (compiled ??= compile(library)));
  return (below, { seed, share, error, calls }) => ({
    LD_PRELOAD: library,
    FAIL_BELOW: below,
    FAIL_SHARE: String(Math.round(share * 1e6)),
    FAIL_SEED: String(seed),
    FAIL_ERRNO: String(ERRNO[error]),
    FAIL_CALLS: calls,
  });
}
