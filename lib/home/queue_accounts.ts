/**
 * The queue's counters. They change in the same commit as the events that they
 * count, so that they balance after any crash.
 *
 * @module
 */

import { queueUnusable } from "../base/errors.ts";
import { OWN_COUNTS_MAX, OWN_NODE_CHARS_MAX } from "../base/limits.ts";
import type {
  Countable,
  Ledger,
  Noted,
  Origin,
  OwnCount,
  OwnCounts,
} from "./queue.ts";
import {
  EMPTY_LEDGER,
  fromBytes,
  getMany,
  LAYOUT,
  LEDGER_KEY,
  teamKey,
  teamLabel,
  toBytes,
} from "./queue_layout.ts";

/** An event that is queued (1) or no longer queued (-1) after a commit; 0 for one that was not and is not. */
export interface Change {
  readonly event: { readonly event_type: string; readonly team_slug: string };
  readonly change: 1 | 0 | -1;
}

/** Teams whose counts are kept from one holder to the next. */
const TEAMS_KEPT_MAX = 100;

/** The counters in the hands of the lock's holder. */
export class Accounts {
  readonly #kv: Deno.Kv;
  #ledger: Ledger;
  /** Queued events by team label, as far as they were read. */
  readonly #teams = new Map<string, number>();

  private constructor(kv: Deno.Kv, ledger: Ledger) {
    this.#kv = kv;
    this.#ledger = ledger;
  }

  /**
   * Reads the counters.
   *
   * @param teamSlug the team that most events will be of
   * @throws {KittyError} when a newer program wrote them, or they cannot be read
   */
  static async open(kv: Deno.Kv, teamSlug: string): Promise<Accounts> {
    const team = teamLabel(teamSlug);
    const [value, count] = await getMany(kv, [LEDGER_KEY, teamKey(team)]);
    const accounts = new Accounts(kv, value ? read(value) : EMPTY_LEDGER);
    accounts.#teams.set(team, countOf(count));
    return accounts;
  }

  /** For a holder that comes behind this one: what was read of many teams is not kept for ever. */
  resume(): void {
    if (this.#teams.size > TEAMS_KEPT_MAX) this.#teams.clear();
  }

  /** All counters, as of the last commit. */
  get ledger(): Ledger {
    return this.#ledger;
  }

  /** Reads the counters anew, after a commit that stands although it failed. */
  async reload(): Promise<void> {
    const [value] = await getMany(this.#kv, [LEDGER_KEY]);
    this.#ledger = value ? read(value) : EMPTY_LEDGER;
    this.#teams.clear();
  }

  /**
   * Takes over what a copy says of what this home has recorded, where the
   * queue is new, or an old copy of itself: it goes into the next commit.
   *
   * @param copy of any form: others write that file, too
   * @returns whether there was anything to take over
   */
  follow(copy: unknown): boolean {
    const { own, accepted, imported } = this.#ledger;
    const isNew = !own && accepted === 0 && imported === 0;
    const { home, turn } = (copy ?? {}) as Partial<OwnCounts>;
    const isOld = own !== undefined && own.home === home && turn! > own.turn;
    const counts = isNew || isOld ? readOwn(copy) : undefined;
    if (!counts) return false;
    this.note({
      own: {
        ...counts,
        // A server may have been told more than the copy knows of.
        turn: counts.turn + LOST_TURNS,
        seen: totalsOf(this.#ledger),
        // The list of dead letters is the one that is here.
        counts: counts.counts.map((count) => ({
          ...count,
          dead: own?.counts.find(({ node, team }) =>
            node === count.node && team === count.team
          )?.dead ?? 0,
        })),
      },
    });
    return true;
  }

  /** Notes something that is stored with the next commit. */
  note(noted: Noted): void {
    this.#ledger = { ...this.#ledger, ...noted };
  }

  /**
   * Commits events and counters together.
   *
   * @param ledger the counters after it, but for those by type and team
   * @param changes what the commit does to which events
   */
  async commit(
    commit: Deno.AtomicOperation,
    ledger: Ledger,
    changes: readonly Change[],
  ): Promise<void> {
    const byType = { ...ledger.by_type };
    const byTeam = new Map<string, number>();
    for (const { event, change } of changes) {
      if (change === 0) continue;
      const type = event.event_type, team = teamLabel(event.team_slug);
      byType[type] = (byType[type] ?? 0) + change;
      byTeam.set(team, (byTeam.get(team) ?? 0) + change);
    }
    await this.#readTeams([...byTeam.keys()]);
    const counts = new Map<string, number>();
    for (const [team, change] of byTeam) {
      const count = this.#teams.get(team)! + change;
      counts.set(team, count);
      if (count > 0) commit.set(teamKey(team), toBytes(count));
      else commit.delete(teamKey(team));
    }
    const { waiting_since, ...counted } = ledger;
    const isWaiting = counted.queued > 0 && waiting_since !== undefined;
    const { own, ...rest } = counted;
    const after = {
      ...rest,
      by_type: byType,
      ...isWaiting && { waiting_since },
      ...own && { own: this.#raised(own, totalsOf(counted)) },
    };
    commit.set(LEDGER_KEY, toBytes(after));
    await commit.commit();
    this.#ledger = after;
    for (const [team, count] of counts) this.#teams.set(team, count);
  }

  #raised(own: OwnCounts, seen: readonly number[]): OwnCounts {
    const isChanged = own.counts !== this.#ledger.own?.counts;
    return { ...own, turn: own.turn + (isChanged ? 1 : 0), seen };
  }

  async #readTeams(labels: readonly string[]): Promise<void> {
    const unread = labels.filter((label) => !this.#teams.has(label));
    const counts = await getMany(this.#kv, unread.map(teamKey));
    for (const [i, label] of unread.entries()) {
      this.#teams.set(label, countOf(counts[i]));
    }
  }
}

/** More commits than there may be between two copies. */
const LOST_TURNS = 1_000_000;

/**
 * What a home has recorded, with these events, too. Undefined where it is not
 * known, or too many nodes and teams would have to be counted.
 *
 * @param newHome names a home that has recorded nothing so far
 */
export function withOwn(
  { own, accepted }: Ledger,
  events: readonly Countable[],
  origin: Origin,
  newHome: () => string,
): OwnCounts | undefined {
  if (events.length === 0 || !own && accepted > 0) return own;
  const counts: Counted[] = (own?.counts ?? []).map((count) => ({ ...count }));
  const name = origin === "accepted" ? "recorded" : "imported";
  // Mostly all are of one node and team.
  let last: Counted | undefined, slug: string | undefined;
  for (const { node_id: node, team_slug, lamport_clock } of events) {
    if (last?.node !== node || slug !== team_slug) {
      const team = teamLabel(slug = team_slug);
      last = counts.find((c) => c.node === node && c.team === team);
      if (!last) counts.push(last = { node, team, ...NOTHING });
    }
    last[name] += 1;
    if (lamport_clock > last.highest) last.highest = lamport_clock;
  }
  const isTooMuch = counts.length > OWN_COUNTS_MAX ||
    counts.some(({ node }) => node.length > OWN_NODE_CHARS_MAX);
  if (isTooMuch) return undefined;
  return own
    ? { ...own, counts }
    : { home: newHome(), turn: 0, seen: [], counts };
}

type Counted = { -readonly [K in keyof OwnCount]: OwnCount[K] };

const NOTHING = {
  recorded: 0,
  imported: 0,
  highest: 0,
  dead: 0,
  dropped: 0,
  delivered: 0,
};

/** Totals that change whenever events are recorded or leave the queue. */
function totalsOf({ accepted, delivered, dead, dropped }: Ledger): number[] {
  return [accepted, delivered, dead, dropped];
}

/** Counts from a file that others write, too; undefined where it has none. */
function readOwn(copy: unknown): OwnCounts | undefined {
  const { home, turn, server, listener, counts } = (copy ??
    {}) as Partial<OwnCounts>;
  const isSound = typeof home === "string" && isCount(turn) &&
    [server, listener].every((address) =>
      address === undefined || typeof address === "string"
    ) &&
    Array.isArray(counts) && counts.length <= OWN_COUNTS_MAX &&
    counts.every(isOwnCount);
  if (!isSound) return undefined;
  return {
    home,
    turn,
    seen: [],
    ...server && { server },
    ...listener && { listener },
    counts,
  };
}

function isOwnCount(value: unknown): value is OwnCount {
  const count = (value ?? {}) as OwnCount;
  return typeof count.node === "string" && typeof count.team === "string" &&
    (Object.keys(NOTHING) as (keyof typeof NOTHING)[])
      .every((name) => isCount(count[name]));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function countOf(value: Uint8Array | undefined): number {
  return value ? fromBytes<number>(value) : 0;
}

function read(value: Uint8Array): Ledger {
  let ledger: Ledger;
  try {
    ledger = fromBytes<Ledger>(value);
  } catch {
    throw queueUnusable(
      "the queue's counters cannot be read",
      "events wait in the spool; export what can be read, then move events.kv away and import it",
    );
  }
  if (ledger.layout <= LAYOUT) return withoutStale(ledger);
  throw queueUnusable(
    `the queue was written by a newer version (layout ${ledger.layout}, known here: ${LAYOUT})`,
    "update kitty-events; until then events wait in the spool",
  );
}

/** The counters without what an older program did not keep up. */
function withoutStale({ own, ...ledger }: Ledger): Ledger {
  const isKept = own && String(own.seen) === String(totalsOf(ledger));
  return isKept ? { ...ledger, own } : ledger;
}
