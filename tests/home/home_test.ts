/** The home's lock as calls of one process share it. */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { Deadline, pause } from "../../lib/deadline.ts";
import { DeadlineError } from "../../lib/errors.ts";
import { lockPath } from "../../lib/home/lock.ts";
import { completeDraftOf, idOf } from "../support/events.ts";
import { ALL, farDeadline, homeAt, inHome, tempHome } from "../support/home.ts";
import { TestWorld } from "../support/world.ts";

const isHeld = async (home: string) =>
  (await Deno.readTextFile(lockPath(home))).startsWith("held");

Deno.test("hold: calls that follow each other -> one grant, in their order, and a spool read once", async () => {
  await using home = await tempHome();
  using at = homeAt(home.path);
  const seen: string[] = [];
  const call = (name: string, work = () => Promise.resolve()) =>
    at.hold(farDeadline(), ALL, async ({ queue }) => {
      await work();
      seen.push(`${name} ${queue.ledger.queued}`);
    });
  const calls = [
    call("first", async () => {
      await at.spool.put(completeDraftOf(idOf(1)));
    }),
    call("second"),
    call("third"),
  ];
  await Promise.all(calls);
  strictEqual(await isHeld(home.path), false);
  await call("later");
  deepStrictEqual(seen, ["first 0", "second 0", "third 0", "later 1"]);
});

Deno.test("hold: calls without an end -> others get their turn", async () => {
  await using home = await tempHome();
  const world = new TestWorld();
  using at = homeAt(home.path, { world });
  let nowMs = 0, isOver = false, holds = 0;
  world.elapsedMs = () => nowMs;
  const far = new Deadline(() => performance.now(), performance.now() + 60_000);
  const endless = async (): Promise<void> => {
    while (!isOver) {
      await at.hold(far, ALL, () => {
        nowMs += 30;
        holds += 1;
        return Promise.resolve();
      });
    }
  };
  const both = [endless(), endless()];
  await inHome(home.path, () => isOver = true);
  await Promise.all(both);
  strictEqual(await isHeld(home.path), false);
  strictEqual(holds > 0, true);
});

Deno.test("hold: the next call gives up before its turn -> the lock is free", async () => {
  await using home = await tempHome();
  using at = homeAt(home.path);
  const first = at.hold(farDeadline(), ALL, () => pause(50));
  const soon = Deadline.in(() => performance.now(), 10);
  await rejects(
    at.hold(soon, ALL, () => Promise.resolve()),
    DeadlineError,
  );
  await first;
  strictEqual(await isHeld(home.path), false);
  await inHome(home.path, () => {});
});

Deno.test("hold: work that fails between two calls -> the lock is given back, the next call works", async () => {
  await using home = await tempHome();
  using at = homeAt(home.path);
  const calls = await Promise.allSettled([
    at.hold(farDeadline(), ALL, () => Promise.resolve(1)),
    at.hold(farDeadline(), ALL, () => Promise.reject(new Error("no"))),
    at.hold(farDeadline(), ALL, () => Promise.resolve(3)),
  ]);
  deepStrictEqual(calls.map(({ status }) => status), [
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  strictEqual(await isHeld(home.path), false);
});

Deno.test("hold: the clock moved by one call -> the next one of the same grant goes on from there", async () => {
  await using home = await tempHome();
  using at = homeAt(home.path);
  const values = await Promise.all(
    [10, 20].map((value) =>
      at.hold(farDeadline(), ALL, async (held) => {
        const before = held.clock;
        await held.setClock(value);
        return [before, held.clock];
      })
    ),
  );
  deepStrictEqual(values, [[0, 10], [10, 20]]);
});
