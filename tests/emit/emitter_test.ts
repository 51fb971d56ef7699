import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Draft } from "../../lib/contract/contract.ts";
import { Deadline } from "../../lib/base/deadline.ts";
import type { EventEmitter } from "../../lib/emit/emitter.ts";
import { HomeLock } from "../../lib/home/lock.ts";
import { queuePath } from "../../lib/home/queue_file.ts";
import { toBytes } from "../../lib/home/queue_layout.ts";
import { EVENT_BYTES_MAX } from "../../lib/base/limits.ts";
import type { Receipt } from "../../lib/event/receipt.ts";
import { linesOf, spawnCode } from "../support/child.ts";
import { draftOf, idOf } from "../support/events.ts";
import {
  emitterAt,
  farDeadline,
  inHome,
  namesIn,
  tempHome,
} from "../support/home.ts";
import { TestWorld } from "../support/world.ts";

/** Long enough to write a file on a slow machine, short enough to wait for. */
const SHORT = { timeoutMs: 2_500 };

function eventsIn(home: string) {
  return inHome(
    home,
    async ({ queue }) =>
      (await queue.peek(1e4)).map(({ event }) => event.document),
  );
}

const pathsOf = ({ problems }: Receipt) => problems?.map(({ path }) => path);

Deno.test("emit: a valid draft -> queued, the exact envelope is stored", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path, { project: { project_slug: "it's-a:-b" } });
  const receipt = await at.emitter.emit(draftOf());
  const { event_id } = receipt;
  deepStrictEqual(receipt, {
    event_type: "WPStatusChanged",
    event_id,
    lamport_clock: 1,
    status: "queued",
  });
  deepStrictEqual(await eventsIn(home.path), [{
    event_id,
    event_type: "WPStatusChanged",
    aggregate_id: "WP01",
    aggregate_type: "WorkPackage",
    payload: {
      wp_id: "WP01",
      previous_status: "planned",
      new_status: "doing",
      changed_by: "user",
    },
    node_id: "9f86d081884c",
    lamport_clock: 1,
    timestamp: "2026-02-03T12:00:00.000Z",
    team_slug: "local",
    project_slug: "it's-a:-b",
  }]);
  deepStrictEqual(at.warnings, []);
  const { counts, ...clock } = JSON.parse(
    await Deno.readTextFile(`${home.path}/clock.json`),
  );
  strictEqual(counts.counts[0].recorded, 1);
  deepStrictEqual(clock, {
    value: 1,
    node_id: "9f86d081884c",
    updated_at: "2026-02-03T12:00:00.000Z",
  });
});

Deno.test("emit: an invalid draft -> discarded with all problems; no clock value, no home", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  const receipt = await at.emitter.emit(
    draftOf({ nodeId: 1 }, { wp_id: "WP1", new_status: "for-review" }),
  );
  deepStrictEqual(
    [receipt.status, receipt.event_type, receipt.event_id],
    ["discarded", "WPStatusChanged", null],
  );
  deepStrictEqual(pathsOf(receipt), [
    "/payload/wp_id",
    "/payload/new_status",
    "/nodeId",
  ]);
  deepStrictEqual(await namesIn(home.path), []);
});

const cycle: Record<string, unknown> = {};
cycle.self = cycle;
const unfit: [name: string, value: unknown, path: string][] = [
  ["a cycle", draftOf({}, { cycle }), ""],
  ["a bigint", draftOf({}, { count: 1n }), ""],
  ["a toJSON that throws", {
    toJSON() {
      throw new Error("no");
    },
  }, ""],
  ["undefined", undefined, ""],
  ["a function", () => {}, ""],
  ["NaN where a number has to be", {
    event_type: "FeatureCompleted",
    payload: { feature_slug: "x", total_wps: NaN },
  }, "/payload/total_wps"],
  ["Infinity where a number has to be", {
    event_type: "FeatureCompleted",
    payload: { feature_slug: "x", total_wps: Infinity },
  }, "/payload/total_wps"],
  ["half a surrogate pair", draftOf({}, { note: "\ud800" }), "/payload/note"],
  ["an integer beyond 2^53 - 1", draftOf({}, { n: 2 ** 53 }), "/payload/n"],
  ["a list", [draftOf()], ""],
  ["null", null, ""],
];
for (const [name, value, path] of unfit) {
  Deno.test(`emit: ${name} -> discarded, with the path`, async () => {
    await using home = await tempHome();
    using at = emitterAt(home.path);
    const receipt = await at.emitter.emit(value as Draft);
    strictEqual(receipt.status, "discarded");
    deepStrictEqual(pathsOf(receipt), [path]);
    deepStrictEqual(await namesIn(home.path), []);
  });
}

Deno.test("emit: nested too deep -> discarded, not a stack overflow", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  for (const depth of [63, 100_000]) {
    let deep: unknown = 1;
    for (let i = 0; i < depth; i++) deep = [deep];
    const receipt = await at.emitter.emit(draftOf({}, { deep }));
    strictEqual(receipt.status, "discarded");
  }
});

Deno.test("emit: an event of exactly the limit -> queued; one byte more -> discarded, nothing ticks", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  const { event_id } = await at.emitter.emit(draftOf({}, { pad: "" }));
  const [event] = await eventsIn(home.path);
  const room = EVENT_BYTES_MAX - JSON.stringify(event).length;
  const padded = (size: number) => draftOf({}, { pad: "x".repeat(size) });
  strictEqual((await at.emitter.emit(padded(room))).lamport_clock, 2);
  const receipt = await at.emitter.emit(padded(room + 1));
  deepStrictEqual([receipt.status, pathsOf(receipt)], ["discarded", [""]]);
  strictEqual((await at.emitter.emit(draftOf())).lamport_clock, 3);
  ok(event_id);
});

Deno.test("emit: a full queue -> refused, nothing stored, the clock stands; room again -> queued", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path, { settings: { maxQueueSize: 2 } });
  const receipts = await Promise.all(
    [1, 2, 3].map((n) => at.emitter.emit(draftOf({ event_id: idOf(n) }))),
  );
  deepStrictEqual(
    receipts.map(({ status, lamport_clock }) => [status, lamport_clock]),
    [["queued", 1], ["queued", 2], ["refused", null]],
  );
  strictEqual(receipts[2]!.event_id, null);
  ok(receipts[2]!.warning?.includes("full"));
  deepStrictEqual(await namesIn(`${home.path}/spool`), []);
  await inHome(home.path, ({ queue }) => queue.acknowledge([idOf(1)]));
  strictEqual((await at.emitter.emit(draftOf())).lamport_clock, 3);
});

Deno.test("emit: too few bytes left in the queue -> refused; dead letters count", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path, { settings: { maxQueueBytes: 1_000 } });
  const [first, second] = await Promise.all([
    at.emitter.emit(draftOf({}, { pad: "x".repeat(500) })),
    at.emitter.emit(draftOf({}, { pad: "x".repeat(500) })),
  ]);
  deepStrictEqual([first.status, second.status], ["queued", "refused"]);
  await inHome(
    home.path,
    ({ queue }) =>
      queue.deadLetter([first.event_id!], { reason: "x", nowMs: 0 }),
  );
  const third = await at.emitter.emit(draftOf({}, { pad: "x".repeat(500) }));
  strictEqual(third.status, "refused");
});

Deno.test("emit: a given id again, same payload -> the same receipt, one event; other payload -> discarded", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  const draft = draftOf({ event_id: idOf(1) });
  const first = await at.emitter.emit(draft);
  deepStrictEqual(await at.emitter.emit(draft), first);
  const other = await at.emitter.emit(
    draftOf({ event_id: idOf(1) }, { wp_id: "WP02" }),
  );
  deepStrictEqual([other.status, pathsOf(other)], ["discarded", ["/event_id"]]);
  strictEqual((await eventsIn(home.path)).length, 1);
  strictEqual((await at.emitter.emit(draftOf())).lamport_clock, 2);
});

Deno.test("emit: a given id twice in one group -> one event, the same receipt twice", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  const draft = draftOf({ event_id: idOf(1) });
  const [first, second, other] = await Promise.all([
    at.emitter.emit(draft),
    at.emitter.emit(draft),
    at.emitter.emit(draftOf({ event_id: idOf(1) }, { wp_id: "WP02" })),
  ]);
  deepStrictEqual(first, second);
  strictEqual(other.status, "discarded");
  strictEqual((await eventsIn(home.path)).length, 1);
});

Deno.test("emit: an id that lies in the dead letters -> queued, with a warning that says so", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  const draft = draftOf({ event_id: idOf(1) });
  await at.emitter.emit(draft);
  await inHome(
    home.path,
    ({ queue }) => queue.deadLetter([idOf(1)], { reason: "x", nowMs: 0 }),
  );
  const receipt = await at.emitter.emit(draft);
  strictEqual(receipt.lamport_clock, 1);
  ok(receipt.warning?.includes("dead letter"));
});

Deno.test("emit: calls of one turn -> one hold of the lock, clock values in the order of the calls", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  const holds = countHolds(at.emitter);
  const receipts = await Promise.all(
    Array.from(
      { length: 50 },
      (_, n) => at.emitter.emit(draftOf({ event_id: idOf(n) })),
    ),
  );
  deepStrictEqual(
    receipts.map((r) => [r.event_id, r.lamport_clock]),
    Array.from({ length: 50 }, (_, n) => [idOf(n), n + 1]),
  );
  strictEqual(holds(), 1);
});

function countHolds(emitter: EventEmitter): () => number {
  let count = 0;
  const home = emitter.home!;
  const hold = home.hold.bind(home);
  home.hold = (...args) => {
    count += 1;
    return hold(...args);
  };
  return () => count;
}

Deno.test("emit: calls of several turns, not awaited -> clock values in the order of the calls", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  const calls: Promise<Receipt>[] = [];
  for (let turn = 0; turn < 10; turn++) {
    calls.push(at.emitter.emit(draftOf()), at.emitter.emit(draftOf()));
    await Promise.resolve();
    await Promise.resolve();
  }
  const clocks = (await Promise.all(calls)).map((r) => r.lamport_clock);
  deepStrictEqual(clocks, Array.from({ length: 20 }, (_, i) => i + 1));
});

Deno.test("emit: good and bad calls of one turn -> each its own receipt, no gap", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  const receipts = await Promise.all(
    [draftOf(), draftOf({}, { wp_id: 1 }), draftOf()].map((draft) =>
      at.emitter.emit(draft)
    ),
  );
  deepStrictEqual(
    receipts.map(({ status, lamport_clock }) => [status, lamport_clock]),
    [["queued", 1], ["discarded", null], ["queued", 2]],
  );
});

Deno.test("commit: 1,500 drafts -> several commits, receipts in order", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  const group = Array.from(
    { length: 1_500 },
    () => at.emitter.prepareValue(draftOf()),
  );
  const receipts = await at.emitter.recordGroup(group, farDeadline());
  deepStrictEqual(
    receipts.map((r) => r.lamport_clock),
    Array.from({ length: 1_500 }, (_, i) => i + 1),
  );
});

Deno.test("emit: the lock is held elsewhere -> spooled by the deadline, taken in by the next one, before its own", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  const lock = await HomeLock.take(home.path, farDeadline());
  const first = await at.emitter.emit(draftOf({ event_id: idOf(1) }), SHORT);
  deepStrictEqual(
    [first.status, first.event_id, first.lamport_clock],
    ["spooled", idOf(1), null],
  );
  ok(first.warning?.includes("spool"));
  deepStrictEqual(await namesIn(`${home.path}/spool`), [`${idOf(1)}.json`]);
  await lock.release("clean none");

  const second = await at.emitter.emit(draftOf({ event_id: idOf(2) }));
  strictEqual(second.lamport_clock, 2);
  const events = await eventsIn(home.path);
  deepStrictEqual(events.map((e) => e.event_id), [idOf(1), idOf(2)]);
  deepStrictEqual(await namesIn(`${home.path}/spool`), []);
});

Deno.test("emit: a retry of a spooled draft -> spooled again, one file; another payload -> discarded", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  const lock = await HomeLock.take(home.path, farDeadline());
  const draft = draftOf({ event_id: idOf(1) });
  const first = await at.emitter.emit(draft, SHORT);
  const again = await at.emitter.emit(draft, SHORT);
  deepStrictEqual([first.status, again.status], ["spooled", "spooled"]);
  const other = await at.emitter.emit(
    draftOf({ event_id: idOf(1) }, { wp_id: "WP02" }),
    SHORT,
  );
  deepStrictEqual([other.status, pathsOf(other)], ["discarded", ["/event_id"]]);
  await lock.release("clean none");
  const [event, ...more] = await eventsIn(home.path);
  deepStrictEqual([event?.aggregate_id, more.length], ["WP01", 0]);
});

Deno.test("emit: a draft too large for an event, while the lock is held -> discarded, not spooled", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  const lock = await HomeLock.take(home.path, farDeadline());
  const large = draftOf({}, { pad: "x".repeat(EVENT_BYTES_MAX) });
  strictEqual((await at.emitter.emit(large, SHORT)).status, "discarded");
  deepStrictEqual(await namesIn(`${home.path}/spool`), []);
  await lock.release("clean none");
});

const unusable: [name: string, prepare: (home: string) => Promise<void>][] = [
  ["a folder in the queue's place", (home) => Deno.mkdir(queuePath(home))],
  ["a queue of a newer layout", async (home) => {
    const kv = await Deno.openKv(queuePath(home));
    await kv.set(["ledger"], toBytes({ layout: 99 }));
    kv.close();
  }],
  ["a clock that cannot be stored", async (home) => {
    await Deno.mkdir(`${home}/.clock.json.tmp/x`, { recursive: true });
  }],
];
for (const [name, prepare] of unusable) {
  Deno.test(`emit: ${name} -> spooled, with the reason`, async () => {
    await using home = await tempHome();
    await Deno.mkdir(home.path);
    await prepare(home.path);
    using at = emitterAt(home.path);
    const receipt = await at.emitter.emit(draftOf());
    strictEqual(receipt.status, "spooled");
    ok(receipt.warning);
    strictEqual((await namesIn(`${home.path}/spool`)).length, 1);
  });
}

const WRITER = `
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(args[0]);
  database.exec("BEGIN IMMEDIATE");
  console.log("locked");
  setTimeout(() => {}, 60_000);`;

Deno.test("emit: another program writes to the queue's file for long -> spooled by the deadline; one event in the end", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  await at.emitter.emit(draftOf({ event_id: idOf(1) }));
  const child = spawnCode(WRITER, { args: [queuePath(home.path)] });
  const output = linesOf(child.stdout);
  strictEqual((await output.next()).value, "locked");
  try {
    const started = performance.now();
    const receipt = await at.emitter.emit(
      draftOf({ event_id: idOf(2) }),
      SHORT,
    );
    strictEqual(receipt.status, "spooled");
    // SQLite alone would wait for 5 s.
    ok(performance.now() - started < 4_500);
    child.kill("SIGKILL");
    const next = await at.emitter.emit(draftOf({ event_id: idOf(3) }));
    strictEqual(next.status, "queued");
  } finally {
    await output.return?.();
    await child.stderr.cancel();
    await child.status;
  }
  const events = await eventsIn(home.path);
  deepStrictEqual(
    events.map((e) => e.event_id),
    [idOf(1), idOf(2), idOf(3)],
  );
  const clocks = events.map((e) => e.lamport_clock);
  ok(clocks[0]! < clocks[1]! && clocks[1]! < clocks[2]!, clocks.join());
});

Deno.test("emit: more drafts in the spool than one call takes in -> its own joins the spool, behind them", async () => {
  await using home = await tempHome();
  const world = new TestWorld();
  await Deno.mkdir(`${home.path}/spool`, { recursive: true });
  for (let n = 1; n <= 3; n++) {
    const path = `${home.path}/spool/${idOf(n)}.json`;
    await Deno.writeTextFile(path, JSON.stringify(draftOf()));
  }
  // Each look at the monotonic clock takes 40 ms: the second file is one too many.
  let elapsed = 0;
  world.elapsedMs = () => elapsed += 40;
  using at = emitterAt(home.path, { world });
  const receipt = await at.emitter.emit(draftOf({ event_id: idOf(9) }));
  strictEqual(receipt.status, "spooled");
  ok(receipt.warning?.includes("older drafts wait"));
  const events = await eventsIn(home.path);
  strictEqual(events.length, 4);
  strictEqual(events[3]?.event_id, idOf(9));
});

Deno.test("commit: a group behind more drafts than one event takes in -> takes them all in first, and is queued", async () => {
  await using home = await tempHome();
  const WAITING = 1_200;
  await Deno.mkdir(`${home.path}/spool`, { recursive: true });
  for (let n = 1; n <= WAITING; n++) {
    const path = `${home.path}/spool/${idOf(n)}.json`;
    await Deno.writeTextFile(path, JSON.stringify(draftOf()));
  }
  using at = emitterAt(home.path);
  const group = [1, 2].map(() => at.emitter.prepareValue(draftOf()));
  const receipts = await at.emitter.recordGroup(group, farDeadline());
  deepStrictEqual(
    receipts.map((r) => [r.status, r.lamport_clock]),
    [["queued", WAITING + 1], ["queued", WAITING + 2]],
  );
});

Deno.test("commit: a group is stored -> said under the lock, and what is committed then comes right behind it", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  const group = () => [at.emitter.prepareValue(draftOf())];
  let next: Promise<Receipt[]> | undefined, lock = "";
  const [first] = await at.emitter.recordGroup(group(), farDeadline(), {
    onStored: () => {
      lock = Deno.readTextFileSync(`${home.path}/clock.lock`).trim();
      next = at.emitter.recordGroup(group(), farDeadline());
    },
  });
  const [second] = await next!;
  strictEqual(lock, "held");
  deepStrictEqual([first!.lamport_clock, second!.lamport_clock], [1, 2]);
});

Deno.test("commit: a group that is not stored -> nothing is said of it", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  await at.emitter.emit(draftOf());
  const lock = await HomeLock.take(home.path, farDeadline());
  let isSaid = false;
  const [receipt] = await at.emitter.recordGroup(
    [at.emitter.prepareValue(draftOf())],
    Deadline.in(() => performance.now(), SHORT.timeoutMs),
    { onStored: () => isSaid = true },
  );
  await lock.release("clean none");
  deepStrictEqual([receipt!.status, isSaid], ["spooled", false]);
});

Deno.test("commit: the time is up before the spool has taken a group -> all of it spooled; a single event is lost in time", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  const lock = await HomeLock.take(home.path, farDeadline());
  const past = new Deadline(() => performance.now(), 0);
  const prepared = (n: number) =>
    Array.from({ length: n }, () => at.emitter.prepareValue(draftOf()));
  const statuses = async (n: number) =>
    (await at.emitter.recordGroup(prepared(n), past)).map(({ status }) =>
      status
    );
  deepStrictEqual(await statuses(1), ["lost"]);
  deepStrictEqual(await statuses(100), Array(100).fill("spooled"));
  await lock.release("clean none");
  // Of the single one, the file may have been written all the same.
  const left = (await namesIn(`${home.path}/spool`)).length;
  ok(left === 100 || left === 101, `${left}`);
});

Deno.test("emit: the spool waits for a full queue -> refused, nothing overtakes", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path, { settings: { maxQueueSize: 1 } });
  await at.emitter.emit(draftOf());
  await Deno.mkdir(`${home.path}/spool`);
  await Deno.writeTextFile(
    `${home.path}/spool/a.json`,
    JSON.stringify(draftOf()),
  );
  strictEqual((await at.emitter.emit(draftOf())).status, "refused");
  deepStrictEqual(await namesIn(`${home.path}/spool`), ["a.json"]);
});

Deno.test("emit: a file where the home would be, no home at all -> lost, said plainly", async () => {
  await using home = await tempHome();
  await Deno.writeTextFile(home.path, "mine");
  for (const path of [home.path, `${home.path}/deeper`, undefined]) {
    using at = emitterAt(path);
    const receipt = await at.emitter.emit(draftOf());
    deepStrictEqual(
      [receipt.status, receipt.event_id, receipt.lamport_clock],
      ["lost", null, null],
    );
    ok(receipt.warning?.startsWith("nothing could be kept"));
  }
  strictEqual(await Deno.readTextFile(home.path), "mine");
});

Deno.test("emit: switched off -> disabled, for bad drafts too; no home is made", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path, { settings: { disabled: true } });
  for (const draft of [draftOf(), draftOf({}, { wp_id: 1 })]) {
    deepStrictEqual(await at.emitter.emit(draft), {
      event_type: "WPStatusChanged",
      event_id: null,
      lamport_clock: null,
      status: "disabled",
    });
  }
  deepStrictEqual(await namesIn(home.path), []);
});

Deno.test("emit: a route that gets an acknowledgement -> delivered; others stay queued", async () => {
  await using home = await tempHome();
  const offered: string[][] = [];
  using at = emitterAt(home.path, {
    route: {
      status: "Connected",
      offer({ events }) {
        const ids = events.map((event) => event.event_id);
        offered.push(ids);
        return Promise.resolve(new Set(ids.slice(0, 1)));
      },
    },
  });
  strictEqual(at.emitter.connectionStatus, "Connected");
  const receipts = await Promise.all(
    [idOf(1), idOf(2)].map((event_id) =>
      at.emitter.emit(draftOf({ event_id }))
    ),
  );
  deepStrictEqual(receipts.map((r) => r.status), ["delivered", "queued"]);
  deepStrictEqual(offered, [[idOf(1), idOf(2)]]);
  // The queue comes first; removing is the route's work.
  strictEqual((await eventsIn(home.path)).length, 2);
});

Deno.test("emit: the queue's file is deleted between two calls -> the handle is made anew, no value twice", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  await at.emitter.emit(draftOf());
  for (const end of ["", "-wal", "-shm"]) {
    await Deno.remove(queuePath(home.path) + end).catch(() => {});
  }
  const receipt = await at.emitter.emit(draftOf());
  deepStrictEqual([receipt.status, receipt.lamport_clock], ["queued", 2]);
  ok(at.warnings.some((text) => text.includes("gone")));
  deepStrictEqual(
    (await eventsIn(home.path)).map((e) => e.event_id),
    [receipt.event_id],
  );
});

Deno.test("commit: a deadline that has passed -> still an answer, and never queued twice", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  const passed = Deadline.in(() => performance.now(), -1_000);
  const prepared = at.emitter.prepareValue(draftOf({ event_id: idOf(1) }));
  const [receipt] = await at.emitter.recordGroup([prepared], passed);
  ok(receipt && ["lost", "spooled", "queued"].includes(receipt.status));
  await at.emitter.emit(draftOf({ event_id: idOf(1) }));
  strictEqual((await eventsIn(home.path)).length, 1);
});

Deno.test("emit: the queue is nearly full -> a warning, once an hour", async () => {
  await using home = await tempHome();
  const world = new TestWorld();
  using at = emitterAt(home.path, { world, settings: { maxQueueSize: 10 } });
  for (let i = 0; i < 8; i++) await at.emitter.emit(draftOf());
  strictEqual(at.warnings.length, 0);
  await at.emitter.emit(draftOf());
  strictEqual(at.warnings.length, 1);
  ok(at.warnings[0]!.includes("80 % full"));
  world.timeMs += 3_599_999;
  await at.emitter.emit(draftOf());
  strictEqual(at.warnings.length, 1);
  await inHome(home.path, async ({ queue }) => {
    const [first] = await queue.peek(1);
    await queue.acknowledge([first!.event.event_id]);
  });
  world.timeMs += 1;
  await at.emitter.emit(draftOf());
  strictEqual(at.warnings.length, 2);
});

const DAY_MS = 86_400_000;

Deno.test("emit: events wait for more than a day -> a warning, only with a server or a sink", async () => {
  for (
    const settings of [
      {},
      { serverUrl: "https://example.org" },
      { sinkUrl: "https://example.org" },
    ]
  ) {
    await using home = await tempHome();
    const world = new TestWorld();
    using at = emitterAt(home.path, { world, settings });
    await at.emitter.emit(draftOf());
    world.timeMs += DAY_MS;
    await at.emitter.emit(draftOf());
    strictEqual(at.warnings.length, 0);
    world.timeMs += 1;
    await at.emitter.emit(draftOf());
    strictEqual(at.warnings.length, Object.keys(settings).length);
  }
});

Deno.test("emit: events of long ago that came today, a server that takes some, an empty queue -> no warning of waiting", async () => {
  await using home = await tempHome();
  const world = new TestWorld();
  const serverUrl = "https://example.org";
  using at = emitterAt(home.path, { world, settings: { serverUrl } });
  const old = draftOf({ event_id: idOf(1) });
  await at.emitter.emit(old);
  world.timeMs += DAY_MS;
  await inHome(home.path, async ({ queue }) => {
    queue.note({ last_success: new Date(world.timeMs).toISOString() });
    await queue.touch();
  });
  world.timeMs += DAY_MS;
  await at.emitter.emit(draftOf());
  deepStrictEqual(at.warnings, []);
  await inHome(home.path, async ({ queue }) => {
    const ids = (await queue.peek(9)).map(({ event }) => event.event_id);
    await queue.drop(ids, "queue");
  });
  world.timeMs += 3 * DAY_MS;
  await at.emitter.emit(draftOf());
  world.timeMs += DAY_MS;
  await at.emitter.emit(draftOf());
  deepStrictEqual(at.warnings, []);
  world.timeMs += 1;
  await at.emitter.emit(draftOf());
  strictEqual(at.warnings.length, 1);
});

Deno.test("generateCausationId: -> ULIDs, each greater than the one before", () => {
  const { emitter } = emitterAt(undefined);
  const ids = Array.from({ length: 100 }, () => emitter.generateCausationId());
  ok(ids.every((id) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(id)));
  deepStrictEqual([...new Set(ids)].sort(), ids);
});
