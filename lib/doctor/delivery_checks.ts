/**
 * The way to the server: who is logged in, whether it answers, who sends.
 *
 * @module
 */

import { AGENT_SOCKET, agentPatience, findAgent } from "../route/agent_file.ts";
import { type Answer, ask, NoAnswerError } from "../login/http.ts";
import { isLoopback, serverText } from "../login/server_url.ts";
import { tlsHint } from "../login/tls_words.ts";
import { KEY_HINT, recallKey } from "../login/key_note.ts";
import { Session } from "../login/session.ts";
import { type NoSession, openSession } from "../login/open_session.ts";
import { EXIT } from "../base/errors.ts";
import { isTaken } from "../base/files.ts";
import { harmless } from "../base/shown.ts";
import type { Ledger } from "../home/queue.ts";
import { agentElsewhere, checkElsewhere } from "./elsewhere_check.ts";
import {
  type Finding,
  fine,
  problem,
  timeFinding,
  timeText,
  warning,
} from "./finding.ts";
import { LOGIN_WARN_MS, SERVER_WAIT_MS } from "./limits.ts";
import { type Patient, within } from "./patient.ts";

/** The home's access to its server. Who may read its secrets is another check's. */
function sessionOf(
  { home, settings, world }: Patient,
): Promise<Session | NoSession> {
  return openSession(home, settings, world, () => {});
}

/** Whether a user is logged in, and for how long. */
export async function checkLogin(patient: Patient): Promise<Finding> {
  const session = await sessionOf(patient);
  const { serverUrl, username } = session;
  if (!(session instanceof Session)) {
    if (session.reason === "logged_out" && !serverUrl) {
      return fine("no server is configured; events wait in the queue");
    }
    const { message, hint = "log in: kitty-events auth login", exit } =
      session.error;
    return problem(message, hint, exit);
  }
  const server = session.serverUrl.origin;
  const ledger = (await patient.queue().catch(() => undefined))?.ledger;
  await recallKey(session, ledger);
  if (session.refused !== undefined) {
    return problem(session.refused, KEY_HINT, EXIT.notAuthenticated);
  }
  if (!session.isGood) {
    return problem(
      `the login at ${server} has expired`,
      "log in again: kitty-events auth login",
      EXIT.notAuthenticated,
    );
  }
  const { teamSlug } = session;
  if (teamSlug === undefined && !session.hasToLearnTeam) {
    return warning(
      "no team is known, so nothing is sent",
      "set SPEC_KITTY_TEAM_SLUG, or log in with --team",
    );
  }
  const { access, refresh } = session.expiresAtMs;
  const by = patient.settings.sinkUrl === undefined
    ? username ?? "with tokens of the environment"
    : "CloudEvents";
  const team = teamSlug ?? "as the server knows by the token";
  const who = `${by} at ${server}, team ${team}`;
  const blocked = blockedBy(ledger);
  if (blocked !== undefined) {
    return warning(
      `${who}; ${blocked}`,
      "nothing is lost; mend that, or ask the server's keeper to, and then: kitty-events sync now",
    );
  }
  const { evidence } = session.evidence;
  const endMs = Math.max(access ?? 0, refresh ?? 0);
  if (endMs === 0) return fine(`${who}; ${evidence}`);
  const leftMs = endMs - patient.world.nowMs();
  const until = `${who}, good for ${timeText(leftMs)}`;
  // An access token of minutes is renewed by itself as long as the other one is good.
  return leftMs < LOGIN_WARN_MS && refresh !== undefined
    ? warning(until, "log in again before: kitty-events auth login")
    : fine(`${until}; ${evidence}`);
}

/** What kept the events from going out that wait; undefined where nothing waits, or the last drain went well. */
function blockedBy(ledger: Ledger | undefined): string | undefined {
  const { queued = 0, last_failure, last_success = "" } = ledger ?? {};
  if (queued === 0 || !last_failure) return undefined;
  if (last_failure.at <= last_success) return undefined;
  const wait = queued === 1 ? "1 event waits" : `${queued} events wait`;
  return `${wait}: the last attempt failed: ${harmless(last_failure.reason)}`;
}

/** What a server said to a question that needs no login. */
export type Reply =
  | { readonly kind: "none"; readonly why: string }
  | { readonly kind: "silent"; readonly why: string }
  | {
    readonly kind: "answer";
    readonly answer: Answer;
    readonly url: URL;
    readonly atMs: number;
    readonly tookMs: number;
  };

/** Asks the server whether it is there; the checks that concern it share the reply. */
export async function askServer(patient: Patient): Promise<Reply> {
  const session = await sessionOf(patient);
  const { serverUrl: url } = session;
  if (!url) {
    return { kind: "none", why: serverText(session) ?? "none is configured" };
  }
  const { world } = patient;
  const startedMs = world.elapsedMs();
  try {
    const answer = await ask({
      url: new URL("/healthz", url),
      method: "GET",
      timeoutMs: SERVER_WAIT_MS,
      caFile: patient.settings.caFile,
      insecureHttp: patient.settings.insecureHttp,
    });
    const tookMs = world.elapsedMs() - startedMs;
    return { kind: "answer", answer, url, atMs: world.nowMs(), tookMs };
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    return { kind: "silent", why: error.message };
  }
}

/** Whether the server answers. */
export async function checkServer(
  askOnce: () => Promise<Reply>,
  { world }: Patient,
): Promise<Finding> {
  const reply = await askOnce();
  switch (reply.kind) {
    case "none":
      return fine(reply.why);
    case "silent":
      return problem(
        reply.why,
        tlsHint(reply.why, world) ?? NO_ANSWER_HINT,
        EXIT.unavailable,
      );
    case "answer": {
      const { answer: { status }, url, tookMs } = reply;
      const text = `${url.origin} answered with status ${status} after ${
        Math.round(tookMs)
      } ms`;
      if (status >= 500) {
        return warning(
          text,
          "nothing to do here: events wait until the server is well",
        );
      }
      return url.protocol === "https:" || isLoopback(url.hostname)
        ? fine(text)
        : warning(`${text}, over plain HTTP`, PLAIN_HINT);
    }
  }
}

const NO_ANSWER_HINT =
  "look at the address (kitty-events auth status), the network and HTTPS_PROXY; events wait in the queue meanwhile";

const PLAIN_HINT =
  "whoever is on the network between sees tokens and events: give the server a certificate and use https, or keep that network to machines of your own";

/** Whether this machine and the server have the same time. */
export async function checkServerClock(
  askOnce: () => Promise<Reply>,
): Promise<Finding> {
  const reply = await askOnce();
  const date = reply.kind === "answer"
    ? Date.parse(reply.answer.headers.get("date") ?? "")
    : NaN;
  if (reply.kind !== "answer" || Number.isNaN(date)) {
    return fine("not known: no answer that tells the time");
  }
  return timeFinding(
    reply.atMs - date,
    "the server",
    "set the time of this machine (or of the server): tokens seem to end too soon or too late, and timestamps are wrong",
  );
}

/** Whether an agent runs, or one has left its files behind; the one elsewhere, where drafts are handed over. */
export async function checkAgent(patient: Patient): Promise<Finding> {
  const elsewhere = agentElsewhere(patient);
  if (elsewhere !== undefined) return await checkElsewhere(patient, elsewhere);
  const { home, world } = patient;
  const state = await findAgent(home, world.nowMs(), agentPatience(world));
  if (state) {
    const text = `process ${state.pid}, ${state.state} since ${state.since}`;
    return state.state === "Offline"
      ? warning(
        text,
        "it has no connection: look at the login (kitty-events auth status) as the agent has it, and at its log",
      )
      : fine(text);
  }
  const hasState = await isTaken(within(patient, "agent.json"));
  if (!hasState && !await isTaken(within(patient, AGENT_SOCKET))) {
    return fine("none runs; kitty-events sync now sends what is queued");
  }
  return warning(
    "an agent has left its files and gives no sign of life: it was killed, or hangs",
    "start it again, which replaces them: kitty-events agent run",
  );
}
