/** Taking batches apart, compared with parsing them whole. */

import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { HttpError } from "../../../lib/collector/http/http.ts";
import { splitBatch } from "../../../lib/collector/events/split.ts";

const encoder = new TextEncoder(), decoder = new TextDecoder();

function split(text: string): unknown[] | undefined {
  return splitBatch(encoder.encode(text))
    ?.map((bytes) => JSON.parse(decoder.decode(bytes)));
}

Deno.test("splitBatch: any events, with any white space and neighbours -> the same events", () => {
  fc.assert(fc.property(
    fc.array(fc.jsonValue(), { maxLength: 8 }),
    fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }),
    fc.constantFrom(undefined, 1, "\t", " \r\n"),
    (events, others, space) => {
      const text = JSON.stringify(
        { ...others, events, last: [[]] },
        null,
        space,
      );
      deepStrictEqual(split(text), JSON.parse(text).events);
    },
  ));
});

Deno.test("splitBatch: a batch with one byte changed -> never more than JSON allows", () => {
  const text =
    '{"a":[{"b":"\\"]"}],"events":[{"c":[1,{}]},"\\\\",-1.5e3,null] }';
  fc.assert(
    fc.property(
      fc.nat(text.length - 1),
      fc.constantFrom(...'{}[],:"\\ 0ex'),
      (at, char) => {
        const changed = text.slice(0, at) + char + text.slice(at + 1);
        let expected: unknown;
        try {
          expected = JSON.parse(changed).events;
        } catch {
          expected = undefined;
        }
        let found: unknown[] | undefined;
        try {
          found = split(changed);
        } catch (error) {
          // An event that is no JSON is found by who reads it.
          strictEqual((error as Error).name, "SyntaxError");
        }
        deepStrictEqual(found, Array.isArray(expected) ? expected : undefined);
      },
    ),
    { numRuns: 2_000 },
  );
});

Deno.test("splitBatch: millions of events -> refused before they are counted", () => {
  const body = encoder.encode(`{"events":[${"0,".repeat(8_000_000)}0]}`);
  throws(
    () => splitBatch(body),
    (error) => error instanceof HttpError && error.status === 413,
  );
});
