/**
 * The flow: what becomes of drafts, from a call to its receipts. Read this
 * first.
 *
 *     draft --check--> valid draft --complete--> complete draft
 *           --render--> all of the event but its clock value   (prepare.ts)
 *     the queue, under the home's lock: stamped, then stored    (home/record.ts)
 *     else the spool                                            (home/spool.ts)
 *     offered to the server                                     (route/route.ts)
 *     receipts
 *
 * @module
 */

import type { Settings } from "../base/config.ts";
import { type Deadline, pause } from "../base/deadline.ts";
import { DeadlineError, type KittyError, reasonOf } from "../base/errors.ts";
import {
  EVENT_BYTES_MAX,
  INTAKE_FILES_MAX,
  INTAKE_MS_MAX,
  SPOOL_STALL_MS,
  SPOOLED_AT_ONCE,
} from "../base/limits.ts";
import type { World } from "../base/world.ts";
import { idTaken, tooLarge } from "../contract/contract.ts";
import {
  discardedReceipt,
  emptyReceipt,
  lostReceipt,
  type Receipt,
  unacknowledged,
} from "../event/receipt.ts";
import type { HandOver } from "../handover/hand_over.ts";
import type { Home } from "../home/home.ts";
import type { Candidate } from "../home/record.ts";
import { isTallied, tally } from "../home/tally.ts";
import type { Offer, Route } from "../route/route.ts";
import { noHome } from "./identity.ts";
import type { Queued } from "./own_queue.ts";
import { type Preparing, settled } from "./prepare.ts";
import { receiptOf } from "./receipts.ts";

/** What the recording of a group works with. */
export interface FlowParts {
  readonly world: World;
  readonly settings: Settings;
  /** Undefined where the user has none: then nothing can be kept. */
  readonly home: Home | undefined;
  /** Why there is no home, if not because the user has none. */
  readonly refusal: KittyError | undefined;
  readonly route: Route;
  /** An agent elsewhere that takes what is recorded, in place of the queue. */
  readonly handOver?: HandOver | undefined;
  /** Takes what a person should know that concerns no single event. */
  readonly warn: (text: string) => void;
}

/** Options of the recording of one group. */
export interface GroupOptions {
  /** Wait for the server's acknowledgement, for as long as the call may take. */
  readonly wait?: boolean;
  /**
   * Whether a home elsewhere hands the drafts over that name their ids, and may do so again;
   * `new`: it has just made these ids.
   */
  readonly handed?: "new" | "again" | undefined;
  /**
   * Called when nothing of the group is left to be stored: a group recorded
   * within the call comes right behind it. Called after the receipts, if at
   * all, where the time was up before.
   */
  readonly onStored?: () => void;
  /** Whether receipts are given before the lock is given back, as who lives on may. */
  readonly isPrompt?: boolean;
}

/** What became of a draft at the queue, or at an agent elsewhere. */
type Outcome =
  | Queued
  /** The agent has a word on it. */
  | { readonly kind: "handed"; readonly receipt: Receipt };

/**
 * Records a group of drafts in their order and says for each what became of
 * it. Resolves by the deadline, whatever the disk does, and never rejects.
 */
export async function recordGroup(
  parts: FlowParts,
  preparing: readonly Preparing[],
  deadline: Deadline,
  options: GroupOptions,
): Promise<Receipt[]> {
  const group = await settled(preparing);
  const candidates = group.flatMap(({ candidate }) =>
    candidate ? asHanded(candidate, options.handed) : []
  );
  // Nothing is handed over, and counting it writes a file.
  if (candidates.length === 0) parts.world.withstand?.();
  const receipts = candidates.length === 0
    ? []
    : await recordAll(parts, candidates, deadline, options).catch((error) =>
      // A mistake of this program must not become the caller's.
      candidates.map(({ draft }) => lostReceipt(error, draft.event_type))
    );
  const inOrder = receipts.values();
  const all = group.map((item) => item.receipt ?? inOrder.next().value!);
  if (parts.home && all.some(isTallied)) {
    await deadline.race(tally(parts.home.path, all), "count").catch(() => {});
  }
  return all;
}

/** The promise in one piece: the queue, else the spool; then the offer; then the receipts. */
async function recordAll(
  parts: FlowParts,
  candidates: readonly Candidate[],
  deadline: Deadline,
  { wait = false, ...options }: GroupOptions,
): Promise<Receipt[]> {
  const { queueBy, spoolBy } = shareOut(deadline);
  // A group of a stream may be late, so its spool needs no more than it has.
  const isOne = candidates.length === 1;
  const agentBy = isOne && !wait ? shareWithAgent(deadline) : queueBy;
  const { handOver, warn } = parts;
  const outcomes = handOver
    ? await handOver.take(parts.home, candidates, agentBy, { wait, warn })
    : await queue(parts, candidates, queueBy, options);
  const kept = await spoolTheRest(parts, candidates, outcomes, spoolBy);
  const delivered = await offer(parts, candidates, outcomes, {
    deadline,
    wait,
  });
  const receipts = delivered.size === 0
    ? kept
    : kept.map((receipt, i): Receipt =>
      receipt.event_id !== null && delivered.has(candidates[i]!.draft.queue_id)
        ? { ...receipt, status: "delivered" }
        : receipt
    );
  return wait && !handOver
    ? await explainQueued(parts, receipts, deadline)
    : receipts;
}

/** A draft that names its id, from a home that hands it over. */
function asHanded(
  candidate: Candidate,
  handed: GroupOptions["handed"],
): Candidate {
  return handed === undefined || !candidate.mayExist
    ? candidate
    : { ...candidate, isHanded: true, mayExist: handed === "again" };
}

/**
 * Divides the time of a call: the queue may take most of it, the rest is for
 * the spool, and a last bit for leaving.
 */
function shareOut(
  deadline: Deadline,
): { queueBy: Deadline; spoolBy: Deadline } {
  const left = Math.max(0, deadline.leftMs);
  return {
    queueBy: deadline.shifted(-Math.min(1_000, left / 4)),
    spoolBy: deadline.shifted(-Math.min(100, left / 20)),
  };
}

/**
 * The time of an agent elsewhere: half of a call's, as one that is away is more
 * likely than a queue that is, and on a busy machine the spool takes its time.
 */
function shareWithAgent(deadline: Deadline): Deadline {
  const left = Math.max(0, deadline.leftMs);
  return deadline.shifted(-Math.min(5_000, left / 2));
}

/** Puts drafts into the queue; an outcome is `failed` where that could not be done in time. */
async function queue(
  parts: FlowParts,
  candidates: readonly Candidate[],
  queueBy: Deadline,
  { onStored, isPrompt = false }: GroupOptions,
): Promise<Outcome[]> {
  // A stream that took in less than it may add would never reach the queue again.
  const bounds = candidates.length > 1
    ? { files: Infinity, ms: queueBy.leftMs / 2 }
    : { files: INTAKE_FILES_MAX, ms: INTAKE_MS_MAX };
  try {
    const home = usableHome(parts);
    const { queueUnderLock } = await import("./own_queue.ts");
    const stored = Promise.withResolvers<Queued[]>();
    const holding = home.hold(queueBy, bounds, async (held) => {
      const queued = await queueUnderLock(parts, held, candidates, onStored);
      stored.resolve(queued);
      const [first, ...others] = candidates;
      // Its caller has its receipt, and the next may come at any time; behind a group of a stream comes more than one.
      const isLone = isPrompt && first !== undefined && others.length === 0;
      if (isLone && queued[0]?.kind === "stored") {
        // First the receipt goes out: what comes next keeps the thread.
        await pause(0);
        await held.storeAhead(first.draft);
      }
      return queued;
    });
    if (isPrompt) holding.catch(stored.reject);
    return await queueBy.race(
      isPrompt ? stored.promise : holding,
      "reach the queue",
    );
  } catch (error) {
    return candidates.map(() => ({ kind: "failed", error }));
  }
}

/**
 * The receipts of all drafts, once those that are not in the queue are in the
 * spool. A single one has until `spoolBy`. Of many, the rest is late rather
 * than lost, for as long as the disk goes on taking them.
 */
async function spoolTheRest(
  parts: FlowParts,
  candidates: readonly Candidate[],
  outcomes: readonly Outcome[],
  spoolBy: Deadline,
): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  let isTaking = candidates.length > 1;
  for (let at = 0; at < candidates.length; at += SPOOLED_AT_ONCE) {
    const by = isTaking ? spoolBy.notBefore(SPOOL_STALL_MS) : spoolBy;
    const some = await Promise.all(
      candidates.slice(at, at + SPOOLED_AT_ONCE).map((candidate, i) => {
        const outcome = outcomes[at + i]!;
        if (outcome.kind === "handed") return outcome.receipt;
        return outcome.kind === "failed" || outcome.kind === "behind"
          ? spool(parts, candidate, whyNotQueued(outcome), by)
          : receiptOf(candidate.draft, outcome);
      }),
    );
    // One that fails at once does not mean that the disk stands still.
    isTaking &&= some.some(({ status }) => status !== "lost");
    receipts.push(...some);
  }
  return receipts;
}

function whyNotQueued(
  outcome: Extract<Outcome, { kind: "failed" | "behind" }>,
): string {
  return outcome.kind === "behind"
    ? `${outcome.older} older drafts wait in the spool`
    : explain(outcome.error);
}

/** @param why it is not in the queue */
async function spool(
  parts: FlowParts,
  { draft: event, isHanded }: Candidate,
  why: string,
  spoolBy: Deadline,
): Promise<Receipt> {
  const { event_type, event_id } = event;
  try {
    const { spool } = usableHome(parts);
    // As large as the event can become once it has its clock value.
    const largest = event.stamp(event.clockMax);
    if (largest.bytes.length > EVENT_BYTES_MAX) {
      return discardedReceipt([tooLarge], event_type);
    }
    const put = () => spool.put(event, spoolBy, isHanded);
    // A disk that failed once may not fail again, and there is no other place left.
    const result = await spoolBy.race(put().catch(put), "write the spool");
    if (result === "conflict") return discardedReceipt([idTaken], event_type);
    return {
      event_type,
      event_id,
      lamport_clock: null,
      status: "spooled",
      warning: `kept in the spool, the next run ${
        parts.handOver ? "hands it over" : "takes it in"
      }: ${why}`,
    };
  } catch (error) {
    const whyNotSpooled = explain(error);
    return {
      ...emptyReceipt("lost", event_type),
      warning: why === whyNotSpooled
        ? `nothing could be kept: ${why}`
        : `nothing could be kept: ${
          parts.handOver ? "agent" : "queue"
        }: ${why}; spool: ${whyNotSpooled}`,
    };
  }
}

/** @throws {KittyError} where nothing can be kept */
function usableHome({ home, refusal }: FlowParts): Home {
  if (home) return home;
  throw refusal ?? noHome();
}

/** Offers what was stored to the server; returns the ids that it acknowledged in time. */
function offer(
  { home, route }: FlowParts,
  candidates: readonly Candidate[],
  outcomes: readonly Outcome[],
  how: Pick<Offer, "deadline" | "wait">,
): Promise<ReadonlySet<string>> | ReadonlySet<string> {
  const queue = home?.reader;
  if (route.status === "Offline" || !queue) return new Set();
  const events = candidates.flatMap(({ draft }, i) => {
    const outcome = outcomes[i]!;
    return outcome.kind === "stored" ? draft.stamp(outcome.lamport_clock) : [];
  });
  return route.offer({ events, queue, ...how });
}

/** Says of each event that is still queued why the server has not acknowledged it. */
async function explainQueued(
  { home, route }: FlowParts,
  receipts: readonly Receipt[],
  deadline: Deadline,
): Promise<Receipt[]> {
  const isLeft = receipts.some(({ status }) => status === "queued");
  if (!isLeft || !home) return [...receipts];
  const { whyUnacknowledged } = await import("../route/acknowledged.ts");
  const why = await whyUnacknowledged(route, home, deadline);
  return receipts.map((receipt) => unacknowledged(receipt, why));
}

function explain(error: unknown): string {
  return error instanceof DeadlineError
    ? `the time was up (${error.message})`
    : reasonOf(error);
}
