/** Pauses: ours, and those that a server asks for. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  backoffMs,
  leastBackoffMs,
  readRetryAfter,
} from "../../lib/base/backoff.ts";

Deno.test("backoffMs: failures in a row -> ceilings that double from half a second to half a minute", () => {
  const ceilings = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
  deepStrictEqual(
    ceilings.map((_, i) => Math.round(backoffMs(i + 1, 1 - 2 ** -40))),
    ceilings,
  );
});

Deno.test("backoffMs: any dice -> anything from nothing up to the ceiling", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 1_000_000 }),
    fc.integer({ min: 0, max: 255 }),
    (failures, byte) => {
      const ms = backoffMs(failures, byte / 256);
      ok(ms >= 0 && ms < 30_000, `${ms}`);
      strictEqual(ms, 2 * backoffMs(failures, 0.5) * byte / 256);
    },
  ));
});

Deno.test("backoffMs: what the server asks for -> wins over dice and failures", () => {
  for (const asked of [0, 7_000, 3_600_000]) {
    strictEqual(backoffMs(9, 0.9, asked), asked);
  }
});

Deno.test("leastBackoffMs: a server that asks for no pause -> a pause all the same", () => {
  for (const asked of [0, 1, 499]) {
    strictEqual(leastBackoffMs(3, 0.5, asked), backoffMs(3, 0.5));
  }
  strictEqual(leastBackoffMs(3, 0.5, 500), 500);
  strictEqual(leastBackoffMs(3, 0.5), backoffMs(3, 0.5));
});

Deno.test("readRetryAfter: seconds or a date, an hour at most -> milliseconds from now", () => {
  const now = Date.UTC(2026, 1, 3, 12);
  const inSeconds = (seconds: number) =>
    new Date(now + seconds * 1_000).toUTCString();
  const table: [string | null, number | undefined][] = [
    ["0", 0],
    ["7", 7_000],
    [" 7 ", 7_000],
    ["1.5", 1_500],
    ["3600", 3_600_000],
    ["3601", 3_600_000],
    ["99999999999999999999", 3_600_000],
    [inSeconds(90), 90_000],
    [inSeconds(0), 0],
    [inSeconds(-90), 0],
    [inSeconds(7_200), 3_600_000],
    ["Tue, 03 Feb 2026 12:01:00 GMT", 60_000],
    ["soon", undefined],
    ["", undefined],
    ["7s", undefined],
    [null, undefined],
  ];
  for (const [header, expected] of table) {
    strictEqual(readRetryAfter(header, now), expected, `${header}`);
  }
});

Deno.test("readRetryAfter: any header -> never a pause below nothing or above an hour", () => {
  fc.assert(fc.property(fc.string(), fc.integer(), (header, now) => {
    const ms = readRetryAfter(header, now);
    ok(ms === undefined || ms >= 0 && ms <= 3_600_000, `${ms}`);
  }));
});
