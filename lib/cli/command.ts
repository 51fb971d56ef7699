/**
 * A command as data: what it is called, what it takes, and what it does.
 *
 * @module
 */

import { DURATION_EXPECTED, parseDuration } from "../base/config.ts";
import { KittyError, usageError } from "../base/errors.ts";
import type { World } from "../base/world.ts";
import type { Args, ArgsSpec, Option } from "../base/arguments.ts";
import type { Output } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** A command of the program. */
export interface Command extends ArgsSpec {
  /** Its words, such as `queue list`. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** What else its help says, a line each. */
  readonly details?: readonly string[];
  /** Command lines that work. */
  readonly examples: readonly string[];
  /** @returns the exit code */
  run(call: Call): Promise<number>;
}

/** One call of a command. */
export interface Call {
  readonly args: Args;
  readonly world: World;
  readonly terminal: Terminal;
  readonly out: Output;
}

/** Options that every command takes. */
export const COMMON_OPTIONS = {
  json: { kind: "flag", help: "JSON on stdout, one document per line" },
  quiet: { kind: "flag", help: "say only what went wrong" },
  verbose: { kind: "flag", help: "say more" },
  home: {
    kind: "text",
    value: "DIR",
    help: "folder of queue and clock (default ~/.spec-kitty)",
  },
  help: { kind: "flag", help: "this help" },
} as const satisfies Record<string, Option>;

/** Options of the commands that record events. */
export const EMIT_OPTIONS = {
  strict: {
    kind: "flag",
    help: "exit with an error code when an event was not stored",
  },
  timeout: {
    kind: "text",
    value: "TIME",
    help: "how long the call may take, such as 500ms, 2s or 1m",
  },
  contract: {
    kind: "text",
    value: "NAME",
    help: "the contract to keep (default: the one that has the type)",
  },
  wait: {
    kind: "text",
    value: "disk|server",
    choices: ["disk", "server"],
    help: "wait until the event is on disk (default), or acknowledged",
  },
} as const satisfies Record<string, Option>;

/** The value of `--timeout`. */
export function timeoutOf(args: Args): number | undefined {
  const given = args.text("timeout");
  if (given === undefined) return undefined;
  const ms = parseDuration(given);
  if (ms === undefined) {
    throw usageError(`--timeout takes ${DURATION_EXPECTED}`);
  }
  return ms;
}

/** A whole number from 1 on, as given to an option. */
export function countOf(args: Args, name: string): number | undefined {
  const given = args.text(name);
  if (given === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(given)) {
    throw usageError(`--${name} takes a whole number from 1 on`);
  }
  return Number(given);
}

/** An id that nothing is known by. */
export function notFound(what: string, hint: string): KittyError {
  return new KittyError("not_found", `${what} is not there`, {
    hint,
  });
}
