/**
 * What the nodes of a home have recorded, as events leave its queue, and as
 * a server is told of it. An `emit` needs none of this: it only adds, in
 * `queue_accounts.ts`.
 *
 * @module
 */

import { LOCAL_TEAM } from "../base/config.ts";
import type {
  Countable,
  Destination,
  Ledger,
  OwnCount,
  OwnCounts,
  Place,
  QueueReader,
} from "./queue.ts";
import { withOwn } from "./queue_accounts.ts";
import { teamLabel } from "./queue_layout.ts";

/** What is done with events. */
export interface Step {
  readonly from: Place;
  readonly to: Place | "gone";
  /** The total that it raises. */
  readonly counter?: "delivered" | "dropped";
  /** Where delivered events went. */
  readonly destination?: Destination;
}

type Counts = { -readonly [K in keyof OwnCount]: OwnCount[K] }[];

/** The counts after events were moved, or have gone. Those of other nodes are in none of them. */
export function ownAfter(
  before: OwnCounts,
  events: readonly Countable[],
  { from, to, counter, destination }: Step,
): OwnCounts {
  const own = destination ? forServer(before, destination.server) : before;
  const counts = own.counts.map((count) => ({ ...count }));
  for (const { node_id, team_slug, lamport_clock } of events) {
    const found = find(counts, node_id, teamLabel(team_slug));
    if (!found) continue;
    if (from === "dead") found.dead = less(found.dead);
    if (to === "dead") found.dead += 1;
    if (counter === "dropped") found.dropped += 1;
    if (counter !== "delivered") continue;
    const isOpen = team_slug === LOCAL_TEAM && destination &&
      destination.team !== LOCAL_TEAM;
    const at = isOpen
      ? handedOver(counts, found, destination.team, lamport_clock)
      : found;
    at.delivered += 1;
  }
  return { ...own, counts };
}

function find(counts: Counts, node: string, team: string) {
  return counts.find((count) => count.node === node && count.team === team);
}

function less(count: number): number {
  return Math.max(0, count - 1);
}

/** An event that had no team is from now on of the one that it went as. */
function handedOver(
  counts: Counts,
  from: Counts[number],
  slug: string,
  clock: number,
): Counts[number] {
  const { node } = from;
  const team = teamLabel(slug);
  let to = find(counts, node, team);
  if (!to) {
    to = { ...from, team, recorded: 0, imported: 0, highest: 0 };
    to.dead = to.dropped = to.delivered = 0;
    counts.push(to);
  }
  // Salvaged events may have gone before, and are counted where they went.
  const name = from.recorded > 0 ? "recorded" : "imported";
  if (from[name] > 0) {
    from[name] -= 1;
    to[name] += 1;
  }
  to.highest = Math.max(to.highest, clock);
  return to;
}

/**
 * The counts as a server is told of them. What went elsewhere before is not
 * for it to wait for: for a new server the home is a new one, that has
 * recorded what has not gone yet.
 */
export function forServer(own: OwnCounts, server: string): OwnCounts {
  if (own.server === server) return own;
  if (own.server === undefined) return { ...own, server };
  const [name, moves = "0"] = own.home.split("~");
  return {
    ...own,
    home: `${name}~${Number(moves) + 1}`,
    server,
    counts: own.counts.map((count) => ({
      ...count,
      recorded: Math.max(
        0,
        count.recorded + count.imported - count.delivered - count.dropped,
      ),
      imported: 0,
      dropped: 0,
      delivered: 0,
    })),
  };
}

/** What one node of a home says of itself. */
export interface NodeWord {
  readonly node_id: string;
  readonly recorded: number;
  readonly imported: number;
  readonly highest_clock: number;
  readonly never: number;
}

/** What a server is told for a team: of the team's events, and of those without a team that go out as its own. */
export function wordsFor(
  own: OwnCounts,
  { server, team }: Destination,
): { readonly home: string; readonly nodes: readonly NodeWord[] } {
  const { home, counts } = forServer(own, server);
  const labels = new Set([teamLabel(team), LOCAL_TEAM]);
  const ours = counts.filter((count) => labels.has(count.team));
  const nodes = [...Map.groupBy(ours, ({ node }) => node)]
    .map(([node_id, some]): NodeWord => {
      const sum = (name: "recorded" | "imported" | "dead" | "dropped") =>
        some.reduce((total, count) => total + count[name], 0);
      return {
        node_id,
        recorded: sum("recorded"),
        imported: sum("imported"),
        highest_clock: Math.max(...some.map(({ highest }) => highest)),
        never: sum("dead") + sum("dropped"),
      };
    })
    .filter(({ recorded, imported }) => recorded + imported > 0);
  return { home, nodes };
}

/** Highest clock value of a node that this home has counted. */
export function highestOf(own: OwnCounts | undefined, node: string): number {
  const clocks = (own?.counts ?? []).filter((count) => count.node === node)
    .map(({ highest }) => highest);
  return Math.max(0, ...clocks);
}

/** More events than an emit should wait for while they are counted. */
const COUNTED_AT_ONCE_MAX = 20_000;

/**
 * Whether a program has filled the queue that knew of no such counts, and they
 * can still be told: nothing has gone, and nothing is of other homes.
 */
export function isCountable(
  { own, accepted, imported, queued, dead }: Ledger,
): boolean {
  return !own && imported === 0 && accepted === queued + dead &&
    accepted > 0 && accepted <= COUNTED_AT_ONCE_MAX;
}

/** The counts of such a queue; reads all of it. */
export async function countOwn(
  queue: QueueReader,
  ledger: Ledger,
  newHome: () => string,
): Promise<OwnCounts | undefined> {
  const none = { ...ledger, accepted: 0 };
  const lists = { queue: [] as Countable[], dead: [] as Countable[] };
  for (const place of ["queue", "dead"] as const) {
    for await (const { event } of queue.entries(place)) {
      const { node_id, team_slug, lamport_clock } = event;
      lists[place].push({ node_id, team_slug, lamport_clock });
    }
  }
  const all = [...lists.queue, ...lists.dead];
  const counts = withOwn(none, all, "accepted", newHome);
  return counts &&
    ownAfter(counts, lists.dead, { from: "queue", to: "dead" });
}
