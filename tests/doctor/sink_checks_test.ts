import { match, strictEqual } from "node:assert/strict";
import { cursorAt, type Sink } from "../../lib/collector/sinks/sink.ts";
import { checkSinks } from "../../lib/doctor/collector/sink_checks.ts";
import { TestWorld } from "../support/world.ts";

Deno.test("checkSinks: types that no collector stores, beside ones that it does -> said where nothing goes there", () => {
  const finding = (types?: readonly string[]) => {
    const sink: Sink = {
      name: "lake",
      id: "1",
      url: "https://lake.test",
      team: "acme",
      format: "batch",
      from: 0,
      created_at: "2026-02-03T12:00:00.000Z",
      ...types && { types },
    };
    const state = { ...sink, ...cursorAt(sink), lag: 3 };
    return checkSinks([state], new TestWorld());
  };
  for (
    const types of [
      undefined,
      ["WPCreated"],
      ["ai.spec-kitty.lane.transitioned.v1"],
      ["WPCreatd", "WPCreated"],
    ]
  ) strictEqual(finding(types).found, "lake: 3 wait", String(types));
  // As older programs took them.
  for (const types of [["WPCreatd"], ["lane.transitioned"]]) {
    const { status, found } = finding(types);
    strictEqual(status, "warning");
    match(found, /no collector stores.*: lake$/);
  }
});
