/** What single events tell. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { factsOf } from "../../lib/board/facts.ts";
import { instantOf } from "../../lib/contract/rows/times.ts";
import { envelope, move, row } from "../support/board.ts";

const digits = (count: number, max: number) =>
  fc.integer({ min: 0, max }).map((n) => String(n).padStart(count, "0"));

/** Times as contracts take them: offsets, fractions of any length, leap seconds, small letters. */
const times = fc.tuple(
  fc.date({
    min: new Date("0001-01-02"),
    max: new Date("9999-12-30"),
    noInvalidDate: true,
  }),
  fc.oneof(fc.constant(""), digits(9, 999_999_999).map((all) => `.${all}`)),
  fc.integer({ min: 0, max: 10 }),
  fc.constantFrom("Z", "z", "+00:00", "-07:30", "+23:59"),
  fc.constantFrom("T", "t"),
  fc.boolean(),
).map(([date, fraction, length, zone, t, isLeap]) => {
  const [day, rest] = date.toISOString().split("T") as [string, string];
  const clock = isLeap ? "23:59:60" : rest.slice(0, 8);
  const cut = fraction.slice(0, length);
  return `${day}${t}${clock}${cut === "." ? "" : cut}${zone}`;
});

Deno.test("facts: any time -> the instant that the contract's own rule gives", () => {
  fc.assert(
    fc.property(times, (time) => {
      const { timeMs, nanos } = factsOf({ ...move(1, "WP01", "a", "b"), time });
      const instant = instantOf(time);
      strictEqual(BigInt(timeMs) * 1_000_000n + BigInt(nanos), instant, time);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("facts: a time that cannot be read -> the beginning, and nothing breaks", () => {
  for (const time of ["", "yesterday", null, 7, "2026-13-45T99:00:00Z"]) {
    const { timeMs, nanos } = factsOf({ ...move(1, "WP01", "a", "b"), time });
    deepStrictEqual([timeMs, nanos], [0, 0]);
  }
});

Deno.test("facts: actors that say tool, model, profile and role -> tool and model; marks for no model -> none", () => {
  const taken = (actor: string, data = {}) => {
    const { more } = factsOf(
      move(1, "WP01", "planned", "claimed", { actor }, data),
    );
    return [more?.agent, more?.model];
  };
  deepStrictEqual(taken("claude:opus:pedro:implementer"), ["claude", "opus"]);
  deepStrictEqual(taken("claude"), ["claude", undefined]);
  deepStrictEqual(taken("claude:__resolved_model_absent__:p:r"), [
    ...["claude", undefined],
  ]);
  deepStrictEqual(
    taken("x", { actorbinding: { tool: "codex", model: "gpt-5" } }),
    ["codex", "gpt-5"],
  );
});

Deno.test("facts: members of another type than expected -> left out", () => {
  const odd = row(1, "wp.innerstate.changed", {
    delta: { subtasks: ["T1"], agent: 7, model: null },
  }, { subject: "WP01" });
  deepStrictEqual(factsOf(odd).more, {});
  const payload = { wp_id: 7, title: null, dependencies: [1, "WP02"] };
  const { package: name, more } = factsOf(envelope(1, "WPCreated", payload));
  strictEqual(typeof name, "string");
  deepStrictEqual(more, { title: "", dependsOn: ["WP02"] });
});
