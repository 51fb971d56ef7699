/**
 * Who asks: programs show a token, pages a cookie.
 *
 * @module
 */

import { LOOKER } from "../../base/wire.ts";
import type { Caller } from "../accounts/caller.ts";
import { isKey, keyIdOf } from "../accounts/keys.ts";
import type { Looker, PageSessions } from "../accounts/page_sessions.ts";
import type { Standing } from "../accounts/standing.ts";
import type { Tokens } from "../accounts/tokens.ts";
import { bearerOf, HttpError, unauthorized } from "./http.ts";

/** What tells who asks. */
export interface CallerParts {
  readonly tokens: Tokens;
  readonly pages: PageSessions;
  readonly standing: Standing;
  /** Called with each request whose sender has proved who it is. */
  readonly vouch: (request: Request) => void;
}

/** Tells who asks. */
export class Callers {
  readonly #parts: CallerParts;

  constructor(parts: CallerParts) {
    this.#parts = parts;
  }

  /**
   * Who sends events. A cookie is not enough: a browser sends it by itself.
   *
   * @throws {HttpError} 401 without a good access token or key, 403 for one who may only look
   */
  async sender(request: Request): Promise<Caller> {
    const caller = await this.bearer(request);
    if (caller.role !== "viewer") return caller;
    throw new HttpError(403, "a viewer may look, and not send");
  }

  /**
   * Who looks after a team's people and keys. A cookie is not enough.
   *
   * @throws {HttpError} 401 without a good access token or key, 403 for one who is no admin
   */
  async admin(request: Request): Promise<Caller> {
    const caller = await this.bearer(request);
    if (caller.role === "admin") return caller;
    throw new HttpError(403, "only an admin of the team may do this");
  }

  /**
   * The team of whoever looks.
   *
   * @throws {HttpError} 401 without a good access token, key or session
   */
  async team(request: Request, url: URL): Promise<string> {
    return request.headers.has("authorization")
      ? (await this.bearer(request)).team
      : (await this.looker(request, url)).caller.team;
  }

  /**
   * Who looks at the page.
   *
   * @throws {HttpError} 401 without a session, 409 where the page takes it for somebody else's
   */
  async looker(request: Request, url: URL): Promise<Looker> {
    const looker = await this.#parts.pages.read(request, url);
    if (!looker) {
      throw unauthorized("this needs a good access token, or a login");
    }
    this.#parts.vouch(request);
    const expected = request.headers.get(LOOKER);
    if (expected !== null && expected !== nameOf(looker)) {
      throw new HttpError(
        409,
        "somebody else has logged in meanwhile: load the page again",
      );
    }
    return looker;
  }

  /**
   * Whoever shows a token or a key.
   *
   * @throws {HttpError} 401 without a good one
   */
  async bearer(request: Request): Promise<Caller> {
    const text = bearerOf(request);
    const caller = await this.#keyCaller(text) ?? await this.#userCaller(text);
    if (!caller) throw unauthorized("this needs a good access token");
    this.#parts.vouch(request);
    return caller;
  }

  async #keyCaller(text = ""): Promise<Caller | undefined> {
    const id = keyIdOf(text);
    const key = id === undefined
      ? undefined
      : await this.#parts.standing.key(id);
    if (!key || !await isKey(text, key)) return undefined;
    const { name, team, role } = key;
    return { kind: "key", name, id: key.id, team, role };
  }

  async #userCaller(text: string | undefined): Promise<Caller | undefined> {
    const { tokens, standing } = this.#parts;
    const caller = (await tokens.read("access", text))?.caller;
    return caller && await standing.isGood(caller) ? caller : undefined;
  }
}

/** Names may hold what headers may not. */
function nameOf({ caller: { team, name } }: Looker): string {
  return [team, name].map(encodeURIComponent).join("/");
}
