/** Times and durations in words, in the reader's zone. */

import { signal } from "@preact/signals";

const SECOND = 1_000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;

/** Milliseconds of a day. */
export const DAY = 24 * HOUR;

/** The time, good enough for "3 min": it moves every ten seconds. */
export const now = signal(Date.now());
setInterval(() => now.value = Date.now(), 10 * SECOND);

const exact = new Intl.DateTimeFormat(undefined, {
  dateStyle: "full",
  timeStyle: "long",
});
const short = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "short",
});
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

const format = (formatter: Intl.DateTimeFormat, time: string | Date) => {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : formatter.format(date);
};

/** With weekday, seconds and zone. */
export const exactTime = (time: string) => format(exact, time);
/** Day and minute. */
export const shortTime = (time: string) => format(short, time);
/** The time of day, with seconds. */
export const clockTime = (time: string | Date) => format(clock, time);
/** The day alone. */
export const dayOf = (time: string) => format(day, time);

/** A duration in its largest unit, such as `3 d`. */
export function brief(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.round(ms / SECOND))} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

/** A duration in its two largest units, such as `3 d 4 h`. */
export function precise(ms: number): string {
  const units = [[DAY, "d"], [HOUR, "h"], [MINUTE, "min"], [
    SECOND,
    "s",
  ]] as const;
  const first = units.findIndex(([size]) => ms >= size);
  if (first < 0) return `${Math.max(0, Math.round(ms))} ms`;
  let rest = ms;
  const parts = units.slice(first, first + 2).map(([size, unit]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count > 0 ? `${count} ${unit}` : "";
  });
  return parts.filter(Boolean).join(" ");
}

/** The same for those who listen, such as `3 days`. */
export function spoken(ms: number): string {
  const names: Record<string, string> = {
    s: "second",
    min: "minute",
    h: "hour",
    d: "day",
  };
  const [count, unit] = brief(ms).split(" ");
  return `${count} ${names[unit!]}${count === "1" ? "" : "s"}`;
}
