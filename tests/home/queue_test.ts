import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { KittyError } from "../../lib/base/errors.ts";
import type { StampedEvent } from "../../lib/event/event.ts";
import { OfflineQueue } from "../../lib/home/offline_queue.ts";
import {
  commitParts,
  cut,
  eventKey,
  fromBytes,
  LAYOUT,
  LEDGER_KEY,
  teamLabel,
  toBytes,
} from "../../lib/home/queue_layout.ts";
import { rows } from "../../lib/home/queue_index.ts";
import type { Ledger, Place } from "../../lib/home/queue.ts";
import { KvReader, walk } from "../../lib/home/queue_read.ts";
import {
  CHUNK_BYTES,
  CLOCK_MAX,
  COMMIT_BYTES_MAX,
  COMMIT_EVENTS_MAX,
  EVENT_BYTES_MAX,
} from "../../lib/base/limits.ts";
import {
  eventOf,
  type EventOptions,
  idOf,
  type TestEvent,
} from "../support/events.ts";
import {
  ALL,
  farDeadline,
  homeAt,
  inHome,
  type TempFolder,
  tempFolder,
  tempHome,
} from "../support/home.ts";
import { IS_FULL, needing, UNIX } from "../support/needs.ts";

const KIB = 1024;
const WHY = { reason: "rejected", nowMs: Date.UTC(2026, 1, 4) };

/** A real Deno KV file in a folder of its own. */
async function tempKv(): Promise<
  { kv: Deno.Kv; path: string } & AsyncDisposable
> {
  const folder: TempFolder = await tempFolder();
  const path = `${folder.path}/events.kv`;
  const kv = await Deno.openKv(path);
  return {
    kv,
    path,
    async [Symbol.asyncDispose]() {
      kv.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function append(
  queue: OfflineQueue,
  events: readonly StampedEvent[],
): Promise<void> {
  for (const part of commitParts(events)) await queue.append(part, "accepted");
}

const idsOf = (
  entries: Iterable<{ event_id: string } | { event: { event_id: string } }>,
) =>
  [...entries].map((entry) =>
    "event" in entry ? entry.event.event_id : entry.event_id
  );

async function keysOf(kv: Deno.Kv): Promise<Deno.KvKey[]> {
  const keys: Deno.KvKey[] = [];
  for await (const { key } of kv.list({ prefix: [] })) keys.push(key);
  return keys;
}

Deno.test("append, peek: events -> the same envelopes in order of (clock, node, id)", async () => {
  await using file = await tempKv();
  const queue = await OfflineQueue.open(file.kv);
  const inOrder = [
    eventOf(5, { clock: 1, node: "b" }),
    eventOf(9, { clock: 2, node: "a" }),
    eventOf(4, { clock: 2, node: "b" }),
    eventOf(6, { clock: 2, node: "b" }),
    eventOf(1, { clock: 10, node: "a" }),
    eventOf(2, { clock: 2 ** 52, node: "a" }),
  ];
  const shuffled = [3, 0, 5, 2, 4, 1].map((i) => inOrder[i]!);
  await append(queue, shuffled);
  const entries = await queue.peek(100);
  deepStrictEqual(
    entries.map(({ event }) => event.document),
    inOrder.map(({ envelope }) => envelope),
  );
  deepStrictEqual(idsOf(await queue.peek(2)), idsOf(inOrder.slice(0, 2)));
  const reversed: string[] = [];
  for await (
    const { event: { document: envelope } } of walk(file.kv, "queue", 2, true)
  ) {
    reversed.push(envelope.event_id as string);
  }
  deepStrictEqual(reversed, [idOf(2), idOf(1)]);
});

Deno.test("peek: an empty queue -> nothing", async () => {
  await using file = await tempKv();
  const queue = await OfflineQueue.open(file.kv);
  deepStrictEqual(await queue.peek(10), []);
  deepStrictEqual(await queue.find([idOf(1)]), new Map());
  strictEqual(await queue.acknowledge([idOf(1)]), 0);
});

Deno.test("append: events around the chunk's size and up to 1 MiB -> read back byte by byte, then gone without a trace", async () => {
  await using file = await tempKv();
  const sizes = [
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    2 * CHUNK_BYTES,
    500 * KIB,
    EVENT_BYTES_MAX,
  ];
  let queue = await OfflineQueue.open(file.kv);
  const events = sizes.map((size, i) => eventOf(i + 1, { size }));
  await append(queue, events);
  queue = await OfflineQueue.open(file.kv);
  strictEqual(queue.ledger.bytes, sizes.reduce((a, b) => a + b));
  const entries = await queue.peek(100);
  for (
    const [i, { event: { document: envelope }, bytes }] of entries.entries()
  ) {
    deepStrictEqual(envelope, events[i]!.envelope);
    strictEqual(bytes, sizes[i]);
  }
  strictEqual(entries.length, sizes.length);

  // Through the dead letters and back, half acknowledged, half dropped.
  const ids = idsOf(events);
  strictEqual(await queue.deadLetter(ids, WHY), 6);
  deepStrictEqual(
    (await queue.find(ids)).get(idOf(6))?.event.document,
    events[5]!.envelope,
  );
  strictEqual(await queue.requeue(ids), 6);
  strictEqual(await queue.acknowledge(ids.slice(0, 3)), 3);
  strictEqual(await queue.drop(ids.slice(3), "queue"), 3);
  deepStrictEqual(await keysOf(file.kv), [LEDGER_KEY]);
  strictEqual(queue.ledger.bytes, 0);
});

Deno.test("append: a chunk that ends inside of a letter -> the letter survives", () => {
  const event = eventOf(1, { size: 3 * CHUNK_BYTES });
  const pieces = cut(event.bytes);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const isBroken = pieces.some((piece) => {
    try {
      return !decoder.decode(piece);
    } catch {
      return true;
    }
  });
  // What the round trips above are worth depends on this.
  ok(isBroken);
});

Deno.test("OfflineQueue.open: a ledger of a newer layout -> KittyError, nothing changed", async () => {
  await using file = await tempKv();
  await (await OfflineQueue.open(file.kv)).append([eventOf(1)], "accepted");
  const { value } = await file.kv.get<Uint8Array>(LEDGER_KEY);
  const newer = toBytes({ ...fromBytes<Ledger>(value!), layout: LAYOUT + 1 });
  await file.kv.set(LEDGER_KEY, newer);
  await rejects(
    OfflineQueue.open(file.kv),
    (error) =>
      error instanceof KittyError && error.code === "queue_unusable" &&
      /newer version/.test(error.message),
  );
  deepStrictEqual((await file.kv.get(LEDGER_KEY)).value, newer);
});

Deno.test("OfflineQueue.open: the last holder died while it wrote a large event -> its chunks are removed, all else stays", async () => {
  await using file = await tempKv();
  const queue = await OfflineQueue.open(file.kv);
  await append(queue, [eventOf(1, { size: 100 * KIB }), eventOf(2)]);
  const before = await keysOf(file.kv);
  const { ledger } = queue;

  // The commit with the head fails, as after a crash; the chunks' commits went through.
  const failing = failingKv(
    file.kv,
    (mutations) => mutations.some(([key]) => key[0] === "queue"),
  );
  const dying = await OfflineQueue.open(failing);
  await rejects(
    append(dying, [eventOf(3, { size: EVENT_BYTES_MAX })]),
    /injected/,
  );
  const chunks = (await keysOf(file.kv))
    .filter(([first, id]) => first === "chunk" && id === idOf(3));
  strictEqual(chunks.length, Math.ceil(EVENT_BYTES_MAX / CHUNK_BYTES));
  const reader = await new KvReader(file.kv).readStats();
  strictEqual(reader.ledger.queued, 2);

  const next = await OfflineQueue.open(file.kv);
  deepStrictEqual(await keysOf(file.kv), before);
  deepStrictEqual(next.ledger, ledger);
  deepStrictEqual(idsOf(await next.peek(9)), [idOf(1), idOf(2)]);
});

Deno.test("append: a large event after one that failed in the same hands -> no leftovers of the first", async () => {
  await using file = await tempKv();
  let fail = true;
  const failing = failingKv(
    file.kv,
    (mutations) => fail && mutations.some(([key]) => key[0] === "queue"),
  );
  const queue = await OfflineQueue.open(failing);
  await rejects(append(queue, [eventOf(1, { size: 900 * KIB })]), /injected/);
  fail = false;
  await append(queue, [eventOf(2, { size: 70 * KIB })]);
  const chunkIds = (await keysOf(file.kv))
    .filter(([first]) => first === "chunk").map(([, id]) => id);
  deepStrictEqual(chunkIds, [idOf(2), idOf(2)]);
  strictEqual(queue.ledger.pending, undefined);
  await checkAccounts(file.kv, queue);
});

/** The file, but commits that `fails` picks throw instead. */
function failingKv(
  kv: Deno.Kv,
  fails: (mutations: readonly [key: Deno.KvKey][]) => boolean,
): Deno.Kv {
  return new Proxy(kv, {
    get(target, name) {
      if (name === "atomic") {
        return () => failingCommit(target.atomic(), fails);
      }
      const member = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

function failingCommit(
  commit: Deno.AtomicOperation,
  fails: (mutations: readonly [key: Deno.KvKey][]) => boolean,
): Deno.AtomicOperation {
  const mutations: [key: Deno.KvKey][] = [];
  const proxy: Deno.AtomicOperation = new Proxy(commit, {
    get(target, name) {
      if (name === "commit") {
        return () =>
          fails(mutations)
            ? Promise.reject(new Error("injected"))
            : target.commit();
      }
      return (...args: [Deno.KvKey, Uint8Array]) => {
        mutations.push([args[0]]);
        Reflect.get(target, name, target).apply(target, args);
        return proxy;
      };
    },
  });
  return proxy;
}

Deno.test("commitParts: any events -> all of them in order, each part within one commit's limits", () => {
  const kinds = [300, 20 * KIB, CHUNK_BYTES, CHUNK_BYTES + 1, 300 * KIB];
  const event = fc.record({
    size: fc.constantFrom(...kinds),
    team: fc.integer({ min: 1, max: 60 }).map((n) => `team-${n}`),
  });
  const property = fc.property(
    fc.array(event, { maxLength: 80 }),
    fc.nat(1_000),
    (some, filler) => {
      const events = [
        ...some.map(sized),
        ...Array.from(
          { length: filler },
          (_, i) => sized({ size: 400, team: `t${i % (filler % 40 + 1)}` }),
        ),
      ];
      const parts = commitParts(events);
      deepStrictEqual(parts.flat(), events);
      for (const part of parts) {
        const large = part.filter((e) => e.bytes.length > CHUNK_BYTES);
        const bytes = part.reduce((sum, e) => sum + e.bytes.length, 0);
        const teams = new Set(part.map((e) => e.team_slug));
        ok(part.length > 0 && part.length <= COMMIT_EVENTS_MAX);
        ok(large.length === 0 || part.length === 1);
        ok(bytes <= COMMIT_BYTES_MAX || part.length === 1);
        ok(teams.size <= 20);
      }
    },
  );
  fc.assert(property, { numRuns: IS_FULL ? 200 : 60 });
});

/** As much of an event as splitting looks at. */
function sized({ size, team }: { size: number; team: string }): StampedEvent {
  return {
    ...eventOf(1),
    team_slug: team,
    bytes: new Uint8Array(size),
  };
}

Deno.test("append and move: events of many teams with long names -> within Deno KV's limits", async () => {
  await using file = await tempKv();
  const queue = await OfflineQueue.open(file.kv);
  const events = Array.from({ length: 600 }, (_, i) =>
    eventOf(i + 1, {
      team: `${"ü".repeat(300)}${Math.floor(i / 20)}`,
      node: "n".repeat(5_000),
    }));
  await append(queue, events);
  const ids = idsOf(events);
  strictEqual(await queue.deadLetter(ids.slice(150), WHY), 450);
  strictEqual(await queue.requeue(ids.slice(300)), 300);
  const { by_team } = await new KvReader(file.kv).readStats();
  strictEqual(Object.keys(by_team).length, 23);
  deepStrictEqual(new Set(Object.values(by_team)), new Set([10, 20]));
  strictEqual(await queue.acknowledge(ids), 450);
  strictEqual(await queue.drop(ids, "dead"), 150);
  deepStrictEqual(await keysOf(file.kv), [LEDGER_KEY]);
});

Deno.test("append, find: a node's name of any length, cut inside of a letter -> stored and found", async () => {
  await using file = await tempKv();
  const queue = await OfflineQueue.open(file.kv);
  const node = "n".repeat(255) + "😀".repeat(40_000);
  await append(queue, [eventOf(1, { node }), eventOf(2)]);
  const found = await queue.find([idOf(1)]);
  strictEqual(found.get(idOf(1))?.event.node_id, node);
  strictEqual(await queue.deadLetter([idOf(1)], WHY), 1);
  await checkAccounts(file.kv, queue);
  strictEqual(await queue.drop([idOf(1)], "dead"), 1);
  await checkAccounts(file.kv, queue);
});

Deno.test("append and move: many events with the longest keys -> within Deno KV's limits", async () => {
  await using file = await tempKv();
  const queue = await OfflineQueue.open(file.kv);
  const node = "€".repeat(256);
  const events = Array.from(
    { length: 300 },
    (_, i) => eventOf(i + 1, { node }),
  );
  await append(queue, events);
  await checkAccounts(file.kv, queue);
  strictEqual(await queue.acknowledge(idsOf(events)), 300);
});

Deno.test("append: 1,000 small events at once -> several commits, the accounts balance", async () => {
  await using file = await tempKv();
  const queue = await OfflineQueue.open(file.kv);
  await append(queue, Array.from({ length: 1_000 }, (_, i) => eventOf(i + 1)));
  await checkAccounts(file.kv, queue);
  strictEqual(
    await queue.acknowledge(idsOf(await queue.peek(999))),
    999,
  );
  await checkAccounts(file.kv, queue);
});

Deno.test("append: a commit that fails -> throws, nothing stored, and the next one works", async () => {
  await using file = await tempKv();
  let fail = true;
  const queue = await OfflineQueue.open(failingKv(file.kv, () => fail));
  await rejects(queue.append([eventOf(1)], "accepted"), /injected/);
  strictEqual(queue.ledger.accepted, 0);
  deepStrictEqual(await keysOf(file.kv), []);
  fail = false;
  await queue.append([eventOf(1)], "accepted");
  await checkAccounts(file.kv, queue);
});

Deno.test("append: a value above the clock's range, from an import -> kept, but no high-water mark", async () => {
  await using file = await tempKv();
  const queue = await OfflineQueue.open(file.kv);
  await queue.append([
    eventOf(1, { clock: CLOCK_MAX + 1 }),
    eventOf(2, { clock: 7 }),
  ], "imported");
  strictEqual(queue.ledger.highest, 7);
  strictEqual((await queue.peek(9)).length, 2);
  await queue.append([eventOf(3, { clock: 3 })], "accepted");
  strictEqual(queue.ledger.highest, 7);
  await queue.acknowledge([idOf(2)]);
  strictEqual((await OfflineQueue.open(file.kv)).ledger.highest, 7);
});

Deno.test("recordFailure: queued events -> attempts counted one by one; dead and unknown ones passed over", async () => {
  await using file = await tempKv();
  const queue = await OfflineQueue.open(file.kv);
  await append(queue, [eventOf(1), eventOf(2), eventOf(3)]);
  await queue.deadLetter([idOf(3)], WHY);
  const ids = [idOf(1), idOf(3), idOf(9)];
  deepStrictEqual(
    await queue.recordFailure(ids, "first"),
    new Map([[idOf(1), 1]]),
  );
  deepStrictEqual(
    await queue.recordFailure([idOf(1), idOf(2)], "second"),
    new Map([[idOf(1), 2], [idOf(2), 1]]),
  );
  deepStrictEqual(await queue.tries(idOf(1)), {
    attempts: 2,
    last_error: "second",
  });
  deepStrictEqual(await queue.tries(idOf(9)), { attempts: 0 });
  deepStrictEqual(await queue.tries(idOf(3)), {
    attempts: 0,
    reason: "rejected",
    dead_at: "2026-02-04T00:00:00.000Z",
  });
  await checkAccounts(file.kv, queue);
});

Deno.test("deadLetter, requeue: -> reason and attempts stay with the dead letter, and go with the requeue", async () => {
  await using file = await tempKv();
  const queue = await OfflineQueue.open(file.kv);
  await append(queue, [eventOf(1)]);
  await queue.recordFailure([idOf(1)], "try again");
  await queue.deadLetter([idOf(1)], { ...WHY, lastError: "no such team" });
  deepStrictEqual(await queue.tries(idOf(1)), {
    attempts: 1,
    last_error: "no such team",
    reason: "rejected",
    dead_at: "2026-02-04T00:00:00.000Z",
  });
  strictEqual(await queue.requeue([idOf(1), idOf(1)]), 1);
  deepStrictEqual(await queue.tries(idOf(1)), { attempts: 0 });
});

Deno.test("acknowledge, requeue, drop: ids that lie elsewhere or nowhere -> passed over", async () => {
  await using file = await tempKv();
  const queue = await OfflineQueue.open(file.kv);
  await append(queue, [eventOf(1), eventOf(2)]);
  await queue.deadLetter([idOf(2)], WHY);
  strictEqual(await queue.acknowledge([idOf(2), idOf(3)]), 0);
  strictEqual(await queue.requeue([idOf(1), idOf(3)]), 0);
  strictEqual(await queue.drop([idOf(1)], "dead"), 0);
  strictEqual(await queue.drop([idOf(2)], "queue"), 0);
  strictEqual(await queue.deadLetter([idOf(2)], WHY), 0);
  strictEqual(await queue.acknowledge([idOf(1), idOf(1)]), 1);
  await checkAccounts(file.kv, queue);
});

Deno.test("find: ids in queue and dead letters -> where each lies", async () => {
  await using file = await tempKv();
  const queue = await OfflineQueue.open(file.kv);
  const events = Array.from({ length: 25 }, (_, i) => eventOf(i + 1));
  await append(queue, events);
  await queue.deadLetter([idOf(25)], WHY);
  const found = await queue.find([...idsOf(events), idOf(99)]);
  strictEqual(found.size, 25);
  strictEqual(found.get(idOf(1))?.place, "queue");
  strictEqual(found.get(idOf(25))?.place, "dead");
  deepStrictEqual(found.get(idOf(7))?.event.document, events[6]!.envelope);
});

Deno.test("eventKey: two nodes alike in their first 256 letters -> one key each, by the id", () => {
  const [a, b] = ["a", "b"].map((end) =>
    eventKey("queue", 1, "n".repeat(300) + end, idOf(end === "a" ? 1 : 2))
  );
  ok(String(a) !== String(b));
});

Deno.test("teamLabel: names short and long, cut inside of a letter -> well-formed, and apart", () => {
  strictEqual(teamLabel("a".repeat(128)), "a".repeat(128));
  const long = "a".repeat(127) + "😀".repeat(9);
  ok(teamLabel(`${long}1`) !== teamLabel(`${long}2`));
  ok(teamLabel(long).isWellFormed());
});

Deno.test("readStats: ten events and 3,000 -> the same number of reads", async () => {
  const readsFor = async (count: number): Promise<[number, number]> => {
    await using file = await tempKv();
    const queue = await OfflineQueue.open(file.kv);
    await append(
      queue,
      Array.from(
        { length: count },
        (_, i) => eventOf(i + 1, { team: `team-${i % 3}` }),
      ),
    );
    let reads = 0, entries = 0;
    const counting = new Proxy(file.kv, {
      get(target, name) {
        const member = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          reads += 1;
          const result = member.apply(target, args);
          return name === "list" ? countingEntries(result) : result;
        };
      },
    });
    const countingEntries = async function* (list: AsyncIterable<unknown>) {
      for await (const entry of list) {
        entries += 1;
        yield entry;
      }
    };
    const stats = await new KvReader(counting).readStats();
    strictEqual(stats.ledger.queued, count);
    strictEqual(stats.oldest, eventOf(1).envelope.timestamp);
    strictEqual(stats.newest, eventOf(count).envelope.timestamp);
    return [reads, entries];
  };
  const few = await readsFor(10);
  deepStrictEqual(await readsFor(3_000), few);
  ok(few[0] > 0 && few[1] > 0);
});

Deno.test("walk: a large event is acknowledged between its head and its chunks -> it is passed over", async () => {
  await using file = await tempKv();
  const queue = await OfflineQueue.open(file.kv);
  await append(queue, [
    eventOf(1),
    eventOf(2, { size: 100 * KIB }),
    eventOf(3),
  ]);
  const seen: string[] = [];
  for await (
    const { event: { document: envelope } } of walk(file.kv, "queue")
  ) {
    seen.push(envelope.event_id as string);
    // The page with all three heads has been read by now.
    if (seen.length === 1) await queue.acknowledge([idOf(2)]);
  }
  deepStrictEqual(seen, [idOf(1), idOf(3)]);
});

/** A recount of all that the counters say. */
async function checkAccounts(
  kv: Deno.Kv,
  queue: OfflineQueue,
): Promise<Ledger> {
  const stored = fromBytes<Ledger>(
    (await kv.get<Uint8Array>(LEDGER_KEY)).value!,
  );
  deepStrictEqual(queue.ledger, stored);
  const counted = { queue: 0, dead: 0 };
  const byTeam: Record<string, number> = {},
    byType: Record<string, number> = {};
  let bytes = 0, chunks = 0;
  for (const place of ["queue", "dead"] as const) {
    for await (const entry of walk(kv, place)) {
      counted[place] += 1;
      bytes += entry.bytes;
      chunks += entry.value[0] === 0x5b
        ? Math.ceil(entry.bytes / CHUNK_BYTES)
        : 0;
      if (place === "dead") continue;
      const { team_slug, event_type } = entry.event;
      byTeam[team_slug] = (byTeam[team_slug] ?? 0) + 1;
      byType[event_type] = (byType[event_type] ?? 0) + 1;
    }
  }
  const { accepted, imported, queued, delivered, dead, dropped } = stored;
  deepStrictEqual({ queue: queued, dead }, counted);
  strictEqual(accepted + imported, queued + delivered + dead + dropped);
  strictEqual(stored.bytes, bytes);
  const nonZero = Object.entries(stored.by_type).filter(([, n]) => n !== 0);
  deepStrictEqual(Object.fromEntries(nonZero), byType);
  deepStrictEqual((await new KvReader(kv).readStats()).by_team, byTeam);
  const keys = await keysOf(kv);
  const count = (first: string) => keys.filter(([k]) => k === first).length;
  const indexed = { queue: 0, dead: 0 };
  for await (const { items } of rows(kv)) {
    for (const [, place] of items) indexed[place] += 1;
  }
  deepStrictEqual(indexed, counted);
  strictEqual(count("chunk"), chunks);
  return stored;
}

/** The queue once more, in memory and as plainly as possible. */
class Model {
  places = new Map<
    string,
    { place: Place; event: TestEvent; tries: number }
  >();
  counters = { accepted: 0, imported: 0, delivered: 0, dropped: 0 };
  highest = 0;

  in(place: Place): string[] {
    return [...this.places].filter(([, one]) => one.place === place)
      .sort(([, a], [, b]) => compare(a.event, b.event))
      .map(([id]) => id);
  }

  move(ids: string[], from: Place, to: Place | undefined): number {
    let moved = 0;
    for (const id of new Set(ids)) {
      const one = this.places.get(id);
      if (one?.place !== from) continue;
      moved += 1;
      if (to) this.places.set(id, { ...one, place: to });
      else this.places.delete(id);
    }
    return moved;
  }
}

function compare(a: TestEvent, b: TestEvent): number {
  const [x, y] = [a.envelope, b.envelope];
  return x.lamport_clock - y.lamport_clock ||
    (x.node_id < y.node_id ? -1 : x.node_id > y.node_id ? 1 : 0) ||
    (x.event_id < y.event_id ? -1 : 1);
}

type Command =
  | { do: "append"; origin: "accepted" | "imported"; events: EventOptions[] }
  | {
    do:
      | "acknowledge"
      | "fail"
      | "deadLetter"
      | "requeue"
      | "dropQueue"
      | "dropDead";
    picks: number[];
  }
  | { do: "crash"; size: number }
  | { do: "reopen" };

const eventOptions: fc.Arbitrary<EventOptions> = fc.record({
  clock: fc.oneof(fc.nat(20), fc.nat(2 ** 40)),
  node: fc.constantFrom("a", "b"),
  team: fc.constantFrom("local", "red", "blue"),
  type: fc.constantFrom("WPStatusChanged", "HistoryAdded"),
  size: fc.oneof({ weight: 6, arbitrary: fc.constant(500) }, {
    weight: 1,
    arbitrary: fc.constantFrom(CHUNK_BYTES, CHUNK_BYTES + 1, 700 * KIB),
  }),
});
const picks = fc.array(fc.nat(40), { maxLength: 8 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      origin: fc.constantFrom("accepted", "imported"),
      events: fc.array(eventOptions, { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "acknowledge",
        "fail",
        "deadLetter",
        "requeue",
        "dropQueue",
        "dropDead",
      ),
      picks,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("crash" as const),
      size: fc.constantFrom(500, 700 * KIB),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reopen" as const) }) },
);

Deno.test("OfflineQueue: any commands on a real file, reopened now and then -> what a model says; the accounts balance after each", async () => {
  await using folder = await tempFolder();
  let run = 0;
  const property = fc.asyncProperty(
    fc.array(command, { minLength: 1, maxLength: 14 }),
    async (commands) => {
      const path = `${folder.path}/${run++}.kv`;
      const model = new Model();
      let kv = await Deno.openKv(path);
      try {
        let queue = await OfflineQueue.open(kv);
        let made = 0;
        await queue.append([eventOf(++made)], "accepted");
        model.places.set(idOf(made), {
          place: "queue",
          event: eventOf(made),
          tries: 0,
        });
        model.counters.accepted += 1;
        model.highest = 1;
        for (const one of commands) {
          if (one.do === "reopen") {
            kv.close();
            kv = await Deno.openKv(path);
            queue = await OfflineQueue.open(kv);
          } else if (one.do === "append") {
            const events = one.events.map((o) => eventOf(++made, o));
            for (const part of commitParts(events)) {
              await queue.append(part, one.origin);
            }
            model.counters[one.origin] += events.length;
            for (const event of events) {
              const { event_id, lamport_clock } = event.envelope;
              model.highest = Math.max(model.highest, lamport_clock);
              model.places.set(event_id, { place: "queue", event, tries: 0 });
            }
          } else if (one.do === "crash") {
            const dying = await OfflineQueue.open(
              failingKv(kv, (m) => m.some(([key]) => key[0] === "queue")),
            );
            const lost = eventOf(++made, { size: one.size });
            await rejects(dying.append([lost], "accepted"), /injected/);
            queue = await OfflineQueue.open(kv);
          } else {
            const ids = one.picks.map((n) => idOf(n + 1));
            await applyMove(queue, model, one.do, ids);
          }
          const ledger = await checkAccounts(kv, queue);
          const { accepted, imported, delivered, dropped } = ledger;
          deepStrictEqual(
            { accepted, imported, delivered, dropped },
            model.counters,
          );
          strictEqual(ledger.highest, model.highest);
          deepStrictEqual(idsOf(await queue.peek(1e3)), model.in("queue"));
        }
        await checkAll(queue, model);
      } finally {
        kv.close();
      }
    },
  );
  await fc.assert(property, { numRuns: IS_FULL ? 60 : 25 });
});

async function applyMove(
  queue: OfflineQueue,
  model: Model,
  action: Exclude<Command["do"], "append" | "crash" | "reopen">,
  ids: string[],
): Promise<void> {
  switch (action) {
    case "acknowledge": {
      const count = await queue.acknowledge(ids);
      strictEqual(count, model.move(ids, "queue", undefined));
      model.counters.delivered += count;
      break;
    }
    case "fail": {
      const attempts = await queue.recordFailure(ids, "why");
      for (const id of new Set(ids)) {
        const one = model.places.get(id);
        if (one?.place !== "queue") {
          strictEqual(attempts.has(id), false);
          continue;
        }
        one.tries += 1;
        strictEqual(attempts.get(id), one.tries);
      }
      break;
    }
    case "deadLetter":
      strictEqual(
        await queue.deadLetter(ids, WHY),
        model.move(ids, "queue", "dead"),
      );
      break;
    case "requeue": {
      for (const id of ids) {
        const one = model.places.get(id);
        if (one?.place === "dead") one.tries = 0;
      }
      strictEqual(await queue.requeue(ids), model.move(ids, "dead", "queue"));
      break;
    }
    case "dropQueue":
    case "dropDead": {
      const from = action === "dropQueue" ? "queue" : "dead";
      const count = await queue.drop(ids, from);
      strictEqual(count, model.move(ids, from, undefined));
      model.counters.dropped += count;
    }
  }
}

async function checkAll(queue: OfflineQueue, model: Model): Promise<void> {
  const found = await queue.find([...model.places.keys()]);
  for (const [id, { place, event, tries }] of model.places) {
    strictEqual(found.get(id)?.place, place);
    deepStrictEqual(found.get(id)?.event.document, event.envelope);
    strictEqual((await queue.tries(id)).attempts, tries);
  }
}

Deno.test("deadLetter, requeue, drop: many events of a commit each -> all moved, whatever their rows of the index", async () => {
  await using home = await tempHome();
  await inHome(home.path, async ({ queue }) => {
    const events = Array.from({ length: 250 }, (_, i) => eventOf(i + 1));
    for (const event of events) await queue.append([event], "accepted");
    const ids = events.map(({ event_id }) => event_id);
    strictEqual(await queue.deadLetter(ids, { reason: "no", nowMs: 0 }), 250);
    strictEqual(queue.ledger.dead, 250);
    strictEqual(await queue.requeue(ids), 250);
    strictEqual(await queue.drop(ids, "queue"), 250);
    deepStrictEqual(await queue.check(), []);
  });
});

Deno.test("append: an imported clock value of -0 -> found by its id like any other", async () => {
  await using home = await tempHome();
  await inHome(home.path, async ({ queue }) => {
    const event = eventOf(1, { clock: 0 });
    await queue.append([{ ...event, lamport_clock: -0 }], "imported");
    strictEqual((await queue.find([event.event_id])).size, 1);
    strictEqual(await queue.acknowledge([event.event_id]), 1);
  });
});

Deno.test(needing(
  [UNIX],
  "a new queue -> its files are for their owner only",
  async () => {
    await using home = await tempHome();
    await Deno.mkdir(home.path, { mode: 0o755 });
    using at = homeAt(home.path);
    for (const n of [1, 2]) {
      await at.hold(
        farDeadline(),
        ALL,
        ({ queue }) => queue.append([eventOf(n)], "accepted"),
      );
      for (const end of ["", "-wal", "-shm"]) {
        const { mode } = await Deno.stat(`${home.path}/events.kv${end}`);
        strictEqual(mode! & 0o777, 0o600, end);
      }
    }
  },
));
