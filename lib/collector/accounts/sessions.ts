/**
 * Sessions: from a login on, each refresh token is good once. So little is
 * kept of one (a number and a time) because its pairs of tokens can be made
 * again from it.
 *
 * @module
 */

import type { TokenAnswer } from "../../base/wire.ts";
import type { World } from "../../base/world.ts";
import { Gate } from "../gate.ts";
import {
  ACCESS_LIFETIME_S,
  REFRESH_LIFETIME_S,
  REFRESH_REPEAT_MS,
  SOCKET_TOKEN_LIFETIME_S,
} from "./limits.ts";
import type { Claims, Tokens } from "./tokens.ts";
import type { AccountStore, User } from "./account_store.ts";
import { type Caller, callerOf } from "./caller.ts";
import type { Session, SessionStore } from "./session_store.ts";
import type { SpentTokens } from "./spent_tokens.ts";

/** What sessions are made of. */
export interface SessionParts {
  readonly store: SessionStore;
  readonly accounts: AccountStore;
  readonly tokens: Tokens;
  readonly spent: SpentTokens;
  readonly world: World;
}

/** All sessions. */
export class Sessions {
  readonly #parts: SessionParts;
  readonly #gate = new Gate(1);

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Begins a session of a user who gave the right password. */
  async begin(user: User): Promise<TokenAnswer> {
    const { name, id: user_id } = user;
    const { world } = this.#parts;
    const id = this.#newId();
    const session = {
      user: name,
      user_id,
      generation: 1,
      issued: world.nowMs(),
    };
    await this.#parts.store.add(id, session);
    return await this.#pair(id, session, user);
  }

  /**
   * Spends a refresh token. Its predecessor is answered with the same pair
   * again for a while, because an answer may get lost; any other reuse means
   * that there is a copy of it, and ends the session.
   *
   * @returns undefined where the token is not good
   */
  async refresh(token: string): Promise<TokenAnswer | undefined> {
    const claims = await this.#parts.tokens.read("refresh", token);
    if (!claims) return undefined;
    return await this.#gate.enter(() => this.#spend(claims));
  }

  async #spend(claims: Claims): Promise<TokenAnswer | undefined> {
    const { store, accounts, world } = this.#parts;
    const { id, generation } = claims;
    const session = await store.get(id);
    if (!session) return undefined;
    const user = await accounts.find(session.user);
    const now = world.nowMs();
    const isRepeat = generation === session.generation - 1 &&
      now - session.issued <= REFRESH_REPEAT_MS;
    if (user?.id !== session.user_id || user.disabled) {
      await store.end(id);
      return undefined;
    }
    if (isRepeat) return await this.#pair(id, session, user);
    if (generation !== session.generation) {
      await store.end(id);
      return undefined;
    }
    const next = { ...session, generation: generation + 1, issued: now };
    const isFirst = await store.replace(id, session, next);
    // Where another collector was faster, its pair is the good one.
    return isFirst
      ? await this.#pair(id, next, user)
      : await this.#spend(claims);
  }

  async #pair(
    id: string,
    { generation, issued }: Session,
    user: User,
  ): Promise<TokenAnswer> {
    const { tokens } = this.#parts;
    const claims = { caller: callerOf(user, id), id, generation };
    return {
      access: await tokens.sign("access", claims, issued, ACCESS_LIFETIME_S),
      refresh: await tokens.sign("refresh", claims, issued, REFRESH_LIFETIME_S),
      access_lifetime: ACCESS_LIFETIME_S,
      refresh_lifetime: REFRESH_LIFETIME_S,
      team_slug: user.team,
    };
  }

  /** A token for one WebSocket. */
  async socketToken(caller: Caller): Promise<string> {
    const { tokens, world } = this.#parts;
    const claims = { caller, id: this.#newId(), generation: 0 };
    return await tokens.sign(
      "socket",
      claims,
      world.nowMs(),
      SOCKET_TOKEN_LIFETIME_S,
    );
  }

  /** Spends a token for a WebSocket. @returns whose it was; undefined where it is not good */
  async spendSocketToken(
    token: string | undefined,
  ): Promise<Caller | undefined> {
    const { tokens, spent } = this.#parts;
    const claims = await tokens.read("socket", token);
    return claims && await spent.spend(claims.id) ? claims.caller : undefined;
  }

  /** Removes the sessions whose last refresh token is too old. */
  async sweep(): Promise<void> {
    const { store, spent, world } = this.#parts;
    await spent.sweep();
    await store.removeOlder(world.nowMs() - REFRESH_LIFETIME_S * 1000);
  }

  #newId(): string {
    return this.#parts.world.randomBytes(16).toHex();
  }
}
