/**
 * Where a command's input comes from.
 *
 * @module
 */

import { KittyError, reasonOf } from "../base/errors.ts";
import type { Call } from "./command.ts";

/** Bytes to read. */
export interface Input {
  readonly read: (buffer: Uint8Array) => Promise<number | null>;
  close(): void;
}

/**
 * A file's bytes, or standard input's.
 *
 * @param ifFolder what to try where the path is a folder
 * @throws {KittyError} where there is no such file, or it cannot be read
 */
export async function openInput(
  { terminal }: Call,
  path: string | undefined,
  ifFolder?: string,
): Promise<Input> {
  if (path === undefined || path === "-") {
    return {
      read: (buffer) => terminal.read(buffer).catch(unusable(STDIN)),
      close() {},
    };
  }
  const failed = unusable(path);
  const { isDirectory } = await Deno.stat(path).catch(failed);
  if (isDirectory) unusable(path, ifFolder)("it is a folder");
  const file = await Deno.open(path, { read: true }).catch(failed);
  return {
    read: (buffer) => file.read(buffer).catch(failed),
    close: () => file.close(),
  };
}

/**
 * Looks for a folder to read.
 *
 * @param ifAbsent what to try where there is none
 * @param ifFile what to try where it is a file
 * @throws {KittyError} in both cases
 */
export async function expectFolder(
  path: string,
  ifAbsent: string,
  ifFile: string,
): Promise<void> {
  const { isDirectory } = await Deno.stat(path)
    .catch(unusable(path, ifAbsent, "folder"));
  if (!isDirectory) unusable(path, ifFile)("it is a file, not a folder");
}

/** Standard input, in messages. */
export const STDIN = "standard input";

/** Turns a failure of the input into words. */
function unusable(
  what: string,
  hint = "check the path, or use - for standard input",
  kind = "file",
): (error: unknown) => never {
  return (error) => {
    const found = error instanceof Deno.errors.NotFound
      ? `no such ${kind}`
      : reasonOf(error);
    throw new KittyError("input", `cannot read ${what}: ${found}`, {
      hint,
    });
  };
}
