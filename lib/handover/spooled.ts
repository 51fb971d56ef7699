/**
 * Handing over what waits in a home's spool, in the order of its names.
 *
 * @module
 */

import type { Deadline } from "../base/deadline.ts";
import { reasonOf } from "../base/errors.ts";
import { COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX } from "../base/limits.ts";
import type { Problem } from "../base/problem.ts";
import type { RenderedDraft } from "../event/event.ts";
import type { Home } from "../home/home.ts";
import { type Drafted, inspect } from "../home/intake.ts";
import type { Word } from "./words.ts";

/** Hands drafts over: a word for each, and what is in the way of those that are open. */
export type Hand = (
  drafts: readonly RenderedDraft[],
) => Promise<{ words: readonly Word[]; trouble: Error | undefined }>;

/**
 * Hands over the drafts of these names, and removes what the agent has.
 *
 * @returns how many are left because the time was up
 * @throws {Error} where the agent does not take them
 */
export async function handSpooled(
  home: Home,
  names: readonly string[],
  by: Deadline,
  hand: Hand,
  warn: (text: string) => void = () => {},
): Promise<number> {
  const { spool, context } = home;
  if (!await by.race(spool.isWritable(), "look at the spool")) {
    warn(`${spool.path} cannot be written: its drafts wait`);
    return 0;
  }
  // Half of the time is for the draft that the caller has.
  const enoughMs = by.leftMs / 2;
  let group: Drafted[] = [], bytes = 0;
  const flush = async (): Promise<void> => {
    const full = group;
    group = [];
    bytes = 0;
    if (full.length > 0) await handGroup(home, full, hand, warn);
  };
  for (const [at, name] of names.entries()) {
    if (by.leftMs < enoughMs && at > 0) {
      await flush();
      return names.length - at;
    }
    const verdict = await by.race(
      inspect(spool, name, context, by),
      "read the spool",
    );
    if (typeof verdict === "string") continue;
    if ("problems" in verdict) {
      await setAside(home, name, verdict.problems, warn);
      continue;
    }
    group.push(verdict);
    bytes += verdict.file.bytes.length;
    if (group.length >= COMMIT_EVENTS_MAX || bytes >= COMMIT_BYTES_MAX) {
      await flush();
    }
  }
  await flush();
  return 0;
}

async function handGroup(
  home: Home,
  group: readonly Drafted[],
  hand: Hand,
  warn: (text: string) => void,
): Promise<void> {
  const { words, trouble } = await hand(group.map(({ draft }) => draft));
  const done: string[] = [];
  for (const [i, word] of words.entries()) {
    const { name } = group[i]!.file;
    if (word.kind === "open") continue;
    const { status, problems = [] } = word.receipt;
    if (status === "discarded") await setAside(home, name, problems, warn);
    else done.push(name);
  }
  await home.spool.remove(done);
  if (trouble) throw trouble;
}

/** Moves a file that no agent will ever take out of the way of those that it will. */
async function setAside(
  { spool }: Home,
  name: string,
  problems: readonly Problem[],
  warn: (text: string) => void,
): Promise<void> {
  const outcome = await spool.reject(name, { problems }).then(
    () => "is now in rejected/, with the reason beside it",
    (error) => `cannot be moved to rejected/: ${reasonOf(error)}`,
  );
  warn(`${spool.path}/${name} breaks the contract and ${outcome}`);
}
