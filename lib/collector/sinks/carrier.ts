/**
 * Carries events to one sink, in order and at least once. A batch that is
 * refused is halved. What is refused alone is a suspect: it counts as refused
 * for good once the sink takes another event after it, or takes again one that
 * it has had. So a sink that refuses everything loses nothing.
 *
 * @module
 */

import { SINK_REFUSED_KEPT, SINK_SUSPECTS_MAX } from "../limits.ts";
import type { SinkAnswer } from "./sending.ts";
import type { RefusedEvent, SinkCursor } from "./sink.ts";

/** An event that is to go. */
export interface Outgoing {
  readonly position: number;
  readonly id: string;
  readonly row: string;
}

/** Why the carrier stopped before all was there. */
export type Halt =
  | Extract<SinkAnswer, { kind: "trouble" }>
  /** Another collector has taken the sink over, or it was removed. */
  | { readonly kind: "lost" };

/** What it works with. */
export interface CarrierParts {
  readonly send: (rows: readonly string[]) => Promise<SinkAnswer>;
  /** Whether the sink is still this collector's to serve. */
  readonly isOurs: () => boolean;
  /** Stores how far the sink is; false: another has changed it. */
  readonly store: (change: Partial<SinkCursor>) => Promise<boolean>;
  readonly cursor: () => SinkCursor;
  readonly now: () => string;
}

const LOST = { kind: "lost" } as const;

/** The carrier of one sink. */
export class Carrier {
  readonly #parts: CarrierParts;
  #suspects: RefusedEvent[] = [];
  /** One that the sink has taken: sent again, it tells whether it still takes any. */
  #taken: Outgoing | undefined;

  /** @param taken one that the sink has taken before */
  constructor(parts: CarrierParts, taken?: Outgoing) {
    this.#parts = parts;
    this.#taken = taken;
  }

  /**
   * Carries events of which the sink has had none.
   *
   * @param end position after all that was looked at
   * @param atOnce events in one request
   * @returns undefined where all of them are there, or refused for good
   */
  async carry(
    events: readonly Outgoing[],
    end: number,
    atOnce: number,
  ): Promise<Halt | undefined> {
    this.#suspects = [];
    const parts: (readonly Outgoing[])[] = [];
    for (let at = 0; at < events.length; at += atOnce) {
      parts.unshift(events.slice(at, at + atOnce));
    }
    for (let part; (part = parts.pop());) {
      const halt = await this.#carryPart(part, parts);
      if (halt) return halt;
    }
    const halt = await this.#prove();
    if (halt) return halt;
    const isThere = this.#parts.cursor().position >= end;
    return isThere || await this.#parts.store({ position: end })
      ? undefined
      : LOST;
  }

  async #carryPart(
    part: readonly Outgoing[],
    parts: (readonly Outgoing[])[],
  ): Promise<Halt | undefined> {
    if (!this.#parts.isOurs()) return LOST;
    const answer = await this.#parts.send(part.map(({ row }) => row));
    if (answer.kind === "trouble") return answer;
    if (answer.kind === "taken") return await this.#took(part);
    if (part.length > 1) {
      const middle = part.length >> 1;
      parts.push(part.slice(middle), part.slice(0, middle));
      return undefined;
    }
    const { position, id } = part[0]!;
    const at = this.#parts.now();
    this.#suspects.push({ position, id, reason: answer.words, at });
    return this.#suspects.length < SINK_SUSPECTS_MAX
      ? undefined
      : await this.#prove();
  }

  /** It takes events, so those that it refused were refused for themselves. */
  async #took(part: readonly Outgoing[]): Promise<Halt | undefined> {
    const last = part.at(-1)!;
    this.#taken = last;
    const { delivered } = this.#parts.cursor();
    return await this.#condemn({
      position: last.position + 1,
      delivered: delivered + part.length,
      success_at: this.#parts.now(),
      trouble: null,
    });
  }

  async #condemn(change: Partial<SinkCursor>): Promise<Halt | undefined> {
    const { refused, last_refused } = this.#parts.cursor();
    const suspects = this.#suspects;
    this.#suspects = [];
    const isStored = await this.#parts.store({
      ...change,
      ...suspects.length > 0 && {
        refused: refused + suspects.length,
        last_refused: [...last_refused, ...suspects].slice(-SINK_REFUSED_KEPT),
      },
    });
    return isStored ? undefined : LOST;
  }

  /** Finds out whether it is the sink, or the events that it refused. */
  async #prove(): Promise<Halt | undefined> {
    const last = this.#suspects.at(-1);
    if (!last) return undefined;
    if (!this.#parts.isOurs()) return LOST;
    const answer = this.#taken && await this.#parts.send([this.#taken.row]);
    if (answer?.kind === "trouble") return answer;
    if (answer?.kind !== "taken") {
      const words = `it refuses every event: ${last.reason}`;
      return { kind: "trouble", words };
    }
    return await this.#condemn({ position: last.position + 1, trouble: null });
  }
}
