import { ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { isClockValue, receive, tick } from "../../lib/event/clock.ts";
import { CLOCK_MAX } from "../../lib/base/limits.ts";

Deno.test("isClockValue: whole numbers from 0 to 2^52 -> true; anything else -> false", () => {
  strictEqual(CLOCK_MAX, 2 ** 52);
  for (const value of [0, 1, 2.0, CLOCK_MAX]) {
    strictEqual(isClockValue(value), true);
  }
  const others = [-1, 0.5, CLOCK_MAX + 1, 2 ** 53, Infinity, NaN, "1", 1n];
  for (const value of [...others, null, undefined, true, [1], {}]) {
    strictEqual(isClockValue(value), false, String(value));
  }
});

Deno.test("tick: at the end -> undefined, never a value above 2^52", () => {
  strictEqual(tick(CLOCK_MAX - 1), CLOCK_MAX);
  strictEqual(tick(CLOCK_MAX), undefined);
  strictEqual(tick(CLOCK_MAX - 3, 4), undefined);
  strictEqual(tick(CLOCK_MAX - 3, 3), CLOCK_MAX);
});

Deno.test("receive: -> the larger of both, and one", () => {
  strictEqual(receive(5, 9), 10);
  strictEqual(receive(9, 5), 10);
  strictEqual(receive(5, 5), 6);
  strictEqual(receive(0, 0), 1);
});

Deno.test("receive: no clock value, or one that leaves none above it -> undefined", () => {
  for (const remote of [-1, 1.5, NaN, Infinity, CLOCK_MAX, CLOCK_MAX + 1]) {
    strictEqual(receive(5, remote), undefined, String(remote));
  }
  strictEqual(receive(5, CLOCK_MAX - 1), CLOCK_MAX);
});

/** What may happen to a clock. */
type Step = { tick: number } | { receive: number };

const anyRemote = fc.oneof(
  fc.nat(50),
  fc.integer({ min: CLOCK_MAX - 20, max: CLOCK_MAX + 5 }),
  fc.constantFrom(-1, 0.5, NaN, Infinity, 2 ** 53),
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ tick: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ receive: anyRemote }),
  ),
  { maxLength: 60 },
);

Deno.test("tick, receive: any steps -> values as a plain model gives them: unique, growing, above all that was received, in bounds", () => {
  let exhausted = 0;
  const property = fc.property(
    fc.oneof(fc.nat(10), fc.integer({ min: CLOCK_MAX - 30, max: CLOCK_MAX })),
    steps,
    (start, some) => {
      let clock = start;
      // The model: a set of all values that are taken.
      let taken = BigInt(start);
      const given: number[] = [];
      for (const step of some) {
        if ("tick" in step) {
          const after = tick(clock, step.tick);
          const end = taken + BigInt(step.tick);
          if (end > 2n ** 52n) {
            strictEqual(after, undefined);
            exhausted += 1;
            continue;
          }
          ok(after !== undefined);
          strictEqual(BigInt(after), end);
          for (let v = clock + 1; v <= after; v++) given.push(v);
          clock = after;
          taken = end;
        } else {
          const after = receive(clock, step.receive);
          const isValue = Number.isInteger(step.receive) && step.receive >= 0 &&
            step.receive <= 2 ** 52;
          const remote = isValue ? BigInt(step.receive) : -1n;
          const end = (remote > taken ? remote : taken) + 1n;
          if (!isValue || end > 2n ** 52n) {
            strictEqual(after, undefined);
            continue;
          }
          ok(after !== undefined && after > step.receive && after > clock);
          strictEqual(BigInt(after), end);
          clock = after;
          taken = end;
        }
        ok(isClockValue(clock));
      }
      strictEqual(new Set(given).size, given.length);
      ok(given.every((value, i) => i === 0 || value > given[i - 1]!));
      ok(given.every((value) => value > start && isClockValue(value)));
    },
  );
  fc.assert(property, { numRuns: 500 });
  ok(exhausted > 0, "no run came to the end of the clock");
});
