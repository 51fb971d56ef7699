import {
  deepStrictEqual,
  ok,
  rejects,
  strictEqual,
  throws,
} from "node:assert/strict";
import { Deadline, pause } from "../../lib/base/deadline.ts";
import { DeadlineError } from "../../lib/base/errors.ts";

/** A monotonic clock that a test sets. */
function twin(): { elapsedMs: () => number; now: number } {
  const clock = { now: 1_000, elapsedMs: () => clock.now };
  return clock;
}

const never = () => new Promise<never>(() => {});
const far = () => Deadline.in(() => performance.now(), 60_000);

Deno.test("leftMs: time goes on -> less is left, then negative", () => {
  const clock = twin();
  const deadline = Deadline.in(clock.elapsedMs, 500);
  strictEqual(deadline.leftMs, 500);
  clock.now += 200;
  strictEqual(deadline.leftMs, 300);
  clock.now += 400;
  strictEqual(deadline.leftMs, -100);
});

Deno.test("check: before the moment -> nothing; at it and after it -> DeadlineError that says what for", () => {
  const clock = twin();
  const deadline = Deadline.in(clock.elapsedMs, 10);
  clock.now += 9;
  deadline.check("breathe");
  clock.now += 1;
  throws(
    () => deadline.check("breathe"),
    (error) => error instanceof DeadlineError && /breathe/.test(error.message),
  );
});

Deno.test("shifted: -> another moment on the same clock, the old one stays", () => {
  const clock = twin();
  const deadline = Deadline.in(clock.elapsedMs, 100);
  strictEqual(deadline.shifted(-30).leftMs, 70);
  strictEqual(deadline.shifted(5).leftMs, 105);
  strictEqual(deadline.leftMs, 100);
});

Deno.test("race: work that ends in time -> its value or its error, and no timer is left", async () => {
  strictEqual(await far().race(Promise.resolve(7), "wait"), 7);
  await rejects(far().race(Promise.reject(new Error("own")), "wait"), /own/);
});

Deno.test("race: work that never ends -> DeadlineError that says what for", async () => {
  const soon = Deadline.in(() => performance.now(), 5);
  await rejects(
    soon.race(never(), "wait for it"),
    (error) =>
      error instanceof DeadlineError && /wait for it/.test(error.message),
  );
});

Deno.test("race: a moment that has passed -> work that is done still wins, work under way loses", async () => {
  const passed = Deadline.in(() => performance.now(), -1_000);
  strictEqual(await passed.race(Promise.resolve("done"), "wait"), "done");
  await rejects(passed.race(never(), "wait"), DeadlineError);
});

Deno.test("race: work that ends late, with an error -> it is no unhandled rejection", async () => {
  const unhandled: unknown[] = [];
  const note = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  addEventListener("unhandledrejection", note);
  try {
    const late = Promise.withResolvers<void>();
    const passed = Deadline.in(() => performance.now(), -1);
    await rejects(passed.race(late.promise, "wait"), DeadlineError);
    late.reject(new Error("late"));
    await new Promise((done) => setTimeout(done, 1));
    deepStrictEqual(unhandled, []);
  } finally {
    removeEventListener("unhandledrejection", note);
  }
});

Deno.test("race: work goes on after the moment -> its end is seen by who holds it", async () => {
  let ended = false;
  const late = Promise.withResolvers<void>();
  const work = late.promise.then(() => ended = true);
  const passed = Deadline.in(() => performance.now(), -1);
  await rejects(passed.race(work, "wait"), DeadlineError);
  late.resolve();
  await work;
  ok(ended);
});

Deno.test("race: after a timer that went off unheard -> the next one still rings", async () => {
  const elapsedMs = () => performance.now();
  await Deadline.in(elapsedMs, 20).race(Promise.resolve(), "be quick");
  // The timer of that race goes off while nobody waits for it.
  await new Promise((done) => setTimeout(done, 60));
  await rejects(
    Deadline.in(elapsedMs, 20).race(new Promise(() => {}), "end"),
    DeadlineError,
  );
  await pause(5);
});
