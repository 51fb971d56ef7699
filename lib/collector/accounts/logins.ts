/**
 * The two paths that give tokens.
 *
 * @module
 */

import { parseDocument } from "../../base/json.ts";
import type { TokenAnswer } from "../../base/wire.ts";
import type { World } from "../../base/world.ts";
import { readBody } from "../http/body.ts";
import { Gate } from "../gate.ts";
import { HttpError, jsonAnswer, NO_STORE, unauthorized } from "../http/http.ts";
import {
  HASHINGS_MAX,
  LOGINS_WAITING_MAX,
  TOKEN_BODY_BYTES_MAX,
} from "../limits.ts";
import type { Metrics } from "../metrics.ts";
import type { AccountStore } from "./account_store.ts";
import { isPassword } from "./passwords.ts";
import type { Sessions } from "./sessions.ts";

/** What logins need. */
export interface LoginParts {
  readonly sessions: Sessions;
  readonly metrics: Metrics;
  readonly world: World;
  readonly accounts: AccountStore;
}

/** Logins and refreshes. */
export class Logins {
  readonly #parts: LoginParts;
  readonly #hashing = new Gate(HASHINGS_MAX, LOGINS_WAITING_MAX);

  constructor(parts: LoginParts) {
    this.#parts = parts;
  }

  /** Answers `{username, password}` with a pair of tokens. */
  async login(request: Request): Promise<Response> {
    const { sessions, metrics, accounts } = this.#parts;
    const { username, password } = await this.#fields(
      request,
      ["username", "password"],
    );
    const user = await accounts.find(username);
    const isRight = await this.#hashing.enter(() =>
      isPassword(password, user?.password)
    );
    metrics.login(isRight);
    if (!user || !isRight) throw unauthorized("wrong username or password");
    return tokenAnswer(await sessions.begin(user));
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
    const { world } = this.#parts;
    const body = await readBody(request, TOKEN_BODY_BYTES_MAX, world.elapsedMs);
    const { value, problems } = parseDocument(body);
    const found = names.map((name) => [name, value?.[name]] as const)
      .filter((field): field is [N, string] => typeof field[1] === "string");
    if (problems || found.length < names.length) {
      throw new HttpError(
        400,
        `the body is not a JSON object with the texts ${names.join(" and ")}`,
      );
    }
    return Object.fromEntries(found) as Record<N, string>;
  }
}

function tokenAnswer(pair: TokenAnswer): Response {
  return jsonAnswer(pair, { headers: NO_STORE });
}
