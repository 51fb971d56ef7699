/** What holds for every way to the server: the meaning of each word. One suite, run for each. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { SERVER_WORDS_CHARS_MAX } from "../../lib/base/limits.ts";
import { DONE_WORDS } from "../../lib/base/wire.ts";
import { eventOf, idOf } from "../support/events.ts";
import type { SentEvent } from "../support/scripted_server.ts";
import { eventsOf, idsOf, TEAM } from "../support/sending.ts";
import { each, saying } from "../support/ways.ts";

const IN_ORDER = [
  eventOf(5, { clock: 1, node: "b", team: TEAM }),
  eventOf(9, { clock: 2, node: "a", team: TEAM }),
  eventOf(4, { clock: 2, node: "b", team: TEAM }),
  eventOf(6, { clock: 2, node: "b", team: TEAM }),
  eventOf(1, { clock: 10, node: "a", team: TEAM }),
];

each(
  "events in any order -> go out by (clock, node, id), as they are",
  [3, 0, 2, 4, 1].map((i) => IN_ORDER[i]!),
  async (at, open) => {
    const { counts, end } = await at.drain(await open());
    deepStrictEqual(at.server.events, IN_ORDER.map((e) => e.envelope));
    deepStrictEqual(end, { kind: "drained" });
    deepStrictEqual(counts, {
      sent: 5,
      delivered: 5,
      duplicates: 0,
      rejected: 0,
      open: 0,
      batches: 1,
      local: 0,
      failures: {},
    });
    const { queued, delivered, last_success } = await at.ledger();
    deepStrictEqual([queued, delivered], [0, 5]);
    strictEqual(last_success, new Date(at.world.timeMs).toISOString());
  },
);

each(
  "2,500 events -> each once and in order, over several sendings",
  eventsOf(1, 2_500),
  async (at, open) => {
    const transport = await open();
    const progress: number[] = [];
    const { counts, end } = await at.drain(transport, {
      onProgress: ({ delivered }) => progress.push(delivered),
    });
    strictEqual(end.kind, "drained");
    deepStrictEqual(idsOf(at.server.events), idsOf(eventsOf(1, 2_500)));
    strictEqual(counts.delivered, 2_500);
    strictEqual(counts.batches, Math.ceil(2_500 / transport.eventsMax));
    deepStrictEqual(progress, progress.toSorted((a, b) => a - b));
    strictEqual(progress.at(-1), 2_500);
    strictEqual((await at.ledger()).queued, 0);
  },
);

each("the five done words -> gone, two of them as duplicates", [
  ...eventsOf(1, 5),
], async (at, open) => {
  const words = [...DONE_WORDS];
  at.server.answer = (events) =>
    events.map(({ event_id, lamport_clock }) => ({
      event_id,
      status: words[lamport_clock - 1],
      error_message: "words that matter to nobody",
    }));
  const { counts, failed } = await at.drain(await open());
  deepStrictEqual([counts.delivered, counts.duplicates], [3, 2]);
  strictEqual(failed.size, 0);
  strictEqual((await at.ledger()).delivered, 5);
});

each(
  "rejected -> a dead letter with the server's words; the others arrive",
  eventsOf(1, 3),
  async (at, open) => {
    at.server.answer = (events) =>
      events.flatMap((event) =>
        event.event_id === idOf(2)
          ? saying("rejected", "no such work package")([event])
          : at.server.take([event])
      );
    const told: unknown[] = [];
    const { counts } = await at.drain(await open(), {
      onFailure: (...failure) => told.push(failure),
    });
    deepStrictEqual(counts.failures, { rejected: 1 });
    deepStrictEqual([counts.delivered, counts.rejected], [2, 1]);
    const why = { category: "rejected", words: "no such work package" };
    deepStrictEqual(told, [[idOf(2), why, "dead"]]);
    deepStrictEqual(await at.kept("dead"), [{
      envelope: eventOf(2, { team: TEAM }).envelope,
      attempts: 0,
      last_error: "no such work package",
      reason: "rejected by the server",
      dead_at: new Date(at.world.timeMs).toISOString(),
    }]);
    deepStrictEqual(await at.ids("queue"), []);
    await at.ledger();
  },
);

each(
  "rejected with endless words, and with none -> kept short, and said plainly",
  eventsOf(1, 2),
  async (at, open) => {
    at.server.answer = (events) =>
      events.flatMap((event) =>
        saying(
          "rejected",
          event.event_id === idOf(1) ? "😀".repeat(10_000) : undefined,
        )([event])
      );
    await at.drain(await open());
    const [long, none] = await at.kept("dead");
    strictEqual(long!.last_error!.length, SERVER_WORDS_CHARS_MAX);
    ok(long!.last_error!.isWellFormed());
    strictEqual(none!.last_error, "rejected");
  },
);

each(
  "an unknown word -> one attempt a drain; the fifth makes a dead letter",
  eventsOf(1, 2),
  async (at, open) => {
    const transport = await open();
    at.server.answer = (events) =>
      events.flatMap((event) =>
        event.event_id === idOf(1)
          ? saying("pondering", "come back")([event])
          : at.server.take([event])
      );
    for (let attempts = 1; attempts <= 4; attempts++) {
      const { counts, failed, end } = await at.drain(transport);
      deepStrictEqual(end, { kind: "drained" });
      deepStrictEqual(counts.failures, { unknown_status: 1 });
      deepStrictEqual([...failed], [idOf(1)]);
      const [kept] = await at.kept("queue");
      strictEqual(kept!.attempts, attempts);
      strictEqual(kept!.last_error, "pondering: come back");
    }
    const fates: string[] = [];
    const { counts } = await at.drain(transport, {
      onFailure: (_id, _why, fate) => fates.push(fate),
    });
    deepStrictEqual([counts.rejected, fates], [1, ["dead"]]);
    const [dead] = await at.kept("dead");
    strictEqual(dead!.attempts, 5);
    strictEqual(dead!.last_error, "pondering: come back");
    match(dead!.reason!, /no final word .* in 5 attempts/);
    const { queued, delivered } = await at.ledger();
    deepStrictEqual([queued, delivered], [0, 1]);
  },
);

each(
  "an id answered twice -> done wins, whichever came first",
  eventsOf(1, 3),
  async (at, open) => {
    at.server.answer = (events) =>
      events.flatMap(({ event_id }) => {
        switch (event_id) {
          case idOf(1):
            return [{ event_id, status: "rejected" }];
          case idOf(2):
            return [
              { event_id, status: "success" },
              { event_id, status: "rejected" },
              { event_id, status: "pondering" },
            ];
          default:
            return [
              { event_id: idOf(1), status: "success" },
              { event_id, status: "success" },
            ];
        }
      });
    const { counts } = await at.drain(await open());
    strictEqual(counts.delivered, 3);
    strictEqual((await at.ledger()).dead, 0);
  },
);

each(
  "answers in another order, with ids that were not sent, and junk -> each event its own word",
  eventsOf(1, 6),
  async (at, open) => {
    const waiting: SentEvent[] = [];
    at.server.answer = (events) => {
      waiting.push(...events);
      if (waiting.length < 6) return [];
      const even = (id: unknown) =>
        [idOf(2), idOf(4), idOf(6)].includes(`${id}`);
      return [
        { event_id: idOf(99), status: "rejected" },
        { event_id: 7, status: "success" },
        { status: "success" },
        ...waiting.reverse().map(({ event_id }) => ({
          event_id,
          status: even(event_id) ? "success" : "rejected",
        })),
      ];
    };
    const { counts } = await at.drain(await open());
    deepStrictEqual([counts.delivered, counts.rejected], [3, 3]);
    deepStrictEqual(await at.ids("dead"), [idOf(1), idOf(3), idOf(5)]);
    await at.ledger();
  },
);

each(
  "the server's clock -> received once; what is none is ignored",
  eventsOf(1, 3),
  async (at, open) => {
    const transport = await open();
    at.server.extra = { lamport_clock: 100 };
    await at.drain(transport);
    strictEqual(await at.clock(), 101);
    at.server.extra = { lamport_clock: 7 };
    await at.append(eventsOf(102, 102));
    await at.drain(transport);
    strictEqual(await at.clock(), 103);
    const none = [-1, 1.5, "700", 2 ** 53, 2 ** 52, null, [700], true];
    for (const [i, lamport_clock] of none.entries()) {
      const n = 200 + i;
      at.server.extra = { lamport_clock };
      await at.append(eventsOf(n, n));
      strictEqual((await at.drain(transport)).counts.delivered, 1);
      strictEqual(await at.clock(), n, JSON.stringify(lamport_clock));
    }
  },
);
