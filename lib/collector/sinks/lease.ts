/**
 * A lease: of all who would do something, one does it. Its holder moves a
 * counter on; who has not seen it move for a time on a clock of its own takes
 * over. No two clocks are compared.
 *
 * @module
 */

import { sameJson } from "../../base/json.ts";
import { LEASE_LOST_MS, LEASE_SURE_MS } from "../limits.ts";
import type { Records } from "../records/records.ts";

interface Held {
  readonly holder: string;
  readonly turn: number;
}

/** One that this process would like to hold. */
export class Lease {
  readonly #records: Records;
  readonly #key: string;
  readonly #holder: string;
  readonly #elapsedMs: () => number;
  #mine: Held | undefined;
  #renewedMs = -Infinity;
  #seen: Held | undefined;
  #seenMs = -Infinity;

  /** @param holder names this process among all */
  constructor(
    records: Records,
    key: string,
    holder: string,
    elapsedMs: () => number,
  ) {
    this.#records = records;
    this.#key = key;
    this.#holder = holder;
    this.#elapsedMs = elapsedMs;
  }

  /** Whether it is held, surely: others wait for longer than this trusts in it. */
  get isHeld(): boolean {
    return this.#mine !== undefined &&
      this.#elapsedMs() - this.#renewedMs < LEASE_SURE_MS;
  }

  /** Moves it on, or takes it where nobody else does. To be called again and again. */
  async tick(): Promise<void> {
    // Time that the store takes counts against us.
    const nowMs = this.#elapsedMs();
    if (this.#mine) return await this.#take(this.#mine, nowMs);
    const found = await this.#records.get<Held>("lease", this.#key);
    // A change of ours whose answer got lost.
    const isFree = !found || found.holder === this.#holder;
    if (isFree) return await this.#take(found, nowMs);
    if (!sameJson(found, this.#seen)) {
      this.#seen = found;
      this.#seenMs = nowMs;
    } else if (nowMs - this.#seenMs >= LEASE_LOST_MS) {
      await this.#take(found, nowMs);
    }
  }

  async #take(before: Held | undefined, nowMs: number): Promise<void> {
    const next = { holder: this.#holder, turn: (before?.turn ?? 0) + 1 };
    const isOurs = await this.#records.replace(
      "lease",
      this.#key,
      before,
      next,
    );
    this.#mine = isOurs ? next : undefined;
    if (isOurs) this.#renewedMs = nowMs;
  }

  /** Gives it up, so that others need not wait. */
  async release(): Promise<void> {
    const mine = this.#mine;
    this.#mine = undefined;
    if (mine) await this.#records.replace("lease", this.#key, mine, undefined);
  }
}
