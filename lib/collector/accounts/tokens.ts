/**
 * Signed tokens. What a token says is in it; whether a refresh token was used
 * before is known to `sessions.ts`, and who is still good to `standing.ts`.
 *
 * @module
 */

import { type JWTPayload, jwtVerify, SignJWT } from "jose";
import { roleNamed } from "./account_store.ts";
import type { Caller } from "./caller.ts";
import { FIRST, type SigningKeys } from "./signing_keys.ts";

/** What a token is for. Each kind is refused where another one is wanted. */
export type TokenKind = "access" | "refresh" | "socket" | "page";

/** What a token says. */
export interface Claims {
  /** Whom it was given to, as they were then. */
  readonly caller: Caller;
  /** Session of an access or refresh token; id of a token for a socket. */
  readonly id: string;
  /** How many pairs the session has had. */
  readonly generation: number;
}

const ALGORITHM = "HS256";

/** Makes and checks tokens. */
export class Tokens {
  readonly #keys: SigningKeys;
  readonly #nowMs: () => number;

  constructor(keys: SigningKeys, nowMs: () => number) {
    this.#keys = keys;
    this.#nowMs = nowMs;
  }

  /** A token. The same arguments make the same one, until there is a new signing key. */
  async sign(
    kind: TokenKind,
    { caller, id, generation }: Claims,
    issuedMs: number,
    lifetimeS: number,
  ): Promise<string> {
    const issuedS = Math.floor(issuedMs / 1000);
    const { team, role, session } = caller;
    const { name: kid, secret } = await this.#keys.newest();
    return await new SignJWT({
      team,
      generation,
      role,
      who: caller.id,
      ...caller.kind === "key" && { by: "key" },
      ...session !== undefined && session !== id && { session },
    })
      .setProtectedHeader({ alg: ALGORITHM, kid })
      .setSubject(caller.name)
      .setAudience(kind)
      .setJti(id)
      .setIssuedAt(issuedS)
      .setExpirationTime(issuedS + lifetimeS)
      .sign(Uint8Array.fromHex(secret));
  }

  /** What a token says; undefined where it is none of ours, of another kind, or too old. */
  async read(
    kind: TokenKind,
    token: string | undefined,
  ): Promise<Claims | undefined> {
    if (!token) return undefined;
    const key = await this.#keys.find(keyNameIn(token));
    if (!key) return undefined;
    try {
      const { payload } = await jwtVerify(
        token,
        Uint8Array.fromHex(key.secret),
        {
          algorithms: [ALGORITHM],
          audience: kind,
          currentDate: new Date(this.#nowMs()),
          requiredClaims: ["sub", "jti", "exp"],
        },
      );
      return claimsOf(kind, payload);
    } catch {
      return undefined;
    }
  }
}

function claimsOf(kind: TokenKind, payload: JWTPayload): Claims {
  const { sub, jti, team, generation, role, who, by } = payload;
  const isKey = by === "key";
  const session = kind === "socket" ? payload.session : jti;
  return {
    caller: {
      kind: isKey ? "key" : "user",
      name: sub!,
      // Programs before this one did not say it: such an access token has to be renewed.
      id: typeof who === "string" ? who : "",
      team: String(team),
      role: roleNamed(role),
      ...typeof session === "string" && !isKey && { session },
    },
    id: jti!,
    generation: Number(generation),
  };
}

/** Name of the key that a token claims to be signed with. */
function keyNameIn(token: string): string {
  try {
    const [head = ""] = token.split(".", 1);
    const bytes = Uint8Array.fromBase64(head, { alphabet: "base64url" });
    const { kid = FIRST } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof kid === "string" ? kid : "";
  } catch {
    return "";
  }
}
