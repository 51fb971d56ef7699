/** Moments as people write them. */

import { strictEqual } from "node:assert/strict";
import { parseMoment } from "../../lib/base/moment.ts";

Deno.test("parseMoment: dates, and moments with a zone -> their milliseconds", () => {
  const moments: Readonly<Record<string, string>> = {
    "2026-02-03": "2026-02-03T00:00:00.000Z",
    "2024-02-29": "2024-02-29T00:00:00.000Z",
    "0000-01-01": "0000-01-01T00:00:00.000Z",
    "2026-02-03T12:00Z": "2026-02-03T12:00:00.000Z",
    "2026-02-03T00:30:05.5+01:30": "2026-02-02T23:00:05.500Z",
    "9999-12-31T23:59:59-00:00": "9999-12-31T23:59:59.000Z",
  };
  for (const [text, moment] of Object.entries(moments)) {
    strictEqual(new Date(parseMoment(text)!).toISOString(), moment, text);
  }
});

Deno.test("parseMoment: days that there are none of, no zone, other texts, no year of four digits -> none", () => {
  const texts = [
    ...["", "5", "x", "2026", "2026-02", "2026-2-3", " 2026-02-03"],
    ...["2026-02-03\n", "2026-02-03T12:00:00", "2026-02-03 12:00Z"],
    ...["2026-02-29", "2026-02-30T12:00Z", "2026-04-31", "2026-13-01"],
    ...["2026-00-01", "2026-01-00", "2026-02-03T25:00Z", "2026-02-03T12:60Z"],
    ...["2026-02-03T12:00+99:00", "+012026-01-01", "12026-01-01"],
    ...["9999-12-31T23:59:59-01:00", "0000-01-01T00:00+01:00"],
  ];
  for (const text of texts) strictEqual(parseMoment(text), undefined, text);
});
