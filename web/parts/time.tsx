/** Times and durations, exact on hover. */

import { brief, exactTime, now, precise, shortTime, spoken } from "../times.ts";

/** How long ago something was, such as `3 d`. */
export function Age({ since, suffix }: { since: string; suffix?: string }) {
  const ms = Math.max(0, now.value - Date.parse(since));
  if (suffix && ms < 10_000) {
    return <time dateTime={since} title={exactTime(since)}>just now</time>;
  }
  return (
    <time dateTime={since} title={exactTime(since)}>
      <span aria-hidden="true">{brief(ms)}</span>
      <span class="unseen">{spoken(ms)}</span>
      {suffix && ` ${suffix}`}
    </time>
  );
}

/** A moment, to the minute. */
export function Moment({ at }: { at: string }) {
  return <time dateTime={at} title={exactTime(at)}>{shortTime(at)}</time>;
}

/** A duration, such as `3 d 4 h`. */
export function Span({ ms }: { ms: number }) {
  return <span class="number">{precise(ms)}</span>;
}
