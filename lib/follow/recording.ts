/**
 * Recording the rows of a pass, in their order.
 *
 * @module
 */

import { Deadline } from "../base/deadline.ts";
import { reasonOf } from "../base/errors.ts";
import {
  GROUP_EVENTS_MAX,
  HOUSEKEEPING_TIMEOUT_MS,
  INTAKE_FILES_MAX,
  INTAKE_MS_MAX,
} from "../base/limits.ts";
import type { Held } from "../home/held.ts";
import type { Home } from "../home/home.ts";
import { importGroup } from "../home/import.ts";
import type { QueueWriter } from "../home/queue.ts";
import { record } from "../home/record.ts";
import type { Pending, Settled } from "./reading.ts";

/** Why not everything was recorded, where it was not. */
export interface Stopped {
  readonly stopped?: "full" | "failed";
  readonly reason?: string;
}

/** Work under the home's lock: patient, as nobody waits for it. */
export function hold<T>(
  home: Home,
  work: (held: Held) => Promise<T>,
): Promise<T> {
  return home.hold(
    Deadline.in(home.world.elapsedMs, HOUSEKEEPING_TIMEOUT_MS),
    { files: INTAKE_FILES_MAX, ms: INTAKE_MS_MAX },
    work,
  );
}

/** How many events were ever stored in a queue: it tells whether another process has added some. */
export function everStored({ ledger }: Pick<QueueWriter, "ledger">): number {
  return ledger.accepted + ledger.imported;
}

/**
 * Records rows in their order, as many at once as a stream does.
 *
 * @param pending rows that were not known, each once
 * @param asOf what was ever stored when they were not known
 */
export async function recordAll(
  home: Home,
  pending: readonly Pending[],
  asOf: number,
): Promise<Stopped> {
  for (let at = 0; at < pending.length;) {
    const group = nextGroup(pending, at);
    at += group.length;
    const { results, stored } = await recordGroup(home, group, asOf);
    asOf = stored;
    let end: Stopped = {};
    for (const [i, result] of results.entries()) {
      const { kind, error } = result;
      group[i]!.reading.settle(group[i]!, kind);
      if (kind === "full") end = { stopped: "full" };
      if (kind === "failed") {
        end = { stopped: "failed", reason: reasonOf(error) };
      }
    }
    if (!end.stopped) continue;
    for (const rest of pending.slice(at)) rest.reading.settle(rest, "failed");
    return end;
  }
  return {};
}

/** Rows from a place on that are recorded in one way. */
function nextGroup(pending: readonly Pending[], at: number): Pending[] {
  const isStamped = pending[at]!.row.stamped !== undefined;
  const end = Math.min(at + GROUP_EVENTS_MAX, pending.length);
  let to = at;
  while (to < end && (pending[to]!.row.stamped !== undefined) === isStamped) {
    to++;
  }
  return pending.slice(at, to);
}

async function recordGroup(
  home: Home,
  group: readonly Pending[],
  asOf: number,
): Promise<{
  results: { kind: Settled; error?: unknown }[];
  stored: number;
}> {
  const settings = home.context.settings.current;
  return await hold(home, async (held) => {
    if (held.intake.full) {
      return { results: group.map(() => ({ kind: "full" })), stored: asOf };
    }
    // Nobody has added anything since: what was not known is not known.
    const mayExist = everStored(held.queue) !== asOf;
    const stamped = group.flatMap(({ row }) => row.stamped ?? []);
    const work = stamped.length > 0
      ? (await importGroup(held, stamped, settings)).map((kind) => ({ kind }))
      : await record(
        held,
        group.map(({ row }) => ({ draft: row.draft!, mayExist })),
        settings,
      );
    held.mayPass = work.every(({ kind }) => kind !== "failed");
    // After a failure it is not known what stands.
    const stored = held.mayPass ? everStored(held.queue) : NaN;
    return { results: work, stored };
  });
}
