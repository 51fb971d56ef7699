/**
 * `sync now` of a home that hands over: what waits in its spool.
 *
 * @module
 */

import type { Deadline } from "../base/deadline.ts";
import { KittyError, reasonOf } from "../base/errors.ts";
import { lookAtQueue } from "../home/queue_look.ts";
import type { Call } from "./command.ts";
import type { Keeper } from "./keeper.ts";

/**
 * Hands over what waits in the spool, and says so.
 *
 * @returns whether events are queued in the home, too
 * @throws {KittyError} where not all of it was taken
 */
export async function handOverSpool(
  { args, out }: Pick<Call, "args" | "out">,
  { home, handOver }: Pick<Keeper, "home" | "handOver">,
  deadline: Deadline,
): Promise<boolean> {
  const waiting = (await home.spool.names().catch(() => [])).length;
  const warn = (text: string) => void out.warn(text);
  // Who names a time means to wait, as at the end of a job.
  const isPatient = args.text("timeout") !== undefined;
  let left = waiting;
  try {
    while (left > 0 && deadline.leftMs > 0) {
      left = await handOver!.takeSpool(home, deadline, { warn, isPatient });
    }
  } catch (error) {
    throw notTaken(reasonOf(error), (await home.spool.names()).length);
  }
  if (left > 0) throw notTaken("the time was up", left);
  const hasQueued = await isQueued(home.path);
  const via = handOver!.address?.text ?? null;
  const text = `${waiting} handed over to the agent at ${via}`;
  if (hasQueued) await out.note(text);
  else await out.data({ handed_over: waiting, left, via }, text);
  return hasQueued;
}

/** Whether something is queued in a home, as far as can be seen without its lock. */
async function isQueued(home: string): Promise<boolean> {
  // One that cannot be read is for the drain to tell of.
  const look = await lookAtQueue(home).catch(() => "unreadable" as const);
  if (look === undefined) return false;
  return look === "unreadable" || look.ledger?.queued !== 0;
}

function notTaken(why: string, left: number): KittyError {
  return new KittyError(
    "server_unavailable",
    `${left} ${
      left === 1 ? "draft waits" : "drafts wait"
    } in the spool still: ${why}`,
    { hint: "nothing is lost while this home stays; see: kitty-events doctor" },
  );
}
