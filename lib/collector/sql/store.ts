/**
 * The connections to a store: a bounded number, each used by one at a time;
 * what passes by itself is tried again until a deadline.
 *
 * @module
 */

import { Deadline, pause } from "../../base/deadline.ts";
import { DeadlineError, KittyError, reasonOf } from "../../base/errors.ts";
import type { World } from "../../base/world.ts";
import { Gate } from "../gate.ts";
import { STORE_MS_MAX, STORE_PAUSE_MS, STORE_PAUSE_MS_MAX } from "./limits.ts";
import { Course, type LaneParts } from "./connection.ts";
import { Lane } from "./lane.ts";
import type { StoreUrl } from "./store_url.ts";
import { isDone, isPassing, LostError, storeError } from "./trouble.ts";

/** What is done over a connection, and for what. */
type Work<T> = (lane: Lane) => Promise<T>;

/** A store, as far as connections go. */
export class Store implements AsyncDisposable {
  readonly url: StoreUrl;
  readonly world: World;
  readonly #parts: LaneParts;
  readonly #free: Lane[];
  /** Reading never waits for all that is being stored, nor the other way round. */
  readonly #writing: Gate;
  readonly #reading: Gate;
  readonly #end = new AbortController();
  /** Ends what is under way, at once. */
  readonly #underWay = new Set<(error: Error) => void>();

  /** @throws {KittyError} where a file that the URL names cannot be read */
  static async of(url: StoreUrl, world: World): Promise<Store> {
    return new Store(url, world, await rootsOf(url));
  }

  private constructor(url: StoreUrl, world: World, roots: string | undefined) {
    this.url = url;
    this.world = world;
    this.#parts = { url, roots, course: new Course() };
    this.#free = Array.from(
      { length: url.lanesMax },
      () => new Lane(this.#parts),
    );
    const reading = Math.max(1, Math.floor(url.lanesMax / 2) - 1);
    this.#reading = new Gate(reading);
    this.#writing = new Gate(url.lanesMax - reading);
  }

  /** A connection of its own, beside the others. */
  extraLane(parts: Pick<LaneParts, "onNotify" | "onClose">): Lane {
    return new Lane({ ...this.#parts, ...parts });
  }

  /** Cuts all connections but extra ones, and begins nothing any more. */
  abort(): void {
    this.#end.abort();
    for (const cut of this.#underWay) cut(ending());
    for (const lane of this.#free) lane.cut();
  }

  /** Whether it is being closed. */
  get isEnding(): boolean {
    return this.#end.signal.aborted;
  }

  /**
   * Reads; tried again where the connection is lost.
   *
   * @throws {KittyError} where that does not come to an end in time
   */
  read<T>(what: string, work: Work<T>, ms = STORE_MS_MAX): Promise<T> {
    return this.#do(this.#reading, what, work, ms);
  }

  /** The same for changes: `work` has to know what to do where the first try had its effect. */
  write<T>(what: string, work: Work<T>, ms = STORE_MS_MAX): Promise<T> {
    return this.#do(this.#writing, what, work, ms);
  }

  async #do<T>(
    gate: Gate,
    what: string,
    work: Work<T>,
    ms: number,
  ): Promise<T> {
    const deadline = Deadline.in(this.world.elapsedMs, ms);
    let pauseMs = STORE_PAUSE_MS, last: unknown;
    for (;;) {
      try {
        return await gate.enter(() => this.#once(what, work, deadline));
      } catch (error) {
        // That there was no time left says less than what took it.
        last = error instanceof LateError ? last ?? error : error;
        const isOver = deadline.leftMs <= pauseMs || this.isEnding;
        if (!isPassing(error) || isOver) throw this.error(last);
      }
      await pause(pauseMs, this.#end.signal);
      pauseMs = Math.min(2 * pauseMs, STORE_PAUSE_MS_MAX);
    }
  }

  async #once<T>(
    what: string,
    work: Work<T>,
    deadline: Deadline,
  ): Promise<T> {
    if (this.isEnding) throw ending();
    if (deadline.leftMs <= 0) {
      throw new LateError(`no time left to ${what}: the connections are busy`);
    }
    // Those that have a connection first.
    const at = this.#free.findLastIndex(({ isOpen }) => isOpen);
    const [lane] = this.#free.splice(at, 1) as [Lane];
    let next = lane;
    const cut = Promise.withResolvers<never>();
    this.#underWay.add(cut.reject);
    try {
      const working = lane.ready().then(() => work(lane));
      return await deadline.race(Promise.race([working, cut.promise]), what);
    } catch (error) {
      if (isDone(error)) lane.cut();
      if (!(error instanceof DeadlineError)) throw error;
      // It may take its time to see that its connection is gone.
      next = new Lane(this.#parts);
      void lane[Symbol.asyncDispose]();
      throw new LateError(`no time left to ${what}: the server is silent`);
    } finally {
      this.#underWay.delete(cut.reject);
      this.#free.push(next);
    }
  }

  /** What is said of trouble, without the password. */
  error(error: unknown): unknown {
    return storeError(error, this.url.shown);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#free.map((lane) => lane[Symbol.asyncDispose]()));
  }
}

function ending(): LostError {
  return new LostError("the collector is ending");
}

/** The deadline passed while something was under way. */
class LateError extends LostError {}

async function rootsOf(
  { sslRootCert }: StoreUrl,
): Promise<string | undefined> {
  if (sslRootCert === undefined || sslRootCert === "system") return undefined;
  const wrong = (found: string) =>
    new KittyError(
      "bad_store_url",
      `the parameter sslrootcert of the store's URL: ${found}`,
      { hint: "name a file with certificates in PEM" },
    );
  let text: string;
  try {
    text = await Deno.readTextFile(sslRootCert);
  } catch (error) {
    throw wrong(`cannot read ${sslRootCert}: ${reasonOf(error)}`);
  }
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    throw wrong(`${sslRootCert} holds no certificate`);
  }
  return text;
}
