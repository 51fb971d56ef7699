/**
 * `auth login|status|logout`: who this home's events are sent as.
 *
 * @module
 */

import {
  knownTeam,
  LOCAL_TEAM,
  readConfigFile,
  type Settings,
  settingsOf,
} from "../../base/config.ts";
import { Deadline } from "../../base/deadline.ts";
import {
  type Credentials,
  credentialsPath,
  type HeldCredentials,
  holdCredentials,
  readCredentials,
} from "../../login/credentials.ts";
import { checkCertificates } from "../../login/http_client.ts";
import { hasKeyInEnvironment } from "../../login/key.ts";
import { KEY_HINT, recallKeyAt } from "../../login/key_note.ts";
import { hasTokensInEnvironment, NO_EVIDENCE } from "../../login/login.ts";
import { Session } from "../../login/session.ts";
import { openSession } from "../../login/open_session.ts";
import { isKey } from "../../login/tokens.ts";
import { readServerUrl, serverText } from "../../login/server_url.ts";
import { EXIT, KittyError, reasonOf, usageError } from "../../base/errors.ts";
import { HOUSEKEEPING_TIMEOUT_MS } from "../../base/limits.ts";
import type { Args } from "../../base/arguments.ts";
import type { Call, Command } from "../command.ts";
import { homeOf } from "../keeper.ts";
import { SEND_NEXT } from "../next.ts";
import { printable, tableOf } from "../output.ts";
import { type Found, loginByKey, loginByPassword } from "../log_in.ts";
import { STOPPED } from "../password.ts";

export const auth: readonly Command[] = [
  {
    name: "auth login",
    summary: "Log in to a server, so that events are sent there.",
    details: [
      "Asks for the password on a terminal, and reads the first line of standard",
      "input elsewhere. The login is kept in the home's credentials, which the Python",
      "command line uses, too.",
    ],
    examples: [
      "auth login --server https://events.example.org --username ada",
      "auth login --username ada --password-stdin",
      "auth login --token-stdin < token.txt",
    ],
    positionals: [],
    options: {
      server: {
        kind: "text",
        value: "URL",
        help: "the server (default: the configured one, or the last login's)",
      },
      username: {
        kind: "text",
        value: "NAME",
        help: "who logs in (default: who did last)",
      },
      "token-stdin": {
        kind: "flag",
        help: "log in with a token, read from standard input",
      },
      "password-stdin": {
        kind: "flag",
        help: "read the password from standard input, even on a terminal",
      },
      team: {
        kind: "text",
        value: "SLUG",
        help: "the team to send for (default: the one that the server names)",
      },
    },
    run: logIn,
  },
  {
    name: "auth status",
    summary: "Show who is logged in, and for how long. Asks no server.",
    details: [
      "Exit code 77 when the server has refused the environment's token.",
    ],
    examples: ["auth status --json"],
    positionals: [],
    options: {},
    async run(call) {
      const isRefused = await tellStatus(call, await loginHomeOf(call));
      return isRefused ? EXIT.notAuthenticated : EXIT.ok;
    },
  },
  {
    name: "auth logout",
    summary: "Forget the login. Queued events stay, and wait for the next one.",
    examples: ["auth logout"],
    positionals: [],
    options: {},
    run: logOut,
  },
];

/** Where a call works, and how it is set up. */
interface LoginHome {
  readonly home: string;
  readonly settings: Settings;
}

async function loginHomeOf(call: Call): Promise<LoginHome> {
  const { world, out } = call;
  const home = await homeOf(call);
  const settings = settingsOf(world, await readConfigFile(home));
  for (const text of settings.problems) await out.warn(text);
  return { home, settings };
}

async function logIn(call: Call): Promise<number> {
  const { args, world, out } = call;
  const at = await loginHomeOf(call);
  const { home, settings } = at;
  const named = args.text("server");
  const before = await readCredentials(home);
  const stored = before.kind === "found" ? before.credentials : undefined;
  const given = named ?? settings.serverUrl ?? stored?.serverUrl.origin;
  if (given === undefined) {
    throw usageError(
      "which server?",
      "name it: --server https://events.example.org; a collector of your own: --server http://127.0.0.1:8787",
    );
  }
  const { caFile, insecureHttp } = settings;
  const server = readServerUrl(
    given,
    named === undefined ? undefined : "--server",
    insecureHttp,
  );
  const team = teamOf(args);
  await checkCertificates(caFile);
  const request = () => ({
    server,
    nowMs: world.nowMs,
    // After the password: typing it takes the time that it takes.
    deadline: Deadline.in(world.elapsedMs, HOUSEKEEPING_TIMEOUT_MS),
    trust: { caFile, insecureHttp },
  });
  const found = args.flag("token-stdin")
    ? await loginByKey(call, request)
    : await loginByPassword(
      call,
      request,
      nameFor(server, stored),
    );
  if (found === undefined) return STOPPED;
  const aside = await change(call, home, (held) =>
    held.write({
      ...found.login,
      serverUrl: server,
      teamSlug: team ?? found.login.teamSlug,
    }, world.nowMs()));
  if (aside !== undefined) {
    await out.warn(`the credentials were damaged and are now ${aside}`);
  }
  await warnOfEnvironment(call);
  await tellStatus(call, at);
  await tellTeamless(call, at);
  await tellAfter(call, found, server);
  return EXIT.ok;
}

/** Says what comes after a login, by what it is good for. */
async function tellAfter(
  { out }: Call,
  { login, mayOnlyLook }: Found,
  server: URL,
): Promise<void> {
  if (!mayOnlyLook) return await out.note(SEND_NEXT);
  await out.warn(
    `${
      printable(login.username ?? "")
    } is a viewer, who may look, and not send: what is queued waits for another login`,
  );
  await out.note(`look at the board: ${server.origin}/`);
}

/** Who logs in again; undefined where the login before was elsewhere, or by a token, which has no password. */
function nameFor(
  server: URL,
  stored: Credentials | undefined,
): string | undefined {
  const isThere = stored?.serverUrl.origin === server.origin &&
    !stored.wasByToken && !isKey(stored.tokens?.access ?? "");
  return isThere ? stored.username : undefined;
}

/** The team that a call names. @throws {KittyError} where that is none */
function teamOf(args: Args): string | undefined {
  const team = args.text("team");
  if (team === undefined || knownTeam(team)) return team;
  throw usageError(
    team === ""
      ? "--team is empty"
      : `--team ${LOCAL_TEAM} stands for no team, and nothing is sent for it`,
  );
}

/** Says of events without a team whose they will be, where that is open. */
async function tellTeamless(
  { out }: Call,
  { home, settings }: LoginHome,
): Promise<void> {
  if (knownTeam(settings.teamSlug)) return;
  const { countOfTeam } = await import("../../home/queue_look.ts");
  const count = await countOfTeam(home, LOCAL_TEAM).catch(() => 0);
  if (count === 0) return;
  await out.note(
    `queued without a team: ${count}; sent as the team of the login at that time`,
  );
}

async function warnOfEnvironment({ world, out }: Call): Promise<void> {
  if (hasKeyInEnvironment(world)) {
    return await out.warn(
      "the token in the environment (SPEC_KITTY_TOKEN, SPEC_KITTY_TOKEN_FILE) is used before any login",
    );
  }
  if (!hasTokensInEnvironment(world)) return;
  await out.warn(
    "tokens in the environment (SPEC_KITTY_ACCESS_TOKEN, SPEC_KITTY_REFRESH_TOKEN) are used before any login",
  );
}

async function logOut(call: Call): Promise<number> {
  const { out } = call;
  const at = await loginHomeOf(call);
  const removed = await change(call, at.home, (held) => held.remove());
  await out.note(
    removed
      ? "logged out; queued events stay and are sent after the next login"
      : "not logged in; nothing to do",
  );
  await warnOfEnvironment(call);
  if (out.mode.json) await tellStatus(call, at);
  await tellTeamless(call, at);
  return EXIT.ok;
}

async function change<T>(
  { world }: Call,
  home: string,
  work: (held: HeldCredentials) => Promise<T>,
): Promise<T> {
  const deadline = Deadline.in(world.elapsedMs, HOUSEKEEPING_TIMEOUT_MS);
  try {
    return await holdCredentials(home, deadline, work);
  } catch (error) {
    throw new KittyError(
      "credentials_unusable",
      `cannot change ${credentialsPath(home)}: ${reasonOf(error)}`,
      { hint: "look at the folder's owner, mode and free space", cause: error },
    );
  }
}

/** @returns whether the server has refused the environment's token */
async function tellStatus(call: Call, at: LoginHome): Promise<boolean> {
  const { world, out } = call;
  const warnings: string[] = [];
  const session = await openSession(
    at.home,
    at.settings,
    world,
    (text) => warnings.push(text),
  );
  for (const text of warnings) await out.warn(text);
  await recallKeyAt(session, at.home);
  const isOpen = session instanceof Session;
  const ends = isOpen ? session.expiresAtMs : undefined;
  const document = {
    authenticated: isOpen && session.isGood,
    ...isOpen ? session.evidence : NO_EVIDENCE,
    username: session.username ?? null,
    team_slug: session.teamSlug ?? null,
    server_url: session.serverUrl?.origin ?? null,
    access_expires_at: moment(ends?.access),
    refresh_expires_at: moment(ends?.refresh),
  };
  await out.data(
    document,
    tableOf({ ...document, server_url: serverText(session) }),
  );
  if (!isOpen) {
    const { message, hint } = session.error;
    await out.note(hint ? `${message}\n  ${hint}` : message);
  } else if (session.refused !== undefined) {
    await out.note(`${session.refused}\n  ${KEY_HINT}`);
    return true;
  } else if (session.teamSlug === undefined && !session.hasToLearnTeam) {
    await out.warn(
      "no team is known, so nothing is sent; set SPEC_KITTY_TEAM_SLUG, or log in with --team",
    );
  }
  return false;
}

function moment(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
