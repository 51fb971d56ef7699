/**
 * `sync now|status`: delivering what is queued, and how delivery stands.
 *
 * @module
 */

import { counted } from "../../base/amounts.ts";
import { Deadline } from "../../base/deadline.ts";
import { isDiskFull } from "../../base/files.ts";
import { askAgentToSync } from "../../agent/agent_client.ts";
import { agentPatience, findAgent } from "../../route/agent_file.ts";
import { NoAnswerError, serverWords } from "../../login/http.ts";
import { Ways } from "../../delivery/transport/ways.ts";
import { serverText } from "../../login/server_url.ts";
import { tlsHint } from "../../login/tls_words.ts";
import { Session } from "../../login/session.ts";
import { type NoSession, openSession } from "../../login/open_session.ts";
import { readSyncStatus } from "../../delivery/status.ts";
import {
  type NotTaken,
  readSummary,
  summaryOf,
  type SyncSummary,
} from "../../delivery/drain/summary.ts";
import { sync } from "../../delivery/drain/sync.ts";
import {
  ERROR_EXITS,
  type ErrorCode,
  EXIT,
  type ExitCode,
  KittyError,
  reasonOf,
} from "../../base/errors.ts";
import { SYNC_TIMEOUT_MS_DEFAULT, TROUBLES_MAX } from "../../base/limits.ts";
import {
  type Call,
  type Command,
  EMIT_OPTIONS,
  timeoutOf,
} from "../command.ts";
import { oneLine } from "../../base/shown.ts";
import { type Keeper, openKeeper } from "../keeper.ts";
import { printable, tableOf } from "../output.ts";
import { Progress } from "../progress.ts";

export const syncCommands: readonly Command[] = [
  {
    name: "sync now",
    summary: "Send what is queued to the server, and wait for the result.",
    details: [
      "Asks a running agent to do it; without one, does it alone. With",
      "SPEC_KITTY_AGENT_URL, hands over what waits in the spool first. Exit code 0 when",
      "all was taken, 65 when the server refused events (they are dead letters now),",
      "69 when it could not be reached or did not take all, 77 without a login.",
    ],
    examples: ["sync now", "sync now --json --timeout 1m"],
    positionals: [],
    options: {
      timeout: {
        ...EMIT_OPTIONS.timeout,
        help: "stop after this time, whatever is left (default 10m)",
      },
      report: {
        kind: "text",
        value: "FILE",
        help: "write each event that was not taken, as NDJSON",
      },
    },
    run: syncNow,
  },
  {
    name: "sync status",
    summary: "Show how delivery stands: connection, queue, totals.",
    details: [
      "Exit code 77 when the server has refused the environment's token.",
    ],
    examples: ["sync status", "sync status --json"],
    positionals: [],
    options: {},
    async run(call) {
      const keeper = await openKeeper(call);
      const session = await sessionOf(call, keeper);
      const queue = await keeper.read();
      const agent = await findAgent(
        keeper.home.path,
        call.world.nowMs(),
        agentPatience(call.world),
      );
      const status = await readSyncStatus(
        keeper.home,
        queue,
        session,
        agent?.state,
        keeper.handOver?.address?.text,
      );
      const { problem, ...rest } = status;
      await call.out.data(
        status,
        tableOf({ ...rest, server_url: serverText(session) }),
      );
      const isOurs = keeper.handOver === undefined || status.queued > 0;
      if (problem !== null && isOurs) {
        await call.out.note(`nothing is sent: ${problem}`);
      }
      return isRefused(session) ? EXIT.notAuthenticated : EXIT.ok;
    },
  },
];

/** Whether the server does not take the environment's token, as it said to an earlier call. */
function isRefused(session: Session | NoSession): boolean {
  return session instanceof Session && session.refused !== undefined;
}

function sessionOf({ world, out }: Call, { home, settings }: Keeper) {
  return openSession(
    home.path,
    settings,
    world,
    (text) => void out.warn(text),
  );
}

/** What a drain came to, whichever process did it. */
interface Outcome {
  readonly summary: SyncSummary;
  readonly notTaken: readonly NotTaken[];
  /** The team that events were sent for, where this process did it. */
  readonly team?: string | undefined;
}

async function syncNow(call: Call): Promise<number> {
  const { args, world, out } = call;
  const deadline = Deadline.in(
    world.elapsedMs,
    timeoutOf(args) ?? SYNC_TIMEOUT_MS_DEFAULT,
  );
  const keeper = await openKeeper(call);
  if (keeper.handOver) {
    const { handOverSpool } = await import("../hand_over_spool.ts");
    // What this home has queued before, it sends itself.
    if (!await handOverSpool(call, keeper, deadline)) return EXIT.ok;
  }
  const outcome = await byAgent(call, keeper, deadline) ??
    await alone(call, keeper, deadline);
  const { summary, notTaken } = outcome;
  const error = errorOf(summary);
  await out.data({ ...summary, ...error && { error } }, textOf(summary));
  if (summary.reason !== undefined) {
    await out.warn(printable(summary.reason, 300));
    const hint = tlsHint(summary.reason, world);
    if (hint !== undefined) await out.warn(hint);
  }
  if (error && summary.reason === undefined) await out.warn(error.message);
  await sayLeft(call, keeper, outcome);
  const report = args.text("report");
  if (report !== undefined) await writeReport(report, notTaken);
  return exitOf(summary);
}

/** Asks a running agent; undefined where there is none, or it does not answer. */
async function byAgent(
  { world, out }: Call,
  { home }: Keeper,
  deadline: Deadline,
): Promise<Outcome | undefined> {
  const agent = await findAgent(home.path, world.nowMs(), agentPatience(world));
  if (!agent) return undefined;
  try {
    const answer = await askAgentToSync(home.path, agent, deadline.leftMs);
    const told = answer.status === 200 ? readSummary(answer.json) : undefined;
    if (told) return told;
    // It has no login. Either this process has one, or it knows best what is wrong.
    if (answer.status === 409) return undefined;
    await out.warn(
      `the agent answers ${
        answer.status === 200
          ? "in a form not known here"
          : `with ${serverWords(answer)}`
      }; done without it`,
    );
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    await out.warn(`the agent does not answer; done without it`);
  }
  return undefined;
}

async function alone(
  call: Call,
  keeper: Keeper,
  deadline: Deadline,
): Promise<Outcome> {
  const { world, out, terminal } = call;
  const session = await sessionOf(call, keeper);
  if (!(session instanceof Session)) throw session.error;
  const notTaken: NotTaken[] = [];
  const queue = await keeper.read();
  const { queued } = await queue.readLedger();
  const progress = new Progress(terminal, world, {
    total: queued,
    isShown: !out.mode.quiet && !out.mode.json,
  });
  let taken = 0;
  try {
    const result = await sync({
      home: keeper.home,
      session,
      transports: Ways.open(session, world).transports(),
      deadline,
      troublesMax: TROUBLES_MAX,
      onProgress: ({ delivered, duplicates, rejected }) => {
        taken = delivered + duplicates;
        progress.show(taken + rejected);
      },
      onFailure: (event_id, { category, words }, fate) =>
        notTaken.push({ event_id, category, message: words, fate }),
    });
    return { summary: summaryOf(result), notTaken, team: session.teamSlug };
  } catch (error) {
    if (error instanceof KittyError) throw error;
    throw new KittyError(
      "sync_failed",
      `the drain was broken off: ${reasonOf(error)}`,
      {
        hint: `${
          taken > 0
            ? `${counted(taken, "event")} left the queue before, as delivered; `
            : ""
        }nothing is lost; ${
          isDiskFull(error)
            ? "make room on the disk, and try again"
            : "try again, and see: kitty-events queue check"
        }`,
        cause: error,
      },
    );
  } finally {
    await progress.end();
  }
}

async function writeReport(
  path: string,
  notTaken: readonly NotTaken[],
): Promise<void> {
  try {
    const text = notTaken.map((item) => `${oneLine(JSON.stringify(item))}\n`)
      .join("");
    await Deno.writeTextFile(path, text);
  } catch (error) {
    throw new KittyError(
      "report_failed",
      `the drain is done, but ${path} was not written: ${reasonOf(error)}`,
    );
  }
}

/** Why the drain did not end well, in the form that every failure has. */
function errorOf(
  { end, reason }: SyncSummary,
): { code: ErrorCode; message: string } | undefined {
  if (end === "drained") return undefined;
  const code = end === "trouble" ? "server_unavailable" : end;
  return { code, message: reason ?? WORDS[code] ?? code };
}

const WORDS: Partial<Record<ErrorCode, string>> = {
  late: "the time was up before all was sent",
  busy: "another process drains this home, and has not finished",
};

function textOf(summary: SyncSummary): string {
  const { delivered, duplicates, rejected, remaining, batches, duration_ms } =
    summary;
  const failures = Object.entries(summary.failures)
    .map(([category, count]) => `${category} ${count}`).join(", ");
  return `${delivered} delivered, ${duplicates} duplicates, ${rejected} rejected, ${remaining} left (${
    counted(batches, "request")
  }, ${duration_ms} ms)${failures ? `\nnot taken: ${failures}` : ""}`;
}

/** Says what a person may wonder about: whose events went out, and whose did not. */
async function sayLeft(
  { out }: Call,
  { read }: Keeper,
  { summary: { local, remaining }, team = "the agent's team" }: Outcome,
): Promise<void> {
  if (local) {
    await out.note(
      `${
        local === 1
          ? "1 event had no team of its own"
          : `${local} events had no team of their own`
      } and went out as ${printable(team)}`,
    );
  }
  if (!remaining || out.mode.quiet) return;
  const { by_team } = await (await read()).readStats();
  const teams = Object.entries(by_team)
    .map(([team, count]) => `${printable(team)} ${count}`).join(", ");
  await out.note(`left, by team: ${teams}`);
}

function exitOf(summary: SyncSummary): ExitCode {
  const error = errorOf(summary);
  if (error) return ERROR_EXITS[error.code];
  const { failures, rejected } = summary;
  const failed = Object.values(failures).reduce((sum, n) => sum + n, 0);
  if (failed > rejected) return EXIT.unavailable;
  return rejected > 0 ? EXIT.invalid : EXIT.ok;
}
