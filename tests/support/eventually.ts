/** Waiting for what other processes do. */

/** Far more than anything takes on a busy machine. */
const LIMIT_MS = 20_000;
/** From look to look: a tenth of what has been waited so far, since a look may cost more than what it waits for. */
const LOOK_SHARE = 0.1, LOOK_MS_MIN = 10, LOOK_MS_MAX = 200;

/**
 * Looks again and again until `find` gives something; it is what was found.
 * Throws, with the words of the last look, where that does not happen.
 */
export async function eventually<T>(
  what: string,
  find: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = LIMIT_MS,
): Promise<T> {
  const startMs = performance.now();
  for (;;) {
    const found = await find();
    if (found !== undefined && found !== false) return found as T;
    const waitedMs = performance.now() - startMs;
    if (waitedMs > limitMs) throw new Error(`never: ${what}`);
    const lookMs = Math.max(LOOK_MS_MIN, waitedMs * LOOK_SHARE);
    await new Promise((resolve) =>
      setTimeout(resolve, Math.min(lookMs, LOOK_MS_MAX))
    );
  }
}
