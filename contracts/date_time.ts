/**
 * The one date-time rule of the contract, used by the generated validators as
 * format "date-time" and by whatever else reads a time from outside.
 *
 * It is RFC 3339 with upper-case `T` and `Z` only and no white space. Ready-made
 * formats are looser: they take a tab or a line break for the `T`.
 */
const DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:Z|([+-])(\d{2}):(\d{2}))$/;

const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Whether the text is a date-time of the contract: a day that exists
 * (proleptic Gregorian calendar), seconds, any fraction, `Z` or an offset of
 * at most ±23:59.
 *
 * Second 60 is accepted only where UTC reads 23:59:60, on any day: which days
 * have a leap second is announced half a year ahead and is in no program. Note
 * that `Date.parse` gives NaN for such a time.
 *
 * @example
 * ```ts
 * isDateTime("2026-02-03T12:00:00.5+01:00"); // true
 * isDateTime("2026-02-30T12:00:00Z"); // false: no such day
 * ```
 */
export function isDateTime(text: string): boolean {
  const parts = DATE_TIME.exec(text);
  if (parts === null) return false;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(
    Number,
  ) as [number, number, number, number, number, number];
  if (month < 1 || day < 1 || day > daysIn(year, month)) return false;
  if (hour > 23 || minute > 59 || second > 60) return false;

  const offsetHours = Number(parts[8] ?? 0);
  const offsetMinutes = Number(parts[9] ?? 0);
  if (offsetHours > 23 || offsetMinutes > 59) return false;
  if (second < 60) return true;

  const offset = (parts[7] === "-" ? -1 : 1) *
    (offsetHours * 60 + offsetMinutes);
  const minuteOfUtcDay = (hour * 60 + minute - offset + 2 * 1440) % 1440;
  return minuteOfUtcDay === 23 * 60 + 59;
}

/** The number of days of a month; 0 for a month that does not exist. */
function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : DAYS_IN_MONTH[month - 1] ?? 0;
}

/** The table of formats that the generated validators look names up in. */
export const formats: { readonly "date-time": (text: string) => boolean } = {
  "date-time": isDateTime,
};
