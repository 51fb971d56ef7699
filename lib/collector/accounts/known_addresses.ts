/**
 * Addresses from which users were let in. Strangers who guess elsewhere slow
 * nobody down there.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import {
  KNOWN_ADDRESS_MS,
  KNOWN_ADDRESS_NOTED_MS,
  KNOWN_ADDRESSES_MAX,
} from "./limits.ts";
import { changed, type Records, swept } from "../records/records.ts";
import { Sums } from "./lanes.ts";

/** What is kept for a user. */
interface Known {
  /** When each was last seen, milliseconds since 1970, by its sum. */
  readonly addresses: Readonly<Record<string, number>>;
}

/** All of them, by user. */
export class KnownAddresses {
  readonly #records: Records;
  readonly #nowMs: () => number;
  readonly #sums = new Sums();

  constructor(records: Records, { nowMs }: World) {
    this.#records = records;
    this.#nowMs = nowMs;
  }

  /** Whether an account was let in from there. */
  async has(account: string, address: string): Promise<boolean> {
    const known = await this.#records.get<Known>(
      "known_address",
      await this.#sums.of(account),
    );
    const seenMs = known?.addresses[await this.#sums.of(address)];
    return seenMs !== undefined && this.#nowMs() - seenMs < KNOWN_ADDRESS_MS;
  }

  /** Notes that an account was let in from there. */
  async add(account: string, address: string): Promise<void> {
    const key = await this.#sums.of(account),
      sum = await this.#sums.of(address);
    await changed<Known>(this.#records, "known_address", key, (before) => {
      const nowMs = this.#nowMs(), seenMs = before?.addresses[sum];
      if (seenMs !== undefined && nowMs - seenMs < KNOWN_ADDRESS_NOTED_MS) {
        return before;
      }
      const all = Object.entries({ ...before?.addresses, [sum]: nowMs })
        .filter(([, ms]) => nowMs - ms < KNOWN_ADDRESS_MS)
        .sort(([, a], [, b]) => b - a).slice(0, KNOWN_ADDRESSES_MAX);
      return { addresses: Object.fromEntries(all) };
    });
  }

  /** Forgets those of users who have not come for long. */
  async sweep(): Promise<void> {
    const nowMs = this.#nowMs();
    await swept<Known>(this.#records, "known_address", ({ addresses }) => {
      const lastMs = Math.max(0, ...Object.values(addresses));
      return nowMs - lastMs < KNOWN_ADDRESS_MS;
    });
  }
}
