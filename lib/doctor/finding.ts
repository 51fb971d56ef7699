/**
 * What a check found, and what to do.
 *
 * @module
 */

import { EXIT, type ExitCode } from "../base/errors.ts";
import { CLOCK_SKEW_MS_MAX, NAMES_MAX } from "./limits.ts";

/** How something stands. */
export type CheckStatus = "ok" | "warning" | "problem";

/** What a check found. */
export interface Finding {
  readonly status: CheckStatus;
  readonly found: string;
  /** What to do, as a sentence or a command. */
  readonly try?: string;
  /** Problems only: the exit code that says the same. */
  readonly exit?: ExitCode;
}

/** All is well. */
export function fine(found: string): Finding {
  return { status: "ok", found };
}

/** It works, but perhaps not for long, or not as expected. */
export function warning(found: string, toTry: string): Finding {
  return { status: "warning", found, try: toTry };
}

/** It does not work. */
export function problem(
  found: string,
  toTry: string,
  exit: ExitCode = EXIT.notStored,
): Finding {
  return { status: "problem", found, try: toTry, exit };
}

/** Whether this machine has the time of another; `skewMs`: how far it is ahead. */
export function timeFinding(
  skewMs: number,
  other: string,
  toTry: string,
): Finding {
  if (Math.abs(skewMs) <= CLOCK_SKEW_MS_MAX) {
    return fine("the same time as here");
  }
  const side = skewMs > 0 ? "ahead of" : "behind";
  return warning(
    `this machine is ${timeText(skewMs)} ${side} ${other}`,
    toTry,
  );
}

/** A few names, and how many more there are. */
export function listed(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  return names.slice(0, NAMES_MAX).join(", ") +
    (more > 0 ? ` and ${more} more` : "");
}

/** A stretch of time in words. */
export function timeText(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
