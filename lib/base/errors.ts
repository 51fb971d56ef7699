/**
 * Errors of the program itself. A mistake or a trouble is an error; what
 * becomes of an event is a value (see `receipt.ts`).
 *
 * @module
 */

/** Exit codes, after sysexits(3). */
export const EXIT = {
  ok: 0,
  usage: 64,
  invalid: 65,
  unavailable: 69,
  notStored: 74,
  full: 75,
  notAuthenticated: 77,
  config: 78,
} as const;

/** An exit code of the program. */
export type ExitCode = typeof EXIT[keyof typeof EXIT];

/** A failure that a person can act on: what was attempted, what was found, what to try. */
export class KittyError extends Error {
  override name = "KittyError";
  /** Stable word for programs, such as `usage` or `queue_unusable`. */
  readonly code: string;
  /** What to do next, as a sentence or a command. */
  readonly hint: string | undefined;
  /** Exit code of a command that ends with this error. */
  readonly exit: ExitCode;

  constructor(
    code: string,
    message: string,
    options: { hint?: string | undefined; exit?: ExitCode; cause?: unknown } =
      {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.exit = options.exit ?? EXIT.notStored;
  }
}

/** Wrong use of the command line: always exit code 64. */
export function usageError(message: string, hint?: string): KittyError {
  return new KittyError("usage", message, { hint, exit: EXIT.usage });
}

/** The deadline of a call passed before the thing awaited had happened. */
export class DeadlineError extends Error {
  override name = "DeadlineError";
}

/** The reason of a failure in words, without the error's class name. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Said of places such as /proc and /dev/null; nobody need compile anything for it.
  return error.message.split(", specify the required permissions ", 1)[0]!;
}
