import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  answer,
  contradict,
  dropResults,
  duplicateResults,
  extraIds,
  limitBody,
  limitEvents,
  poison,
  poisonDetails,
  reject,
  reverseResults,
  shuffleResults,
  TROUBLES,
  unknownWord,
  wrongIds,
} from "./answers.ts";
import type { BatchEvent, Fault } from "./fault.ts";
import { AT, type Sent, startRig } from "./upstream.ts";

const IDS = ["a", "b", "c", "d", "e", "f"];
const ALL = IDS.map((id) => `${id} success`);
const isB = ({ event_id }: BatchEvent) => event_id === "b";

/** Sends a batch under a fault. */
async function under(
  fault: Fault,
  ids = IDS,
): Promise<Sent & { batches: readonly string[][] }> {
  await using rig = startRig();
  rig.proxy.inject(fault);
  return { ...await rig.send(...ids), batches: rig.batches };
}

Deno.test("answer: status, headers and body -> given, nothing delivered", async () => {
  await using rig = startRig();
  const body = { error: "busy" };
  rig.proxy.inject(
    answer({ status: 503, headers: { "retry-after": "1" }, body }),
  );
  const response = await rig.fetch(AT.batch, { method: "POST", body: "{}" });
  strictEqual(response.status, 503);
  strictEqual(response.headers.get("retry-after"), "1");
  deepStrictEqual(await response.json(), body);
  deepStrictEqual(rig.batches, []);
});

for (const [name, trouble] of Object.entries(TROUBLES)) {
  Deno.test(`answer ${name}: batch -> that status`, async () => {
    const { status, batches } = await under(answer(trouble));
    deepStrictEqual({ status, batches }, {
      status: trouble.status,
      batches: [],
    });
  });
}

Deno.test("limitBody: by the encoded size -> 413 only above", async () => {
  const many = Array.from({ length: 500 }, () => "same");
  strictEqual((await under(limitBody(2_000), many)).status, 200);
  strictEqual((await under(limitBody(10))).status, 413);
});

Deno.test("limitEvents: batch -> 413 only above", async () => {
  strictEqual((await under(limitEvents(6))).status, 200);
  strictEqual((await under(limitEvents(5))).status, 413);
});

Deno.test("poison: batch with such an event -> 400 without details", async () => {
  const { status, body, batches } = await under(poison(isB));
  deepStrictEqual({ status, batches }, { status: 400, batches: [] });
  ok(!body.includes("details"));
  strictEqual((await under(poison(isB), ["a", "c"])).status, 200);
});

Deno.test("poisonDetails: batch with such an event -> 400 that names it", async () => {
  const named = [
    { event_id: "b", status: "rejected", error_message: "poison" },
  ];
  const { status, body } = await under(poisonDetails(isB));
  strictEqual(status, 400);
  deepStrictEqual(JSON.parse(body).details, named);
  const text = await under(poisonDetails(isB, { asText: true }));
  deepStrictEqual(JSON.parse(JSON.parse(text.body).details), named);
});

Deno.test("reject: batch with such an event -> rejected, the rest delivered", async () => {
  const { results, batches } = await under(reject(isB), ["a", "b", "c"]);
  deepStrictEqual(results, ["b rejected", "a success", "c success"]);
  deepStrictEqual(batches, [["a", "c"]]);
  const alone = await under(reject(isB), ["b"]);
  deepStrictEqual(alone.results, ["b rejected"]);
  deepStrictEqual(alone.batches, []);
});

Deno.test("duplicateResults: batch -> each twice", async () => {
  deepStrictEqual((await under(duplicateResults())).results, [...ALL, ...ALL]);
});

Deno.test("reverseResults: batch -> last first", async () => {
  deepStrictEqual((await under(reverseResults())).results, ALL.toReversed());
});

Deno.test("shuffleResults: batch -> the same in another order", async () => {
  const { results } = await under(shuffleResults());
  deepStrictEqual(results.toSorted(), ALL);
  ok(results.join() !== ALL.join());
});

Deno.test("dropResults: share -> some are missing", async () => {
  const { results } = await under(dropResults(0.5));
  ok(results.length > 0 && results.length < ALL.length, `${results.length}`);
  deepStrictEqual((await under(dropResults(1))).results, []);
});

Deno.test("wrongIds: batch -> no id that was sent", async () => {
  const { results } = await under(wrongIds());
  strictEqual(results.length, ALL.length);
  for (const result of results) match(result, /^01\w{24} success$/);
});

Deno.test("extraIds: batch -> more than were sent", async () => {
  const { results } = await under(extraIds(2));
  deepStrictEqual(results.slice(2), ALL);
  strictEqual(results.length, ALL.length + 2);
});

Deno.test("unknownWord: batch -> that word of each event", async () => {
  const { results } = await under(unknownWord("pending"), ["a", "b"]);
  deepStrictEqual(results, ["a pending", "b pending"]);
});

Deno.test("contradict: batch -> rejected first, then done", async () => {
  const { results } = await under(contradict(), ["a", "b"]);
  deepStrictEqual(results, [
    "a rejected",
    "a success",
    "b rejected",
    "b success",
  ]);
});

Deno.test("results: answer without any -> passes unchanged", async () => {
  await using rig = startRig();
  rig.proxy.inject(duplicateResults());
  rig.proxy.inject(answer({ status: 503, body: "busy" }));
  strictEqual((await rig.send("a")).body, "busy");
});
