/**
 * Slows guessing of passwords down, and hardly anybody else.
 *
 * Whoever tries a password takes a turn first, before it is looked at. Turns
 * are counted for each account at each address, for each address, and for each
 * account at all addresses; each wrong password makes the wait for the next one
 * longer, up to minutes. Who guesses all the time would take every turn that
 * there is, so there are ways around:
 *
 * - One address alone never uses up what an account has at all of them.
 * - At an address from which the user was let in before, turns count apart:
 *   even a crowd elsewhere slows nobody down there.
 * - Who was told to wait, waits, and comes with the very same password has
 *   turns apart. Guessing the same again is of no use to anybody.
 *
 * @module
 */

import { ownerOf } from "../../base/net/addresses.ts";
import type { World } from "../../base/world.ts";
import {
  ACCOUNT_LEAK_MS,
  ACCOUNT_WAIT_MS,
  FREE_AT_ADDRESS,
  FREE_AT_KNOWN,
  FREE_OF_ACCOUNT,
  FREE_OF_PAIR,
  FREE_RETURNS,
  LANE_WAIT_MS_MAX,
  RETURN_AFTER_MS,
  RETURN_WITHIN_MS,
  RETURNING_MAX,
} from "./limits.ts";
import type { Records } from "../records/records.ts";
import { KnownAddresses } from "./known_addresses.ts";
import { type Asked, type Lane, Lanes, sumOf, type Turn } from "./lanes.ts";

/** Somebody who tries a password. */
export interface Attempt {
  readonly account: string;
  readonly password: string;
  /** Where it came from; undefined: not known. */
  readonly address: string | undefined;
}

/** Gives turns, and says how long to wait for one. */
export class Throttle {
  readonly #lanes: Lanes;
  readonly #known: KnownAddresses;
  readonly #world: World;
  /** Sums of what was sent away, with the moment from which on it has turns apart; the oldest first. */
  readonly #told = new Map<string, number>();
  /** Of this process alone, so that a sum tells nobody anything. */
  readonly #salt: string;

  constructor(records: Records, world: World) {
    this.#lanes = new Lanes(records, world);
    this.#known = new KnownAddresses(records, world);
    this.#world = world;
    this.#salt = world.randomBytes(16).toHex();
  }

  /** Whether there is a usual turn now. It is not taken: others may be faster. */
  async isOpen(attempt: Attempt): Promise<boolean> {
    return await this.#lanes.areOpen(
      await this.#usual(attempt.account, placeOf(attempt)),
    );
  }

  /** Asks for a turn. */
  async ask(attempt: Attempt): Promise<Asked> {
    const network = placeOf(attempt);
    const asked = await this.#lanes.take(
      await this.#usual(attempt.account, network),
    );
    return asked.turn
      ? asked
      : await this.#askToReturn(attempt, network, asked);
  }

  /** The password was right: a turn that was taken for it counts for nothing. */
  async wasRight({ account, address }: Attempt, turn: Turn): Promise<void> {
    await this.giveBack(turn);
    if (address !== undefined) {
      await this.#known.add(account, ownerOf(address));
    }
  }

  /** The password was not looked at after all. */
  async giveBack(turn: Turn): Promise<void> {
    await this.#lanes.giveBack(turn);
  }

  /** Forgets what is over. */
  async sweep(): Promise<void> {
    await this.#lanes.sweep();
    await this.#known.sweep();
  }

  async #usual(account: string, network: string | undefined): Promise<Lane[]> {
    const pair = (kind: string) => ({
      kind,
      of: [account, network ?? ""],
      freeMax: FREE_OF_PAIR,
    });
    const all = {
      kind: "account",
      of: [account],
      freeMax: FREE_OF_ACCOUNT,
      waitMs: ACCOUNT_WAIT_MS,
      leakMs: ACCOUNT_LEAK_MS,
    };
    if (network === undefined) return [pair("pair"), all];
    const of = [network];
    return await this.#known.has(account, network)
      ? [pair("known"), { kind: "known at", of, freeMax: FREE_AT_KNOWN }]
      : [pair("pair"), all, { kind: "address", of, freeMax: FREE_AT_ADDRESS }];
  }

  /** There is no turn now, unless for somebody who was told to come back. */
  async #askToReturn(
    { account, password }: Attempt,
    network: string | undefined,
    { waitMs = 0 }: Asked,
  ): Promise<Asked> {
    const sum = await sumOf(this.#salt, account, network ?? "", password);
    const nowMs = this.#world.nowMs(), fromMs = this.#told.get(sum);
    const isKnown = fromMs !== undefined && nowMs - fromMs < RETURN_WITHIN_MS;
    if (!isKnown) {
      const ms = Math.min(waitMs, RETURN_AFTER_MS);
      this.#remember(sum, nowMs + ms);
      return { waitMs: ms };
    }
    if (nowMs < fromMs) return { waitMs: fromMs - nowMs };
    const apart = { freeMax: FREE_RETURNS, waitMs: LANE_WAIT_MS_MAX };
    const asked = await this.#lanes.take([
      { kind: "return", of: [account], ...apart },
      ...network === undefined
        ? []
        : [{ kind: "return at", of: [network], ...apart }],
    ]);
    if (asked.turn) this.#told.delete(sum);
    return asked;
  }

  #remember(sum: string, fromMs: number): void {
    this.#told.delete(sum);
    this.#told.set(sum, fromMs);
    for (const old of this.#told.keys()) {
      if (this.#told.size <= RETURNING_MAX) break;
      this.#told.delete(old);
    }
  }
}

function placeOf({ address }: Attempt): string | undefined {
  return address === undefined ? undefined : ownerOf(address);
}
