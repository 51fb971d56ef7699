/** Receipts of a stream held against what is there afterwards. */

import { documentsOf, type HereOptions, type RunHere } from "./program.ts";

/** What a comparison has shown; all counts are 0 where each receipt was true. */
export interface Untrue {
  /** Told `queued` or `spooled`, and not there. */
  readonly missing: number;
  /** There, and not told so. */
  readonly untold: number;
  /** Ids, or clock values, that are there twice. */
  readonly doubled: number;
  /** There with another clock value than the receipt's. */
  readonly otherClock: number;
  /** Drafts without a receipt. */
  readonly unanswered: number;
}

/** What a stream came to. */
export interface Told {
  readonly receipts: readonly Receipt[];
  /** Receipts by their status. */
  readonly counts: Readonly<Record<string, number>>;
}

interface Receipt {
  readonly event_id: string | null;
  readonly lamport_clock: number | null;
  readonly status: string;
}

/** Records drafts through one stream. */
export async function tell(
  run: RunHere,
  drafts: readonly string[],
  options: HereOptions = {},
): Promise<Told> {
  const { stdout } = await run(["emit", "--stdin", "--json", "--quiet"], {
    ...options,
    stdin: drafts.map((draft) => `${draft}\n`).join(""),
  });
  const receipts: Receipt[] = documentsOf(stdout);
  const counts: Record<string, number> = {};
  for (const { status } of receipts) counts[status] = (counts[status] ?? 0) + 1;
  return { receipts, counts };
}

/** Compares the receipts of `drafts` drafts with all events that are there. */
export function compare(
  { receipts }: Told,
  drafts: number,
  events: readonly { event_id: string; lamport_clock: number }[],
): Untrue {
  const there = new Map(events.map((e) => [e.event_id, e.lamport_clock]));
  const kept = receipts.filter(({ status }) =>
    status === "queued" || status === "spooled"
  );
  const told = new Map(kept.map((r) => [r.event_id!, r.lamport_clock]));
  const clocks = new Set(events.map(({ lamport_clock }) => lamport_clock));
  return {
    missing: [...told.keys()].filter((id) => !there.has(id)).length,
    untold: [...there.keys()].filter((id) => !told.has(id)).length,
    doubled: events.length - there.size + events.length - clocks.size,
    otherClock:
      [...told].filter(([id, clock]) =>
        clock !== null && there.has(id) && there.get(id) !== clock
      ).length,
    unanswered: drafts - receipts.length,
  };
}

/** What `compare` says where each receipt was true. */
export const ALL_TRUE: Untrue = {
  missing: 0,
  untold: 0,
  doubled: 0,
  otherClock: 0,
  unanswered: 0,
};
