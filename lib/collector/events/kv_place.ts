/**
 * The place of a collector's stored events: whether they still lie there, and
 * how they are closed where their log does not.
 *
 * @module
 */

import type { Deadline } from "../../base/deadline.ts";
import { KittyError } from "../../base/errors.ts";
import { lockPath } from "../folder.ts";
import { identityAt, logIdentity, NO_FILE } from "../../home/database_files.ts";

/** Which files are open, and whether they are those of their path. */
export class KvPlace {
  readonly #path: string;
  readonly #file: string;
  readonly #log: string;
  /** Of the lock beside it: with another one there, so may be another collector. */
  readonly #lock: string;
  readonly #lost = Promise.withResolvers<never>();

  private constructor(path: string, [file, log, lock]: Identities) {
    this.#path = path;
    this.#file = file;
    this.#log = log;
    this.#lock = lock;
    this.#lost.promise.catch(() => {});
  }

  /** Of a file that has just been opened. */
  static async at(path: string): Promise<KvPlace> {
    return new KvPlace(path, await identitiesOf(path));
  }

  /** Rejects at the first check that finds other files. */
  get lost(): Promise<never> {
    return this.#lost.promise;
  }

  /**
   * @throws {KittyError} where the files are away, or other ones
   * @throws where the disk does not tell
   */
  async check(): Promise<void> {
    const [file, log, lock] = await identitiesOf(this.#path);
    const isSame = file === this.#file && log === this.#log &&
      lock === this.#lock;
    if (isSame) return;
    // All of a volume may be away for a moment: who ended then would be started anew with nothing.
    if (file === NO_FILE && log.startsWith(NO_FILE) && lock === NO_FILE) {
      throw eventsAway(this.#path);
    }
    const error = eventsLost(this.#path);
    this.#lost.reject(error);
    throw error;
  }

  /**
   * Closes the file. Where only its log was removed, all of it is put into the
   * file first. A log that was replaced by one with something in it stays as it is.
   *
   * @param deadline until when that is waited for
   */
  async close(kv: Deno.Kv, deadline: Deadline): Promise<void> {
    const path = this.#path;
    const [file, now] = await identitiesOf(path)
      .catch(() => [this.#file, this.#log]);
    if (file !== this.#file || now === this.#log) return kv.close();
    const [log] = now.split(" "), [before] = this.#log.split(" ");
    // A log of others is empty: who only reads has made it.
    const isOurs = log === before || log === NO_FILE ||
      await isEmpty(`${path}-wal`);
    if (!isOurs) return;
    const { closeWhole } = await import("../../home/cut_off.ts");
    await closeWhole(kv, path, deadline);
  }
}

type Identities = readonly [file: string, log: string, lock: string];

function identitiesOf(path: string): Promise<Identities> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  return Promise.all([
    identityAt(path),
    logIdentity(path),
    identityAt(lockPath(folder)),
  ]);
}

function isEmpty(path: string): Promise<boolean> {
  return Deno.stat(path).then(({ size }) => size === 0, () => true);
}

function eventsAway(path: string): KittyError {
  return new KittyError(
    "events_lost",
    `${path} and all beside it is away: nothing can be stored until it is back`,
    { hint: "put it back, or end the collector" },
  );
}

function eventsLost(path: string): KittyError {
  return new KittyError(
    "events_lost",
    `${path}, SQLite's log of it or the lock beside it was removed, moved or replaced while the collector had it open, so the collector has ended`,
    { hint: "start it again: kitty-events collector run" },
  );
}
