/**
 * The process's own streams and signals, made once in `main.ts`.
 *
 * @module
 */

import { reasonOf } from "../base/errors.ts";
import { oneLine, visible } from "../base/shown.ts";
import type { World } from "../base/world.ts";
import { wantsColour } from "./colour.ts";
import { ErrorStream } from "./error_stream.ts";

/** Where the command line reads and writes. */
export interface Terminal {
  /** Whether a person types standard input. */
  readonly isInteractive: boolean;
  /** Reads bytes of standard input; null at its end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /**
   * Asks a person for a line that is not shown. Undefined where the person
   * stops it (Ctrl-C).
   */
  readSecret(prompt: string): Promise<Uint8Array | undefined>;
  /** Writes to standard output. False once it is no longer read, or writing failed. */
  write(text: string): Promise<boolean>;
  /** Why output was lost that would have been read, as on a full disk. */
  readonly lost: string | undefined;
  /** Whether a person sees standard error. */
  readonly showsErrors: boolean;
  /** Whether standard output takes colours. */
  readonly hasColours: boolean;
  /** Whether standard error does. */
  readonly hasErrorColours: boolean;
  /** Writes one line to standard error, behind those before it; what cannot be written is dropped. */
  writeError(line: string): Promise<void>;
  /** The same for text that is not a whole line. */
  writeErrorText(text: string): Promise<void>;
  /** The process is about to end: from now on, a standard error that nobody reads is given up after a moment. So it is when the process is asked to end. */
  readonly hurry: () => void;
  /** Resolves once all of standard error was written, or given up; to be called at the end. */
  finish(): Promise<void>;
  /** Calls `handler` once, with the exit code due, when the process is asked to end. */
  onStop(handler: (exitCode: number) => void): void;
  /** Calls `handler` whenever the process is asked to read its settings again; never on Windows. */
  onReload(handler: () => void): void;
}

/** Signals that ask for an end, with the exit code that shells expect. */
const STOP_SIGNALS: readonly [Deno.Signal, number][] =
  Deno.build.os === "windows"
    ? [["SIGINT", 130], ["SIGBREAK", 149]]
    : [["SIGINT", 130], ["SIGTERM", 143]];

/** The real streams, which may be files. */
export function realTerminal(
  { withstand = () => {} }: Pick<World, "withstand"> = {},
): Terminal {
  const encoder = new TextEncoder();
  let isOpen = true, lost: string | undefined;
  const isSeen = Deno.stdout.isTerminal();
  const areErrorsSeen = Deno.stderr.isTerminal();
  const errors = new ErrorStream(async (text) => {
    withstand();
    const shown = areErrorsSeen ? visible(text) : text;
    await writeAll(Deno.stderr, encoder.encode(shown));
  });
  const writeErrorText = (text: string) => errors.write(text);
  return {
    isInteractive: Deno.stdin.isTerminal(),
    read: (buffer) => Deno.stdin.read(buffer),
    async readSecret(prompt) {
      const { readSecret } = await import("./secret_prompt.ts");
      return await readSecret(prompt, writeErrorText, STOP_SIGNALS);
    },
    async write(text) {
      withstand();
      try {
        const shown = isSeen ? visible(text) : oneLine(text);
        if (isOpen) await writeAll(Deno.stdout, encoder.encode(shown));
      } catch (error) {
        isOpen = false;
        // Who closes a pipe has read enough; who gave a file has not.
        if (!(error instanceof Deno.errors.BrokenPipe)) lost = reasonOf(error);
      }
      return isOpen;
    },
    get lost() {
      return lost;
    },
    get showsErrors() {
      return areErrorsSeen;
    },
    get hasColours() {
      return wantsColour(env, isSeen);
    },
    get hasErrorColours() {
      return wantsColour(env, areErrorsSeen);
    },
    writeError: (line) => writeErrorText(`${line}\n`),
    writeErrorText,
    hurry: () => errors.hurry(),
    finish: () => errors.finish(),
    onStop(handler) {
      onSignal(() => errors.hurry());
      onSignal(handler);
    },
    onReload(handler) {
      if (Deno.build.os !== "windows") {
        Deno.addSignalListener("SIGHUP", handler);
      }
    },
  };
}

/** Calls `handler`, with the exit code due, when the process is asked to end. */
function onSignal(handler: (exitCode: number) => void): void {
  for (const [signal, exitCode] of STOP_SIGNALS) {
    Deno.addSignalListener(signal, () => handler(exitCode));
  }
}

/** A variable; undefined where it is unset, or is not valid UTF-8. */
function env(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch {
    return undefined;
  }
}

async function writeAll(
  stream: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += await stream.write(bytes.subarray(done));
  }
}
