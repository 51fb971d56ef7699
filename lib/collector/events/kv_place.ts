/**
 * The place of a collector's stored events: whether they still lie there, and
 * how they are closed where their log does not.
 *
 * @module
 */

import type { Deadline } from "../../base/deadline.ts";
import { KittyError } from "../../base/errors.ts";
import { identityAt, logIdentity } from "../../home/identities.ts";

/** Which files are open, and whether they are those of their path. */
export class KvPlace {
  readonly #path: string;
  readonly #file: string;
  readonly #log: string;
  readonly #lost = Promise.withResolvers<never>();

  private constructor(path: string, file: string, log: string) {
    this.#path = path;
    this.#file = file;
    this.#log = log;
    this.#lost.promise.catch(() => {});
  }

  /** Of a file that has just been opened. */
  static async at(path: string): Promise<KvPlace> {
    const [file, log] = await Promise.all([
      identityAt(path),
      logIdentity(path),
    ]);
    return new KvPlace(path, file, log);
  }

  /** Rejects at the first check that fails. */
  get lost(): Promise<never> {
    return this.#lost.promise;
  }

  /** @throws {KittyError} where the files were removed, moved or replaced */
  async check(): Promise<void> {
    const [file, log] = await Promise.all([
      identityAt(this.#path),
      logIdentity(this.#path),
    ]);
    if (file === this.#file && log === this.#log) return;
    const error = eventsLost(this.#path);
    this.#lost.reject(error);
    throw error;
  }

  /**
   * Closes the file. Where only its log was removed, all of it is put into the
   * file first. A log that was replaced stays as it is.
   *
   * @param deadline until when that is waited for
   */
  async close(kv: Deno.Kv, deadline: Deadline): Promise<void> {
    const path = this.#path;
    const [file, now] = await Promise.all([
      identityAt(path),
      logIdentity(path),
    ]);
    if (file !== this.#file || now === this.#log) return kv.close();
    const [log] = now.split(" "), [before] = this.#log.split(" ");
    if (log !== before && log !== "none") return;
    const { closeWhole } = await import("../../home/cut_off.ts");
    await closeWhole(kv, path, deadline);
  }
}

function eventsLost(path: string): KittyError {
  return new KittyError(
    "events_lost",
    `${path}, or SQLite's log of it, was removed, moved or replaced while the collector had it open, so the collector has ended`,
    { hint: "start it again: kitty-events collector run" },
  );
}
