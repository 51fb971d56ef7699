/**
 * The boards of the teams: each is made of the team's events when it is first
 * looked at, and kept up from then on.
 *
 * @module
 */

import { Projection } from "../../board/projection.ts";
import { fromBytes } from "../../home/queue_layout.ts";
import type { World } from "../../base/world.ts";
import type { EventLog, IncomingEvent } from "../events/event_log.ts";
import { BOARD_FIRST_MS, BOARD_KEPT_MS, PAGE_EVENTS_MAX } from "../limits.ts";

/** Called when events have been added, with the position of the first. */
export type OnAdded = (team: string, board: Projection, first: number) => void;

/** All boards that anybody has looked at. */
export class Boards {
  readonly #events: EventLog;
  readonly #world: World;
  readonly #onAdded: OnAdded;
  readonly #teams = new Map<string, TeamBoard>();

  constructor(events: EventLog, world: World, onAdded: OnAdded) {
    this.#events = events;
    this.#world = world;
    this.#onAdded = onAdded;
  }

  /** Number of boards in memory. */
  get size(): number {
    return this.#teams.size;
  }

  /** Lets go of boards that nobody has looked at for long: the next look makes them anew. Open pages look now and then. */
  forget(): void {
    const nowMs = this.#world.elapsedMs();
    for (const [team, { lookedMs }] of this.#teams) {
      if (nowMs - lookedMs >= BOARD_KEPT_MS) this.#teams.delete(team);
    }
  }

  /** The board of a team, up to the last event that is stored. */
  async of(team: string): Promise<Projection> {
    const first = await this.#events.first(team, BOARD_FIRST_MS);
    let board = this.#teams.get(team);
    // What was removed is to be gone from the board, too.
    if (!board || board.projection.table.first < first) {
      board = new TeamBoard(this.#events, team, first);
      this.#teams.set(team, board);
    }
    board.lookedMs = this.#world.elapsedMs();
    await board.catchUp();
    return board.projection;
  }

  /** Takes note of new events: boards that nobody looks at cost nothing. */
  stored(
    team: string,
    events: readonly IncomingEvent[],
    first: number,
  ): void {
    const board = this.#teams.get(team);
    if (!board) return;
    const before = board.projection.position;
    board.take(events, first, this.#world.nowMs());
    if (board.projection.position > before) {
      this.#onAdded(team, board.projection, before);
    }
  }
}

/** One board, and how far it is. */
class TeamBoard {
  projection: Projection;
  /** When somebody looked last, on the monotonic clock. */
  lookedMs = 0;
  readonly #events: EventLog;
  readonly #team: string;
  /** Whether something is stored that is not here. */
  #isBehind = true;
  #reading: Promise<void> | undefined;

  constructor(events: EventLog, team: string, first: number) {
    this.#events = events;
    this.#team = team;
    this.projection = new Projection(first);
  }

  /** Adds events that go on from what is there; what lies in between is read when the board is looked at. */
  take(
    events: readonly IncomingEvent[],
    first: number,
    arrivedMs: number,
  ): void {
    const { position } = this.projection;
    if (first > position) {
      this.#isBehind = true;
      return;
    }
    for (const { document } of events.slice(position - first)) {
      this.projection.add(document, arrivedMs);
    }
  }

  /** Reads what is stored and not here yet. Nobody sees a board that is half read. */
  async catchUp(): Promise<void> {
    while (this.#isBehind || this.#reading) {
      this.#reading ??= this.#read().finally(() => this.#reading = undefined);
      await this.#reading;
    }
  }

  async #read(): Promise<void> {
    // Whatever is stored meanwhile, and does not follow, takes this back.
    this.#isBehind = false;
    try {
      await this.#events.follow(this.#team);
      for (;;) {
        const from = this.projection.position;
        const page = await this.#events.page(this.#team, from, PAGE_EVENTS_MAX);
        // What was removed in between leaves no hole.
        if (page.first > this.projection.position) {
          this.projection = new Projection(page.first);
        }
        // Some of it may have come by itself in the meantime.
        const missed = page.events.slice(
          this.projection.position - page.first,
        );
        for (const bytes of missed) this.projection.add(fromBytes(bytes));
        if (page.next === null) return;
      }
    } catch (error) {
      this.#isBehind = true;
      throw error;
    }
  }
}
