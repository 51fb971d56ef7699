/**
 * The small things that a collector has to remember beside events, whatever
 * stores them: users, sessions and the like. Engines know spaces and values,
 * and nothing of what they mean.
 *
 * @module
 */

import { KittyError } from "../../base/errors.ts";
import { RECORD_TRIES_MAX } from "../limits.ts";

/** Where a record lies. What commands change while the collector runs is a list, and so has a plural. */
export type Space =
  | "collectors"
  | "collector"
  | "ended_session"
  | "keys"
  | "known_address"
  | "lease"
  | "quotas"
  | "session"
  | "signing_keys"
  | "sink_cursor"
  | "sinks"
  | "spent_token"
  | "throttle"
  | "users";

/** A JSON object. */
export type Recorded = object;

/** Records by space and key. Other processes may change them at any time. */
export interface Records {
  /** The value of a key; undefined where there is none. */
  get<T extends Recorded>(space: Space, key: string): Promise<T | undefined>;
  /** All of a space. */
  list<T extends Recorded>(space: Space): Promise<readonly Entry<T>[]>;
  /**
   * Puts `after` in the place of `before`; either may be nothing. Values count
   * as the same where their JSON is.
   *
   * @returns false where something else stands there; nothing has changed then
   */
  replace(
    space: Space,
    key: string,
    before: Recorded | undefined,
    after: Recorded | undefined,
  ): Promise<boolean>;
}

/** A record with its key. */
export type Entry<T extends Recorded> = readonly [key: string, value: T];

/** Removes the records of a space but those that are to be kept, and those that change meanwhile. @returns the keys of the others */
export async function swept<T extends Recorded>(
  records: Records,
  space: Space,
  isKept: (value: T) => boolean,
): Promise<readonly string[]> {
  const over = (await records.list<T>(space))
    .filter(([, value]) => !isKept(value));
  for (const [key, value] of over) {
    await records.replace(space, key, value, undefined);
  }
  return over.map(([key]) => key);
}

/** A record before a change, and after it. */
export interface Changed<T extends Recorded> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/**
 * Changes a record, whatever others make of it meanwhile.
 *
 * @param change what is to stand in the place of what does, asked again where others were faster; the same object: it stays
 * @throws {KittyError} `busy` where others are faster again and again
 */
export function changed<T extends Recorded>(
  records: Records,
  space: Space,
  key: string,
  change: (before: T | undefined) => T | undefined,
): Promise<Changed<T>> {
  return untilFirst(`change one of the records "${space}"`, async () => {
    const before = await records.get<T>(space, key), after = change(before);
    const isDone = after === before ||
      await records.replace(space, key, before, after);
    return isDone ? { before, after } : undefined;
  });
}

/**
 * Tries until nobody else is faster.
 *
 * @param what for the error: "change ..."
 * @param attempt undefined: somebody was faster
 * @throws {KittyError} `busy` where that is so again and again
 */
export async function untilFirst<T>(
  what: string,
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  for (let n = 0; n < RECORD_TRIES_MAX; n++) {
    const done = await attempt();
    if (done !== undefined) return done;
  }
  throw new KittyError(
    "busy",
    `cannot ${what}: others were faster ${RECORD_TRIES_MAX} times`,
    { hint: "try again when the collectors have less to do" },
  );
}

/** Removes a record, whatever stands there by now. @returns what it was */
export async function removed<T extends Recorded>(
  records: Records,
  space: Space,
  key: string,
): Promise<T | undefined> {
  return (await changed<T>(records, space, key, () => undefined)).before;
}
