/**
 * The event log in PostgreSQL: any number of collectors store for one team,
 * one after another by the lock on the team's row, and each of them tells of
 * all events in the order of their positions.
 *
 * @module
 */

import { oneLineBytes } from "../../base/shown.ts";
import type { Log } from "../../base/log.ts";
import type {
  Admission,
  EventLog,
  IncomingEvent,
  Offering,
  OnStored,
  Page,
  Usage,
} from "../events/event_log.ts";
import { joinLines } from "../../base/line_bytes.ts";
import { type NodeAnswer, nodeAnswers } from "../events/nodes.ts";
import { snapshotOf, type SnapshotPackage } from "../events/packages.ts";
import { PAGE_EVENTS_MAX } from "../limits.ts";
import { admitAll } from "./admission.ts";
import { textOf } from "./columns.ts";
import { Feed, type FoundEvents } from "./feed.ts";
import { Hints } from "./hints.ts";
import {
  atOneMoment,
  eventOf,
  expectPruned,
  readAt,
  readNodes,
  readPackages,
  readPage,
  readSome,
  readTeam,
  teamIn,
  teamsIn,
} from "./readings.ts";
import type { Store } from "./store.ts";
import { TeamWorker } from "./team_worker.ts";
import { prune } from "./pruning.ts";

/** What the log is made of. */
export interface PgLogParts {
  readonly store: Store;
  readonly onStored: OnStored;
  readonly log: Log | undefined;
}

/** What there is of a team in this process. */
interface Team {
  readonly worker: TeamWorker;
  readonly feed: Feed;
  packages?: Kept<SnapshotPackage>;
  nodes?: Kept<NodeAnswer>;
  /** Position of its first event, and when that was known last. */
  begin?: { readonly first: number; readonly atMs: number };
}

/** An answer that is right for as long as nothing was stored. */
interface Kept<T> {
  readonly turn: number;
  readonly all: readonly T[];
}

/** Events in PostgreSQL. */
export class PgEventLog implements EventLog, AsyncDisposable {
  readonly #store: Store;
  readonly #parts: PgLogParts;
  readonly #hints: Hints;
  readonly #teams = new Map<string, Team>();
  /** This process. */
  readonly #collector: number;

  constructor(parts: PgLogParts) {
    const { store } = parts;
    this.#parts = parts;
    this.#store = store;
    const [high, low] = new Uint32Array(
      new Uint8Array(store.world.randomBytes(8)).buffer,
    );
    this.#collector = (high! & 0x1f_ffff) * 2 ** 32 + low!;
    this.#hints = new Hints({
      store,
      followed: () =>
        [...this.#teams].filter(([, { feed }]) => feed.next !== undefined)
          .map(([team]) => team),
      hear: (team, next) => this.#teams.get(team)?.feed.hear(next),
      begins: (...where) => this.#begins(...where),
      failed: (what, error) => this.#failed(what, error),
    });
    this.#hints.start();
  }

  #failed(what: string, error: unknown): void {
    this.#parts.log?.error(what, error);
  }

  #of(team: string): Team {
    const known = this.#teams.get(team);
    if (known) return known;
    const worker = new TeamWorker({
      store: (offers) =>
        admitAll(this.#store, offers, { team, collector: this.#collector }),
      stored: (fresh, first, sender) => {
        feed.add(fresh, first, sender);
        this.#hints.tell(team, first + fresh.length);
      },
      settled: () => void feed.catchUp(),
    });
    const feed = new Feed({
      team,
      onStored: this.#parts.onStored,
      read: (from) => this.#found(team, from),
      isStoring: () => worker.isStoring,
      failed: (error) => this.#failed("read new events", error),
    });
    const made: Team = { worker, feed };
    this.#teams.set(team, made);
    return made;
  }

  async admit(
    team: string,
    events: readonly IncomingEvent[],
    offering: Offering = {},
  ): Promise<Admission> {
    if (events.length > 0 || offering.word) {
      return await this.#of(team).worker.offer({ ...offering, events });
    }
    const { highest } = await teamIn(this.#store, team);
    return { events: [], highest };
  }

  /** Events that a feed needs. */
  async #found(team: string, from: number): Promise<FoundEvents> {
    return await this.#store.read("read new events", async (lane) => {
      const { next } = await readTeam(lane, team);
      const range = { from, end: next, limit: PAGE_EVENTS_MAX };
      const rows = await readSome(lane, team, range);
      return {
        first: rows.length > 0 ? Number(rows[0]!.position) : next,
        events: rows.map(({ document, collector }) => ({
          event: eventOf(JSON.parse(document), encoder.encode(document)),
          isMine: Number(collector) === this.#collector,
        })),
      };
    });
  }

  /** Begins to tell of everything that anybody stores of a team. */
  async follow(team: string): Promise<void> {
    const { feed, worker } = this.#of(team);
    if (feed.next !== undefined) return;
    await worker.alone(async () => {
      const { next } = await teamIn(this.#store, team);
      feed.follow(next);
    });
  }

  async nodes(team: string): Promise<readonly NodeAnswer[]> {
    const kept = this.#of(team);
    return await this.#store.read(
      "read nodes",
      (lane) =>
        atOneMoment(lane, async (statements) => {
          const { turn } = await readTeam(statements, team);
          if (kept.nodes?.turn === turn) return kept.nodes.all;
          const { counts, told } = await readNodes(statements, team);
          const all = nodeAnswers(counts, told);
          kept.nodes = { turn, all };
          return all;
        }),
    );
  }

  async allNodes(): Promise<readonly NodeAnswer[]> {
    const turns = await this.#store.read(
      "read teams",
      (lane) => lane.send("select team, turn from kitty_events.teams"),
    );
    const all: NodeAnswer[] = [];
    for (const { team, turn } of turns) {
      const name = textOf(team), kept = this.#of(name).nodes;
      const isSame = kept?.turn === Number(turn);
      for (const node of isSame ? kept.all : await this.nodes(name)) {
        all.push(node);
      }
    }
    return all;
  }

  async page(team: string, from: number, limit: number): Promise<Page> {
    return await this.#store.read(
      "read a page",
      (lane) => readPage(lane, team, { from, limit }),
    );
  }

  async at(
    team: string,
    positions: readonly number[],
  ): Promise<(Uint8Array | undefined)[]> {
    const wanted = positions.filter(Number.isSafeInteger);
    const found = await this.#store.read(
      "read events",
      (lane) => readAt(lane, team, wanted),
    );
    return positions.map((position) => {
      const document = found.get(position);
      return document === undefined ? undefined : encoder.encode(document);
    });
  }

  async *export(team: string): AsyncIterable<Uint8Array<ArrayBuffer>> {
    const { next: end, first } = await teamIn(this.#store, team);
    for (let from = first; from < end;) {
      const range = { from, end, limit: PAGE_EVENTS_MAX };
      const rows = await this.#store.read("export", async (lane) => {
        const some = await readSome(lane, team, range);
        if (some.length === 0) await expectPruned(lane, team, end);
        return some;
      });
      if (rows.length === 0) return;
      from = Number(rows.at(-1)!.position) + 1;
      yield joinLines(
        rows.map(({ document }) => oneLineBytes(encoder.encode(document))),
      );
    }
  }

  snapshot(
    team: string,
    take: (packages: readonly SnapshotPackage[]) => void,
  ): Promise<void> {
    const kept = this.#of(team), { feed, worker } = kept;
    return worker.alone(async () => {
      const { next, packages } = await this.#packages(team, kept);
      feed.follow(next);
      // Whatever others have stored up to this moment is told before it.
      await feed.reach(next);
      take(packages);
    });
  }

  #packages(
    team: string,
    kept: Team,
  ): Promise<{ next: number; packages: readonly SnapshotPackage[] }> {
    return this.#store.read(
      "read work packages",
      (lane) =>
        atOneMoment(lane, async (statements) => {
          const { next, turn } = await readTeam(statements, team);
          if (kept.packages?.turn !== turn) {
            const all = snapshotOf(await readPackages(statements, team));
            kept.packages = { turn, all };
          }
          return { next, packages: kept.packages.all };
        }),
    );
  }

  teams(): Promise<readonly string[]> {
    return teamsIn(this.#store);
  }

  /** How much is stored of a team now. */
  async usage(team: string): Promise<Usage> {
    const { events, bytes } = await teamIn(this.#store, team);
    return { events, bytes };
  }

  /** Position of a team's first event that is still there. */
  async first(team: string, ageMs = 0): Promise<number> {
    const { begin } = this.#of(team), nowMs = this.#store.world.elapsedMs();
    if (begin && nowMs - begin.atMs < ageMs) return begin.first;
    const { first } = await teamIn(this.#store, team);
    this.#begins(team, first, nowMs);
    return first;
  }

  /** Takes note of where a team began at a moment. */
  #begins(team: string, first: number, atMs: number): void {
    const kept = this.#of(team), { begin } = kept;
    // It never goes back: an answer that is lower was late.
    kept.begin = {
      first: Math.max(first, begin?.first ?? 0),
      atMs: Math.max(atMs, begin?.atMs ?? atMs),
    };
  }

  /** Removes the documents before a position; their ids stay known. */
  prune(team: string, upTo: number): Promise<void> {
    return this.#of(team).worker.alone(async () => {
      const nowMs = this.#store.world.elapsedMs();
      this.#begins(team, await prune(this.#store, team, upTo), nowMs);
    });
  }

  async check(): Promise<void> {
    await this.#store.read("ask the store", (lane) => lane.send("select 1"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hints[Symbol.asyncDispose]();
  }
}

const encoder = new TextEncoder();
