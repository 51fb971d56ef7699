/** Waiting for what other processes do. */

/** Far more than anything takes on a busy machine. */
const LIMIT_MS = 20_000;
const LOOK_MS = 10;

/**
 * Looks again and again until `find` gives something; it is what was found.
 * Throws, with the words of the last look, where that does not happen.
 */
export async function eventually<T>(
  what: string,
  find: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = LIMIT_MS,
): Promise<T> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const found = await find();
    if (found !== undefined && found !== false) return found as T;
    if (performance.now() > endMs) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
