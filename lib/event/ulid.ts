/**
 * ULIDs (https://github.com/ulid/spec): 48 bits of time and 80 random bits in
 * Crockford's base 32, so that they sort by the time they were made.
 * Stands in for `@std/ulid`.
 *
 * @module
 */

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_LENGTH = 10;
const RANDOM_LENGTH = 16;
const TIME_MAX = 2 ** 48 - 1;

/** The time that a ULID carries, in milliseconds since 1970. */
export function ulidTimeMs(ulid: string): number {
  let ms = 0;
  for (const letter of ulid.slice(0, TIME_LENGTH)) {
    ms = ms * 32 + ALPHABET.indexOf(letter);
  }
  return ms;
}

/**
 * A source of ULIDs, each greater than the one before, also within one
 * millisecond and when the system time jumps back.
 */
export function ulidFactory(
  nowMs: () => number,
  randomBytes: (count: number) => Uint8Array,
): () => string {
  let lastMs = -1;
  let digits: number[] = [];
  // All letters but the last, which is the only one that most ids change.
  let stem = "";
  return () => {
    const now = Math.max(0, nowMs());
    if (now > lastMs) {
      // First, because it may throw: the next call must not find half of a new state.
      const bytes = randomBytes(RANDOM_LENGTH);
      lastMs = now;
      digits = Array.from(bytes, (byte) => byte & 31);
      stem = stemOf(lastMs, digits);
    } else if (increment(digits)) {
      if (digits[RANDOM_LENGTH - 1] === 0) stem = stemOf(lastMs, digits);
    } else {
      // 2^80 ids in one millisecond: borrow the next one.
      lastMs += 1;
      digits = digits.map(() => 0);
      stem = stemOf(lastMs, digits);
    }
    return stem + ALPHABET[digits[RANDOM_LENGTH - 1]!];
  };
}

/** The ULID of a time and of random bytes, one for each of its last 16 letters. */
export function ulidOf(ms: number, bytes: Uint8Array): string {
  const digits = Array.from(
    bytes.subarray(0, RANDOM_LENGTH),
    (byte) => byte & 31,
  );
  const last = ALPHABET[digits[RANDOM_LENGTH - 1]!];
  return stemOf(Math.min(Math.max(0, ms), TIME_MAX), digits) + last;
}

/** Adds one to a number in base 32; false when it overflowed. */
function increment(digits: number[]): boolean {
  for (let i = digits.length - 1; i >= 0; i--) {
    const next = digits[i]! + 1;
    digits[i] = next & 31;
    if (next < 32) return true;
  }
  return false;
}

function stemOf(ms: number, digits: readonly number[]): string {
  let time = "";
  for (let rest = ms, i = 0; i < TIME_LENGTH; i++) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  return time + digits.slice(0, -1).map((digit) => ALPHABET[digit]).join("");
}
