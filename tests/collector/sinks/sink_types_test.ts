/** Types of a sink, as they are named on the command line. */

import { deepStrictEqual, ok } from "node:assert/strict";
import type { KittyError } from "../../../lib/base/errors.ts";
import { readTypes } from "../../../lib/collector/sinks/sink_types.ts";
import { EVENT_TYPES } from "../../../lib/contract/contract.ts";
import { producer } from "../../../lib/contract/rows/producer.ts";
import { asRow } from "../../../lib/event/as_row.ts";
import { eventOf } from "../../support/events.ts";

Deno.test("readTypes: every type that a collector stores, and that a sink gets -> taken as it is", () => {
  const all = [
    ...EVENT_TYPES,
    ...EVENT_TYPES.map((type) =>
      String(asRow({ ...eventOf(1).envelope, event_type: type }).type)
    ),
    ...producer.types.keys(),
  ];
  deepStrictEqual(readTypes(all.join(" , ")), all);
});

Deno.test("readTypes: types of rows without prefix, without version -> their whole names, which are compared with", () => {
  for (const { name, type } of producer.types.values()) {
    deepStrictEqual(readTypes(name), [type]);
  }
  const [last] = readTypes("lane.transitioned");
  ok(producer.types.has(last!));
});

Deno.test("readTypes: a type named twice, also by both of its names -> once", () => {
  const { name, type } = [...producer.types.values()][0]!;
  const text = ["WPCreated", name, "WPCreated", type].join(",");
  deepStrictEqual(readTypes(text), ["WPCreated", type]);
});

Deno.test("readTypes: what is no type -> refused, with what was meant or all that there is", () => {
  const refusalOf = (text: string) => {
    try {
      return String(readTypes(text));
    } catch (error) {
      const { code, message, hint } = error as KittyError;
      return { code, message, hint };
    }
  };
  deepStrictEqual(refusalOf(" , "), {
    code: "usage",
    message: "--types names no type",
    hint: undefined,
  });
  const all = [
    ...EVENT_TYPES,
    ...[...producer.types.values()].map(({ name }) => name),
  ].join(", ");
  const refused = (word: string, hint: string) =>
    deepStrictEqual(refusalOf(`HistoryAdded,${word}`), {
      code: "usage",
      message: `unknown event type "${word}"`,
      hint,
    });
  refused("xyzzy", `one of: ${all}`);
  refused("HistoryAded", `did you mean HistoryAdded? All: ${all}`);
});
