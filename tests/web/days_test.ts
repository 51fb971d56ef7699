/** Days that a reader of the page names, as moments that the server takes. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { parseMoment } from "../../lib/base/moment.ts";
import { dayEnd, dayStart, momentOf } from "../../web/days.ts";

Deno.test("momentOf: days at both ends of the calendar, in all zones -> moments that the server takes", () => {
  const days = [
    "-000001-12-31",
    "0000-01-01",
    "0001-01-01",
    "9999-12-31",
    "+010000-01-01",
    "+275760-09-12",
  ];
  const isTaken = (moment: string) => parseMoment(moment) !== undefined;
  inZones(["Pacific/Kiritimati", "UTC", "Etc/GMT+12"], (zone) => {
    for (const day of days) {
      for (const time of [dayStart(day), dayEnd(day)]) {
        const moment = momentOf(time);
        if (moment !== null) ok(isTaken(moment), `${zone} ${day}: ${moment}`);
      }
    }
  });
});

Deno.test("dayStart, dayEnd: a day on which clocks change -> all of it", () => {
  inZones(["America/New_York"], () => {
    deepStrictEqual([
      momentOf(dayStart("2026-11-01")),
      momentOf(dayEnd("2026-11-01")),
    ], ["2026-11-01T04:00:00.000Z", "2026-11-02T04:59:59.999Z"]);
  });
});

Deno.test("dayStart, dayEnd: no day, or none that a date can hold -> no moment", () => {
  inZones(["Etc/GMT+12"], () => {
    for (const day of [null, "", "soon", "10000-01-01", "+275760-09-14"]) {
      strictEqual(momentOf(dayStart(day)), null);
      strictEqual(momentOf(dayEnd(day)), null);
    }
  });
});

function inZones(zones: readonly string[], check: (zone: string) => void) {
  const before = Deno.env.get("TZ");
  try {
    for (const zone of zones) {
      Deno.env.set("TZ", zone);
      check(zone);
    }
  } finally {
    if (before === undefined) Deno.env.delete("TZ");
    else Deno.env.set("TZ", before);
  }
}
