/** The home's lock on its way from one call of a process to the next. */

import {
  deepStrictEqual,
  notStrictEqual,
  rejects,
  strictEqual,
} from "node:assert/strict";
import { Deadline } from "../../lib/base/deadline.ts";
import { DeadlineError } from "../../lib/base/errors.ts";
import { HomeLock } from "../../lib/home/lock.ts";
import type { Held } from "../../lib/home/held.ts";
import type { Home } from "../../lib/home/home.ts";
import { queuePath } from "../../lib/home/queue_file.ts";
import { LEDGER_KEY, toBytes } from "../../lib/home/queue_layout.ts";
import { foldFile } from "../../lib/home/sqlite.ts";
import { LEASE_MS, LOCK_AT_ONCE_MS } from "../../lib/base/limits.ts";
import { eventOf, idOf, renderedDraftOf } from "../support/events.ts";
import {
  ALL,
  farDeadline,
  homeAt,
  storedClock,
  tempHome,
} from "../support/home.ts";
import { TestWorld } from "../support/world.ts";

const lockText = async (home: Home) =>
  (await Deno.readTextFile(`${home.path}/clock.lock`)).trim();

/** A machine that takes no time for anything. */
function standingStill(): TestWorld {
  const world = new TestWorld();
  world.elapsedMs = () => 0;
  return world;
}

/** Two calls of one process: the second comes while the first is at work. */
async function twoHolds(
  home: Home,
  first: (held: Held) => Promise<void> | void,
  second: (held: Held) => Promise<void> | void = () => {},
) {
  const queues: unknown[] = [];
  let last: Promise<void> | undefined;
  await home.hold(farDeadline(), ALL, async (held) => {
    queues.push(held.queue);
    last = home.hold(farDeadline(), ALL, async (next) => {
      queues.push(next.queue);
      await second(next);
    });
    await first(held);
  });
  await last;
  strictEqual(queues.length, 2);
  return { isKept: queues[0] === queues[1] };
}

Deno.test("hold: the work leaves the lock to a call that waits -> nobody comes in between, what was read goes on", async () => {
  await using folder = await tempHome();
  using home = homeAt(folder.path, { world: standingStill() });
  const order: string[] = [];
  let outside: Promise<unknown> | undefined;
  const { isKept } = await twoHolds(home, async (held) => {
    await held.setClock(7);
    await held.queue.append([eventOf(1)], "accepted");
    outside = HomeLock.take(home.path, farDeadline()).then((lock) => {
      order.push(`outside, ${lock.lastSeal.split(" ")[0]}`);
      return lock.release(lock.lastSeal);
    });
    // Long enough for the other one to stand at the lock.
    await new Promise((done) => setTimeout(done, 20));
    held.mayPass = true;
    order.push("first");
  }, async (next) => {
    strictEqual(await lockText(home), "held");
    strictEqual(next.clock, 7);
    strictEqual(next.queue.ledger.queued, 1);
    await next.queue.append([eventOf(2)], "accepted");
    order.push("second");
  });
  strictEqual(isKept, true);
  await outside;
  deepStrictEqual(order, ["first", "second", "outside, clean"]);
  await home.hold(farDeadline(), ALL, ({ queue }) => {
    strictEqual(queue.ledger.queued, 2);
    return Promise.resolve();
  });
});

Deno.test("hold: a draft that came into the spool meanwhile -> taken in before the call that goes on under the same lock", async () => {
  await using folder = await tempHome();
  using home = homeAt(folder.path, { world: standingStill() });
  let ids: string[] = [];
  const { isKept } = await twoHolds(home, async (held) => {
    await home.spool.put(renderedDraftOf(idOf(5)), farDeadline());
    held.mayPass = true;
  }, async ({ queue }) => {
    ids = (await queue.peek(9)).map(({ event }) => event.event_id);
  });
  strictEqual(isKept, true);
  deepStrictEqual(ids, [idOf(5)]);
});

Deno.test("hold: values that were stored but never used -> not used by the call that goes on under the same lock either", async () => {
  await using folder = await tempHome();
  using home = homeAt(folder.path, { world: standingStill() });
  let clock: number | undefined;
  await twoHolds(home, async (held) => {
    await held.reserveClock(3);
    held.useClock();
    held.mayPass = true;
  }, (next) => {
    clock = next.clock;
  });
  strictEqual(clock, 3);
});

const released: [
  name: string,
  first: (held: Held, world: TestWorld) => void,
][] = [
  ["the work does not leave the lock", () => {}],
  ["the queue did not do what was asked of it", (held) => {
    held.mayPass = true;
    held.distrust();
  }],
  ["the process has held it for long", (held, world) => {
    held.mayPass = true;
    world.elapsedMs = () => LEASE_MS;
  }],
];

for (const [name, first] of released) {
  Deno.test(`hold: ${name} -> the call that waits takes it anew`, async () => {
    await using folder = await tempHome();
    const world = standingStill();
    using home = homeAt(folder.path, { world });
    const { isKept } = await twoHolds(home, (held) => first(held, world));
    strictEqual(isKept, false);
    notStrictEqual(await lockText(home), "held");
  });
}

Deno.test("hold: another process had the lock when the call came -> it is not kept", async () => {
  await using folder = await tempHome();
  const world = standingStill();
  using home = homeAt(folder.path, { world });
  const other = await HomeLock.take(home.path, farDeadline());
  const holds = twoHolds(home, (held) => {
    held.mayPass = true;
  });
  // It stands at the lock by then.
  await new Promise((done) => setTimeout(done, 20));
  world.elapsedMs = () => LOCK_AT_ONCE_MS + 1;
  await other.release("clean none");
  strictEqual((await holds).isKept, false);
});

Deno.test("hold: nobody waits -> the lock is given back, sealed", async () => {
  await using folder = await tempHome();
  using home = homeAt(folder.path, { world: standingStill() });
  await home.hold(farDeadline(), ALL, (held) => {
    held.mayPass = true;
    return Promise.resolve();
  });
  strictEqual((await lockText(home)).split(" ")[0], "clean");
});

Deno.test("hold: the only call that waited has given up -> the lock is given back, sealed", async () => {
  await using folder = await tempHome();
  using home = homeAt(folder.path, { world: standingStill() });
  await home.hold(farDeadline(), ALL, async (held) => {
    held.mayPass = true;
    const soon = Deadline.in(() => performance.now(), 10);
    await rejects(
      home.hold(soon, ALL, () => Promise.resolve()),
      DeadlineError,
    );
  });
  strictEqual((await lockText(home)).split(" ")[0], "clean");
});

Deno.test("hold: gives up in the moment in which it gets the lock -> the lock is given back all the same", async () => {
  await using folder = await tempHome();
  const world = standingStill();
  using home = homeAt(folder.path, { world });
  const late = new Deadline(() => 0, 0);
  // Refuses after the lock was kept for it, before its own turn has begun.
  Object.defineProperty(late, "race", {
    value: async (work: Promise<unknown>) => {
      await work;
      throw new DeadlineError("no time left to wait for the home's lock");
    },
  });
  let last: Promise<void> | undefined;
  await home.hold(farDeadline(), ALL, (held) => {
    last = rejects(home.hold(late, ALL, () => Promise.resolve()));
    held.mayPass = true;
    return Promise.resolve();
  });
  await last;
  strictEqual((await lockText(home)).split(" ")[0], "clean");
  await home.hold(farDeadline(), ALL, () => Promise.resolve());
});

Deno.test("hold: the work under a lock that was kept fails -> given back, and the next call goes on", async () => {
  await using folder = await tempHome();
  using home = homeAt(folder.path, { world: standingStill() });
  await rejects(
    twoHolds(
      home,
      (held) => {
        held.mayPass = true;
      },
      () => Promise.reject(new Error("injected")),
    ),
    /injected/,
  );
  await home.hold(farDeadline(), ALL, () => Promise.resolve());
  strictEqual((await lockText(home)).split(" ")[0], "clean");
});

/** Stores the clock one ahead, as who lives on does when its caller has got its receipt. */
const ahead = (home: Home, after: (held: Held) => Promise<void>) =>
  home.hold(farDeadline(), ALL, async (held) => {
    await after(held);
    await held.storeAhead({ node_id: "9f86d081884c", team_slug: "acme" });
  });

/** Uses one value, whatever becomes of it. */
async function useOne(held: Held): Promise<void> {
  await held.reserveClock(1);
  held.useClock();
}

Deno.test("storeAhead: the same process goes on -> the value is used, without a write before it, and there is no gap", async () => {
  await using folder = await tempHome();
  using home = homeAt(folder.path);
  await ahead(home, useOne);
  strictEqual(await storedClock(home.path), 2);
  // Nothing can be written to the clock any more.
  await Deno.mkdir(`${home.path}/.clock.json.tmp/x`, { recursive: true });
  await home.hold(farDeadline(), ALL, async (held) => {
    strictEqual(held.clock, 1);
    await useOne(held);
    strictEqual(held.clock, 2);
    // The one after it is not there.
    await rejects(held.reserveClock(1));
  });
});

Deno.test("storeAhead: another process had the lock, or wrote the clock -> goes on behind the stored value", async () => {
  for (
    const between of [
      async (home: Home) => {
        using other = homeAt(home.path);
        await other.hold(farDeadline(), ALL, () => Promise.resolve());
      },
      async (home: Home) => {
        using other = homeAt(home.path);
        await other.hold(farDeadline(), ALL, (held) => {
          strictEqual(held.clock, 2);
          return held.setClock(2);
        });
      },
      (home: Home) =>
        Deno.writeTextFile(`${home.path}/clock.json`, '{"value": 5}'),
    ]
  ) {
    await using folder = await tempHome();
    using home = homeAt(folder.path);
    await ahead(home, useOne);
    await between(home);
    const expected = await storedClock(home.path);
    await home.hold(farDeadline(), ALL, (held) => {
      strictEqual(held.clock, expected);
      return Promise.resolve();
    });
  }
});

Deno.test("storeAhead: its event stored, then another's -> each is counted beside the clock before it is in the queue", async () => {
  await using folder = await tempHome();
  using home = homeAt(folder.path);
  const counted = async () =>
    JSON.parse(await Deno.readTextFile(`${home.path}/clock.json`)).counts
      .counts.map(({ team, recorded }: Record<string, unknown>) => [
        team,
        recorded,
      ]);
  const add = async (held: Held, n: number, team: string) => {
    const event = eventOf(n, { team });
    await held.reserveClock(1, held.queue.foretell([event]));
    held.useClock();
    const told = await counted();
    await held.queue.append([event], "accepted");
    return { told, event };
  };
  let like!: ReturnType<typeof eventOf>;
  await home.hold(farDeadline(), ALL, async (held) => {
    like = (await add(held, 1, "acme")).event;
    await held.storeAhead(like);
  });
  deepStrictEqual(await counted(), [["acme", 2]]);
  await home.hold(farDeadline(), ALL, async (held) => {
    deepStrictEqual((await add(held, 2, "acme")).told, [["acme", 2]]);
    await held.storeAhead(like);
    const { told } = await add(held, 3, "beta");
    deepStrictEqual(told, [["acme", 2], ["beta", 1]]);
    await held.storeAhead(like);
    // What is stored ahead stays so.
    await held.saveCounts();
    deepStrictEqual(await counted(), [["acme", 3], ["beta", 1]]);
  });
});

Deno.test("hold: behind one's own seal -> the queue goes on as it is; behind another's: counted anew", async () => {
  await using folder = await tempHome();
  using home = homeAt(folder.path);
  using other = homeAt(folder.path);
  const add = (at: Home, n: number) =>
    at.hold(farDeadline(), ALL, async (held) => {
      await held.reserveClock(1);
      held.useClock();
      await held.queue.append([eventOf(n)], "accepted");
      await held.storeAhead(eventOf(n));
      return held.queue;
    });
  const queue = await add(home, 1);
  strictEqual(await add(home, 2), queue);
  strictEqual(queue.ledger.queued, 2);
  await add(other, 4);
  const anew = await add(home, 5);
  notStrictEqual(anew, queue);
  strictEqual(anew.ledger.queued, 4);
  // Nor without the file that it was opened on.
  await Deno.remove(`${folder.path}/events.kv`);
  notStrictEqual(await add(home, 6), anew);
});

Deno.test("hold: behind one's own seal, but something wrote into the queue without the lock -> counted anew", async () => {
  await using folder = await tempHome();
  using home = homeAt(folder.path);
  const add = (n: number) =>
    home.hold(farDeadline(), ALL, async (held) => {
      await held.reserveClock(1);
      held.useClock();
      await held.queue.append([eventOf(n)], "accepted");
      await held.storeAhead(eventOf(n));
      return held.queue.ledger;
    });
  const before = await add(1);
  using kv = await Deno.openKv(queuePath(folder.path));
  await kv.set(LEDGER_KEY, toBytes({ ...before, delivered: 40 }));
  await foldFile(queuePath(folder.path));
  strictEqual((await add(2)).delivered, 40);
});

Deno.test("settle: a value that was stored ahead -> given back", async () => {
  await using folder = await tempHome();
  using home = homeAt(folder.path);
  await ahead(home, useOne);
  await home.settle(farDeadline());
  strictEqual(await storedClock(home.path), 1);
  using other = homeAt(folder.path);
  await other.hold(farDeadline(), ALL, (held) => {
    strictEqual(held.clock, 1);
    return Promise.resolve();
  });
});
