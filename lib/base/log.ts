/**
 * What a process that runs for long says of itself: JSON, one document a line. Never a token,
 * a password, or text of a payload.
 *
 * @module
 */

import { reasonOf } from "./errors.ts";
import { oneLine } from "./shown.ts";

/** The voice of such a process. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** What should work and does not. */
  error(message: string, error: unknown): void;
}

/** A log that gives each line to `write`. */
export function jsonLog(
  nowMs: () => number,
  write: (line: string) => void,
): Log {
  const tell = (level: string, message: string, fields = {}) => {
    const time = new Date(nowMs()).toISOString();
    write(oneLine(JSON.stringify({ time, level, message, ...fields })));
  };
  return {
    info: (message, fields) => tell("info", message, fields),
    warn: (message, fields) => tell("warn", message, fields),
    error: (message, error) =>
      tell("error", message, { reason: reasonOf(error) }),
  };
}
