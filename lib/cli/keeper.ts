/**
 * What the commands share that look after a home: clock, queue, dead letters.
 *
 * @module
 */

import { KittyError, reasonOf } from "../errors.ts";
import type { Settings } from "../config.ts";
import type { Held } from "../home/held.ts";
import type { Home } from "../home/home.ts";
import { homeFolder } from "../identity.ts";
import { setUpEmitter } from "../setup.ts";
import type { Call } from "./command.ts";

/** The home of a call, with its settings. */
export interface Keeper {
  readonly home: Home;
  readonly settings: Settings;
  /** Does work under the home's lock and says what was odd. */
  keep<T>(work: (held: Held) => Promise<T>): Promise<T>;
  /** Takes in the spool and gives the queue to read. */
  read(): Promise<Deno.Kv>;
}

/** @throws {KittyError} where the user has no home, or it is a file */
export async function openKeeper(call: Call): Promise<Keeper> {
  await expectNoFile(await homeOf(call));
  const { emitter, settings } = await setUpEmitter(call.world, {
    home: call.args.text("home"),
    warn: (text) => void call.out.warn(text),
  });
  const { home } = emitter;
  if (!home) throw noHome();
  const keep: Keeper["keep"] = async (work) => {
    let warnings: readonly string[] = [];
    try {
      return await home.keep((held) => {
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
      // Told without the lock: whoever reads slowly must not keep others waiting.
      for (const text of warnings) await call.out.warn(text);
    }
  };
  return {
    home,
    settings,
    keep,
    read: () => keep((held) => Promise.resolve(held.queue.kv)),
  };
}

/**
 * The folder of a call's home.
 *
 * @throws {KittyError} where the user has no home
 */
export async function homeOf(
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

function noHome(): KittyError {
  return new KittyError("no_home", "this user has no home folder", {
    hint: "set SPEC_KITTY_HOME or use --home",
  });
}
