/** What answers mean for each event, without a server. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  failure,
  judge,
  readResults,
} from "../../../lib/delivery/drain/verdict.ts";
import { SERVER_WORDS_CHARS_MAX } from "../../../lib/base/limits.ts";
import {
  DONE_WORDS,
  type EventResult,
  REJECTED,
} from "../../../lib/base/wire.ts";

const WORDS = [...DONE_WORDS, REJECTED, "pondering", "SUCCESS", ""];

/** What the rules say of one sent event, one after the other. */
function fateOf(
  id: string,
  results: readonly EventResult[],
  unnamed: "failed" | "open",
): string {
  const words = results.filter(({ event_id }) => event_id === id)
    .map(({ status }) => status);
  if (words.some((word) => DONE_WORDS.has(word))) return "done";
  if (words.includes(REJECTED)) return "rejected";
  if (words.length > 0) return "failed";
  return unnamed === "failed" ? "failed" : "open";
}

const id = fc.constantFrom("a", "b", "c", "d", "e", "x", "y");
const result: fc.Arbitrary<EventResult> = fc.record({
  event_id: id,
  status: fc.constantFrom(...WORDS),
}).chain((said) =>
  fc.option(fc.string(), { nil: undefined }).map((error_message) =>
    error_message === undefined ? said : { ...said, error_message }
  )
);

Deno.test("judge: any answers -> each sent event has the fate that the rules give it", () => {
  fc.assert(fc.property(
    fc.uniqueArray(fc.constantFrom<string>("a", "b", "c", "d", "e"), {
      minLength: 1,
    }),
    fc.array(result, { maxLength: 20 }),
    fc.constantFrom("failed" as const, "open" as const),
    (sent, results, unnamed) => {
      const verdict = judge(sent, results, unnamed);
      const isNamed = results.some(({ event_id }) => sent.includes(event_id));
      strictEqual(verdict !== undefined, isNamed);
      if (!verdict) return;
      const fates = new Map<string, string>();
      const note = (ids: Iterable<string>, fate: string) => {
        for (const id of ids) {
          ok(!fates.has(id), `${id} twice`);
          fates.set(id, fate);
        }
      };
      note(verdict.done, "done");
      note(verdict.rejected.keys(), "rejected");
      note(verdict.failed.keys(), "failed");
      for (const id of sent) {
        strictEqual(fates.get(id) ?? "open", fateOf(id, results, unnamed), id);
        fates.delete(id);
      }
      deepStrictEqual([...fates], [], "ids that were not sent");
      ok(verdict.duplicates <= verdict.done.length);
    },
  ));
});

Deno.test("judge: answers in another order -> the same fates", () => {
  const sent = ["a", "b", "c", "d", "e"];
  const fates = (results: readonly EventResult[]) => {
    const verdict = judge(sent, results, "failed");
    return verdict && [verdict.done, verdict.rejected, verdict.failed]
      .map((ids) =>
        [...ids].map((id) => typeof id === "string" ? id : id[0]).sort()
      );
  };
  fc.assert(fc.property(
    fc.array(result, { maxLength: 12 }).chain((results) =>
      fc.tuple(
        fc.constant(results),
        fc.shuffledSubarray(results, { minLength: results.length }),
      )
    ),
    ([results, shuffled]) => deepStrictEqual(fates(results), fates(shuffled)),
  ));
});

Deno.test("judge: each word -> done, a duplicate, rejected or failed", () => {
  const table: [string, string, Record<string, unknown>][] = [
    ["success", "", { done: 1, duplicates: 0 }],
    ["accepted", "", { done: 1, duplicates: 0 }],
    ["warning", "odd", { done: 1, duplicates: 0 }],
    ["skipped", "", { done: 1, duplicates: 1 }],
    ["duplicate", "", { done: 1, duplicates: 1 }],
    ["rejected", "bad", { rejected: failure("rejected", "bad") }],
    ["rejected", "", { rejected: failure("rejected", "") }],
    ["later", "busy", { failed: failure("unknown_status", "later: busy") }],
    ["later", "", { failed: failure("unknown_status", "later") }],
    ["Success", "", { failed: failure("unknown_status", "Success") }],
  ];
  for (const [status, error_message, expected] of table) {
    const verdict = judge(
      ["a"],
      [{ event_id: "a", status, error_message }],
      "failed",
    )!;
    const { done, duplicates, rejected, failed } = verdict;
    deepStrictEqual(
      {
        ...done.length > 0 && { done: done.length, duplicates },
        ...rejected.size > 0 && { rejected: rejected.get("a") },
        ...failed.size > 0 && { failed: failed.get("a") },
      },
      expected,
      status,
    );
  }
});

Deno.test("judge: an event that is not named -> a failed attempt, or open", () => {
  const named = [{ event_id: "a", status: "success" }];
  const batch = judge(["a", "b"], named, "failed")!;
  deepStrictEqual(
    [...batch.failed],
    [["b", failure("missing", "the answer does not name it")]],
  );
  strictEqual(judge(["a", "b"], named, "open")!.failed.size, 0);
});

Deno.test("failure: endless words -> cut, and no half letter left", () => {
  const { words } = failure("rejected", `x${"😀".repeat(5_000)}`);
  strictEqual(words.length, SERVER_WORDS_CHARS_MAX);
  ok(words.isWellFormed());
});

Deno.test("readResults: lists, and the JSON of one -> the items that have an id and a word", () => {
  const a = { event_id: "a", status: "success" };
  const b = { event_id: "b", status: "rejected", error_message: "no" };
  const table: [unknown, EventResult[] | undefined][] = [
    [[a, b], [a, b]],
    [JSON.stringify([a, b]), [a, b]],
    [[{ ...a, extra: 1 }], [a]],
    [[{ ...b, error_message: 7 }], [{ event_id: "b", status: "rejected" }]],
    [[null, 1, "x", [], {}, { status: "success" }], []],
    [[{ event_id: 1, status: "success" }, { event_id: "a" }], []],
    [[], []],
    ["[]", []],
    ["no JSON", undefined],
    ['{"event_id": "a"}', undefined],
    [{ 0: a }, undefined],
    [undefined, undefined],
    [null, undefined],
    [7, undefined],
  ];
  for (const [value, expected] of table) {
    deepStrictEqual(readResults(value), expected, JSON.stringify(value));
  }
});

Deno.test("readResults: items without a word -> the one given for them", () => {
  deepStrictEqual(
    readResults([{ event_id: "a" }, { event_id: "b", status: "x" }], REJECTED),
    [{ event_id: "a", status: REJECTED }, { event_id: "b", status: "x" }],
  );
});
