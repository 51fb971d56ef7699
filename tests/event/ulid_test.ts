import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { ulidFactory, ulidTimeMs } from "../../lib/event/ulid.ts";
import { mulberry32, TestWorld } from "../support/world.ts";

const FORM = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

Deno.test("ulidFactory: any time and randomness -> 26 characters of Crockford's base 32 that tell the time", () => {
  const property = fc.property(
    fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    (ms, bytes) => {
      const ulid = ulidFactory(() => ms, () => bytes)();
      ok(FORM.test(ulid), ulid);
      strictEqual(ulidTimeMs(ulid), ms);
    },
  );
  fc.assert(property);
});

Deno.test("ulidFactory: a known time -> the spec's example", () => {
  const ulid = ulidFactory(() => 1469918176385, (n) => new Uint8Array(n))();
  strictEqual(ulid, "01ARYZ6S410000000000000000");
});

Deno.test("ulidTimeMs: the last ULID of all -> 2^48 - 1", () => {
  strictEqual(ulidTimeMs("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), 2 ** 48 - 1);
  strictEqual(ulidTimeMs("00000000000000000000000000"), 0);
});

Deno.test("ulidFactory: time standing, going on and jumping back -> each id greater than the one before", () => {
  const property = fc.property(
    fc.array(fc.integer({ min: -100_000, max: 100_000 }), { minLength: 2 }),
    fc.integer(),
    (jumps, seed) => {
      let now = 1_770_120_000_000;
      const random = mulberry32(seed);
      const newId = ulidFactory(
        () => now,
        (count) => Uint8Array.from({ length: count }, () => random() * 256),
      );
      const ids = jumps.flatMap((jump) => {
        now += jump;
        return [newId(), newId()];
      });
      deepStrictEqual([...new Set(ids)].sort(), ids);
      ok(ids.every((id) => FORM.test(id)));
    },
  );
  fc.assert(property);
});

Deno.test("ulidFactory: one millisecond -> counts up by one in the last places", () => {
  const newId = ulidFactory(() => 5, (n) => new Uint8Array(n).fill(31, 14));
  strictEqual(newId(), "000000000500000000000000ZZ");
  strictEqual(newId(), "00000000050000000000000100");
});

Deno.test("ulidFactory: randomness runs over within one millisecond -> the next millisecond's first id", () => {
  const newId = ulidFactory(() => 5, (n) => new Uint8Array(n).fill(255));
  strictEqual(newId(), "0000000005ZZZZZZZZZZZZZZZZ");
  strictEqual(newId(), "00000000060000000000000000");
  strictEqual(newId(), "00000000060000000000000001");
});

Deno.test("ulidFactory: times before 1970 -> still well-formed, and greater", () => {
  const times = [-5, -4, 0, 1, -1];
  const world = new TestWorld();
  const newId = ulidFactory(() => times.shift()!, world.randomBytes);
  const ids = Array.from({ length: 5 }, () => newId());
  ok(ids.every((id) => FORM.test(id)), ids.join());
  deepStrictEqual([...new Set(ids)].sort(), ids);
});

Deno.test("ulidFactory: two sources at one time -> different ids", () => {
  const [a, b] = [1, 2].map((seed) => {
    const world = new TestWorld({ seed });
    return ulidFactory(world.nowMs, world.randomBytes)();
  });
  ok(a !== b);
  strictEqual(a?.slice(0, 10), b?.slice(0, 10));
});
