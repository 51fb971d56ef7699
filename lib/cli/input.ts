/**
 * Where a command's input comes from.
 *
 * @module
 */

import { EXIT, KittyError, reasonOf } from "../errors.ts";
import type { Call } from "./command.ts";

/** A file's bytes, or standard input's. */
export async function openInput(
  { terminal }: Call,
  path: string | undefined,
): Promise<
  { read: (buffer: Uint8Array) => Promise<number | null>; close(): void }
> {
  if (path === undefined || path === "-") {
    return { read: terminal.read, close() {} };
  }
  try {
    const file = await Deno.open(path, { read: true });
    return { read: (buffer) => file.read(buffer), close: () => file.close() };
  } catch (error) {
    throw new KittyError("input", `cannot open ${path}: ${reasonOf(error)}`, {
      hint: "check the path, or use - for standard input",
      exit: EXIT.usage,
    });
  }
}
