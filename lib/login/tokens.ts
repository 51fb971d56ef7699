/**
 * The token paths of a server: a password becomes tokens, a refresh token new
 * ones, an access token a socket token.
 *
 * @module
 */

import type { Trust } from "./http_client.ts";
import { knownTeam } from "../base/config.ts";
import type { Deadline } from "../base/deadline.ts";
import { KittyError } from "../base/errors.ts";
import { REQUEST_TIMEOUT_MS } from "../base/limits.ts";
import { type CallerAnswer, PATHS, type TokenAnswer } from "../base/wire.ts";
import { readRetryAfter } from "../base/backoff.ts";
import { saidIn } from "../base/said.ts";
import {
  type Answer,
  ask,
  fieldsOf,
  NoAnswerError,
  type Question,
} from "./http.ts";

/** What opens a server to a user. Empty: there is none of the kind. */
export interface Tokens {
  readonly access: string;
  readonly refresh: string;
  /** By this machine's clock, milliseconds since 1970; undefined: not known, a 401 tells. */
  readonly accessExpiresAtMs: number | undefined;
  readonly refreshExpiresAtMs: number | undefined;
}

/** Tokens as a server gave them, and the team that it named. */
export interface Issued {
  readonly tokens: Tokens;
  readonly teamSlug: string | undefined;
}

/** The server's 401. */
export const REFUSED = Symbol("refused");

/**
 * The server, or the way to it, is not fit to give tokens now. Says nothing of
 * the tokens at hand: a user who was logged in still is.
 */
export class ServerTroubleError extends KittyError {
  override name = "ServerTroubleError";

  /** How long the server asks to be left alone. */
  readonly retryAfterMs: number | undefined;
  /** Whether no answer came: the server may have done what it was asked. */
  readonly isSilence: boolean;
  /** Of the answer; undefined where there was none. */
  readonly status: number | undefined;

  constructor(
    message: string,
    options: {
      retryAfterMs?: number | undefined;
      isSilence?: boolean;
      status?: number;
    } = {},
  ) {
    super("server_unavailable", message, {
      hint: "check the address and the network, or try again later",
    });
    this.retryAfterMs = options.retryAfterMs;
    this.isSilence = options.isSilence ?? false;
    this.status = options.status;
  }
}

/** What a request needs besides its content. */
export interface TokenRequest {
  readonly server: URL;
  readonly nowMs: () => number;
  readonly deadline: Deadline;
  readonly trust?: Trust;
}

/** @throws {ServerTroubleError} for no answer, and for any but 200 and 401 */
export async function requestTokens(
  request: TokenRequest,
  body: { readonly username: string; readonly password: string } | {
    readonly refresh: string;
  },
): Promise<Issued | typeof REFUSED> {
  const path = "refresh" in body ? PATHS.refresh : PATHS.token;
  const answer = await post(request, path, { body: JSON.stringify(body) });
  if (answer === REFUSED) return REFUSED;
  const issued = issuedBy(answer.json, request.nowMs());
  if (!issued) throw unexpected(request, answer, "without tokens");
  return issued;
}

/**
 * A token for one WebSocket.
 *
 * @throws {ServerTroubleError} for no answer, and for any but 200 and 401
 */
export async function requestSocketToken(
  request: TokenRequest,
  access: string,
): Promise<string | typeof REFUSED> {
  // Some servers take the access token for that, too.
  const content = { token: access, givesTokens: true };
  const answer = await post(request, PATHS.socketToken, content);
  if (answer === REFUSED) return REFUSED;
  const token = (answer.json as { ws_token?: unknown } | null)?.ws_token;
  if (!isToken(token)) throw unexpected(request, answer, "without a token");
  return token;
}

/**
 * Whose an access token or key is.
 *
 * @throws {ServerTroubleError} for no answer, and for any but 200 and 401
 */
export async function requestCaller(
  request: TokenRequest,
  access: string,
): Promise<Caller | typeof REFUSED> {
  const content = { token: access, method: "GET" } as const;
  const answer = await post(request, PATHS.me, content);
  if (answer === REFUSED) return REFUSED;
  const { name, team_slug, role } = fieldsOf(answer.json) as Partial<
    CallerAnswer
  >;
  const teamSlug = knownTeam(team_slug);
  if (typeof name === "string" && teamSlug) {
    return { name, teamSlug, mayOnlyLook: role === VIEWER };
  }
  throw unexpected(request, answer, "without a team");
}

/** Whose a token is, by the server's word. */
export interface Caller {
  readonly name: string;
  readonly teamSlug: string;
  readonly mayOnlyLook: boolean;
}

const VIEWER = "viewer";

/** Whether an access token says of itself that it may look, and not send; a key says nothing. */
export function saysOnlyLook(access: string): boolean {
  return claimsOf(access).role === VIEWER;
}

/** Whether a token is a key: it says nothing of itself, and is not renewed. */
export function isKey(token: string): boolean {
  return token.startsWith("ske_");
}

/** Whether a text can be a token: anything else would not fit into a header. */
export function isToken(text: unknown): text is string {
  return typeof text === "string" && /^[\x21-\x7e]+$/.test(text);
}

/** What a token says of itself, where it is a JWT; nothing of it is proven. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  const part = token.split(".")[1] ?? "";
  try {
    const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === "object" && claims !== null ? claims : {};
  } catch {
    return {};
  }
}

/** When a token ends by its own words and its maker's clock. */
export function claimedEndMs(token: string): number | undefined {
  const { exp } = claimsOf(token);
  return isSeconds(exp) ? exp * 1_000 : undefined;
}

async function post(
  { server, nowMs, deadline, trust }: TokenRequest,
  path: string,
  content: Pick<Question, "body" | "token" | "givesTokens" | "method">,
): Promise<Answer | typeof REFUSED> {
  deadline.check(`ask ${server.host} for a token`);
  let answer: Answer;
  try {
    answer = await ask({
      ...trust,
      url: new URL(path, server),
      ...content,
      ...content.body !== undefined &&
        { headers: { "content-type": "application/json" } },
      timeoutMs: Math.min(REQUEST_TIMEOUT_MS, deadline.leftMs),
    });
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    throw new ServerTroubleError(error.message, { isSilence: true });
  }
  if (answer.status === 401) return REFUSED;
  if (answer.status === 200) return answer;
  const isRedirect = answer.status >= 300 && answer.status < 400;
  throw unexpected(
    { server, nowMs },
    answer,
    isRedirect ? "a redirect, which a token must not follow" : undefined,
    content.body === undefined ? saidIn(answer.json) : undefined,
  );
}

/**
 * Never quotes the answer to a password or a refresh token: a server may repeat
 * in it what it was sent.
 *
 * @param said the server's own words, where it was sent nothing of that kind
 */
function unexpected(
  { server, nowMs }: Pick<TokenRequest, "server" | "nowMs">,
  { status, headers }: Answer,
  what?: string,
  said?: string,
): ServerTroubleError {
  return new ServerTroubleError(
    `${server.host} answered ${status}${what ? ` ${what}` : ""}${
      said ? `: ${said}` : ""
    }`,
    {
      retryAfterMs: readRetryAfter(headers.get("retry-after"), nowMs()),
      status,
    },
  );
}

function issuedBy(json: unknown, nowMs: number): Issued | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const { access, refresh, access_lifetime, refresh_lifetime, team_slug } =
    json as Partial<Record<keyof TokenAnswer, unknown>>;
  if (!isToken(access) || !isToken(refresh)) return undefined;
  return {
    tokens: {
      access,
      refresh,
      accessExpiresAtMs: endOf(access, access_lifetime, nowMs),
      refreshExpiresAtMs: endOf(refresh, refresh_lifetime, nowMs),
    },
    teamSlug: knownTeam(team_slug),
  };
}

/**
 * When a token that was just issued ends by this machine's clock, which may
 * differ from the server's. So spans count for more than moments; and a moment
 * that is past already, while the token is new, says nothing.
 */
function endOf(
  token: string,
  lifetime: unknown,
  nowMs: number,
): number | undefined {
  const { exp, iat } = claimsOf(token);
  const seconds = isSeconds(lifetime)
    ? lifetime
    : isSeconds(exp) && isSeconds(iat)
    ? exp - iat
    : isSeconds(exp)
    ? exp - nowMs / 1_000
    : 0;
  return seconds > 0 ? nowMs + seconds * 1_000 : undefined;
}

/** Seconds up to those that a date can hold. */
function isSeconds(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value < 1e11;
}
