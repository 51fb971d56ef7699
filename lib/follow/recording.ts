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

/** Records rows in their order, as many at once as a stream does. */
export async function recordAll(
  home: Home,
  pending: readonly Pending[],
): Promise<Stopped> {
  for (let at = 0; at < pending.length;) {
    const group = nextGroup(pending, at);
    at += group.length;
    const results = await recordGroup(home, group);
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
): Promise<{ kind: Settled; error?: unknown }[]> {
  const settings = home.context.settings.current;
  return await hold(home, async (held) => {
    if (held.intake.full) return group.map(() => ({ kind: "full" }));
    const stamped = group.flatMap(({ row }) => row.stamped ?? []);
    const work = stamped.length > 0
      ? (await importGroup(held, stamped, settings)).map((kind) => ({ kind }))
      : await record(
        held,
        group.map(({ row }) => ({ draft: row.draft!, mayExist: true })),
        settings,
      );
    held.mayPass = work.every(({ kind }) => kind !== "failed");
    return work;
  });
}
