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
import type { OwnCounts, QueueWriter } from "./queue.ts";

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
  #isSound = true;

  constructor(
    readonly place: HeldPlace,
    readonly deadline: Deadline,
    readonly queue: QueueWriter,
    storedClock: number,
    /** What was wrong with the queue's file, in words; among the warnings too. */
    readonly damage: readonly string[] = [],
  ) {
    this.warnings = [...damage];
    // The larger one counts: a lost or rolled-back clock file must not repeat a value.
    this.#clock = Math.max(storedClock, queue.ledger.highest);
    this.#stored = this.#clock;
    this.#saved = queue.ledger.own;
  }

  /** The clock's value: the highest that was ever used here. */
  get clock(): number {
    return this.#clock;
  }

  /** What the next holder starts from: the clock's value, or a higher one that is stored and that no event has. */
  get storedClock(): number {
    return this.#stored;
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
    if (count > 0) await this.#saveClock(value, foretold);
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
    const { own } = this.queue.ledger;
    if (told(own) !== told(this.#saved)) await this.#saveClock(this.#stored);
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
