/** Days that a reader names, as moments that the server takes. */

/** The first and the last moment that the server takes: years of four digits, in UTC. */
const FIRST_MS = Date.parse("0000-01-01T00:00:00.000Z"),
  LAST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/** The first millisecond of a day in the reader's zone; null for what is no day. */
export function dayStart(day: string | null): number | null {
  return timeOrNull(Date.parse(`${day}T00:00`));
}

/** The last one. Not every day has 24 hours. */
export function dayEnd(day: string | null): number | null {
  const start = dayStart(day);
  if (start === null) return null;
  return timeOrNull(new Date(start).setHours(23, 59, 59, 999));
}

/**
 * A moment as the server takes it. A day at either end of the calendar begins
 * or ends outside of it in some zones: then it is the nearest one that there is.
 */
export function momentOf(ms: number | null): string | null {
  if (ms === null) return null;
  return new Date(Math.min(Math.max(ms, FIRST_MS), LAST_MS)).toISOString();
}

function timeOrNull(ms: number): number | null {
  return Number.isNaN(ms) ? null : ms;
}
