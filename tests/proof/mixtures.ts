/** Drains through a proxy that makes faults, mixed by chance. */

import { ok } from "node:assert/strict";
import { MIXED } from "../support/delivery_faults.ts";
import type { Trial } from "../support/delivery_trial.ts";
import {
  findingOf,
  type Findings,
  noFindings,
  type Series,
} from "./findings.ts";

/** Mixtures of faults, one after the other in one home. */
export class Mixtures implements Series {
  readonly counts = { rounds: 0, faults: 0 };
  readonly #trial: Trial;
  readonly #random: () => number;
  /** Names of the faults that are at work. */
  #names: string[] = [];

  constructor(trial: Trial, random: () => number) {
    this.#trial = trial;
    this.#random = random;
  }

  async round(): Promise<void> {
    this.counts.rounds += 1;
    const random = this.#random, trial = this.#trial;
    const chosen = Array.from(
      { length: 1 + Math.floor(random() * 3) },
      () => MIXED[Math.floor(random() * MIXED.length)]!(),
    );
    await trial.emit(1 + Math.floor(random() * 60));
    for (const [fault, options] of chosen) {
      trial.proxy.inject(fault, options);
      this.#names.push(fault.name);
      this.counts.faults += 1;
    }
    const { code, stderr } = await trial.sync("2s");
    // Two 401 for one batch, the second with a new token, end the drain.
    const expected = this.#names.includes("answer 401") ? [0, 69, 77] : [0, 69];
    ok(expected.includes(code), `${this.#names}: ${code} ${stderr}`);
    if (random() < 0.5) return;
    trial.proxy.clear();
    this.#names = [];
  }

  async verify(): Promise<Findings> {
    try {
      const { dead } = await this.#trial.stand();
      return { ...noFindings(), other: dead.length };
    } catch (error) {
      console.error(`${this.#names}: ${error}`);
      return findingOf(error);
    }
  }

  /** Everything goes well again: all that is left arrives. */
  async recover(): Promise<Findings> {
    try {
      await this.#trial.recover();
      return noFindings();
    } catch (error) {
      console.error(String(error));
      return findingOf(error);
    }
  }
}
