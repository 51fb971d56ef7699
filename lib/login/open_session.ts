/**
 * Finds the session of a home: a login, tokens of the environment, or a sink.
 *
 * @module
 */

import { knownTeam, type Settings, type SinkFormat } from "../base/config.ts";
import { KittyError } from "../base/errors.ts";
import type { World } from "../base/world.ts";
import { readCredentials } from "./credentials.ts";
import { checkCertificates, type Trust } from "./http_client.ts";
import { hasKeyInEnvironment, keyLogin, loginOfKey } from "./key.ts";
import {
  type LoggedOutReason,
  type Login,
  loginFrom,
  loginFromEnvironment,
  NotAuthenticatedError,
  ownLogin,
  sharedLogin,
} from "./login.ts";
import { readServerUrl, readSinkUrl } from "./server_url.ts";
import { Session } from "./session.ts";
import { isKey } from "./tokens.ts";

/** No access to a server, and what is known nevertheless. */
export interface NoSession {
  readonly reason: LoggedOutReason | "bad_server";
  /** The same in words, with what to do, for callers that need a session. */
  readonly error: KittyError;
  readonly serverUrl: URL | undefined;
  readonly teamSlug: string | undefined;
  readonly username: string | undefined;
}

/**
 * Finds who is logged in, for the server of the settings or else of the login.
 * Tokens of the environment come before the home's. Asks no server.
 *
 * @param home undefined: this user has none
 * @param warn called with what people should know of how the tokens are kept
 */
export async function openSession(
  home: string | undefined,
  settings:
    & Pick<Settings, "serverUrl" | "teamSlug">
    & Partial<
      Pick<Settings, "caFile" | "insecureHttp" | "sinkUrl" | "sinkFormat">
    >,
  world: World,
  warn: (text: string) => void,
): Promise<Session | NoSession> {
  const configuredTeam = knownTeam(settings.teamSlug);
  const { caFile, insecureHttp } = settings;
  const trust = { caFile, insecureHttp };
  const common = { configuredTeam, trust, world };
  let known: Pick<NoSession, "serverUrl" | "teamSlug" | "username"> = {
    serverUrl: undefined,
    teamSlug: configuredTeam,
    username: undefined,
  };
  try {
    if (settings.sinkUrl !== undefined) {
      await checkCertificates(caFile);
      return sinkSession(settings.sinkUrl, settings.sinkFormat, common);
    }
    const server = settings.serverUrl === undefined
      ? undefined
      : readServerUrl(settings.serverUrl, undefined, insecureHttp);
    known = { ...known, serverUrl: server };
    await checkCertificates(caFile);
    if (hasKeyInEnvironment(world)) return await keySession(server, common);
    const own = loginFromEnvironment(world);
    if (own) return ownSession(own, server, common);
    const found = home === undefined
      ? { kind: "none" } as const
      : await readCredentials(home);
    if (found.warning !== undefined) warn(found.warning);
    if (found.kind === "found") {
      const { serverUrl, teamSlug, username } = found.credentials;
      if (!server || server.origin === serverUrl.origin) {
        known = { serverUrl, teamSlug: configuredTeam ?? teamSlug, username };
      }
    }
    const { serverUrl, ...login } = loginFrom(found, server);
    // That of the login may have been allowed once, and not be any more.
    readServerUrl(serverUrl.origin, undefined, insecureHttp);
    return new Session({
      serverUrl,
      store: sharedLogin(home!, serverUrl, world.nowMs, warn),
      login,
      confirmedAtMs: found.kind === "found" ? found.storedAtMs : undefined,
      ...common,
    });
  } catch (error) {
    if (!(error instanceof KittyError)) throw error;
    const reason = error instanceof NotAuthenticatedError
      ? error.reason
      : "bad_server";
    return { reason, error, ...known };
  }
}

/** What all sessions of a home have. */
interface Common {
  readonly configuredTeam: string | undefined;
  readonly trust: Trust;
  readonly world: World;
}

/** Access with a key of the environment. */
async function keySession(
  serverUrl: URL | undefined,
  common: Common,
): Promise<Session> {
  if (!serverUrl) throw noServer();
  const store = keyLogin(common.world), login = await store.read();
  // With a team, it may be a token of another kind of server.
  if (!isKey(login.tokens.access) && common.configuredTeam === undefined) {
    throw new NotAuthenticatedError(
      "unusable",
      "SPEC_KITTY_TOKEN, or its file, holds no token of a collector: those begin with ske_",
      "it holds the token alone, as collector token create prints it",
    );
  }
  return ownSession(login, serverUrl, common, store);
}

/** Access with what the environment has. */
function ownSession(
  login: Login,
  serverUrl: URL | undefined,
  common: Common,
  store = ownLogin(login),
): Session {
  if (!serverUrl) throw noServer();
  return new Session({
    ...common,
    serverUrl,
    store,
    login,
    isFromEnvironment: true,
  });
}

/** Access to a sink: no login, only a token, if that. */
function sinkSession(
  text: string,
  format: SinkFormat = "batch",
  common: Common,
): Session {
  const url = readSinkUrl(text, common.trust.insecureHttp);
  const token = common.world.env("SPEC_KITTY_SINK_TOKEN")?.trim() || undefined;
  const login = loginOfKey(token ?? "");
  return new Session({
    ...common,
    serverUrl: url,
    store: ownLogin(login),
    login,
    isFromEnvironment: true,
    sink: { url, format, token },
  });
}

function noServer(): NotAuthenticatedError {
  return new NotAuthenticatedError(
    "no_server",
    "the environment has tokens, but no server is configured to send them to",
    "set SPEC_KITTY_SERVER_URL, or sync.server_url in config.toml",
  );
}
