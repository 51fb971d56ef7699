/**
 * Who asks: programs show a token, pages a cookie.
 *
 * @module
 */

import type { Looker, PageSessions } from "../accounts/page_sessions.ts";
import type { Claims, Tokens } from "../accounts/tokens.ts";
import { bearerOf, HttpError, unauthorized } from "./http.ts";

/** What tells who asks. */
export interface CallerParts {
  readonly tokens: Tokens;
  readonly pages: PageSessions;
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
   * @throws {HttpError} 401 without a good access token, 403 for one who may only look
   */
  async sender(request: Request): Promise<Claims> {
    const claims = await this.#claims(request);
    if (!claims.isViewer) return claims;
    throw new HttpError(403, "a viewer may look, and not send");
  }

  /**
   * The team of whoever looks.
   *
   * @throws {HttpError} 401 without a good access token or session
   */
  async team(request: Request, url: URL): Promise<string> {
    return request.headers.has("authorization")
      ? (await this.#claims(request)).team
      : (await this.looker(request, url)).team;
  }

  /**
   * Who looks at the page.
   *
   * @throws {HttpError} 401 without a session
   */
  async looker(request: Request, url: URL): Promise<Looker> {
    const looker = await this.#parts.pages.read(request, url);
    if (!looker) {
      throw unauthorized("this needs a good access token, or a login");
    }
    this.#parts.vouch(request);
    return looker;
  }

  async #claims(request: Request): Promise<Claims> {
    const claims = await this.#parts.tokens.read("access", bearerOf(request));
    if (!claims) throw unauthorized("this needs a good access token");
    this.#parts.vouch(request);
    return claims;
  }
}
