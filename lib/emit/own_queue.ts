/**
 * Recording in the queue of one's own home. Loaded only there: who hands over
 * to an agent elsewhere has no use for it.
 *
 * @module
 */

import type { World } from "../base/world.ts";
import type { Held } from "../home/held.ts";
import { Holding } from "../home/holding.ts";
import { openAhead } from "../home/queue_file.ts";
import { queueWarning } from "../home/queue_warning.ts";
import { type Candidate, record } from "../home/record.ts";
import type { FlowParts, Outcome } from "./flow.ts";

/**
 * Begins to open a home's queue.
 *
 * @returns `looked`: resolves when the opening is under way, or will not be
 */
export function beginHolding(
  homePath: string,
  world: World,
): { holding: Holding; looked: Promise<unknown> } {
  const { looked, queue } = openAhead(homePath);
  return { holding: new Holding(homePath, world, queue), looked };
}

/** Puts drafts into the queue, for who holds the home's lock. */
export async function queueUnderLock(
  { settings, world, warn }: FlowParts,
  held: Held,
  candidates: readonly Candidate[],
  onStored?: () => void,
): Promise<Outcome[]> {
  held.warnings.forEach(warn);
  const { full, left: older } = held.intake;
  if (full) return candidates.map(() => ({ kind: "full" }));
  if (older > 0) return candidates.map(() => ({ kind: "behind", older }));
  const warning = queueWarning(held, settings, world.nowMs());
  if (warning) warn(warning);
  const recorded = await record(held, candidates, settings);
  if (recorded.every(({ kind }) => kind !== "failed")) {
    held.mayPass = true;
    onStored?.();
  }
  return recorded;
}
