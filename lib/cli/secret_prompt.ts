/**
 * A line that a person types and the screen does not show, such as a password.
 *
 * @module
 */

import { SecretLine } from "./secret_line.ts";

/**
 * Asks a person for a line on the terminal, and does not show it. Undefined
 * where the person stops it.
 *
 * @param tell shows text to the person
 * @param stopSignals signals that end the process, with their exit codes
 */
export async function readSecret(
  prompt: string,
  tell: (text: string) => Promise<void>,
  stopSignals: readonly (readonly [Deno.Signal, number])[],
): Promise<Uint8Array | undefined> {
  // A terminal left in raw mode does not show what is typed.
  const leave = stopSignals.map(([signal, exitCode]) => {
    const handler = () => {
      Deno.stdin.setRaw(false);
      Deno.exit(exitCode);
    };
    return [signal, handler] as const;
  });
  for (const [signal, handler] of leave) {
    Deno.addSignalListener(signal, handler);
  }
  Deno.stdin.setRaw(true);
  try {
    await tell(prompt);
    const line = new SecretLine();
    const buffer = new Uint8Array(1024);
    for (;;) {
      const count = await Deno.stdin.read(buffer);
      if (count === null) return undefined;
      const state = line.feed(buffer.subarray(0, count));
      if (state.kind === "done") return state.bytes;
      if (state.kind === "stopped") return undefined;
    }
  } finally {
    Deno.stdin.setRaw(false);
    for (const [signal, handler] of leave) {
      Deno.removeSignalListener(signal, handler);
    }
    await tell("\n");
  }
}
