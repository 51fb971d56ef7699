/**
 * The queue's counters. They change in the same commit as the events that they
 * count, so that they balance after any crash.
 *
 * @module
 */

import { queueUnusable } from "../base/errors.ts";
import type { Ledger, Noted } from "./queue.ts";
import {
  EMPTY_LEDGER,
  fromBytes,
  LAYOUT,
  LEDGER_KEY,
  teamKey,
  teamLabel,
  toBytes,
} from "./queue_layout.ts";
import { getMany } from "./queue_read.ts";

/** An event that is queued (1) or no longer queued (-1) after a commit; 0 for one that was not and is not. */
export interface Change {
  readonly event: { readonly event_type: string; readonly team_slug: string };
  readonly change: 1 | 0 | -1;
}

/** The counters in the hands of the lock's holder. */
export class Accounts {
  readonly #kv: Deno.Kv;
  #ledger: Ledger;
  /** Queued events by team label, as far as they were read under this lock. */
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
    const after = {
      ...counted,
      by_type: byType,
      ...isWaiting && { waiting_since },
    };
    commit.set(LEDGER_KEY, toBytes(after));
    await commit.commit();
    this.#ledger = after;
    for (const [team, count] of counts) this.#teams.set(team, count);
  }

  async #readTeams(labels: readonly string[]): Promise<void> {
    const unread = labels.filter((label) => !this.#teams.has(label));
    const counts = await getMany(this.#kv, unread.map(teamKey));
    for (const [i, label] of unread.entries()) {
      this.#teams.set(label, countOf(counts[i]));
    }
  }
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
  if (ledger.layout <= LAYOUT) return ledger;
  throw queueUnusable(
    `the queue was written by a newer version (layout ${ledger.layout}, known here: ${LAYOUT})`,
    "update kitty-events; until then events wait in the spool",
  );
}
