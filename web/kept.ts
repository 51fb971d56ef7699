/** An answer of the server that is asked for anew whenever it has news. */

import { type ReadonlySignal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { ApiError } from "./api.ts";
import { type News, noteAnswer, onNews } from "./live.ts";

/** How an answer is got and kept up to date. */
export interface Source<T> {
  /** Asks; `known` is the last answer, or null where all of it is wanted. */
  readonly load: (known: T | null, signal: AbortSignal) => Promise<T>;
  /** Whether news are about this; by default all are. */
  readonly concerns?: (news: News, known: T | null) => boolean;
  /** Time from one request to the next, in milliseconds. */
  readonly paceMs?: number;
}

/** What a view shows of it. */
export interface Kept<T> {
  readonly answer: ReadonlySignal<T | null>;
  /** Why it could not be had or brought up to date. */
  readonly problem: ReadonlySignal<ApiError | null>;
  /** Asks for all of it again. */
  readonly reload: () => void;
}

const PACE_MS = 100;
const RETRY_MS = 2_000;

/** Answers by key, so that going back shows at once what was there. */
const remembered = new Map<string, unknown>();
const REMEMBERED_MAX = 20;

/** Forgets all answers: they belong to a session. */
export function forgetAnswers(): void {
  remembered.clear();
}

function remember(key: string, answer: unknown): void {
  remembered.delete(key);
  remembered.set(key, answer);
  for (const oldest of remembered.keys()) {
    if (remembered.size <= REMEMBERED_MAX) break;
    remembered.delete(oldest);
  }
}

/** Asks with one request at a time, and never more often than its pace allows. */
class Keeper<T> implements Kept<T> {
  readonly answer = signal<T | null>(null);
  readonly problem = signal<ApiError | null>(null);
  readonly #abort = new AbortController();
  #isAsking = false;
  #isWanted = false;
  #isAllWanted = true;
  #timer = 0;
  #askedAt = -Infinity;

  constructor(readonly key: string, readonly source: Source<T>) {
    this.answer.value = (remembered.get(key) as T | undefined) ?? null;
  }

  readonly reload = (): void => {
    this.#isAllWanted = true;
    this.#want(0);
  };

  hear(news: News): void {
    if (news.isGap) return this.reload();
    const concerns = this.source.concerns ?? (() => true);
    if (concerns(news, this.answer.peek())) this.#want(0);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  #want(waitMs: number): void {
    this.#isWanted = true;
    if (this.#isAsking || this.#timer) return;
    const pace = this.source.paceMs ?? PACE_MS;
    const wait = Math.max(waitMs, this.#askedAt + pace - performance.now());
    if (wait <= 0) return void this.#ask();
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#ask();
    }, wait);
  }

  async #ask(): Promise<void> {
    const { signal } = this.#abort;
    this.#isAsking = true;
    this.#isWanted = false;
    this.#askedAt = performance.now();
    const known = this.#isAllWanted ? null : this.answer.peek();
    this.#isAllWanted = false;
    try {
      const answer = await this.source.load(known, signal);
      if (signal.aborted) return;
      remember(this.key, answer);
      noteAnswer(true);
      this.problem.value = null;
      this.answer.value = answer;
    } catch (error) {
      if (signal.aborted) return;
      this.#fail(error as ApiError);
    } finally {
      this.#isAsking = false;
      if (this.#isWanted && !signal.aborted) this.#want(0);
    }
  }

  #fail(error: ApiError): void {
    this.#isAllWanted = true;
    this.problem.value = error;
    const mayPass = !(error.status >= 400 && error.status < 500);
    if (!mayPass) return;
    noteAnswer(false);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#ask();
    }, RETRY_MS);
  }
}

/** Keeps the answer that a key names while the view is shown; another key is another answer. */
export function useKept<T>(key: string, source: () => Source<T>): Kept<T> {
  const keeper = useMemo(() => new Keeper<T>(key, source()), [key]);
  useEffect(() => {
    const leave = onNews((news) => keeper.hear(news));
    keeper.reload();
    return () => {
      leave();
      keeper.stop();
    };
  }, [keeper]);
  return keeper;
}
