/** The state of work packages, in whatever order events arrive. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  newer,
  newsOf,
  type PackageState,
} from "../../../lib/collector/events/packages.ts";
import { eventOf } from "../../support/events.ts";

const states = fc.record({
  status: fc.constantFrom("planned", "doing", "done"),
  updated_at: fc.constant("2026-02-03T12:00:00Z"),
  created_only: fc.boolean(),
  order: fc.tuple(fc.nat(3), fc.constantFrom("a", "b"), fc.uuid()),
});

Deno.test("newer: of any states in any order -> the same one", () => {
  fc.assert(fc.property(
    fc.uniqueArray(states, { minLength: 1, selector: ({ order }) => order[2] }),
    (all) => {
      const last = (list: PackageState[]) =>
        list.reduce<PackageState | undefined>(newer, undefined);
      deepStrictEqual(last(all.toReversed()), last(all));
      deepStrictEqual(
        last(all.toSorted((a, b) => a.order[2] < b.order[2] ? -1 : 1)),
        last(all),
      );
    },
  ));
});

Deno.test("newsOf: an event about no status -> none", () => {
  strictEqual(newsOf(eventOf(1, { type: "HistoryAdded" }).envelope), undefined);
  strictEqual(newsOf(eventOf(1).envelope)?.state.status, "doing");
});
