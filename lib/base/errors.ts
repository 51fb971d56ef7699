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

/**
 * Everything that a command can fail with: a stable word for programs, and the
 * exit code. `docs/receipts.md` says what each means.
 */
export const ERROR_EXITS = {
  agent_running: EXIT.unavailable,
  backup_damaged: EXIT.invalid,
  bad_agent_token: EXIT.config,
  bad_ca_file: EXIT.config,
  bad_certificate: EXIT.config,
  bad_contract: EXIT.invalid,
  bad_password: EXIT.invalid,
  bad_secret: EXIT.config,
  bad_server_url: EXIT.config,
  bad_sink: EXIT.invalid,
  bad_store_url: EXIT.config,
  bad_user: EXIT.invalid,
  busy: EXIT.unavailable,
  cannot_listen: EXIT.unavailable,
  clock_exhausted: EXIT.notStored,
  clock_value: EXIT.invalid,
  collector_running: EXIT.notStored,
  contract_in_use: EXIT.unavailable,
  credentials_unusable: EXIT.notStored,
  events_damaged: EXIT.notStored,
  events_lost: EXIT.unavailable,
  file_exists: EXIT.usage,
  folder_unusable: EXIT.notStored,
  forbidden: EXIT.notAuthenticated,
  home_lost: EXIT.unavailable,
  home_out_of_reach: EXIT.notStored,
  input: EXIT.usage,
  internal: EXIT.notStored,
  key_exists: EXIT.invalid,
  late: EXIT.unavailable,
  newer_layout: EXIT.notStored,
  no_home: EXIT.notStored,
  no_logs: EXIT.usage,
  no_queue: EXIT.notStored,
  no_right: EXIT.notStored,
  no_socket: EXIT.notStored,
  no_team: EXIT.notAuthenticated,
  not_authenticated: EXIT.notAuthenticated,
  not_found: EXIT.invalid,
  outdated: EXIT.unavailable,
  output_failed: EXIT.notStored,
  queue_busy: EXIT.notStored,
  queue_unusable: EXIT.notStored,
  report_failed: EXIT.notStored,
  server_unavailable: EXIT.unavailable,
  store_access: EXIT.config,
  store_differs: EXIT.invalid,
  store_full: EXIT.unavailable,
  store_read_only: EXIT.unavailable,
  store_unavailable: EXIT.unavailable,
  store_unfit: EXIT.config,
  sync_failed: EXIT.unavailable,
  too_many_logins: EXIT.unavailable,
  usage: EXIT.usage,
  user_exists: EXIT.invalid,
  settings_damaged: EXIT.config,
  settings_locked: EXIT.notStored,
} as const satisfies Record<string, ExitCode>;

/** What a command can fail with, in a word. */
export type ErrorCode = keyof typeof ERROR_EXITS;

/** A failure that a person can act on: what was attempted, what was found, what to try. */
export class KittyError extends Error {
  override name = "KittyError";
  /** Stable word for programs. */
  readonly code: ErrorCode;
  /** What to do next, as a sentence or a command. */
  readonly hint: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }

  /** Exit code of a command that ends with this error. */
  get exit(): ExitCode {
    return ERROR_EXITS[this.code];
  }
}

/** Wrong use of the command line: always exit code 64. */
export function usageError(message: string, hint?: string): KittyError {
  return new KittyError("usage", message, { hint });
}

/** An error for a queue that is there but cannot be used now. */
export function queueUnusable(message: string, hint?: string): KittyError {
  return new KittyError("queue_unusable", message, { hint });
}

/** The deadline of a call passed before the thing awaited had happened. */
export class DeadlineError extends Error {
  override name = "DeadlineError";
}

/** The reason of a failure in words, without the error's class name. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Said of places such as /proc and /dev/null; there is nothing to compile for it.
  return error.message.split(", specify the required permissions ", 1)[0]!;
}
