/** Rows of a damaged queue may say anything. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { envelopeOf } from "../../lib/home/salvage.ts";

const KEY = Uint8Array.of(2, 97, 0);
const CHUNK = new TextEncoder().encode('{"a":1}');

function read(value: string): Uint8Array | undefined {
  return envelopeOf(
    { k: KEY, v: new TextEncoder().encode(value) },
    () => CHUNK,
  );
}

Deno.test("envelopeOf: an event, one of two chunks -> all of its bytes", () => {
  deepStrictEqual(read('{"a":1}'), CHUNK);
  deepStrictEqual(read("[2,14]"), Uint8Array.of(...CHUNK, ...CHUNK));
});

for (
  const value of [
    ...["[", "[]", "[1]", '[null,"b"]', "[1,1e12]", "[1,-1]", "[1,null]"],
    ...["[1e12,14]", "[2,13]", "[2,15]", "[0.5,3]"],
  ]
) {
  Deno.test(`envelopeOf: a head that says ${value} -> nothing, and no error`, () => {
    strictEqual(read(value), undefined);
  });
}

Deno.test("envelopeOf: a chunk is missing -> nothing", () => {
  const v = new TextEncoder().encode("[1,7]");
  strictEqual(envelopeOf({ k: KEY, v }, () => undefined), undefined);
});
