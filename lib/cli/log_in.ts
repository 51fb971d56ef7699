/**
 * Getting a login from a server: for a password, or with a token.
 *
 * @module
 */

import { KittyError, usageError } from "../base/errors.ts";
import { loginOfKey } from "../login/key.ts";
import type { Login } from "../login/login.ts";
import {
  isToken,
  REFUSED,
  requestCaller,
  requestTokens,
  saysOnlyLook,
  ServerTroubleError,
  type TokenRequest,
} from "../login/tokens.ts";
import { tlsHint } from "../login/tls_words.ts";
import type { Call } from "./command.ts";
import { printable } from "./output.ts";
import { readPassword } from "./password.ts";

/** A login, and what it is good for as far as the server said it. */
export interface Found {
  readonly login: Login;
  /** It may look, and not send. */
  readonly mayOnlyLook: boolean;
}

/**
 * Gets tokens for a name and a password; undefined where the person does not
 * want to after all.
 *
 * @param last who logged in there before
 */
export async function loginByPassword(
  call: Call,
  request: () => TokenRequest,
  last: string | undefined,
): Promise<Found | undefined> {
  const username = call.args.text("username") ?? last;
  if (username === undefined) {
    throw usageError("who logs in? --username NAME, or --token-stdin");
  }
  if (username === "") throw usageError("--username is empty");
  const password = await readPassword(call, `password of ${username}: `);
  if (password === undefined) return undefined;
  const asked = request();
  const issued = await requestTokens(asked, { username, password })
    .catch((error) => {
      throw advised(error, call);
    });
  if (issued !== REFUSED) {
    const mayOnlyLook = saysOnlyLook(issued.tokens.access);
    return { login: { username, ...issued }, mayOnlyLook };
  }
  throw new KittyError(
    "not_authenticated",
    `${asked.server.host} does not know the user ${
      printable(username)
    } with this password`,
    {
      hint:
        "mind the spelling of both; who was removed there, or given another password, asks the server's keeper; a token has no password: --token-stdin",
    },
  );
}

/** Asks the server whose a token is. */
export async function loginByKey(
  call: Call,
  request: () => TokenRequest,
): Promise<Found | undefined> {
  if (call.args.text("username") !== undefined) {
    throw usageError("a token says itself who it is: leave --username out");
  }
  const key = (await readPassword(call, "token: "))?.trim();
  if (key === undefined) return undefined;
  if (!isToken(key)) {
    throw usageError(
      "standard input is not a token: it has other letters in it",
    );
  }
  const asked = request();
  const caller = await requestCaller(asked, key).catch((error) => {
    throw advised(error, call);
  });
  if (caller !== REFUSED) {
    const { name: username, teamSlug, mayOnlyLook } = caller;
    const login = { ...loginOfKey(key), username, teamSlug };
    return { login, mayOnlyLook };
  }
  throw new KittyError(
    "not_authenticated",
    `${asked.server.host} does not take this token`,
    { hint: "make one there: kitty-events collector token create" },
  );
}

/** The error with better advice, where there is no trust between here and the server. */
function advised(error: unknown, { world }: Call): unknown {
  if (!(error instanceof ServerTroubleError)) return error;
  const { code, message, retryAfterMs } = error;
  if (error.status === 429) {
    const seconds = Math.ceil((retryAfterMs ?? 1_000) / 1_000);
    return new KittyError(
      "too_many_logins",
      `${message}: too many tries for this name, or from this address`,
      {
        hint: `wait ${seconds} s, and log in with the same password`,
        cause: error,
      },
    );
  }
  const hint = tlsHint(message, world) ?? error.hint;
  return new KittyError(code, message, { hint, cause: error });
}
