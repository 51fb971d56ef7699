/**
 * What is done for one team, in the order in which it was asked: offers that
 * wait while a transaction is under way go into the next one together.
 *
 * @module
 */

import { KittyError } from "../../base/errors.ts";
import {
  type Admission,
  bytesOf,
  type IncomingEvent,
} from "../events/event_log.ts";
import { STORED_TOGETHER_BYTES_MAX } from "./limits.ts";
import type { Outcome } from "./judge.ts";
import type { Offer } from "./offers.ts";

/** What waits. */
type Task =
  | { readonly kind: "offer"; readonly offer: Waiting }
  | { readonly kind: "other"; readonly work: () => Promise<void> };

interface Waiting extends Offer {
  readonly settle: PromiseWithResolvers<Admission>;
}

/** What a worker works with. */
export interface WorkerParts {
  /** Stores offers, in one transaction. */
  readonly store: (offers: readonly Offer[]) => Promise<readonly Outcome[]>;
  /** Called with what an offer has added, before its sender hears of it. */
  readonly stored: (
    fresh: readonly IncomingEvent[],
    first: number,
    sender: object | undefined,
  ) => void;
  /** Called after each transaction, whatever came of it. */
  readonly settled: () => void;
}

/** The one that works for a team. */
export class TeamWorker {
  readonly #parts: WorkerParts;
  readonly #tasks: Task[] = [];
  #isWorking = false;
  #isStoring = false;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
  }

  /** Whether it is not known yet what became of something. */
  get isStoring(): boolean {
    return this.#isStoring;
  }

  /** Stores an offer when it is its turn. */
  offer(offer: Offer): Promise<Admission> {
    const settle = Promise.withResolvers<Admission>();
    this.#add({ kind: "offer", offer: { ...offer, settle } });
    return settle.promise;
  }

  /** Does something while nothing of the team is being stored from here. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const whole = () => work().then(resolve, reject);
    this.#add({ kind: "other", work: whole });
    return promise;
  }

  #add(task: Task): void {
    this.#tasks.push(task);
    if (!this.#isWorking) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    // What comes in the same moment is gathered, too.
    await Promise.resolve();
    for (;;) {
      const offers = this.#takeOffers();
      if (offers.length > 0) {
        await this.#storeAll(offers);
        continue;
      }
      const task = this.#tasks.shift();
      if (task?.kind !== "other") break;
      await task.work();
    }
    this.#isWorking = false;
  }

  /** The offers that are first in the row, as many as one transaction takes. */
  #takeOffers(): Waiting[] {
    const offers: Waiting[] = [];
    let bytes = 0;
    for (;;) {
      const [task] = this.#tasks;
      if (task?.kind !== "offer") return offers;
      bytes += bytesOf(task.offer.events);
      if (offers.length > 0 && bytes > STORED_TOGETHER_BYTES_MAX) return offers;
      offers.push(task.offer);
      this.#tasks.shift();
    }
  }

  /** What waited while the store was in trouble has waited long enough, and would begin a wait as long. */
  #giveUp(error: KittyError): void {
    const waiting = this.#tasks.splice(0);
    for (const task of waiting) {
      if (task.kind === "offer") task.offer.settle.reject(error);
      else this.#tasks.push(task);
    }
  }

  async #storeAll(offers: readonly Waiting[]): Promise<void> {
    const { store, stored, settled } = this.#parts;
    this.#isStoring = true;
    try {
      const outcomes = await store(offers);
      this.#isStoring = false;
      const runs = outcomes.flatMap((outcome, i) =>
        "refusal" in outcome ? [] : outcome.runs.map((run) => ({
          ...run,
          sender: offers[i]!.sender,
        }))
      );
      // After an earlier try they need not be in the order of the offers.
      runs.sort((a, b) => a.first - b.first);
      for (const { events, first, sender } of runs) {
        stored(events, first, sender);
      }
      for (const [i, outcome] of outcomes.entries()) {
        const { settle } = offers[i]!;
        if ("refusal" in outcome) settle.reject(outcome.refusal);
        else settle.resolve(outcome.admission);
      }
    } catch (error) {
      this.#isStoring = false;
      for (const { settle } of offers) settle.reject(error);
      if (error instanceof KittyError) this.#giveUp(error);
    } finally {
      settled();
    }
  }
}
