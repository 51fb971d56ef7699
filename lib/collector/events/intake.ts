/**
 * Arrivals become stored events, each with its result: the one way in, for
 * batches and sockets alike.
 *
 * @module
 */

import { type EventResult, REJECTED } from "../../base/wire.ts";
import type { Quotas } from "../keeping/quotas.ts";
import type { Metrics } from "../metrics.ts";
import type { Refusals } from "../board/refusals.ts";
import { type Arrival, FOREIGN_WORDS, isForeign } from "./arrival.ts";
import type { Admitted, EventLog, IncomingEvent } from "./event_log.ts";
import type { Watermark } from "./nodes.ts";

/** What became of arrivals. */
export interface Taken {
  /** In the order of the arrivals. */
  readonly results: readonly EventResult[];
  /** The team's highest clock value. */
  readonly highest: number;
}

/** The way in. */
export class Intake {
  readonly #log: EventLog;
  readonly #metrics: Metrics;
  readonly #refusals: Refusals;
  readonly #quotas: Pick<Quotas, "of">;

  constructor(
    log: EventLog,
    metrics: Metrics,
    refusals: Refusals,
    quotas: Pick<Quotas, "of">,
  ) {
    this.#log = log;
    this.#metrics = metrics;
    this.#refusals = refusals;
    this.#quotas = quotas;
  }

  /**
   * Stores what is new and good. Resolves when all of it is on disk.
   *
   * @param word what the sender says of its nodes
   * @throws {QuotaError} where the team may store no more; nothing is stored then
   */
  async take(
    team: string,
    arrivals: readonly Arrival[],
    sender?: object,
    word?: Watermark,
  ): Promise<Taken> {
    const good = arrivals.flatMap((arrival): IncomingEvent[] =>
      arrival.event && !isForeign(arrival, team) ? [arrival.event] : []
    );
    const { events, highest } = await this.#log.admit(
      team,
      good,
      { sender, word, quota: await this.#quotas.of(team) },
    );
    const admitted = events.values();
    const results = arrivals.map((arrival): EventResult => {
      const { id, event, words } = arrival;
      if (isForeign(arrival, team)) return rejected(id, FOREIGN_WORDS);
      return event ? resultOf(id, admitted.next().value!) : rejected(id, words);
    });
    for (const { status, event_id, error_message = "" } of results) {
      this.#metrics.events(status);
      if (status === REJECTED) {
        this.#refusals.add(team, event_id, error_message);
      }
    }
    return { results, highest };
  }
}

function resultOf(event_id: string, admitted: Admitted): EventResult {
  switch (admitted.kind) {
    case "stored":
      return { event_id, status: "accepted" };
    case "duplicate":
      return { event_id, status: "duplicate" };
    case "conflict":
      return rejected(
        event_id,
        `/event_id: expected an id of its own, found the id of an event with another ${admitted.field}`,
      );
  }
}

function rejected(event_id: string, error_message: string): EventResult {
  return { event_id, status: REJECTED, error_message };
}
