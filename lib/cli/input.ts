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
    return {
      read: (buffer) => terminal.read(buffer).catch(unusable(STDIN)),
      close() {},
    };
  }
  const failed = unusable(path);
  const file = await Deno.open(path, { read: true }).catch(failed);
  return {
    read: (buffer) => file.read(buffer).catch(failed),
    close: () => file.close(),
  };
}

/** Standard input, in messages. */
export const STDIN = "standard input";

/** Turns a failure of the input into words. */
function unusable(what: string): (error: unknown) => never {
  return (error) => {
    throw new KittyError("input", `cannot read ${what}: ${reasonOf(error)}`, {
      hint: "check the path, or use - for standard input",
      exit: EXIT.usage,
    });
  };
}
