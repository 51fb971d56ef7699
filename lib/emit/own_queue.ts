/**
 * Recording in the queue of one's own home. Loaded only there: who hands over
 * to an agent elsewhere has no use for it.
 *
 * @module
 */

import type { Settings } from "../base/config.ts";
import type { World } from "../base/world.ts";
import type { Held } from "../home/held.ts";
import { Holding } from "../home/holding.ts";
import { openAhead } from "../home/queue_file.ts";
import { queueWarning } from "../home/queue_warning.ts";
import { type Candidate, record, type Recorded } from "../home/record.ts";

/** What became of a draft at the queue. */
export type Queued =
  | Recorded
  /** Older drafts wait in the spool, and this one has to stay behind them. */
  | { readonly kind: "behind"; readonly older: number };

/** What the queue is used by. */
interface QueueParts {
  readonly settings: Settings;
  readonly world: World;
  /** Takes what a person should know that concerns no single event. */
  readonly warn: (text: string) => void;
}

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
  { settings, world, warn }: QueueParts,
  held: Held,
  candidates: readonly Candidate[],
  onStored?: () => void,
): Promise<Queued[]> {
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
