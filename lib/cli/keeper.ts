/**
 * What the commands share that look after a home: clock, queue, dead letters.
 *
 * @module
 */

import type { EventEmitter } from "../emitter.ts";
import { KittyError } from "../errors.ts";
import type { Home } from "../home/home.ts";
import type { Held } from "../home/held.ts";
import type { Settings } from "../config.ts";
import { setUpEmitter } from "../setup.ts";
import type { Call } from "./command.ts";

/** The home of a call, with its settings. */
export interface Keeper {
  readonly home: Home;
  readonly settings: Settings;
  readonly emitter: EventEmitter;
  /** Does work under the home's lock and says what was odd. */
  keep<T>(work: (held: Held) => Promise<T>): Promise<T>;
  /** Takes in the spool and gives the queue to read. */
  read(): Promise<Deno.Kv>;
}

/** @throws {KittyError} where the user has no home */
export async function openKeeper(call: Call): Promise<Keeper> {
  const { emitter, settings } = await setUpEmitter(call.world, {
    home: call.args.text("home"),
    warn: (text) => void call.out.warn(text),
  });
  const { home } = emitter;
  if (!home) {
    throw new KittyError("no_home", "this user has no home folder", {
      hint: "set SPEC_KITTY_HOME or use --home",
    });
  }
  const keep: Keeper["keep"] = async (work) => {
    let told = 0;
    return await home.keep(async (held) => {
      const tell = async () => {
        for (const text of held.warnings.slice(told)) await call.out.warn(text);
        told = held.warnings.length;
      };
      await tell();
      const result = await work(held);
      await tell();
      return result;
    }).catch((error) => {
      if (error instanceof KittyError) throw error;
      throw new KittyError(
        "queue_unusable",
        `cannot use the queue in ${home.path}: ${error.message}`,
        {
          hint:
            "look at the folder's owner, mode and free space; events wait in its spool meanwhile",
          cause: error,
        },
      );
    });
  };
  return {
    home,
    settings,
    emitter,
    keep,
    read: () => keep((held) => Promise.resolve(held.queue.kv)),
  };
}
