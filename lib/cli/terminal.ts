/**
 * The process's own streams and signals, made once in `main.ts`.
 *
 * @module
 */

/** Where the command line reads and writes. */
export interface Terminal {
  /** Reads bytes of standard input; null at its end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes to standard output. False once nobody reads there any more. */
  write(text: string): Promise<boolean>;
  /** Writes one line to standard error; what nobody reads is dropped. */
  writeError(line: string): Promise<void>;
  /** Calls `handler` once, with the exit code due, when the process is asked to end. */
  onStop(handler: (exitCode: number) => void): void;
}

/** Signals that ask for an end, with the exit code that shells expect. */
const STOP_SIGNALS: readonly [Deno.Signal, number][] =
  Deno.build.os === "windows"
    ? [["SIGINT", 130], ["SIGBREAK", 149]]
    : [["SIGINT", 130], ["SIGTERM", 143]];

/** The real streams. */
export function realTerminal(): Terminal {
  const encoder = new TextEncoder();
  let isOpen = true;
  return {
    read: (buffer) => Deno.stdin.read(buffer),
    async write(text) {
      try {
        if (isOpen) await writeAll(Deno.stdout, encoder.encode(text));
      } catch {
        isOpen = false;
      }
      return isOpen;
    },
    async writeError(line) {
      await writeAll(Deno.stderr, encoder.encode(line + "\n")).catch(() => {});
    },
    onStop(handler) {
      for (const [signal, exitCode] of STOP_SIGNALS) {
        Deno.addSignalListener(signal, () => handler(exitCode));
      }
    },
  };
}

async function writeAll(
  stream: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += await stream.write(bytes.subarray(done));
  }
}
