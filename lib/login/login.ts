/**
 * Where a login is kept: in the home's credentials, or in this process alone
 * when its tokens come from the environment.
 *
 * @module
 */

import { knownTeam } from "../base/config.ts";
import type { Deadline } from "../base/deadline.ts";
import { KittyError, reasonOf } from "../base/errors.ts";
import type { World } from "../base/world.ts";
import {
  type CredentialsFinding,
  type HeldCredentials,
  holdCredentials,
  readCredentials,
} from "./credentials.ts";
import {
  claimedEndMs,
  claimsOf,
  isKey,
  isToken,
  type Tokens,
} from "./tokens.ts";

/** Why no one is logged in. */
export type LoggedOutReason =
  | "logged_out"
  /** The server does not take the tokens any more. */
  | "expired"
  /** The credentials cannot be read. */
  | "unusable"
  /** The login is for another server than the one configured. */
  | "other_server"
  /** There are tokens, but it is not known which server they are for. */
  | "no_server";

/** No one is logged in, or not any more: only a person can go on. */
export class NotAuthenticatedError extends KittyError {
  override name = "NotAuthenticatedError";

  constructor(
    readonly reason: LoggedOutReason,
    message: string,
    hint = "log in: kitty-events auth login",
  ) {
    super("not_authenticated", message, { hint });
  }
}

/** Who is logged in. */
export interface Login {
  readonly username: string | undefined;
  readonly teamSlug: string | undefined;
  readonly tokens: Tokens;
}

/** What the claim that a user is logged in rests on. Its fields are part of published forms. */
export interface Evidence {
  /** In words. */
  readonly evidence: string;
  /** When the server last gave or took a token; null: never, as far as known. */
  readonly checked_at: string | null;
}

/** Where no one is logged in, there is nothing to rest on. */
export const NO_EVIDENCE = { evidence: null, checked_at: null } as const;

/** @param what where the tokens come from */
export function evidenceOf(
  what: string,
  server: URL,
  confirmedAtMs: number | undefined,
): Evidence {
  if (confirmedAtMs === undefined) {
    return { evidence: `${what}, not checked yet`, checked_at: null };
  }
  const checked_at = new Date(confirmedAtMs).toISOString();
  const evidence =
    `${what}, last confirmed by ${server.origin} at ${checked_at}`;
  return { evidence, checked_at };
}

/** What a server said of a key of the environment. */
export interface KeyWord {
  /** When, milliseconds since 1970; undefined: nothing yet. */
  readonly atMs?: number;
  readonly team?: string;
  /** Why it does not take the key. */
  readonly refused?: string;
}

/** The evidence against a token that the server has refused. */
export function refusalEvidence(
  what: string,
  server: URL,
  atMs: number,
): Evidence {
  return {
    evidence: `${what}, refused by ${server.origin}`,
    checked_at: new Date(atMs).toISOString(),
  };
}

/** Where a login is kept. */
export interface LoginStore {
  /** @throws {NotAuthenticatedError} where there is none any more */
  read(): Promise<Login>;
  /**
   * Does work while no one else renews or ends the login.
   *
   * @throws {DeadlineError} when others do so for longer
   */
  alone<T>(
    deadline: Deadline,
    work: (held: HeldLogin) => Promise<T>,
  ): Promise<T>;
}

/** A login while no one else changes it. */
export interface HeldLogin {
  read(): Promise<Login>;
  /**
   * Makes sure that new tokens can be kept, before the old ones are used up.
   *
   * @throws where there is no room for them
   */
  takeRoom(): Promise<void>;
  /** Keeps the login with new tokens. */
  renew(login: Login): Promise<void>;
  /** Forgets the tokens, which the server does not take any more, but not who had them. */
  end(): Promise<NotAuthenticatedError>;
}

/**
 * The login that a home's credentials hold.
 *
 * @param server the only one that its tokens may go to
 * @throws {NotAuthenticatedError} where there is none for that server
 */
export function loginFrom(
  found: CredentialsFinding,
  server: URL | undefined,
): Login & { readonly serverUrl: URL } {
  if (found.kind === "none") {
    throw new NotAuthenticatedError("logged_out", "not logged in");
  }
  if (found.kind === "unusable") {
    throw new NotAuthenticatedError(
      "unusable",
      `cannot use the credentials: ${found.why}`,
      "log in again (kitty-events auth login), or repair the file",
    );
  }
  const { serverUrl, tokens, wasByToken, ...user } = found.credentials;
  if (server && server.origin !== serverUrl.origin) {
    throw new NotAuthenticatedError(
      "other_server",
      `logged in to ${serverUrl.origin}, but ${server.origin} is configured`,
      `log in there (kitty-events auth login --server ${server.origin}), or configure the other`,
    );
  }
  if (!tokens) throw wasByToken ? tokenOver(serverUrl) : sessionOver();
  return { ...user, serverUrl, tokens };
}

/**
 * The login in a home's credentials, shared with every other program there.
 *
 * @param warn called when new tokens could not be stored
 */
export function sharedLogin(
  home: string,
  server: URL,
  nowMs: () => number,
  warn: (text: string) => void,
): LoginStore {
  // New tokens that the disk did not take. The old ones in the file are used
  // up, so these count until others have been written.
  let unsaved: { readonly replaced: string; readonly login: Login } | undefined;

  const read = async (): Promise<Login> => {
    const login = loginFrom(await readCredentials(home), server);
    return unsaved?.replaced === login.tokens.refresh ? unsaved.login : login;
  };
  const change = async (
    held: HeldCredentials,
    tokens: Tokens | undefined,
    login: Login,
  ): Promise<void> => {
    await held.write({ ...login, serverUrl: server, tokens }, nowMs());
    unsaved = undefined;
  };
  const renew = async (held: HeldCredentials, login: Login): Promise<void> => {
    const found = await held.read();
    try {
      await change(held, login.tokens, login);
    } catch (error) {
      if (found.kind !== "found") throw error;
      const replaced = found.credentials.tokens?.refresh ?? "";
      unsaved = { replaced, login };
      warn(
        `cannot store the new tokens in ${home}: ${
          reasonOf(error)
        }; when this process ends without, log in again`,
      );
    }
  };
  return {
    read,
    alone: (deadline, work) =>
      holdCredentials(home, deadline, (held) =>
        work({
          read,
          takeRoom: held.takeRoom,
          renew: (login) => renew(held, login),
          async end() {
            const login = await read();
            // Where that fails, the next one to try them learns the same.
            await change(held, undefined, login).catch(() => {});
            return isKey(login.tokens.access)
              ? tokenOver(server)
              : sessionOver();
          },
        })),
  };
}

const ACCESS = "SPEC_KITTY_ACCESS_TOKEN";
const REFRESH = "SPEC_KITTY_REFRESH_TOKEN";

/**
 * The login that the environment holds, as in a CI job; undefined where it
 * holds none.
 *
 * @throws {NotAuthenticatedError} for a text that can be no token
 */
export function loginFromEnvironment(
  world: Pick<World, "env">,
): Login | undefined {
  const token = (name: string): string => {
    const text = world.env(name)?.trim() ?? "";
    if (text === "" || isToken(text)) return text;
    throw new NotAuthenticatedError(
      "unusable",
      `${name} is not a token: it has white space or other letters in it`,
      "set it to the token alone",
    );
  };
  const access = token(ACCESS), refresh = token(REFRESH);
  if (access === "" && refresh === "") return undefined;
  return {
    username: undefined,
    teamSlug: knownTeam(claimsOf(access).team_slug),
    tokens: {
      access,
      refresh,
      accessExpiresAtMs: claimedEndMs(access),
      refreshExpiresAtMs: claimedEndMs(refresh),
    },
  };
}

/** Whether the environment has tokens, good or not: they come before the home's. */
export function hasTokensInEnvironment(world: Pick<World, "env">): boolean {
  return Boolean(world.env(ACCESS) || world.env(REFRESH));
}

/** A login that ends with this process. */
export function ownLogin(first: Login): LoginStore {
  let login: Login | undefined = first;
  const over = () =>
    new NotAuthenticatedError(
      "expired",
      "the server does not take the environment's tokens (any more)",
      `set ${ACCESS} to a new one`,
    );
  const held: HeldLogin = {
    read: () => login ? Promise.resolve(login) : Promise.reject(over()),
    takeRoom: () => Promise.resolve(),
    renew: (next) => Promise.resolve(void (login = next)),
    end: () => Promise.resolve((login = undefined, over())),
  };
  let turn: Promise<unknown> = Promise.resolve();
  return {
    read: held.read,
    alone(deadline, work) {
      const mine = turn.then(() => work(held));
      turn = mine.catch(() => {});
      return deadline.race(mine, "wait for new tokens");
    },
  };
}

function sessionOver(): NotAuthenticatedError {
  return new NotAuthenticatedError(
    "expired",
    "the session has ended",
    "log in again: kitty-events auth login",
  );
}

function tokenOver(server: URL): NotAuthenticatedError {
  return new NotAuthenticatedError(
    "expired",
    `${server.host} does not take the stored token (any more)`,
    "log in with another one: kitty-events auth login --token-stdin",
  );
}
