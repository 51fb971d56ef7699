/**
 * Carries out in the queue what the server said. The only place where a drain
 * changes anything.
 *
 * @module
 */

import { receive } from "../../event/clock.ts";
import { Deadline } from "../../base/deadline.ts";
import { isDiskFull } from "../../base/files.ts";
import type { Held } from "../../home/held.ts";
import type { Home } from "../../home/home.ts";
import type {
  Destination,
  KeyNote,
  QueueReader,
  QueueWriter,
} from "../../home/queue.ts";
import { restoreReserve } from "../../home/reserve.ts";
import {
  ATTEMPTS_MAX,
  CLOCK_MAX,
  DRAIN_INTAKE_MS_MAX,
  HOUSEKEEPING_TIMEOUT_MS,
  INTAKE_FILES_MAX,
} from "../../base/limits.ts";
import type { Left } from "./counts.ts";
import type { Failure, Verdict } from "./verdict.ts";

/** Work of a drain under the home's lock: patient, and brief for the sake of the emits that wait meanwhile. */
export async function holdForDrain<T>(
  home: Home,
  work: (held: Held) => Promise<T>,
): Promise<T> {
  let warnings: readonly string[] = [];
  try {
    return await home.hold(
      Deadline.in(home.world.elapsedMs, HOUSEKEEPING_TIMEOUT_MS),
      { files: INTAKE_FILES_MAX, ms: DRAIN_INTAKE_MS_MAX },
      (held) => {
        warnings = held.warnings;
        return work(held);
      },
    );
  } finally {
    // Report after releasing the lock.
    for (const text of warnings) home.context.warn?.(text);
  }
}

/** Takes in the spool, and gives the queue to read without the lock. */
export function openForDrain(home: Home): Promise<QueueReader> {
  return holdForDrain(home, () => Promise.resolve(home.reader!));
}

/** What settles the verdicts of one drain. */
export interface SettleParts {
  readonly home: Home;
  /** Where the events went. */
  readonly destination?: Destination | undefined;
}

/** Drains that have said that the clock of the server is not noted. */
const complained = new WeakSet<SettleParts>();

/**
 * Carries out a verdict in the queue.
 *
 * @param parts the same for all of one drain
 * @param clock the server's clock as it came; what is no clock value is ignored
 * @param onLeft told what has left the queue, also where the rest failed; those that are done leave in their order
 * @returns events that became dead letters because this was their last attempt
 */
export function settle(
  parts: SettleParts,
  verdict: Verdict,
  clock?: unknown,
  onLeft: (left: Left) => void = () => {},
): Promise<ReadonlyMap<string, Failure>> {
  return holdForDrain(parts.home, async (held) => {
    const before = held.queue.ledger;
    try {
      return await carryOut(held, parts, verdict, clock);
    } finally {
      const { delivered, dead } = held.queue.ledger;
      onLeft({
        gone: delivered - before.delivered,
        dead: dead - before.dead,
      });
    }
  });
}

async function carryOut(
  held: Held,
  parts: SettleParts,
  verdict: Verdict,
  clock: unknown,
): Promise<ReadonlyMap<string, Failure>> {
  const { home, destination } = parts, { queue } = held;
  const nowMs = home.world.nowMs();
  if (verdict.done.length > 0) {
    queue.note({ last_success: new Date(nowMs).toISOString() });
    await queue.acknowledge(verdict.done, destination);
  }
  for (const [words, ids] of byWords(verdict.rejected)) {
    await queue.deadLetter(ids, {
      reason: "rejected by the server",
      lastError: words,
      nowMs,
    });
  }
  const given = new Map<string, Failure>();
  for (const [words, ids] of byWords(verdict.failed)) {
    for (const [id, attempts] of await queue.recordFailure(ids, words)) {
      if (attempts >= ATTEMPTS_MAX) given.set(id, verdict.failed.get(id)!);
    }
  }
  for (const [words, ids] of byWords(given)) {
    await queue.deadLetter(ids, {
      reason: `no final word from the server in ${ATTEMPTS_MAX} attempts`,
      lastError: words,
      nowMs,
    });
  }
  // Last: a clock that cannot be stored must not keep what is delivered in the queue.
  try {
    await receiveClock(held, clock);
  } catch (error) {
    // What goes on makes room by and by, and each answer has a clock.
    if (!isDiskFull(error)) throw error;
    if (!complained.has(parts)) {
      held.warn("the clock of the server is not noted yet: the disk is full");
    }
    complained.add(parts);
  }
  await held.saveCounts().catch(() => {});
  return given;
}

/**
 * Notes that a drain failed as a whole, if it did, and what the server does
 * not take.
 *
 * @param now what the server was told of this home
 * @param key what it said of the environment's token
 * @returns how many events are queued
 */
export function concludeDrain(
  home: Home,
  trouble: string | undefined,
  untaken: ReadonlySet<string> = new Set(),
  now?: { readonly listener: string; readonly told: string },
  key?: KeyNote,
): Promise<number> {
  return holdForDrain(home, async (held) => {
    const { queue } = held;
    const waiting = [...untaken].sort();
    if (String(waiting) !== String(queue.ledger.untaken ?? [])) {
      queue.note({ untaken: waiting });
      await queue.touch().catch(() => {});
    }
    const { own, told } = queue.ledger;
    const isNews = now &&
      (now.told !== told || now.listener !== own?.listener);
    if (isNews && own) {
      const { listener } = now;
      queue.note({ told: now.told, own: { ...own, listener } });
      await queue.touch().catch(() => {});
      await held.saveCounts().catch(() => {});
    }
    if (key) await noteKey(queue, key);
    if (trouble !== undefined) {
      const at = new Date(home.world.nowMs()).toISOString();
      queue.note({ last_failure: { at, reason: trouble } });
      // What it says is worth less than what the drain has done.
      await queue.touch().catch(() => {});
    }
    await restoreReserve(home.path);
    return queue.ledger.queued;
  });
}

/** Notes what the server said of a key; that it said the same again is worth no commit of its own. */
async function noteKey(queue: QueueWriter, key: KeyNote): Promise<void> {
  const { key: before } = queue.ledger;
  const isSame = before?.sum === key.sum && before.refused === key.refused;
  const team = key.team ?? (isSame ? before?.team : undefined);
  queue.note({ key: { ...key, ...team !== undefined && { team } } });
  if (!isSame) await queue.touch().catch(() => {});
}

/** Moves the clock past one of elsewhere, as far as that is one. */
export async function receiveClock(held: Held, remote: unknown): Promise<void> {
  if (remote === undefined || remote === null) return;
  const value = receive(held.clock, remote as number);
  if (value !== undefined) return await held.setClock(value);
  if (typeof remote === "number" && remote >= CLOCK_MAX) {
    held.warn(
      "a clock value of the server is ignored: it leaves none above it",
    );
  }
}

function byWords(
  failures: ReadonlyMap<string, Failure>,
): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [id, { words }] of failures) {
    const ids = groups.get(words);
    if (ids) ids.push(id);
    else groups.set(words, [id]);
  }
  return groups;
}
