/**
 * A home while its lock is held: its queue, and its clock.
 *
 * @module
 */

import { tick } from "../event/clock.ts";
import type { Deadline } from "../base/deadline.ts";
import { KittyError } from "../base/errors.ts";
import { withRoom } from "../base/files.ts";
import * as clockFile from "./clock_file.ts";
import type { Countable, OwnCounts, QueueWriter } from "./queue.ts";

/** What a holder has to know of the home. */
export interface HeldPlace {
  readonly path: string;
  readonly nodeId: string;
  readonly nowMs: () => number;
}

/** What an intake of the spool left behind. */
export interface IntakeResult {
  /** Drafts that wait still, and go before any newer one. */
  readonly left: number;
  /** Whether they wait for room in the queue. */
  readonly full: boolean;
}

/** A clock that was stored and not used, as this process gave the lock back; nobody else had it since. */
export interface Ahead {
  /** The highest value that was used. */
  readonly used: number;
  /** The value in the file. */
  readonly stored: number;
  /** What is stored beside it. */
  readonly counts: OwnCounts | undefined;
  /** Whose event is counted there already. */
  readonly like: EventOwner;
}

/** Of an event that is to come. */
type EventOwner = Omit<Countable, "lamport_clock">;

/** A home while its lock is held. */
export class Held {
  /** Whether a call of this process that waits may go on under the same lock; the work says so. */
  mayPass = false;
  /** What the caller should know, in words. */
  readonly warnings: string[];
  intake: IntakeResult = { left: 0, full: false };
  #clock: number;
  #stored: number;
  /** What is stored beside the clock, but after a crash. */
  #saved: OwnCounts | undefined;
  /** Whose event the next one is to be, while its value is stored and was not used. */
  #like: EventOwner | undefined;
  #isSound = true;

  constructor(
    readonly place: HeldPlace,
    readonly deadline: Deadline,
    readonly queue: QueueWriter,
    storedClock: number,
    /** What was wrong with the queue's file, in words; among the warnings too. */
    readonly damage: readonly string[] = [],
    ahead?: Ahead,
  ) {
    this.warnings = [...damage];
    const { highest, own } = queue.ledger;
    // The larger one counts: a lost or rolled-back clock file must not repeat a value.
    this.#stored = Math.max(storedClock, highest);
    // There are programs that write the file without the lock.
    const isAhead = ahead?.stored === this.#stored;
    this.#clock = isAhead ? ahead.used : this.#stored;
    this.#saved = isAhead ? ahead.counts : own;
    this.#like = isAhead ? ahead.like : undefined;
  }

  /** The clock's value: the highest that was ever used here. */
  get clock(): number {
    return this.#clock;
  }

  /** What the next holder starts from: the clock's value, or a higher one that is stored and that no event has. */
  get storedClock(): number {
    return this.#stored;
  }

  /** What of the clock was stored ahead and not used; undefined where that is nothing, or not certain. */
  get ahead(): Ahead | undefined {
    const used = this.#clock, stored = this.#stored, like = this.#like;
    if (stored <= used || !like || !this.#isSound) return undefined;
    return { used, stored, counts: this.#saved, like };
  }

  /** Whether the queue did what was asked of it. */
  get isSound(): boolean {
    return this.#isSound;
  }

  /** Makes the next holder look closely at the queue. */
  distrust(): void {
    this.#isSound = false;
  }

  warn(text: string): void {
    this.warnings.push(text);
  }

  /**
   * Stores the clock moved on by `count` local events, before they are made:
   * a crash then leaves a gap in the values, never a repeat.
   *
   * @param foretold what the home will have recorded with them
   */
  async reserveClock(count: number, foretold?: OwnCounts): Promise<void> {
    const value = tick(this.#clock, count);
    if (value === undefined) {
      throw new KittyError("clock_exhausted", "the clock has no values left");
    }
    const isThere = value <= this.#stored && isIn(foretold, this.#saved);
    if (count > 0 && !isThere) await this.#saveClock(value, foretold);
  }

  /**
   * Stores the next value before anybody asks for it: the caller that comes
   * next in this process waits for one thing less. Where it fails, or takes
   * too long, that caller waits for it as ever.
   *
   * @param like whose event that will be, most likely
   */
  async storeAhead(like: EventOwner): Promise<void> {
    const value = tick(this.#clock, 1);
    if (value === undefined) return;
    const { node_id, team_slug } = like;
    this.#like = { node_id, team_slug };
    await this.#saveClock(value, this.#countsAt(value)).catch(() => {});
  }

  /** Takes the next of the reserved values. */
  useClock(): void {
    this.#clock += 1;
  }

  /**
   * Gives reserved values back that were not used, so that there is no gap.
   *
   * @param isForetold whether all was recorded that was foretold
   */
  async releaseClock(isForetold = true): Promise<void> {
    if (this.#stored === this.#clock && isForetold) return;
    // Where this fails, a gap stays; the events are stored all the same.
    await this.#saveClock(this.#clock).catch(() => {});
  }

  /** Stores a value not below the present one. On a full disk the reserve is given back for it, as events leave by that. */
  async setClock(value: number): Promise<void> {
    await withRoom(() => this.#saveClock(value), async () => {
      const { makeRoom } = await import("./reserve.ts");
      return await makeRoom(this.place.path);
    });
    this.#clock = value;
  }

  /** Stores what the home has recorded beside the clock, where that has changed since. */
  async saveCounts(): Promise<void> {
    const told = (own: OwnCounts | undefined) =>
      JSON.stringify([own?.counts, own?.listener]);
    const counts = this.#countsAt(this.#stored);
    if (told(counts) === told(this.#saved)) return;
    await this.#saveClock(this.#stored, counts);
  }

  /** What belongs beside a value of the clock. */
  #countsAt(value: number): OwnCounts | undefined {
    const like = value > this.#clock ? this.#like : undefined;
    return like
      ? this.queue.foretell([{ ...like, lamport_clock: value }])
      : this.queue.ledger.own;
  }

  async #saveClock(
    value: number,
    counts = this.queue.ledger.own,
  ): Promise<void> {
    this.deadline.check("store the clock");
    const state = {
      value,
      node_id: this.place.nodeId,
      updated_at: new Date(this.place.nowMs()).toISOString(),
    };
    await clockFile.save(this.place.path, state, counts);
    this.#stored = value;
    this.#saved = counts;
  }
}

/** Whether what was foretold of events is in counts that were stored earlier. */
function isIn(
  foretold: OwnCounts | undefined,
  stored: OwnCounts | undefined,
): boolean {
  if (foretold === undefined) return true;
  return foretold.home === stored?.home &&
    foretold.counts.every(({ node, team, recorded, highest }) =>
      stored.counts.some((count) =>
        count.node === node && count.team === team &&
        count.recorded >= recorded && count.highest >= highest
      )
    );
}
