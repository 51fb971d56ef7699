/**
 * Sessions: from a login on, each refresh token is good once. So little is
 * kept of one (a number and a time) because its pairs of tokens can be made
 * again from it.
 *
 * @module
 */

import type { TokenAnswer } from "../../base/wire.ts";
import type { World } from "../../base/world.ts";
import {
  ACCESS_LIFETIME_S,
  REFRESH_LIFETIME_S,
  REFRESH_REPEAT_MS,
  REFRESH_UNSURE_MS,
  REFRESHES_UNSURE_MAX,
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

/** A refresh of which nobody knows whether it was stored. */
interface Unsure {
  readonly generation: number;
  /** For so long its token is answered again, milliseconds since 1970. */
  readonly untilMs: number;
}

/** All sessions. */
export class Sessions {
  readonly #parts: SessionParts;
  /** Tokens that were spent or not: the store gave no answer. The oldest first. */
  readonly #unsure = new Map<string, Unsure>();

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
   * again for a while, because an answer may get lost, and for longer where
   * there was none to give; any other reuse means that there is a copy of it,
   * and ends the session.
   *
   * @returns undefined where the token is not good
   */
  async refresh(token: string): Promise<TokenAnswer | undefined> {
    const claims = await this.#parts.tokens.read("refresh", token);
    return claims && await this.#spend(claims);
  }

  async #spend(claims: Claims): Promise<TokenAnswer | undefined> {
    const { store, accounts, world } = this.#parts;
    const { id, generation } = claims;
    const session = await store.get(id);
    if (!session) return undefined;
    const user = await accounts.find(session.user);
    const now = world.nowMs();
    const isRepeat = generation === session.generation - 1 &&
      (this.#isUnsure(claims) || now - session.issued <= REFRESH_REPEAT_MS);
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
    const isFirst = await store.replace(id, session, next)
      .catch((error) => {
        this.#note(claims, now + REFRESH_UNSURE_MS);
        throw error;
      });
    if (isFirst) this.#unsure.delete(id);
    // Where another collector was faster, its pair is the good one.
    return isFirst
      ? await this.#pair(id, next, user)
      : await this.#spend(claims);
  }

  /** Whether its owner may have got no pair for it; from now on, one. */
  #isUnsure(claims: Claims): boolean {
    const unsure = this.#unsure.get(claims.id);
    const now = this.#parts.world.nowMs();
    if (unsure?.generation !== claims.generation) return false;
    if (now > unsure.untilMs) return false;
    this.#note(claims, Math.min(unsure.untilMs, now + REFRESH_REPEAT_MS));
    return true;
  }

  #note({ id, generation }: Claims, untilMs: number): void {
    this.#unsure.delete(id);
    this.#unsure.set(id, { generation, untilMs });
    if (this.#unsure.size <= REFRESHES_UNSURE_MAX) return;
    const [oldest] = this.#unsure.keys();
    this.#unsure.delete(oldest!);
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
    for (const [id, { untilMs }] of this.#unsure) {
      if (world.nowMs() > untilMs) this.#unsure.delete(id);
    }
    await store.removeOlder(world.nowMs() - REFRESH_LIFETIME_S * 1000);
  }

  #newId(): string {
    return this.#parts.world.randomBytes(16).toHex();
  }
}
