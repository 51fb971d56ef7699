/**
 * Reading a password: never from the command line, where others see it.
 *
 * @module
 */

import { usageError } from "../base/errors.ts";
import { PASSWORD_BYTES_MAX } from "../base/limits.ts";
import type { Call } from "./command.ts";
import { printable } from "./output.ts";

/** Exit code after Ctrl-C, as a shell expects it. */
export const STOPPED = 130;

/** The password; undefined where the person does not want to after all. */
export async function readPassword(
  { args, terminal }: Call,
  prompt: string,
): Promise<string | undefined> {
  const isTyped = terminal.isInteractive && !args.flag("password-stdin");
  const bytes = isTyped
    ? await terminal.readSecret(printable(prompt, 200))
    : await readLine((buffer) => terminal.read(buffer));
  if (bytes === undefined) return undefined;
  if (bytes.length > PASSWORD_BYTES_MAX) {
    throw usageError(`a password has at most ${PASSWORD_BYTES_MAX} bytes`);
  }
  let password: string;
  try {
    password = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes);
  } catch {
    throw usageError("the password is not valid UTF-8");
  }
  if (password === "") {
    throw usageError(
      "the password is empty",
      isTyped ? undefined : "write it to standard input, in the first line",
    );
  }
  return password;
}

/** The first line of an input, without its end; no more than a password may have, and a byte. */
async function readLine(
  read: (buffer: Uint8Array) => Promise<number | null>,
): Promise<Uint8Array> {
  const line: number[] = [];
  const buffer = new Uint8Array(1024);
  while (line.length <= PASSWORD_BYTES_MAX + 1) {
    const count = await read(buffer);
    if (count === null) break;
    const end = buffer.subarray(0, count).indexOf(0x0a);
    line.push(...buffer.subarray(0, end < 0 ? count : end));
    if (end >= 0) break;
  }
  if (line.at(-1) === 0x0d) line.pop();
  return Uint8Array.from(line);
}
