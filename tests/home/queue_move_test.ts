/** Moves of many events at once: each of their commits is one that Deno KV takes. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { OfflineQueue } from "../../lib/home/offline_queue.ts";
import {
  COMMIT_EVENTS_MAX,
  KEY_TEXT_MAX,
  SERVER_WORDS_CHARS_MAX,
} from "../../lib/base/limits.ts";
import { eventOf, idOf, type TestEvent } from "../support/events.ts";
import { tempFolder } from "../support/home.ts";
import { MOUNT, needing } from "../support/needs.ts";
import { fillDisk, smallDisk } from "../support/trouble.ts";

const KIB = 1024;

/** A queue in a real file with these events, a few in each row of its index. */
async function withQueue(
  events: readonly TestEvent[],
  perCommit: number,
  work: (queue: OfflineQueue, ids: string[]) => Promise<void>,
): Promise<void> {
  await using folder = await tempFolder();
  using kv = await Deno.openKv(`${folder.path}/events.kv`);
  const queue = await OfflineQueue.open(kv, { home: folder.path });
  for (let at = 0; at < events.length; at += perCommit) {
    await queue.append(events.slice(at, at + perCommit), "accepted");
  }
  await work(queue, events.map(({ event_id }) => event_id));
}

/** Moves all to the dead letters, back, there again, and away; the file is sound after each. */
async function moveAll(
  queue: OfflineQueue,
  ids: readonly string[],
  lastError: string,
): Promise<void> {
  const why = { reason: "rejected", lastError, nowMs: 0 };
  const moves = [
    () => queue.deadLetter(ids, why),
    () => queue.requeue(ids),
    () => queue.deadLetter(ids, why),
    () => queue.drop(ids, "dead"),
  ];
  for (const move of moves) {
    strictEqual(await move(), ids.length);
    deepStrictEqual(await queue.check(), []);
  }
  let left = 0;
  for await (const { key } of queue.kv.list({ prefix: [] })) {
    if (key[0] !== "ledger") left++;
  }
  strictEqual(left, 0);
}

Deno.test("deadLetter: events of 2 KiB, and the server's longest words -> all moved", () => {
  const events = Array.from(
    { length: 300 },
    (_, i) => eventOf(i + 1, { size: 2 * KIB }),
  );
  return withQueue(
    events,
    50,
    (queue, ids) => moveAll(queue, ids, "€".repeat(SERVER_WORDS_CHARS_MAX)),
  );
});

/** Events that are moved together. */
interface Trial {
  readonly count: number;
  /** Of each event, in KiB; as small as it can be without. */
  readonly size: number | undefined;
  readonly letter: string;
  readonly nodeLength: number;
  readonly teams: number;
  readonly teamLength: number;
  readonly perCommit: number;
  /** How many letters the server says. */
  readonly words: number;
}

const PLAIN: Trial = {
  count: 260,
  size: undefined,
  letter: "n",
  nodeLength: 12,
  teams: 1,
  teamLength: 1,
  perCommit: 20,
  words: 0,
};

Deno.test("any move: nodes with long names, many teams, large events, many rows of the index -> all moved", () =>
  fc.assert(
    fc.asyncProperty<[Trial]>(
      fc.record({
        count: fc.integer({ min: 1, max: 260 }),
        size: fc.constantFrom(undefined, 4, 8, 59, 61, 200),
        // Keys, rows and JSON take one to six bytes for a letter.
        letter: fc.constantFrom("n", "é", "€", "\u0001", "\u0000"),
        nodeLength: fc.constantFrom(1, 12, KEY_TEXT_MAX),
        teams: fc.constantFrom(1, 9, 40),
        teamLength: fc.constantFrom(1, 300),
        perCommit: fc.constantFrom(1, 7, 20),
        words: fc.constantFrom(0, SERVER_WORDS_CHARS_MAX),
      }),
      async (given) => {
        const { size, letter, nodeLength, teams, perCommit } = given;
        const count = size !== undefined && size > 8
          ? Math.min(given.count, 30)
          : given.count;
        const events = Array.from({ length: count }, (_, i) =>
          eventOf(i + 1, {
            node: letter.repeat(nodeLength),
            team: `${i % teams}${"é".repeat(given.teamLength)}`,
            ...size !== undefined && { size: size * KIB + i },
          }));
        // What one commit appends is not looked at here: an event in chunks is alone in it.
        await withQueue(
          events,
          size !== undefined && size > 8 ? 1 : perCommit,
          (queue, ids) => moveAll(queue, ids, "€".repeat(given.words)),
        );
      },
    ),
    {
      numRuns: 20,
      // One for each limit, where chance might not come near it.
      examples: [
        [{ ...PLAIN, perCommit: 1 }],
        [{ ...PLAIN, letter: "€", nodeLength: KEY_TEXT_MAX }],
        [{ ...PLAIN, letter: "\u0001", nodeLength: KEY_TEXT_MAX, size: 4 }],
        [{ ...PLAIN, size: 4, words: SERVER_WORDS_CHARS_MAX }],
        [{ ...PLAIN, count: 20, size: 1_000 }],
      ],
    },
  ));

Deno.test("acknowledge: 1,000 events -> as few commits as are read for", async () => {
  const events = Array.from({ length: 1_000 }, (_, i) => eventOf(i + 1));
  await withQueue(events, COMMIT_EVENTS_MAX, async (queue, ids) => {
    let commits = 0;
    const { kv } = queue;
    const atomic = kv.atomic;
    kv.atomic = () => {
      commits++;
      return atomic.call(kv);
    };
    strictEqual(await queue.acknowledge([...ids, idOf(5_000)]), 1_000);
    strictEqual(commits, 5);
  });
});

Deno.test("acknowledge: ids that are not there, behind a commit that found no room -> looked up as many at once as ever", async () => {
  const events = Array.from({ length: 2 }, (_, i) => eventOf(i + 1));
  await withQueue(events, 2, async (queue, ids) => {
    const { kv } = queue;
    const atomic = kv.atomic.bind(kv);
    let isFull = true;
    kv.atomic = () => {
      const operation = atomic();
      const commit = operation.commit.bind(operation);
      operation.commit = () => {
        if (!isFull) return commit();
        isFull = false;
        return Promise.reject(new TypeError("database or disk is full"));
      };
      return operation;
    };
    let looks = 0;
    const looking = queue as unknown as {
      locate(ids: readonly string[]): Promise<unknown>;
    };
    const locate = looking.locate.bind(queue);
    looking.locate = (some) => {
      looks++;
      return locate(some);
    };
    const gone = Array.from({ length: 4_800 }, (_, i) => idOf(i + 10));
    const [first, second] = ids as [string, string];
    strictEqual(await queue.acknowledge([first, second, ...gone]), 2);
    // Two for those that are there, 20 for the rest, and some until it is as many again.
    ok(looks < 35, `${looks}`);
  });
});

Deno.test(needing(
  [MOUNT],
  "acknowledge: a disk with room for a part only -> as many are gone as it has room for, and with more room the rest",
  async () => {
    await using disk = await smallDisk(4 * KIB);
    using kv = await Deno.openKv(`${disk.path}/events.kv`);
    const queue = await OfflineQueue.open(kv, { home: disk.path });
    const events = Array.from(
      { length: 480 },
      (_, i) => eventOf(i + 1, { size: 500 }),
    );
    await queue.append(events.slice(0, 240), "accepted");
    await queue.append(events.slice(240), "accepted");
    const ids = events.map(({ event_id }) => event_id);
    await fillDisk(`${disk.path}/filler`, 72 * KIB);
    await rejects(queue.acknowledge(ids), /disk is full/);
    const { delivered, queued } = queue.ledger;
    ok(delivered > 0 && delivered < 240, `${delivered} are gone`);
    strictEqual(queued, 480 - delivered);
    deepStrictEqual(await queue.check(), []);
    await Deno.remove(`${disk.path}/filler`);
    strictEqual(await queue.acknowledge(ids), queued);
    deepStrictEqual(await queue.check(), []);
  },
));
