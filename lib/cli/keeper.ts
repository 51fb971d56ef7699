/**
 * What the commands share that look after a home: clock, queue, dead letters.
 *
 * @module
 */

import type { Settings } from "../base/config.ts";
import { KittyError, reasonOf } from "../base/errors.ts";
import type { HandOver } from "../handover/hand_over.ts";
import type { Held } from "../home/held.ts";
import type { Home } from "../home/home.ts";
import type { QueueReader } from "../home/queue.ts";
import { queuePath } from "../home/queue_file.ts";
import { homeFolder, noHome, refusalOf } from "../emit/identity.ts";
import { setUpEmitter } from "../emit/setup.ts";
import type { Call } from "./command.ts";

/** The home of a call, with its settings. */
export interface Keeper {
  readonly home: Home;
  readonly settings: Settings;
  /** What hands its drafts over to an agent elsewhere, where one is named. */
  readonly handOver: HandOver | undefined;
  /** Whether there is a home, and a queue where all is handed over. */
  readonly isThere: boolean;
  /** Does work under the home's lock and says what was odd. */
  maintain<T>(work: (held: Held) => Promise<T>): Promise<T>;
  /**
   * The same for work that only reads. It makes no home where there is none, and no queue where all is handed over:
   * the work sees an empty queue then. Of the spool it takes in as much as an
   * `emit` does, and says how much is left.
   */
  look<T>(work: (held: Held) => Promise<T>): Promise<T>;
  /** As `maintain` where there is something; else it makes nothing, and `nothing` is what came of it. */
  tend<T>(work: (held: Held) => Promise<T>, nothing: T): Promise<T>;
  /** The queue, to be read after the lock is given back. */
  read(): Promise<QueueReader>;
  /** The same with all of the spool taken in. */
  readAll(): Promise<QueueReader>;
}

/** @throws {KittyError} where the user has no home, or it is a file */
export async function openKeeper(call: Call): Promise<Keeper> {
  await expectNoFile(await homeOf(call));
  const { emitter, settings } = await setUpEmitter(call.world, {
    home: call.args.text("home"),
    warn: (text) => void call.out.warn(text),
  });
  const { home, handOver } = emitter;
  if (!home) throw noHome();
  if (handOver?.address && !call.out.mode.json) {
    await call.out.note(
      `drafts are handed over to the agent at ${handOver.address.text}; this is about what lies in ${home.path}`,
    );
  }
  const under = teller(call, home);
  // A home that hands over may have a spool and no queue: looking makes none.
  const needed = handOver ? queuePath(home.path) : home.path;
  const isThere = await Deno.lstat(needed).then(() => true, isNotMissing);
  const maintain: Keeper["maintain"] = (work) =>
    under((held) => home.maintain(held), work);
  const look: Keeper["look"] = async (work) => {
    if (!isThere) {
      const result = await work(await home.unmade());
      // In JSON it is plain that there is nothing.
      if (!call.out.mode.json) {
        await call.out.note(
          handOver
            ? `there is no queue in ${home.path}, and none is needed`
            : `there is nothing yet: the first event makes ${home.path}`,
        );
      }
      return result;
    }
    return await under((held) => home.look(held), async (held) => {
      const { left } = held.intake;
      if (left > 0) held.warn(`${left} drafts wait in the spool`);
      return await work(held);
    });
  };
  const queueOf = ({ queue }: Held): Promise<QueueReader> =>
    Promise.resolve(home.reader ?? queue);
  return {
    home,
    settings,
    handOver,
    isThere,
    maintain,
    look,
    tend: (work, nothing) =>
      isThere ? maintain(work) : look(() => Promise.resolve(nothing)),
    read: () => look(queueOf),
    readAll: () => isThere ? maintain(queueOf) : look(queueOf),
  };
}

/** Does work under the home's lock, and reports what was odd after releasing it. */
function teller({ out }: Call, home: Home) {
  return async <T>(
    hold: (work: (held: Held) => Promise<T>) => Promise<T>,
    work: (held: Held) => Promise<T>,
  ): Promise<T> => {
    let warnings: readonly string[] = [];
    try {
      return await hold((held) => {
        warnings = held.warnings;
        return work(held);
      });
    } catch (error) {
      if (error instanceof KittyError) throw error;
      throw unusable(
        home.path,
        reasonOf(error),
        "look at the folder's owner, mode and free space",
        error,
      );
    } finally {
      // After the lock is released: a slow reader must not keep others waiting.
      for (const text of warnings) await out.warn(text);
    }
  };
}

/** Whether a path is there although it could not be looked at. */
function isNotMissing(error: unknown): boolean {
  return !(error instanceof Deno.errors.NotFound);
}

/**
 * The folder of a call's home.
 *
 * @throws {KittyError} where the user has no home, or no program may use it
 */
export async function homeOf(
  call: Pick<Call, "args" | "world">,
): Promise<string> {
  const home = await folderOf(call);
  const refusal = await refusalOf(home);
  if (refusal) throw refusal;
  return home;
}

/**
 * The same for a look in spite of everything.
 *
 * @throws {KittyError} where the user has no home
 */
export async function folderOf(
  { args, world }: Pick<Call, "args" | "world">,
): Promise<string> {
  const home = await homeFolder(world, args.text("home"));
  if (home === undefined) throw noHome();
  return home;
}

/** Looks before anything else does: what each of its files meets there would hide the one mistake. */
async function expectNoFile(path: string): Promise<void> {
  const stat = await Deno.stat(path).catch(() => undefined);
  if (!stat?.isFile) return;
  throw unusable(
    path,
    "it is a file, not a folder",
    "name a folder with SPEC_KITTY_HOME or --home",
  );
}

function unusable(
  path: string,
  found: string,
  hint: string,
  cause?: unknown,
): KittyError {
  return new KittyError(
    "queue_unusable",
    `cannot use the queue in ${path}: ${found}`,
    { hint, cause },
  );
}
