/**
 * Signed tokens. What a token says is in it; whether a refresh token was used
 * before is known to `sessions.ts`.
 *
 * @module
 */

import { jwtVerify, SignJWT } from "jose";

/** What a token is for. Each kind is refused where another one is wanted. */
export type TokenKind = "access" | "refresh" | "socket" | "page";

/** What a token says. */
export interface Claims {
  readonly user: string;
  readonly team: string;
  /** Session of an access or refresh token; id of a token for a socket. */
  readonly id: string;
  /** How many pairs the session has had. */
  readonly generation: number;
  /** Of an access token: its user may look, and not send. */
  readonly isViewer?: boolean;
}

const ALGORITHM = "HS256";

/** Makes and checks tokens. */
export class Tokens {
  readonly #secret: Uint8Array;
  readonly #nowMs: () => number;

  constructor(secret: Uint8Array, nowMs: () => number) {
    this.#secret = secret;
    this.#nowMs = nowMs;
  }

  /** A token. The same arguments make the same one. */
  async sign(
    kind: TokenKind,
    { user, team, id, generation, isViewer }: Claims,
    issuedMs: number,
    lifetimeS: number,
  ): Promise<string> {
    const issuedS = Math.floor(issuedMs / 1000);
    return await new SignJWT({
      team,
      generation,
      ...isViewer && { role: "viewer" },
    })
      .setProtectedHeader({ alg: ALGORITHM })
      .setSubject(user)
      .setAudience(kind)
      .setJti(id)
      .setIssuedAt(issuedS)
      .setExpirationTime(issuedS + lifetimeS)
      .sign(this.#secret);
  }

  /** What a token says; undefined where it is none of ours, of another kind, or too old. */
  async read(
    kind: TokenKind,
    token: string | undefined,
  ): Promise<Claims | undefined> {
    if (!token) return undefined;
    try {
      const { payload } = await jwtVerify(token, this.#secret, {
        algorithms: [ALGORITHM],
        audience: kind,
        currentDate: new Date(this.#nowMs()),
        requiredClaims: ["sub", "jti", "exp"],
      });
      return {
        user: payload.sub!,
        team: String(payload.team),
        id: payload.jti!,
        generation: Number(payload.generation),
        isViewer: payload.role !== undefined && payload.role !== "member",
      };
    } catch {
      return undefined;
    }
  }
}
