/**
 * Following logs for as long as a process lives.
 *
 * @module
 */

import { pause } from "../base/deadline.ts";
import { reasonOf } from "../base/errors.ts";
import { Passes, type PassParts, type PassResult } from "./pass.ts";

/** How often the logs are looked at: what is new is noticed within a second. */
export const LOOK_MS = 600;

/** What following takes. */
export interface FollowerParts extends PassParts {
  /** Takes what a pass did. */
  readonly onPass: (result: PassResult) => Promise<void> | void;
  /** Takes why a pass could not be made; it is tried again. */
  readonly onTrouble: (reason: string) => Promise<void> | void;
}

/** Goes over the logs until it is told to end. Never rejects. */
export async function follow(
  parts: FollowerParts,
  end: AbortSignal,
): Promise<void> {
  const passes = new Passes(parts);
  let said: string | undefined;
  while (!end.aborted) {
    try {
      await parts.onPass(await passes.run());
      said = undefined;
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== said) await parts.onTrouble(reason);
      said = reason;
    }
    await pause(LOOK_MS, end);
  }
}

/** What is worth telling of passes: what was told is not told again until it changes. */
export class News {
  readonly #told = new Map<string, string>();

  /** Whether something is to be told of a log or a file in its place. */
  isNew(name: string, what: string): boolean {
    if ((this.#told.get(name) ?? "") === what) return false;
    this.#told.set(name, what);
    return true;
  }
}
