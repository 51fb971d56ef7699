/**
 * Room on the disk of a collector's folder: whether events can be stored, and
 * a reserve for what has to go on where they cannot. The reserve is given back
 * for what makes the file of events emptier, and a little of it for a start;
 * never for new events.
 *
 * @module
 */

import { KittyError, reasonOf } from "../base/errors.ts";
import { freeBytes, isDiskFull } from "../base/files.ts";
import { Reserve } from "../home/reserve.ts";
import { spareBytes } from "../home/sqlite.ts";
import { eventsPath, ROOM_HINT } from "./folder.ts";
import {
  FOLDING_WAIT_MS,
  LITTLE_ROOM_BYTES,
  LITTLE_ROOM_LOG_BYTES,
  RESERVE_BYTES,
  START_BYTES,
  STORING_BYTES,
} from "./limits.ts";

function reserveOf(folder: string): Reserve {
  return new Reserve(folder, eventsPath(folder), {
    bytes: RESERVE_BYTES,
    waitMs: FOLDING_WAIT_MS,
  });
}

/**
 * Does what a start takes; where the disk is full, again and again with a
 * little of the reserve given back.
 *
 * @throws {KittyError} where that is not enough, or as `start`
 */
export async function withStartRoom<T>(
  folder: string,
  start: () => Promise<T>,
): Promise<T> {
  // What is full may be something else, and the reserve be made again meanwhile.
  for (let tries = 1;; tries++) {
    try {
      return await start();
    } catch (error) {
      const isUnopened = await hasNoIndex(folder, error);
      if (!isDiskFull(error) && !isUnopened) throw error;
      const mayHelp = tries <= RESERVE_BYTES / START_BYTES;
      if (mayHelp && await reserveOf(folder).giveSome(START_BYTES)) continue;
      if (error instanceof KittyError && !isUnopened) throw error;
      throw new KittyError(
        "folder_unusable",
        isUnopened
          ? `cannot open ${eventsPath(folder)}: its disk is full`
          : `cannot write to ${folder}: ${reasonOf(error)}`,
        { hint: ROOM_HINT, cause: error },
      );
    }
  }
}

/** SQLite says no more than that where it finds no room for the index of its log. */
async function hasNoIndex(folder: string, error: unknown): Promise<boolean> {
  if (!/disk I\/O error/i.test(reasonOf(error))) return false;
  const free = await freeBytes(folder).catch(() => Infinity);
  return free < START_BYTES;
}

/** The room of a folder whose events are open. */
export class DiskRoom {
  readonly #folder: string;
  readonly #reserve: Reserve;
  /** Whether the last try to store something found no room. */
  #isFull = false;
  /** Whether the reserve is given back: what is free is not for new events then. */
  #isGiven = false;
  /** Removals under way. */
  #removals = 0;
  /** What changes the reserve comes one after another. */
  #last: Promise<unknown> = Promise.resolve();
  #finding: Promise<boolean> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    this.#reserve = reserveOf(folder);
  }

  /** Makes the reserve, as far as there is room. Never throws. */
  async begin(): Promise<void> {
    await this.#inTurn(() => this.#reserve.restore()).catch(() => {});
  }

  /** Says that events were stored. */
  stored(): void {
    this.#isFull = false;
  }

  /** Does work that stores something, and remembers where it found no room. */
  async noting<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isDiskFull(error)) this.#isFull = true;
      throw error;
    }
  }

  /**
   * Before new events are stored: makes the most of a disk with little room.
   *
   * @throws {KittyError} as {@link expect}
   */
  async prepare(): Promise<void> {
    const isKnown = !this.#isFull && !this.#isGiven;
    if (isKnown && await this.#free() >= LITTLE_ROOM_BYTES) return;
    await this.#inTurn(() => this.#fold());
    await this.expect();
  }

  /** @throws {KittyError} where there is no room for new events, as far as is known */
  async expect(): Promise<void> {
    const isKnown = !this.#isFull && !this.#isGiven &&
      await this.#free() >= STORING_BYTES;
    if (isKnown || await this.#found()) return;
    throw new KittyError(
      "store_full",
      `no events can be stored in ${this.#folder}: the disk is full`,
      {
        hint:
          "make room on the disk, or let old events go: kitty-events collector prune",
      },
    );
  }

  /** Looks whether there is room for new events again: freed by others, or in SQLite's log. Never throws. */
  #found(): Promise<boolean> {
    return this.#finding ??= this.#inTurn(() => this.#find())
      .catch(() => false)
      .finally(() => this.#finding = undefined);
  }

  async #find(): Promise<boolean> {
    if (this.#isGiven) return false;
    await this.#fold();
    // Before events take it.
    await this.#reserve.restore();
    if (!await this.#reserve.hasRoom(STORING_BYTES)) return false;
    this.#isFull = false;
    return true;
  }

  /** A log that has become long takes room that events need, and holds what has its place in the file already. */
  #fold(): Promise<void> {
    return this.#reserve.foldIfFits(LITTLE_ROOM_LOG_BYTES);
  }

  /** Bytes; no bound where the disk does not tell. */
  #free(): Promise<number> {
    return freeBytes(this.#folder).catch(() => Infinity);
  }

  /** Makes the reserve larger where there is room for that now. */
  async look(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#isGiven || !await this.#reserve.canGrow()) return;
      // Half of what is free, for what it has now: what is left must do for events.
      const left = await this.#free() / 2 + await this.#reserve.size();
      if (left >= STORING_BYTES) await this.#reserve.restore();
    });
  }

  /**
   * Does work that makes the file of events emptier, in steps: each that finds
   * no room is tried again with the reserve given back. It is made again in the end.
   *
   * @param step returns whether there is more
   */
  async removing(step: () => Promise<boolean>): Promise<void> {
    this.#removals++;
    try {
      await this.#inTurn(() => this.#reserve.foldAhead());
      while (await this.#withReserve(step));
    } finally {
      this.#removals--;
      if (this.#removals === 0) {
        await this.#inTurn(() => this.#share()).catch(() => {});
        this.#isGiven = false;
      }
    }
  }

  /**
   * Makes the reserve again. Where the file has room for new events and the disk
   * has none for SQLite's log of them, they get half of what the reserve had.
   */
  async #share(): Promise<void> {
    if (await this.#free() < STORING_BYTES) {
      await this.#reserve.foldIfFits();
      const spare = await spareBytes(eventsPath(this.#folder));
      if (spare >= STORING_BYTES && await this.#free() < STORING_BYTES) {
        this.#isGiven = true;
        await this.#reserve.makeRoom();
      }
    }
    await this.#reserve.restore();
  }

  async #withReserve<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.#isGiven = true;
      const hasMore = await this.#inTurn(() => this.#reserve.makeRoom());
      if (!hasMore) throw error;
      return await step();
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
