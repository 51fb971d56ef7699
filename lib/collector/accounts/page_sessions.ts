/**
 * Sessions of people who look at the page: a cookie beside the tokens. It is
 * good until it runs out, they log out, or the user is another one.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import { HttpError } from "../http/http.ts";
import { PAGE_SESSION_LIFETIME_S } from "./limits.ts";
import type { AccountStore, User } from "./account_store.ts";
import { type Caller, callerOf } from "./caller.ts";
import type { SessionStore } from "./session_store.ts";
import type { Tokens } from "./tokens.ts";

/** What they are made of. */
export interface PageSessionParts {
  readonly store: SessionStore;
  readonly accounts: AccountStore;
  readonly tokens: Tokens;
  readonly world: World;
}

/** Somebody who looks. */
export interface Looker {
  readonly caller: Caller;
  /** Of the session. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly ends_at: string;
}

/** All sessions of the page. */
export class PageSessions {
  readonly #parts: PageSessionParts;

  constructor(parts: PageSessionParts) {
    this.#parts = parts;
  }

  /** Begins a session. @returns it, and the header that gives the cookie */
  async begin(
    user: User,
    url: URL,
  ): Promise<{ looker: Looker; cookie: string }> {
    const { store, tokens, world } = this.#parts;
    const id = world.randomBytes(16).toHex(), issued = world.nowMs();
    const { name, id: user_id } = user;
    await store.add(id, { user: name, user_id, generation: 0, issued });
    const claims = { caller: callerOf(user, id), id, generation: 0 };
    const token = await tokens.sign(
      "page",
      claims,
      issued,
      PAGE_SESSION_LIFETIME_S,
    );
    return {
      looker: lookerOf(user, id, issued),
      cookie: cookieOf(url, token, PAGE_SESSION_LIFETIME_S),
    };
  }

  /**
   * Who looks; undefined where the request has no cookie of a session.
   *
   * @throws {HttpError} 403 where a page of another origin makes the browser ask
   */
  async read(request: Request, url: URL): Promise<Looker | undefined> {
    const token = cookieIn(request, cookieName(url));
    if (token === undefined) return undefined;
    refuseStrangers(request);
    const claims = await this.#parts.tokens.read("page", token);
    return claims && await this.#lookerIn(claims.id);
  }

  /** Who looks in a session; undefined where that is over, or the user is another one by now. */
  async #lookerIn(id: string): Promise<Looker | undefined> {
    const { store, accounts, world } = this.#parts;
    const session = await store.get(id);
    if (!session) return undefined;
    const isOver = world.nowMs() - session.issued >=
      PAGE_SESSION_LIFETIME_S * 1000;
    if (isOver) return undefined;
    const user = await accounts.find(session.user);
    return user?.id === session.user_id && !user.disabled
      ? lookerOf(user, id, session.issued)
      : undefined;
  }

  /** Ends a session. @returns the header that takes the cookie away */
  async end({ id }: Looker, url: URL): Promise<string> {
    await this.#parts.store.end(id);
    return cookieOf(url, "", 0);
  }
}

function lookerOf(user: User, id: string, issued: number): Looker {
  const endsMs = issued + PAGE_SESSION_LIFETIME_S * 1000;
  const ends_at = new Date(endsMs).toISOString();
  return { caller: callerOf(user, id), id, ends_at };
}

/** Cookies know no ports, and a board of a project may run beside a collector. */
function cookieName({ port }: URL): string {
  return `kitty-session-${port || "default"}`;
}

function cookieOf(
  url: URL,
  value: string,
  ageS: number,
): string {
  return `${cookieName(url)}=${value}; Path=/; Max-Age=${ageS}; HttpOnly; ` +
    `SameSite=Strict${url.protocol === "https:" ? "; Secure" : ""}`;
}

function cookieIn(request: Request, name: string): string | undefined {
  for (const part of request.headers.get("cookie")?.split(";") ?? []) {
    const [key, value] = part.trim().split("=", 2);
    if (key === name) return value;
  }
  return undefined;
}

/** Another port of the same machine is the same site to a browser, and gets the cookie sent along. */
function refuseStrangers(request: Request): void {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") {
    throw new HttpError(403, "requests of other sites are refused");
  }
}
