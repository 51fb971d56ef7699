/** A window onto the team's events that reaches on in both directions. */

import { type ReadonlySignal, signal } from "@preact/signals";
import { type ApiError, PATHS, withParameters } from "../../api.ts";
import type {
  EventLine,
  EventLinesAnswer,
} from "../../../lib/board/answers.ts";
import { noteAnswer } from "../../live.ts";
import { ask } from "../../session.ts";

/** What events a window lets through, as the server reads it. */
export type LineFilter = Readonly<Record<string, string | null>>;

/** What is in the window. */
export interface Window {
  /** The newest first. */
  readonly lines: readonly EventLine[];
  readonly hasOlder: boolean;
  /** Whether there are newer ones than the first. */
  readonly hasNewer: boolean;
  /** Newer ones that wait until they are asked for. */
  readonly waiting: readonly EventLine[];
}

const PAGE = 60;
/** Newer events that are counted; of more it is said that there are more. */
export const WAITING_MAX = 100;
/** Lines that are kept: beyond, those at the other end are let go. */
const KEPT_MAX = 1_200;
const PACE_MS = 100;
const RETRY_MS = 2_000;

/** The lines that a filter lets through; asks with one request at a time. */
export class EventStream {
  readonly #window = signal<Window | null>(null);
  readonly #problem = signal<ApiError | null>(null);
  readonly #abort = new AbortController();
  #askedAt = -Infinity;
  #position = -1;
  #timer = 0;
  #isBusy = false;
  #isStale = false;
  #queued: (() => Promise<void>) | null = null;

  /** @param isAtTop whether the reader sees the newest line, so that newer ones may push it down */
  constructor(readonly filter: LineFilter, readonly isAtTop: () => boolean) {
    this.latest();
  }

  get window(): ReadonlySignal<Window | null> {
    return this.#window;
  }

  get problem(): ReadonlySignal<ApiError | null> {
    return this.#problem;
  }

  /** Begins anew with the latest. */
  latest(): void {
    this.#run(async () => {
      const { lines, has_more } = await this.#ask({});
      this.#window.value = {
        lines,
        hasOlder: has_more,
        hasNewer: false,
        waiting: [],
      };
    });
  }

  /** Adds older ones at the end. */
  older(): void {
    const last = this.#window.peek()?.lines.at(-1);
    if (!last || !this.#window.peek()!.hasOlder) return;
    this.#run(async () => {
      const answer = await this.#ask({ before: last.position });
      const known = this.#window.peek()!;
      const all = [...known.lines, ...answer.lines];
      const isTooLong = all.length > KEPT_MAX;
      this.#window.value = {
        lines: all.slice(-KEPT_MAX),
        hasOlder: answer.has_more,
        hasNewer: known.hasNewer || isTooLong,
        waiting: isTooLong ? [] : known.waiting,
      };
    });
  }

  /** Adds newer ones at the top, where some were let go. */
  newer(): void {
    const first = this.#window.peek()?.lines[0];
    if (!first) return this.latest();
    this.#run(async () => {
      const answer = await this.#ask({ after: first.position });
      this.#put(answer.lines.toReversed(), answer.has_more);
    });
  }

  /** Shows those that wait. */
  showWaiting(): void {
    const known = this.#window.peek();
    if (!known) return;
    if (known.waiting.length >= WAITING_MAX) return this.latest();
    this.#put(known.waiting, false);
  }

  /** Looks for newer ones: the server says that there are some. */
  hear(position: number, isGap: boolean): void {
    if (!isGap && position <= this.#position) return;
    if (this.#isBusy) return void (this.#isStale = true);
    if (this.#timer) return;
    const wait = this.#askedAt + PACE_MS - performance.now();
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#look();
    }, Math.max(0, wait));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  #look(): void {
    // Queued, it would give way to the next page that somebody scrolls to.
    if (this.#isBusy) return void (this.#isStale = true);
    const known = this.#window.peek();
    if (!known || known.lines.length === 0) return this.latest();
    if (known.hasNewer) return;
    const top = known.waiting[0] ?? known.lines[0]!;
    if (known.waiting.length >= WAITING_MAX) return;
    this.#run(async () => {
      const answer = await this.#ask({
        after: top.position,
        limit: WAITING_MAX,
      });
      const fresh = answer.lines.toReversed();
      if (fresh.length === 0) return;
      const waiting = [...fresh, ...known.waiting];
      if (this.isAtTop() && answer.has_more) return this.latest();
      if (this.isAtTop()) this.#put(waiting, false);
      else this.#window.value = { ...this.#window.peek()!, waiting };
    });
  }

  #put(fresh: readonly EventLine[], hasNewer: boolean): void {
    const known = this.#window.peek()!;
    const all = [...fresh, ...known.lines];
    this.#window.value = {
      lines: all.slice(0, KEPT_MAX),
      hasOlder: known.hasOlder || all.length > KEPT_MAX,
      hasNewer,
      waiting: [],
    };
  }

  async #ask(
    range: Readonly<Record<string, number>>,
  ): Promise<EventLinesAnswer> {
    const path = withParameters(PATHS.lines, {
      limit: PAGE,
      ...this.filter,
      ...range,
    });
    const answer = await ask<EventLinesAnswer>(path, {
      signal: this.#abort.signal,
    });
    this.#position = Math.max(this.#position, answer.position);
    return answer;
  }

  async #run(job: () => Promise<void>): Promise<void> {
    if (this.#isBusy) return void (this.#queued = job);
    this.#isBusy = true;
    this.#askedAt = performance.now();
    try {
      await job();
      noteAnswer(true);
      this.#problem.value = null;
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#problem.value = error as ApiError;
      const { status } = error as ApiError;
      if (status < 400 || status >= 500) {
        noteAnswer(false);
        this.#again(RETRY_MS);
      }
    } finally {
      this.#isBusy = false;
      this.#goOn();
    }
  }

  /** Does what was asked for in the meantime. */
  #goOn(): void {
    const job = this.#queued;
    this.#queued = null;
    if (this.#abort.signal.aborted) return;
    // What is news meanwhile is looked for behind it.
    if (job) return void this.#run(job);
    if (this.#isStale) this.#again(PACE_MS);
    this.#isStale = false;
  }

  #again(waitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#look();
    }, waitMs);
  }
}
