/**
 * How reviews went, by whoever had the package in hand when it went to review.
 *
 * @module
 */

import type { Reviewer } from "./answers.ts";
import type { EventTable } from "./event_table.ts";
import { reviewOf } from "./lanes.ts";
import { compareTexts } from "./order.ts";
import { Hands } from "./package.ts";

interface Tally {
  readonly agent: string;
  readonly model: string;
  packages: number;
  passedFirst: number;
  sentBack: number;
  timesSentBack: number;
}

/** Counts reviews. */
export class Reviews {
  readonly #tallies = new Map<string, Tally>();

  /** Begins with the next package. */
  begin(): PackageReviews {
    return new PackageReviews((agent, model) => this.#tally(agent, model));
  }

  #tally(agent: string, model: string): Tally {
    const name = `${agent}\n${model}`;
    let tally = this.#tallies.get(name);
    if (!tally) {
      tally = {
        agent,
        model,
        packages: 0,
        passedFirst: 0,
        sentBack: 0,
        timesSentBack: 0,
      };
      this.#tallies.set(name, tally);
    }
    return tally;
  }

  /** Those with most packages first. */
  get answer(): Reviewer[] {
    return [...this.#tallies.values()].map((tally) => ({
      agent: tally.agent || "(unknown)",
      model: tally.model || null,
      packages: tally.packages,
      passed_first: tally.passedFirst,
      sent_back: tally.sentBack,
      times_sent_back: tally.timesSentBack,
    })).sort((a, b) =>
      b.packages - a.packages ||
      compareTexts(a.agent, b.agent) ||
      compareTexts(a.model ?? "", b.model ?? "")
    );
  }
}

/** The reviews of one package. They count for whoever had it at its first review. */
export class PackageReviews {
  readonly #tallyOf: (agent: string, model: string) => Tally;
  readonly #hands = new Hands();
  #tally: Tally | undefined;
  #timesSentBack = 0;

  constructor(tallyOf: (agent: string, model: string) => Tally) {
    this.#tallyOf = tallyOf;
  }

  /** Takes note of who has the package, with each of its events. */
  learn(table: EventTable, row: number): void {
    this.#hands.learn(table, row);
  }

  move(table: EventTable, row: number): void {
    const outcome = reviewOf(table.from(row), table.to(row));
    if (!outcome) return;
    if (!this.#tally) {
      const { agent, model } = this.#hands.before;
      this.#tally = this.#tallyOf(agent, model);
      this.#tally.packages++;
      if (outcome === "passed") this.#tally.passedFirst++;
    }
    if (outcome === "sent back") this.#timesSentBack++;
  }

  end(): void {
    if (!this.#tally || this.#timesSentBack === 0) return;
    this.#tally.sentBack++;
    this.#tally.timesSentBack += this.#timesSentBack;
  }
}
