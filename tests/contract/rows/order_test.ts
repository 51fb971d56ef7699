/** The total order of rows, in cases of our own. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { instantOf } from "../../../contracts/row_time.ts";
import { canonical, parseExact } from "../../../lib/contract/rows/canonical.ts";
import { orderLines } from "../../../lib/contract/rows/order.ts";

const ID = "01J00000000000000000000AB0";

function order(...rows: (string | object)[]) {
  return orderLines(rows.map((row, line) => ({
    line,
    text: typeof row === "string" ? row : JSON.stringify(row),
  })));
}

Deno.test("canonical: numbers, names, texts -> one form of each value", () => {
  for (
    const [text, form] of [
      ["5.0", "5.0"],
      ["5", "5"],
      ["-0", "0"],
      ["-0.0", "-0.0"],
      ["5e0", "5.0"],
      ["1e16", "1e+16"],
      ["1E15", "1000000000000000.0"],
      ["0.0001", "0.0001"],
      ["0.00001", "1e-05"],
      ["0.00012345", "0.00012345"],
      ["1e400", "Infinity"],
      ["12345678901234567890123", "12345678901234567890123"],
      ['{"b": [1, true], "a": null}', '{"a":null,"b":[1,true]}'],
      ['"\u00e9\u007f\ud83d\ude00/"', '"\\u00e9\\u007f\\ud83d\\ude00/"'],
      ['"\\ud800\\n"', '"\\ud800\\n"'],
    ] as const
  ) strictEqual(canonical(parseExact(text)), form, text);
});

Deno.test("instantOf: the same moment in many forms -> equal; what is no time -> undefined", () => {
  const moment = instantOf("2026-12-31T23:59:60Z");
  for (
    const text of [
      "2027-01-01T00:00:00z",
      "2027-01-01t01:30:00.000000000+01:30",
      "2026-12-31T12:00:00-12:00",
    ]
  ) strictEqual(instantOf(text), moment, text);
  strictEqual(instantOf("1970-01-01T00:00:00.000000001Z"), 1n);
  strictEqual(instantOf("0001-01-01T00:00:00Z"), -62_135_596_800_000_000_000n);
  for (
    const text of [
      "0000-01-01T00:00:00Z",
      "2026-02-29T00:00:00Z",
      "2026-01-01T24:00:00Z",
      "2026-01-01T00:00:61Z",
      "2026-01-01T00:00:00",
      "2026-01-01 00:00:00Z",
      "2026-01-01T00:00:00Z\n",
      "2026-01-01T00:00:00.0000000001Z",
      "2026-01-01T00:00:00+24:00",
    ]
  ) strictEqual(instantOf(text), undefined, text);
});

Deno.test("orderLines: several defects -> the first reason in order; nothing is lost", () => {
  const time = "2026-01-01T00:00:00Z";
  const { errors, ordered, read, collapsed } = order(
    "no json",
    "[]",
    { id: "" },
    { id: 7 },
    { id: "01", lamportclock: null },
    { id: ID, lamportclock: null },
    `{"id":"${ID}","lamportclock":1.0,"time":1}`,
    { id: ID, lamportclock: 1, time: "now", source: 1 },
    { id: ID, lamportclock: 1, time, source: 1 },
    { id: ID.toLowerCase(), time },
    { id: ID, time, source: "" },
    { id: "A".repeat(32), time },
  );
  deepStrictEqual(errors.map(({ reason }) => reason), [
    "row_not_object",
    "row_not_object",
    "id_missing",
    "id_not_normalizable",
    "id_not_normalizable",
    "clock_out_of_range",
    "clock_out_of_range",
    "time_unparseable",
    "source_invalid",
  ]);
  deepStrictEqual(ordered, [10, 11]);
  strictEqual(ordered.length + errors.length + collapsed, read);
});

Deno.test("orderLines: rows of one event -> one stands for all; a conflict where more than the id differs", () => {
  const row = { id: ID, time: "2026-01-01T00:00:00Z", source: "/a" };
  const same = order(row, { ...row, id: ID.toLowerCase() });
  deepStrictEqual([same.ordered, same.collapsed], [[0], 1]);
  deepStrictEqual(same.conflicts, []);
  const other = order({ ...row, data: { b: 1 } }, { ...row, data: {} });
  deepStrictEqual(other.ordered, [0]);
  deepStrictEqual(other.conflicts, [{ source: "/a", id: ID }]);
});
