/**
 * The one rule of times in rows: RFC 3339 as the producer contract takes it.
 */
const TIME =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

const NS_PER_S = 1_000_000_000n;

/**
 * The instant of a time, nanoseconds since 1970; undefined where the text is
 * none: a day that does not exist, hour 24, no offset, more than nine digits
 * of a fraction, year 0. A leap second is the second after it.
 *
 * @example
 * ```ts
 * instantOf("2026-02-03T12:00:00.5+01:00") === instantOf("2026-02-03t11:00:00.5z");
 * ```
 */
export function instantOf(text: string): bigint | undefined {
  const parts = TIME.exec(text);
  if (!parts) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7)
    .map(Number) as [number, number, number, number, number, number];
  const [offsetHours, offsetMinutes] = [parts[9], parts[10]]
    .map((digits) => Number(digits ?? 0)) as [number, number];
  if (
    year < 1 || hour > 23 || minute > 59 || second > 60 || offsetHours > 23 ||
    offsetMinutes > 59
  ) return undefined;
  // `Date.UTC` takes years below 100 for those of the last century.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) {
    return undefined;
  }
  const offset = (parts[8] === "-" ? -1 : 1) *
    (offsetHours * 3600 + offsetMinutes * 60);
  const seconds = date.getTime() / 1000 + hour * 3600 + minute * 60 + second -
    offset;
  const fraction = (parts[7] ?? "").padEnd(9, "0");
  return BigInt(seconds) * NS_PER_S + BigInt(fraction);
}

/** The table of formats that the generated validators of rows look names up in. */
export const formats: { readonly "date-time": (text: string) => boolean } = {
  "date-time": (text) => instantOf(text) !== undefined,
};
