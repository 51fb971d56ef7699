/**
 * How collectors on one store hear of each other's events: by notifications,
 * which are hints only and may get lost, and by looking at where the teams
 * are that anybody here follows, which is what counts.
 *
 * @module
 */

import { pause } from "../../base/deadline.ts";
import { STORE_POLL_MS } from "./limits.ts";
import { arrayOf, keyOf, textOf } from "./columns.ts";
import type { Store } from "./store.ts";
import { ServerError } from "./trouble.ts";

/** What hints are given to. */
export interface HintParts {
  readonly store: Store;
  /** Teams that anybody follows. */
  readonly followed: () => readonly string[];
  /** Called with where a team is. */
  readonly hear: (team: string, next: number) => void;
  /** Called with where its events began at a moment, on the monotonic clock. */
  readonly begins: (team: string, first: number, atMs: number) => void;
  readonly failed: (what: string, error: unknown) => void;
}

const CHANNEL = "kitty_events";

/** Sends hints, and hears them. */
export class Hints implements AsyncDisposable {
  readonly #parts: HintParts;
  readonly #end = new AbortController();
  /** Where teams are that the others have to be told of. */
  readonly #untold = new Map<string, number>();
  #isUnable = false;
  #telling: Promise<void> | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #wake = new AbortController();

  constructor(parts: HintParts) {
    this.#parts = parts;
    this.#isUnable = !parts.store.url.isNotified;
  }

  /** Begins to listen and to look. */
  start(): void {
    this.#running = Promise.all([this.#look(), this.#listen()]);
  }

  /** Tells the other collectors of new events, in a transaction of its own: notifications in the one that stores would make all of them commit one after another. */
  tell(team: string, next: number): void {
    if (this.#isUnable) return;
    this.#untold.set(team, next);
    this.#telling ??= this.#tellAll().finally(() => this.#telling = undefined);
  }

  async #tellAll(): Promise<void> {
    const { store, failed } = this.#parts;
    while (this.#untold.size > 0) {
      const payloads = [...this.#untold].map(([team, next]) =>
        `${next} ${keyOf(team)}`
      );
      this.#untold.clear();
      try {
        await store.read("notify", (lane) =>
          lane.send(
            `select pg_notify('${CHANNEL}', payload) from unnest($1::text[]) as payload`,
            [arrayOf(payloads)],
          ), NOTIFY_MS_MAX);
      } catch (error) {
        // The others look by themselves.
        if (!this.#end.signal.aborted) failed("notify", error);
      }
    }
  }

  /** Looks at where the teams are. */
  async #look(): Promise<void> {
    const { store, hear, begins, failed } = this.#parts;
    while (!this.#end.signal.aborted) {
      await pause(
        STORE_POLL_MS,
        AbortSignal.any([this.#end.signal, this.#wake.signal]),
      );
      this.#wake = new AbortController();
      const teams = this.#parts.followed();
      if (teams.length === 0 || this.#end.signal.aborted) continue;
      const atMs = store.world.elapsedMs();
      try {
        const rows = await store.read(
          "look for new events",
          (lane) =>
            lane.send(
              "select team, next, first from kitty_events.teams where team = any($1::text[])",
              [arrayOf(teams.map(keyOf))],
            ),
        );
        for (const row of rows) {
          const team = textOf(row.team);
          begins(team, Number(row.first), atMs);
          hear(team, Number(row.next));
        }
      } catch (error) {
        if (!this.#end.signal.aborted) failed("look for new events", error);
      }
    }
  }

  /** Listens, over a connection of its own, again and again. */
  async #listen(): Promise<void> {
    while (!this.#isUnable && !this.#end.signal.aborted) {
      const lost = Promise.withResolvers<void>();
      const end = () => lost.resolve();
      this.#end.signal.addEventListener("abort", end, { once: true });
      const lane = this.#parts.store.extraLane({
        onNotify: (payload) => this.#hear(payload),
        onClose: lost.resolve,
      });
      const listening = async () => {
        await lane.ready();
        await lane.send(`listen ${CHANNEL}`);
        // What came while nobody listened is looked for.
        this.#wake.abort();
        await lost.promise;
      };
      try {
        // A server that is silent holds up no end.
        await Promise.race([listening(), lost.promise]);
      } catch (error) {
        // Such servers have no notifications.
        this.#isUnable = error instanceof ServerError && error.code === "0A000";
      }
      this.#end.signal.removeEventListener("abort", end);
      await lane[Symbol.asyncDispose]().catch(() => {});
      await pause(LISTEN_AGAIN_MS, this.#end.signal);
    }
  }

  #hear(payload: string): void {
    const [, next, key] = payload.match(/^(\d+) (.*)$/s) ?? [];
    if (next === undefined) return;
    this.#parts.hear(textOf(key!), Number(next));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#running;
    await this.#telling;
  }
}

/** A hint that is later than that is of no use. */
const NOTIFY_MS_MAX = 1_000;

/** Pause before it is listened again, after the connection was lost. */
const LISTEN_AGAIN_MS = 250;
