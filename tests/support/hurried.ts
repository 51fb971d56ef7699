/** Time that runs faster, for waits of many seconds. */

import { pause } from "../../lib/base/deadline.ts";

/**
 * Does work while this process's monotonic clock, and the timers that follow
 * it, run `speed` times as fast as they do.
 */
export async function hurried<T>(
  speed: number,
  work: () => Promise<T>,
): Promise<T> {
  const now = performance.now.bind(performance);
  const timeout = AbortSignal.timeout;
  const startedMs = now();
  performance.now = () => startedMs + (now() - startedMs) * speed;
  AbortSignal.timeout = (ms) => timeout(Math.ceil(ms / speed));
  try {
    // A timer of before would go off at its old pace.
    await pause(0);
    return await work();
  } finally {
    performance.now = now;
    AbortSignal.timeout = timeout;
    await pause(0);
  }
}

/** Waits until something is so; fails where it is not within ten seconds. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what = "what was expected",
): Promise<void> {
  for (let i = 0; !await isSo(); i++) {
    if (i > 2_000) throw new Error(`${what} did not come`);
    await pause(5);
  }
}
