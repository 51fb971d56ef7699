/**
 * A deadline on the monotonic clock.
 *
 * @module
 */

import { DeadlineError } from "./errors.ts";

/** A moment on the monotonic clock of the process. */
export class Deadline {
  /**
   * @param elapsedMs monotonic clock, milliseconds
   * @param atMs the moment, on that clock
   */
  constructor(readonly elapsedMs: () => number, readonly atMs: number) {}

  /** The deadline `ms` milliseconds from now. */
  static in(elapsedMs: () => number, ms: number): Deadline {
    return new Deadline(elapsedMs, elapsedMs() + ms);
  }

  /** Milliseconds left, negative when it has passed. */
  get leftMs(): number {
    return this.atMs - this.elapsedMs();
  }

  /** @throws {DeadlineError} when the moment has passed */
  check(what: string): void {
    if (this.leftMs <= 0) throw new DeadlineError(`no time left to ${what}`);
  }

  /** This deadline, or the one `ms` milliseconds from now, whichever is later. */
  notBefore(ms: number): Deadline {
    const atMs = Math.max(this.atMs, this.elapsedMs() + ms);
    return new Deadline(this.elapsedMs, atMs);
  }

  /** The deadline moved by `ms` (negative: earlier). */
  shifted(ms: number): Deadline {
    return new Deadline(this.elapsedMs, this.atMs + ms);
  }

  /**
   * Resolves as `work` does, unless the deadline passes first. `work` itself
   * goes on: who calls this owns what happens when it ends late.
   *
   * @throws {DeadlineError} when the deadline passes first
   */
  race<T>(work: Promise<T>, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = alarm(this.leftMs, () => {
        reject(new DeadlineError(`no time left to ${what}`));
      });
      work.then(resolve, reject).finally(cancel);
    });
  }
}

/** Resolves in `ms` milliseconds, or as soon as `signal` is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const wake = () => {
      cancel();
      resolve();
    };
    const cancel = alarm(ms, () => {
      signal?.removeEventListener("abort", wake);
      resolve();
    });
    signal?.addEventListener("abort", wake, { once: true });
  });
}

// One timer for all alarms. It is an `AbortSignal.timeout`, because the first
// `setTimeout` of a process loads the runtime's Node timers, which costs a
// quarter of an `emit`; and as that cannot be cancelled, it is used again.
const waiting = new Set<{ atMs: number; ring: () => void }>();
let timer: { atMs: number; signal: AbortSignal } | undefined;

/** Calls `ring` in `ms` milliseconds, unless the returned function is called before. */
function alarm(ms: number, ring: () => void): () => void {
  const entry = { atMs: performance.now() + Math.max(0, ms), ring };
  waiting.add(entry);
  arm();
  return () => {
    waiting.delete(entry);
    // Nothing to wait for: the timer must not keep the process alive.
    if (waiting.size === 0) timer?.signal.removeEventListener("abort", onTimer);
  };
}

function arm(): void {
  if (waiting.size === 0) return;
  const atMs = Math.min(...[...waiting].map((entry) => entry.atMs));
  // One without a listener when it went off never calls again.
  if (!timer || timer.signal.aborted || timer.atMs > atMs) {
    timer?.signal.removeEventListener("abort", onTimer);
    const ms = Math.ceil(Math.max(0, atMs - performance.now()));
    timer = { atMs, signal: AbortSignal.timeout(ms) };
  }
  timer.signal.addEventListener("abort", onTimer);
}

function onTimer(): void {
  timer = undefined;
  const now = performance.now();
  for (const entry of waiting) {
    if (entry.atMs > now) continue;
    waiting.delete(entry);
    entry.ring();
  }
  arm();
}
