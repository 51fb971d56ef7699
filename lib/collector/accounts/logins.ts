/**
 * The two paths that give tokens.
 *
 * @module
 */

import { type JsonObject, parseDocument } from "../../base/json.ts";
import type { SessionAnswer } from "../../board/answers.ts";
import type { TokenAnswer } from "../../base/wire.ts";
import type { World } from "../../base/world.ts";
import { readBody } from "../http/body.ts";
import { Gate } from "../gate.ts";
import { HttpError, jsonAnswer, NO_STORE, unauthorized } from "../http/http.ts";
import { TOKEN_BODY_BYTES_MAX } from "../limits.ts";
import { HASHINGS_MAX, LOGINS_WAITING_MAX } from "./limits.ts";
import type { Metrics } from "../metrics.ts";
import type { AccountStore, User } from "./account_store.ts";
import type { Looker, PageSessions } from "./page_sessions.ts";
import { isPassword } from "./passwords.ts";
import type { LoginNotes } from "./login_notes.ts";
import type { Sessions } from "./sessions.ts";
import type { Attempt, Throttle } from "./throttle.ts";
import type { Turn } from "./lanes.ts";
import type { Tickets } from "./tickets.ts";

/** What logins need. */
export interface LoginParts {
  readonly sessions: Sessions;
  readonly pages: PageSessions;
  readonly tickets: Tickets;
  readonly metrics: Metrics;
  readonly world: World;
  readonly accounts: AccountStore;
  readonly throttle: Throttle;
  readonly notes: LoginNotes;
  readonly addressOf: AddressOf;
}

/** Tells where a request came from; undefined where that is not known. */
export type AddressOf = (request: Request) => string | undefined;

/** A password that was looked at, or how long to wait for that: milliseconds. */
type Looked =
  | { readonly turn: Turn; readonly isRight: boolean; readonly waitMs?: never }
  | {
    readonly turn?: never;
    readonly isRight?: never;
    readonly waitMs: number;
  };

/** Logins and refreshes. */
export class Logins {
  readonly #parts: LoginParts;
  readonly #hashing = new Gate(HASHINGS_MAX, LOGINS_WAITING_MAX);

  constructor(parts: LoginParts) {
    this.#parts = parts;
  }

  /** Answers `{username, password}` with a pair of tokens. */
  async login(request: Request): Promise<Response> {
    const fields = await this.#fields(request, ["username", "password"]);
    const user = await this.#check(request, fields);
    const pair = await this.#parts.sessions.begin(user);
    await this.#noteLogin(request, user, "tokens");
    return tokenAnswer(pair);
  }

  /** Begins a session of the page with `{username, password}` or `{ticket}`. */
  async enter(request: Request, url: URL): Promise<Response> {
    const { pages, tickets, accounts } = this.#parts;
    const value = await this.#value(request);
    let user: User | undefined;
    if (typeof value?.ticket === "string") {
      const name = tickets.spend(value.ticket);
      user = name === undefined ? undefined : await accounts.find(name);
      if (!user || user.disabled) {
        throw unauthorized(
          "the link is not good any more: it works once, and for a minute",
        );
      }
    } else {
      const fields = textsOf(value, ["username", "password"]);
      user = await this.#check(request, fields);
    }
    const { looker, cookie } = await pages.begin(user, url);
    await this.#noteLogin(request, user, "page");
    return sessionAnswer(looker, cookie);
  }

  async #noteLogin(
    request: Request,
    user: User,
    details: string,
  ): Promise<void> {
    const { notes, addressOf } = this.#parts;
    await notes.right(user, addressOf(request), details);
  }

  /** @throws {HttpError} 401 where name and password do not fit, 429 where too many did not */
  async #check(
    request: Request,
    { username, password }: Record<"username" | "password", string>,
  ): Promise<User> {
    const { metrics, accounts, throttle, notes, addressOf } = this.#parts;
    const address = addressOf(request);
    const attempt = { account: username, password, address };
    const user = await accounts.find(username);
    const { turn, waitMs, isRight } = await this.#look(attempt, user);
    if (!turn) {
      metrics.slowedLogin();
      await notes.wrong(user, address, "slowed");
      throw slowedDown(waitMs);
    }
    const isIn = user !== undefined && isRight && !user.disabled;
    metrics.login(isIn);
    if (isIn) {
      await throttle.wasRight(attempt, turn);
      return user;
    }
    await notes.wrong(user, address, isRight && user ? "disabled" : "wrong");
    throw unauthorized("wrong username or password");
  }

  /**
   * Looks at a password, where there is a turn for it. Turns are taken one at
   * a time, so that people who log in at once do not slow each other down; who
   * has to wait is told so without standing in line.
   */
  async #look(attempt: Attempt, user: User | undefined): Promise<Looked> {
    const { throttle } = this.#parts;
    const early = await throttle.isOpen(attempt)
      ? undefined
      : await throttle.ask(attempt);
    if (early && !early.turn) return early;
    try {
      return await this.#hashing.enter(async () => {
        const asked = early ?? await throttle.ask(attempt);
        if (!asked.turn) return asked;
        const isRight = await isPassword(attempt.password, user?.password);
        return { turn: asked.turn, isRight };
      });
    } catch (error) {
      if (early?.turn) await throttle.giveBack(early.turn);
      throw error;
    }
  }

  /** Answers `{refresh}` with a new pair. */
  async refresh(request: Request): Promise<Response> {
    const { refresh } = await this.#fields(request, ["refresh"]);
    const pair = await this.#parts.sessions.refresh(refresh);
    if (!pair) throw unauthorized("the refresh token is not good any more");
    return tokenAnswer(pair);
  }

  /** @throws {HttpError} 400 for a body without these texts */
  async #fields<N extends string>(
    request: Request,
    names: readonly N[],
  ): Promise<Record<N, string>> {
    return textsOf(await this.#value(request), names);
  }

  /** The body's JSON object; undefined where it is none. */
  async #value(request: Request): Promise<JsonObject | undefined> {
    const { world } = this.#parts;
    const body = await readBody(request, TOKEN_BODY_BYTES_MAX, world.elapsedMs);
    const { value, problems } = parseDocument(body);
    return problems ? undefined : value;
  }
}

/** Whoever comes again after that time, with the same password, is let try. */
function slowedDown(waitMs: number): HttpError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new HttpError(
    429,
    `too many tries for this name, or from this address: wait ${seconds} s, then try the same again`,
    { headers: { "retry-after": `${seconds}` } },
  );
}

/** @throws {HttpError} 400 where one of these texts is missing */
function textsOf<N extends string>(
  value: JsonObject | undefined,
  names: readonly N[],
): Record<N, string> {
  const found = names.map((name) => [name, value?.[name]] as const)
    .filter((field): field is [N, string] => typeof field[1] === "string");
  if (found.length < names.length) {
    throw new HttpError(
      400,
      `the body is not a JSON object with the texts ${names.join(" and ")}`,
    );
  }
  return Object.fromEntries(found) as Record<N, string>;
}

/** What a page hears of its session. */
export function sessionAnswer(
  { caller: { name, team, role }, ends_at }: Looker,
  cookie?: string,
): Response {
  const answer: SessionAnswer = { user: name, team, role, ends_at };
  return jsonAnswer(answer, {
    headers: {
      ...NO_STORE,
      ...cookie !== undefined && { "set-cookie": cookie },
    },
  });
}

function tokenAnswer(pair: TokenAnswer): Response {
  return jsonAnswer(pair, { headers: NO_STORE });
}
