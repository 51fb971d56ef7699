/**
 * One drain of a home: alone, whichever process it is, and by the best way
 * there is.
 *
 * @module
 */

import type { Deadline } from "../../base/deadline.ts";
import { DeadlineError, reasonOf } from "../../base/errors.ts";
import { drainLockPath, lockFile } from "../../base/files.ts";
import type { Home } from "../../home/home.ts";
import { acceptedBy, hasRows } from "./accepted.ts";
import { drain, type DrainParts, type DrainResult } from "./drain.ts";
import { type DrainCounts, NO_COUNTS } from "./counts.ts";
import type { DrainEnd } from "./sender.ts";
import {
  NotAuthenticatedError,
  ServerTroubleError,
  type Session,
} from "../../login/session.ts";
import type { KeyNote, Ledger } from "../../home/queue.ts";
import { concludeDrain, openForDrain } from "./settle.ts";
import { countOnce, destinationOf, Teller, type ToldNow } from "./teller.ts";
import type { StopReason, Transport } from "../transport/transport.ts";

/** What a drain of a home works with. */
export interface SyncParts
  extends
    Pick<DrainParts, "deadline" | "troublesMax" | "onProgress" | "onFailure"> {
  readonly home: Home;
  readonly session: Session;
  /** Ways to the server, the best first. The next one is taken where one leaves events open. */
  readonly transports: readonly Transport[];
  /** Ids that are not to go out this time. */
  readonly resting?: ReadonlySet<string>;
}

/** What a drain of a home came to. */
export interface SyncResult {
  readonly counts: DrainCounts;
  readonly end: SyncEnd;
  /** Events that are still queued, those of other teams included. */
  readonly remaining: number;
  readonly durationMs: number;
  /** Ids with a failed attempt. */
  readonly failed: ReadonlySet<string>;
}

/** How it ended; `busy`: another process drains this home, and has not finished in time. */
export type SyncEnd =
  | Exclude<DrainEnd, { kind: "stopped" }>
  | {
    readonly kind: "stopped";
    readonly reason: StopReason | "no_team";
    readonly words: string;
  }
  | { readonly kind: "busy" };

/**
 * Sends what is queued for the session's team.
 *
 * @throws where the home cannot be used
 */
export async function sync(parts: SyncParts): Promise<SyncResult> {
  const { home, deadline, session } = parts;
  const startedMs = home.world.elapsedMs();
  const unlearned = await learnTeam(session, deadline);
  if (unlearned) {
    return await conclude(parts, startedMs, undefined, unlearned, undefined);
  }
  const teller = new Teller(home, session);
  const done = async (result: DrainResult | undefined, end: SyncEnd) => {
    const told = end.kind === "drained"
      ? await teller.conclude(parts.transports, deadline)
      : undefined;
    return await conclude(parts, startedMs, result, end, told);
  };
  let lock: Deno.FsFile;
  try {
    const path = drainLockPath(home.path);
    lock = await lockFile(path, deadline, "the drain's lock");
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    return await done(undefined, { kind: "busy" });
  }
  try {
    const { teamSlug } = session;
    if (teamSlug === undefined) return await done(undefined, NO_TEAM);
    const accepted = hasRows(await queuedTypes(home))
      ? await acceptedBy(session, home.world.elapsedMs, deadline)
      : "all";
    await countOnce(home);
    let result: DrainResult | undefined;
    for (const transport of parts.transports) {
      const before = result;
      const next = await drain({
        ...parts,
        transport: teller.telling(transport),
        destination: destinationOf(session),
        lineBytesMax: session.lineBytesMax,
        onProgress: (counts) =>
          parts.onProgress?.(before ? sumOf(before, counts) : counts),
        selection: {
          teamSlug: session.sink ? undefined : teamSlug,
          accepted,
          // One attempt a drain, whichever the way.
          resting: new Set([
            ...parts.resting ?? [],
            ...before?.failed ?? [],
          ]),
        },
      });
      session.lineBytesMax = next.lineBytesMax;
      result = before ? sum(before, next) : next;
      const { end, counts } = next;
      const leftOpen = end.kind === "trouble" || counts.open > 0;
      if (!leftOpen) break;
    }
    return await done(result, result!.end);
  } finally {
    lock.close();
  }
}

/** Learns the team of a key; an end where that cannot be learned now. */
async function learnTeam(
  session: Session,
  deadline: Deadline,
): Promise<SyncEnd | undefined> {
  try {
    await session.learnTeam(deadline);
    return undefined;
  } catch (error) {
    const words = reasonOf(error);
    if (error instanceof NotAuthenticatedError) {
      return { kind: "stopped", reason: "not_authenticated", words };
    }
    if (!(error instanceof ServerTroubleError)) throw error;
    const { retryAfterMs } = error;
    return {
      kind: "trouble",
      words,
      ...retryAfterMs !== undefined && { retryAfterMs },
    };
  }
}

/** What is queued, by type; read without the lock. */
async function queuedTypes(home: Home): Promise<Pick<Ledger, "by_type">> {
  const queue = home.reader ?? await openForDrain(home);
  return await queue.readLedger();
}

const NO_TEAM = {
  kind: "stopped",
  reason: "no_team",
  words:
    "no team is known to send the events for; set SPEC_KITTY_TEAM_SLUG, or log in with --team",
} as const;

async function conclude(
  { home, session }: SyncParts,
  startedMs: number,
  result: DrainResult | undefined,
  end: SyncEnd,
  told: ToldNow | undefined,
): Promise<SyncResult> {
  const notTaken = result?.failed.size ?? 0;
  const trouble = end.kind === "trouble" || end.kind === "stopped"
    ? end.words
    : notTaken > 0
    ? `${notTaken} events were sent, and not taken; see: kitty-events sync now --report FILE`
    : undefined;
  const key = await keyNoteOf(session, end, home.world.nowMs());
  return {
    counts: result?.counts ?? NO_COUNTS,
    end,
    remaining: await concludeDrain(home, trouble, result?.untaken, told, key),
    durationMs: Math.round(home.world.elapsedMs() - startedMs),
    failed: result?.failed ?? new Set(),
  };
}

/** What a drain has shown of the environment's token; undefined where there is none, or nothing was shown. */
async function keyNoteOf(
  session: Session,
  end: SyncEnd,
  nowMs: number,
): Promise<KeyNote | undefined> {
  const sum = await session.keySum();
  if (sum === undefined) return undefined;
  if (end.kind === "stopped" && end.reason === "not_authenticated") {
    return { sum, at: new Date(nowMs).toISOString(), refused: end.words };
  }
  const { atMs, team } = session.keyWord;
  if (atMs === undefined) return undefined;
  const at = new Date(atMs).toISOString();
  return { sum, at, ...team !== undefined && { team } };
}

/** Two drains as one. */
function sum(first: DrainResult, second: DrainResult): DrainResult {
  return {
    ...second,
    counts: sumOf(first, second.counts),
    failed: new Set([...first.failed, ...second.failed]),
  };
}

/** What two drains count as one: what the first left open went out again. */
function sumOf(
  { counts: a, failed }: DrainResult,
  b: DrainCounts,
): DrainCounts {
  const failures = { ...a.failures };
  for (const [category, count] of Object.entries(b.failures)) {
    failures[category] = (failures[category] ?? 0) + count;
  }
  return {
    sent: a.delivered + a.duplicates + a.rejected + failed.size + b.sent,
    delivered: a.delivered + b.delivered,
    duplicates: a.duplicates + b.duplicates,
    rejected: a.rejected + b.rejected,
    open: b.open,
    batches: a.batches + b.batches,
    local: a.local + b.local,
    failures,
  };
}
