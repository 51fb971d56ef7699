/** Bounds on what is done at once. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Budget, BusyError, Gate } from "../../lib/collector/gate.ts";

Deno.test("Gate: more than may enter -> so many at once, in order, failures included", async () => {
  const gate = new Gate(2);
  let inside = 0, most = 0;
  const order: number[] = [];
  const results = await Promise.allSettled(
    [0, 1, 2, 3, 4].map((n) =>
      gate.enter(async () => {
        most = Math.max(most, ++inside);
        order.push(n);
        await Promise.resolve();
        inside--;
        if (n === 1) throw new Error("failed");
      })
    ),
  );
  strictEqual(most, 2);
  deepStrictEqual(order, [0, 1, 2, 3, 4]);
  deepStrictEqual(
    results.map(({ status }) => status === "fulfilled"),
    [true, false, true, true, true],
  );
});

Deno.test("Gate: more than may wait -> BusyError, until there is room again", async () => {
  const gate = new Gate(1, 1);
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = gate.enter(() => promise), second = gate.enter(() => promise);
  await rejects(gate.enter(() => promise), BusyError);
  resolve();
  await Promise.all([first, second]);
  await gate.enter(() => promise);
});

Deno.test("Budget: take and give -> never more than there is", () => {
  const budget = new Budget(10);
  ok(budget.take(10));
  ok(!budget.take(1));
  budget.give(4);
  ok(!budget.take(5));
  ok(budget.take(4));
});

Deno.test("Gate: a failure that is for all -> who waits gets it at once, who comes later enters", async () => {
  const trouble = new Error("the store is silent");
  const gate = new Gate(1, Infinity, (error) => error === trouble);
  let entered = 0;
  const work = (error?: Error) => () => {
    entered++;
    return error ? Promise.reject(error) : Promise.resolve("done");
  };
  const other = gate.enter(work(new Error("of this one")));
  const first = gate.enter(work(trouble));
  const waiting = [gate.enter(work()), gate.enter(work())];
  await rejects(other, /of this one/);
  await rejects(first, trouble);
  for (const one of waiting) await rejects(one, trouble);
  strictEqual(entered, 2);
  strictEqual(await gate.enter(work()), "done");
});
