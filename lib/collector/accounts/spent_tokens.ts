/**
 * Tokens that are good once, at whichever collector: those that were used are
 * remembered until they would have run out.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import { SPENT_TOKEN_MS } from "./limits.ts";
import { type Records, swept } from "../records/records.ts";

/** What is kept of one. */
interface Spent {
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The tokens that were used. */
export class SpentTokens {
  readonly #records: Records;
  readonly #world: World;
  /** Those of this process, the oldest first. */
  readonly #own = new Map<string, Spent>();

  constructor(records: Records, world: World) {
    this.#records = records;
    this.#world = world;
  }

  /** Uses a token up. @returns false where it was before */
  async spend(id: string): Promise<boolean> {
    const spent: Spent = { at: this.#world.nowMs() };
    await this.#forgetOwn(spent.at);
    const isFirst = await this.#records.replace(
      "spent_token",
      id,
      undefined,
      spent,
    );
    if (isFirst) this.#own.set(id, spent);
    return isFirst;
  }

  async #forgetOwn(nowMs: number): Promise<void> {
    for (const [id, spent] of this.#own) {
      if (nowMs - spent.at <= SPENT_TOKEN_MS) break;
      this.#own.delete(id);
      await this.#records.replace("spent_token", id, spent, undefined);
    }
  }

  /** Forgets those that collectors have left behind. */
  async sweep(): Promise<void> {
    const nowMs = this.#world.nowMs();
    const over = await swept<Spent>(
      this.#records,
      "spent_token",
      ({ at }) => nowMs - at <= SPENT_TOKEN_MS,
    );
    for (const id of over) this.#own.delete(id);
  }
}
