/**
 * Keeps an agent's batches apart: a server with many clients must not get a
 * request for every event of each.
 *
 * @module
 */

import type { Deadline } from "../../base/deadline.ts";
import type { Sent, Transport, WireEvent } from "./transport.ts";

/** When batches may go out. */
export class Pace {
  #nextMs = -Infinity;
  #intervalMs: number;

  /** @param intervalMs from the start of one batch to that of the next */
  constructor(
    intervalMs: number,
    readonly elapsedMs: () => number,
    readonly pause: (ms: number) => Promise<void>,
  ) {
    this.#intervalMs = intervalMs;
  }

  /** When the next batch may go out. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** The server allows another interval. */
  allow(intervalMs: number): void {
    this.#nextMs += intervalMs - this.#intervalMs;
    this.#intervalMs = intervalMs;
  }

  /** Waits for the next turn, and takes it. */
  async turn(): Promise<void> {
    const waitMs = this.#nextMs - this.elapsedMs();
    if (waitMs > 0) await this.pause(waitMs);
    this.#nextMs = this.elapsedMs() + this.#intervalMs;
  }
}

/** A transport whose sendings keep a pace. */
export function paced(transport: Transport, pace: Pace): Transport {
  return {
    eventsMax: transport.eventsMax,
    bytesMax: transport.bytesMax,
    async send(
      events: readonly WireEvent[],
      deadline: Deadline,
      word?: string,
    ): Promise<Sent> {
      await pace.turn();
      const sent = await transport.send(events, deadline, word);
      if (sent.kind === "answered" && sent.intervalMs !== undefined) {
        pace.allow(sent.intervalMs);
      }
      return sent;
    },
    tell: async (...args) => await transport.tell?.(...args) ?? false,
  };
}
