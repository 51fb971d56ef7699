/**
 * Which contracts a server takes: one that does not say so takes the first
 * one only, and events of others wait.
 *
 * @module
 */

import type { Deadline } from "../../base/deadline.ts";
import { PATHS } from "../../base/wire.ts";
import { isEventType } from "../../contract/contract.ts";
import { WORK_PACKAGES } from "../../event/stored.ts";
import type { Ledger } from "../../home/queue.ts";
import { ask, fieldsOf } from "../../login/http.ts";
import type { Session } from "../../login/session.ts";

/** Names of contracts, or all of them. */
export type Accepted = ReadonlySet<string> | "all";

/** All that a server takes which does not say what it takes. */
const FIRST_ONLY: ReadonlySet<string> = new Set([WORK_PACKAGES.name]);

/** How long one answer counts, in a process that goes on delivering. */
const ANSWER_MS = 60_000;

/** Longest wait for the answer. */
const PATIENCE_MS = 10_000;

const answers = new WeakMap<Session, { atMs: number; accepted: Accepted }>();

/** Whether events are queued that are not of the first contract. */
export function hasRows({ by_type }: Pick<Ledger, "by_type">): boolean {
  return Object.entries(by_type)
    .some(([type, count]) => count > 0 && !isEventType(type));
}

/**
 * Asks the server which contracts it takes. What cannot be asked now is not
 * sent now: only the first contract's events are.
 */
export async function acceptedBy(
  session: Session,
  elapsedMs: () => number,
  deadline: Deadline,
): Promise<Accepted> {
  if (session.sink) return "all";
  const known = answers.get(session);
  const nowMs = elapsedMs();
  if (known && nowMs - known.atMs < ANSWER_MS) return known.accepted;
  try {
    const accepted = await askFor(session, deadline);
    answers.set(session, { atMs: nowMs, accepted });
    return accepted;
  } catch {
    return FIRST_ONLY;
  }
}

async function askFor(
  session: Session,
  deadline: Deadline,
): Promise<Accepted> {
  const { status, json } = await ask({
    url: new URL(PATHS.contracts, session.serverUrl),
    method: "GET",
    token: await session.access(deadline),
    timeoutMs: Math.min(PATIENCE_MS, deadline.leftMs),
    ...session.trust,
  });
  if (status !== 200) {
    // Refused or in trouble: another time. Anything else: it knows no such path.
    if (status === 401 || status === 403 || status === 429 || status >= 500) {
      throw new Error(`status ${status}`);
    }
    return FIRST_ONLY;
  }
  const { contracts } = fieldsOf(json);
  const names = (Array.isArray(contracts) ? contracts : [])
    .map((contract) => fieldsOf(contract).name)
    .filter((name) => typeof name === "string");
  return new Set([WORK_PACKAGES.name, ...names]);
}
