/**
 * Keeps delivering what is queued in a home, for as long as a process lives:
 * over a WebSocket while one is open, in batches otherwise. The heart of the
 * agent, and of a library that is connected.
 *
 * @module
 */

import { Deadline, pause } from "../base/deadline.ts";
import { reasonOf } from "../base/errors.ts";
import type { Home } from "../home/home.ts";
import {
  BATCH_INTERVAL_MS_DEFAULT,
  DRAIN_EVERY_MS,
  DRAIN_MS_MAX,
  LAST_DRAIN_MS_MAX,
} from "../base/limits.ts";
import type { World } from "../base/world.ts";
import { dice, leastBackoffMs } from "../base/backoff.ts";
import { Pace } from "./transport/pace.ts";
import { Ways } from "./transport/ways.ts";
import type { ConnectionStatus } from "../route/route.ts";
import { nextDrainMs, type Plan, planAfter } from "./schedule.ts";
import { Session } from "../login/session.ts";
import type { NoSession } from "../login/open_session.ts";
import { holdForDrain, receiveClock } from "./drain/settle.ts";
import { sync, type SyncParts, type SyncResult } from "./drain/sync.ts";
import { watermarkOf } from "./drain/teller.ts";

/** What a delivery works with. */
export interface DeliveryParts {
  readonly home: Home;
  readonly world: World;
  readonly nodeId: string;
  /** Who is logged in; asked again at each reload. */
  readonly openSession: () => Promise<Session | NoSession>;
  /** At least so long between two batches, unless the server allows less. */
  readonly batchIntervalMs?: number;
  readonly onStatus?: (status: ConnectionStatus, why: string) => void;
  readonly onDrain?: (result: SyncResult) => void;
  /** Takes what a person should know, in words. */
  readonly warn: (text: string) => void;
}

/** One drain whose caller waits for its result. */
export type SyncRequest = Pick<
  SyncParts,
  "deadline" | "troublesMax" | "onFailure"
>;

/** Delivers until it is stopped. */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #pace: Pace;
  readonly #over = new AbortController();
  #wake = new AbortController();
  /** Aborted while a caller waits for a drain: then no batch waits for its turn. */
  #patience = new AbortController();
  /** How many wait. */
  #impatient = 0;
  #plan: Plan;
  /** Those of the session, where there is one. */
  #ways: Ways | undefined;
  /** Why there is none. */
  #refusal: NoSession | undefined;
  #status: ConnectionStatus = "Offline";
  /** Events with a failed attempt: not again before the scheduled drain. */
  #resting = new Set<string>();
  /** All drains so far, one after the other. */
  #drains: Promise<unknown> = Promise.resolve();
  #loop: Promise<void> = Promise.resolve();
  /** When the drain that is under way has to end, because all ends. */
  #endMs = Infinity;
  #reloading: Promise<void> = Promise.resolve();

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    const { world } = parts;
    this.#pace = new Pace(
      parts.batchIntervalMs ?? BATCH_INTERVAL_MS_DEFAULT,
      world.elapsedMs,
      (ms) => pause(ms, this.#patience.signal),
    );
    this.#plan = {
      isPoked: true,
      gatheredMs: -Infinity,
      scheduledMs: world.elapsedMs() + DRAIN_EVERY_MS,
      notBeforeMs: -Infinity,
      bar: "none",
      troubles: 0,
    };
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  get session(): Session | NoSession | undefined {
    return this.#ways?.session ?? this.#refusal;
  }

  /** Opens the session, and the connection; goes on in the background. */
  async start(): Promise<void> {
    await this.#inTurn(() => this.#open());
    this.#loop = this.#run();
  }

  /** Something was appended. */
  poke(): void {
    const { home, world } = this.#parts, { isPoked, gatheredMs } = this.#plan;
    const { gatherMs } = home.context.settings.current;
    const untilMs = world.elapsedMs() + gatherMs;
    this.#change({
      isPoked: true,
      gatheredMs: isPoked ? Math.min(gatheredMs, untilMs) : untilMs,
    });
  }

  /** Something is to go out that waited already, or that somebody waits for: nothing is gathered. */
  pokeNow(): void {
    this.#change({ isPoked: true, gatheredMs: -Infinity });
  }

  /** Reads settings and credentials again. */
  reload(): Promise<void> {
    return this.#inTurn(() => this.#reload());
  }

  /** The credentials have changed: a login, a logout, or a renewed token, which changes nothing here. */
  loginChanged(): Promise<void> {
    return this.#inTurn(async () => {
      const before = this.session, after = await this.#parts.openSession();
      const isSame = before instanceof Session && after instanceof Session &&
        before.serverUrl.origin === after.serverUrl.origin &&
        before.username === after.username &&
        before.teamSlug === after.teamSlug &&
        (this.#status !== "Offline" || this.#ways?.isUnwanted === true);
      if (!isSame) await this.#reload();
    });
  }

  /** Runs reloads one after the other. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#reloading.then(work);
    this.#reloading = turn.catch(() => {});
    return turn;
  }

  async #reload(): Promise<void> {
    await this.#ways?.stop();
    if (this.#over.signal.aborted) return;
    await this.#open();
    if (this.#plan.bar === "until_restart") return;
    this.#change({ bar: "none", notBeforeMs: -Infinity });
    this.pokeNow();
  }

  /** Drains now, for a caller who waits: without the pace of batches. */
  async sync(request: SyncRequest): Promise<SyncResult | NoSession> {
    const ways = this.#ways;
    if (!ways) return this.#refusal!;
    this.#impatient += 1;
    this.#patience.abort();
    try {
      return await this.#alone(() => this.#drain(ways, request, false));
    } finally {
      this.#impatient -= 1;
      if (this.#impatient === 0 && !this.#over.signal.aborted) {
        this.#patience = new AbortController();
      }
    }
  }

  /** Ends, with one last drain that is bounded in time. */
  async stop(): Promise<void> {
    this.#over.abort();
    this.#wake.abort();
    this.#patience.abort();
    this.#endMs = this.#parts.world.elapsedMs() + LAST_DRAIN_MS_MAX;
    const deadline = this.#deadline(LAST_DRAIN_MS_MAX);
    const last = this.#loop.then(() => this.sync({ deadline, troublesMax: 1 }));
    await deadline.race(last, "drain once more").catch(() => {});
    await this.#ways?.stop();
  }

  async #open(): Promise<void> {
    const { home, openSession, world, nodeId } = this.#parts;
    const session = await openSession();
    this.#ways = undefined;
    this.#refusal = undefined;
    if (!(session instanceof Session)) {
      this.#refusal = session;
      return this.#tell("Offline", session.error.message);
    }
    const ways = Ways.openLive({
      session,
      world,
      nodeId,
      onClock: (value) => void this.#receive(value),
      watermark: () => watermarkOf(home, session),
    }, {
      onStatus: (status, why) => {
        if (ways !== this.#ways) return;
        this.#tell(status, why);
        // What waited for a batch's turn can go at once.
        if (status === "Connected") this.pokeNow();
      },
    }, (error) => this.#parts.warn(reasonOf(error)));
    this.#ways = ways;
  }

  async #run(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const nowMs = this.#parts.world.elapsedMs();
      const paceMs = this.#ways?.isLive ? -Infinity : this.#pace.nextMs;
      const dueMs = nextDrainMs(this.#plan, nowMs, paceMs);
      if (dueMs > nowMs) {
        await pause(Math.min(dueMs - nowMs, DRAIN_EVERY_MS), this.#wake.signal);
        this.#wake = new AbortController();
        continue;
      }
      if (nowMs >= this.#plan.scheduledMs) {
        this.#resting.clear();
        this.#plan = {
          ...this.#plan,
          scheduledMs: nowMs + DRAIN_EVERY_MS,
          bar: "none",
        };
      }
      this.#plan = { ...this.#plan, isPoked: false };
      const ways = this.#ways;
      if (!ways) {
        this.#plan = { ...this.#plan, bar: "until_scheduled" };
        continue;
      }
      const request = {
        deadline: this.#drainDeadline(),
        troublesMax: 1,
      };
      const end = await this.#alone(() => this.#drain(ways, request, true))
        .then(({ end }) => end, (error) => {
          this.#parts.warn(reasonOf(error));
          return { kind: "trouble", words: reasonOf(error) } as const;
        });
      // Of another login: it says nothing of the one that there is now.
      if (ways !== this.#ways) continue;
      this.#plan = planAfter(
        this.#plan,
        end,
        this.#parts.world.elapsedMs(),
        (troubles, retryAfterMs) => this.#backoff(troubles, retryAfterMs),
      );
    }
  }

  async #drain(
    ways: Ways,
    request: SyncRequest,
    isPaced: boolean,
  ): Promise<SyncResult> {
    const { home, onDrain } = this.#parts;
    const { isLive, session } = ways;
    const transports = ways.transports(isPaced ? this.#pace : undefined);
    const result = await sync({
      ...request,
      home,
      session,
      transports,
      resting: isPaced ? this.#resting : new Set(),
    });
    for (const id of result.failed) this.#resting.add(id);
    const { delivered, duplicates } = result.counts;
    if (!isLive && delivered + duplicates > 0) ways.revive();
    onDrain?.(result);
    return result;
  }

  /** Runs drains one after the other. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#drains.then(work);
    this.#drains = turn.catch(() => {});
    return turn;
  }

  async #receive(value: number): Promise<void> {
    const { home, warn } = this.#parts;
    await holdForDrain(home, (held) => receiveClock(held, value)).catch((
      error,
    ) => warn(`the clock was not moved: ${reasonOf(error)}`));
  }

  #backoff(troubles: number, retryAfterMs?: number): number {
    return leastBackoffMs(troubles, dice(this.#parts.world), retryAfterMs);
  }

  /** A deadline that `stop` brings forward. */
  #drainDeadline(): Deadline {
    const { elapsedMs } = this.#parts.world;
    const nowMs = () => elapsedMs() >= this.#endMs ? Infinity : elapsedMs();
    return new Deadline(nowMs, elapsedMs() + DRAIN_MS_MAX);
  }

  #deadline(ms: number): Deadline {
    return Deadline.in(this.#parts.world.elapsedMs, ms);
  }

  #change(change: Partial<Plan>): void {
    this.#plan = { ...this.#plan, ...change };
    this.#wake.abort();
  }

  #tell(status: ConnectionStatus, why: string): void {
    this.#status = status;
    this.#parts.onStatus?.(status, why);
  }
}
