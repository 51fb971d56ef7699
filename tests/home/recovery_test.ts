import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { queuePath } from "../../lib/home/queue_file.ts";
import type { Receipt } from "../../lib/event/receipt.ts";
import { draftOf } from "../support/events.ts";
import { emitterAt, inHome, namesIn, tempHome } from "../support/home.ts";
import { TestWorld } from "../support/world.ts";

/** Records so many events in a process of their own, as far as a home can tell. */
async function emit(
  home: string,
  count: number,
  world = new TestWorld(),
): Promise<{ receipts: Receipt[]; warnings: string[] }> {
  using at = emitterAt(home, { world });
  const receipts: Receipt[] = [];
  for (let i = 0; i < count; i++) {
    receipts.push(await at.emitter.emit(draftOf()));
  }
  return { receipts, warnings: at.warnings };
}

const clocksOf = (receipts: readonly Receipt[]) =>
  receipts.map(({ lamport_clock }) => lamport_clock);

const disasters: [string, (path: string) => Promise<void>][] = [
  ["deleted", (path) => Deno.remove(path)],
  ["emptied", (path) => Deno.truncate(path)],
  ["damaged", (path) => Deno.writeTextFile(path, '{"value": -3}')],
  ["rolled back", (path) => Deno.writeTextFile(path, '{"value": 2}')],
];
for (const [name, strike] of disasters) {
  for (const isEmptied of [false, true]) {
    Deno.test(
      `clock: the file ${name}, the queue ${
        isEmptied ? "alive but all delivered" : "alive"
      } -> goes on without a repeat or a gap`,
      async () => {
        await using home = await tempHome();
        const { receipts } = await emit(home.path, 5);
        if (isEmptied) {
          await inHome(
            home.path,
            ({ queue }) => queue.acknowledge(receipts.map((r) => r.event_id!)),
          );
        }
        await strike(`${home.path}/clock.json`);
        const after = await emit(home.path, 2);
        deepStrictEqual(clocksOf(after.receipts), [6, 7]);
        const isDamage = name === "emptied" || name === "damaged";
        strictEqual(after.warnings.length, isDamage ? 1 : 0);
      },
    );
  }
}

Deno.test("clock: the queue deleted or set aside, the file alive -> goes on without a repeat or a gap", async () => {
  await using home = await tempHome();
  await emit(home.path, 3);
  await Deno.writeTextFile(queuePath(home.path), "garbage ".repeat(1_000));
  const second = await emit(home.path, 2);
  deepStrictEqual(clocksOf(second.receipts), [4, 5]);
  strictEqual(second.warnings.length, 1);
  ok(second.warnings[0]?.includes("damaged"));
  for (const name of await namesIn(home.path)) {
    if (name.startsWith("events.kv")) await Deno.remove(`${home.path}/${name}`);
  }
  deepStrictEqual(clocksOf((await emit(home.path, 1)).receipts), [6]);
});

Deno.test("clock: file and queue lost one after the other, with events between -> no repeat", async () => {
  await using home = await tempHome();
  const used = clocksOf((await emit(home.path, 3)).receipts);
  await Deno.remove(`${home.path}/clock.json`);
  used.push(...clocksOf((await emit(home.path, 1)).receipts));
  for (const name of await namesIn(home.path)) {
    if (name.startsWith("events.kv")) await Deno.remove(`${home.path}/${name}`);
  }
  used.push(...clocksOf((await emit(home.path, 1)).receipts));
  deepStrictEqual(used, [1, 2, 3, 4, 5]);
});

Deno.test("clock: ahead of the queue, as after a crash between the two -> a gap, never a repeat", async () => {
  await using home = await tempHome();
  await emit(home.path, 1);
  await Deno.writeTextFile(`${home.path}/clock.json`, '{"value": 9}');
  deepStrictEqual(clocksOf((await emit(home.path, 1)).receipts), [10]);
});

Deno.test("clock: at its end -> spooled with the reason, and nothing repeats", async () => {
  await using home = await tempHome();
  await emit(home.path, 1);
  const last = 2 ** 52;
  await Deno.writeTextFile(
    `${home.path}/clock.json`,
    JSON.stringify({ value: last - 1 }),
  );
  const { receipts } = await emit(home.path, 2);
  deepStrictEqual(clocksOf(receipts), [last, null]);
  strictEqual(receipts[1]?.status, "spooled");
  ok(receipts[1].warning?.includes("no values left"));
});

Deno.test("the wall clock jumps back -> clock values and ids go on growing, timestamps tell the time", async () => {
  await using home = await tempHome();
  const world = new TestWorld();
  using at = emitterAt(home.path, { world });
  const receipts: Receipt[] = [];
  for (const jumpMs of [0, -86_400_000, 1, -5, 0]) {
    world.timeMs += jumpMs;
    receipts.push(await at.emitter.emit(draftOf()));
  }
  deepStrictEqual(clocksOf(receipts), [1, 2, 3, 4, 5]);
  const ids = receipts.map((receipt) => receipt.event_id!);
  deepStrictEqual([...ids].sort(), ids);
  const [first, second] = await inHome(
    home.path,
    async ({ queue }) =>
      (await queue.peek(9)).map(({ event }) => event.timestamp),
  );
  strictEqual(first, "2026-02-03T12:00:00.000Z");
  strictEqual(second, "2026-02-02T12:00:00.000Z");
});

Deno.test("a queue damaged while this process has it open -> set aside, reopened, nothing repeats", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  await at.emitter.emit(draftOf());
  const path = queuePath(home.path);
  for (const end of ["", "-wal", "-shm"]) {
    await Deno.remove(path + end).catch(() => {});
  }
  await Deno.writeTextFile(path, "garbage ".repeat(1_000));
  const receipt = await at.emitter.emit(draftOf());
  deepStrictEqual([receipt.status, receipt.lamport_clock], ["queued", 2]);
  strictEqual(at.warnings.length, 1);
});

Deno.test("another process sets the queue aside and starts a new one -> this one notices and goes on in the new one", async () => {
  await using home = await tempHome();
  using at = emitterAt(home.path);
  await at.emitter.emit(draftOf());
  await Deno.mkdir(`${home.path}/aside`);
  for (const name of await namesIn(home.path)) {
    if (!name.startsWith("events.kv")) continue;
    await Deno.rename(`${home.path}/${name}`, `${home.path}/aside/${name}`);
  }
  const { receipts: [other] } = await emit(home.path, 1);
  const own = await at.emitter.emit(draftOf());
  deepStrictEqual([other?.lamport_clock, own.lamport_clock], [2, 3]);
  const ids = await inHome(
    home.path,
    async ({ queue }) =>
      (await queue.peek(9)).map(({ event }) => event.event_id),
  );
  deepStrictEqual(ids, [other?.event_id, own.event_id]);
});

Deno.test("the last holder died in its work, the queue is sound -> nothing is moved, nothing is said", async () => {
  await using home = await tempHome();
  await emit(home.path, 2);
  await Deno.writeTextFile(`${home.path}/clock.lock`, "held");
  const { receipts, warnings } = await emit(home.path, 1);
  deepStrictEqual(clocksOf(receipts), [3]);
  deepStrictEqual(warnings, []);
  deepStrictEqual(
    (await namesIn(home.path)).filter((name) => name.includes("damaged")),
    [],
  );
});

Deno.test("the last holder died, the queue is too large to be checked in time -> spooled, and still to be checked", async () => {
  await using home = await tempHome();
  await emit(home.path, 2);
  await Deno.writeTextFile(`${home.path}/clock.lock`, "held");
  // A hole at its end makes the file large; it is looked at by its size only.
  const { size } = await Deno.stat(queuePath(home.path));
  await Deno.truncate(queuePath(home.path), 2 ** 32);
  using at = emitterAt(home.path, { settings: { timeoutMs: 2_000 } });
  const receipt = await at.emitter.emit(draftOf());
  strictEqual(receipt.status, "spooled");
  ok(
    receipt.warning?.includes("no time to check"),
    receipt.warning ?? "no warning",
  );
  const seal = await Deno.readTextFile(`${home.path}/clock.lock`);
  strictEqual(seal.trim(), "held");
  await Deno.truncate(queuePath(home.path), size);
  const { receipts } = await emit(home.path, 1);
  deepStrictEqual(clocksOf(receipts), [4]);
});
