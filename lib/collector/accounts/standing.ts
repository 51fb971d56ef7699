/**
 * Who is still good: users, keys and sessions as they are now. What was given
 * out before (tokens, cookies, sockets) is held against it, without a question
 * to the store for each request.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import { Fresh } from "../fresh.ts";
import type { Records } from "../records/records.ts";
import { type AccountStore, roleOf, type User } from "./account_store.ts";
import type { Caller } from "./caller.ts";
import { isExpired, type Key, type KeyStore } from "./keys.ts";
import { STANDING_PACE } from "./limits.ts";
import { endedSessions } from "./session_store.ts";

/** What it is read from. */
export interface StandingParts {
  readonly accounts: AccountStore;
  readonly keys: KeyStore;
  readonly records: Records;
  readonly world: World;
}

/** All of it at one moment. */
interface View {
  readonly users: ReadonlyMap<string, User>;
  /** By their ids. */
  readonly keys: ReadonlyMap<string, Key>;
  /** Ids of sessions that ended, for as long as their access tokens would be good. */
  readonly ended: ReadonlySet<string>;
}

/** Tells who is still good. */
export class Standing {
  readonly #view: Fresh<View>;
  readonly #nowMs: () => number;

  constructor({ accounts, keys, records, world }: StandingParts) {
    this.#nowMs = world.nowMs;
    this.#view = new Fresh<View>(
      async () => {
        const [users, all, ended] = await Promise.all([
          accounts.all(),
          keys.all(),
          endedSessions(records),
        ]);
        return {
          users: new Map(users.map((user) => [user.name, user])),
          keys: new Map(all.map((key) => [key.id, key])),
          ended,
        };
      },
      world,
      STANDING_PACE,
    );
  }

  /** Whether somebody is still good. A no is always of this moment, a yes seconds old at most. */
  async isGood(caller: Caller): Promise<boolean> {
    return this.#isGoodIn(await this.#view.get(), caller) ||
      this.#isGoodIn(await this.#view.anew(), caller);
  }

  /** The key of an id; undefined where there is none any more. */
  async key(id: string): Promise<Key | undefined> {
    const key = (await this.#view.get()).keys.get(id) ??
      (await this.#view.anew()).keys.get(id);
    return key && !isExpired(key, this.#nowMs()) ? key : undefined;
  }

  /** Looks again. @returns tells at once who is good by that */
  async look(): Promise<(caller: Caller) => boolean> {
    const view = await this.#view.anew();
    return (caller) => this.#isGoodIn(view, caller);
  }

  #isGoodIn({ users, keys, ended }: View, caller: Caller): boolean {
    const { kind, name, id, team, session } = caller;
    const found = kind === "key" ? keys.get(id) : users.get(name);
    if (!found || found.id !== id || found.name !== name) return false;
    if (found.team !== team || roleOf(found) !== caller.role) return false;
    return "hash" in found
      ? !isExpired(found, this.#nowMs())
      : !found.disabled && !(session !== undefined && ended.has(session));
  }
}
