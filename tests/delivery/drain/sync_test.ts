/** One drain of a home: who may, what is noted, and what is printed. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { HttpBatch } from "../../../lib/delivery/transport/http_batch.ts";
import { Session } from "../../../lib/login/session.ts";
import { openSession } from "../../../lib/login/open_session.ts";
import { readSummary, summaryOf } from "../../../lib/delivery/drain/summary.ts";
import type { DrainCounts } from "../../../lib/delivery/drain/counts.ts";
import type {
  Transport,
  WireEvent,
} from "../../../lib/delivery/transport/transport.ts";
import type { KvReader } from "../../../lib/home/queue_read.ts";
import { deadlineIn, eventsOf, Sending } from "../../support/sending.ts";

Deno.test("sync: another drain goes on for too long -> busy, and nothing is sent", async () => {
  await using at = await Sending.prepare(eventsOf(1, 3));
  const batch = new HttpBatch(at.session, at.world);
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  at.server.answer = async (events) => {
    begun.resolve();
    await goOn.promise;
    return at.server.take(events);
  };
  const first = at.sync([batch]);
  await begun.promise;
  const second = await at.sync([batch], { deadline: deadlineIn(100) });
  deepStrictEqual(second.end, { kind: "busy" });
  deepStrictEqual([second.counts.sent, second.remaining], [0, 3]);
  goOn.resolve();
  strictEqual((await first).counts.delivered, 3);
  strictEqual(at.server.batches.length, 1);
});

Deno.test("sync: no team is known -> stopped, and nothing is sent", async () => {
  await using at = await Sending.prepare(eventsOf(1, 3));
  const settings = { serverUrl: at.server.url, teamSlug: "local" };
  const session = await openSession(undefined, settings, at.world, () => {});
  ok(session instanceof Session);
  const { end, remaining } = await at.sync(
    [new HttpBatch(session, at.world)],
    { session },
  );
  ok(end.kind === "stopped");
  strictEqual(end.reason, "no_team");
  strictEqual(remaining, 3);
  deepStrictEqual(at.server.asked, {});
});

Deno.test("sync: a drain that fails as a whole -> noted with its reason; one that does not -> its success", async () => {
  await using at = await Sending.prepare(eventsOf(1, 3));
  const batch = new HttpBatch(at.session, at.world);
  const moment = new Date(at.world.timeMs).toISOString();
  for (const status of [500, 403]) {
    at.server.onBatch = () => Response.json({ error: "no" }, { status });
    await at.sync([batch]);
    const { last_failure, last_success } = await at.ledger();
    deepStrictEqual(last_failure, {
      at: moment,
      reason: `status ${status}: no`,
    });
    strictEqual(last_success, undefined);
  }
  at.server.onBatch = () => undefined;
  await at.sync([batch]);
  strictEqual((await at.ledger()).last_success, moment);
});

Deno.test("sync: trouble on the first way -> the next way, whose end counts", async () => {
  await using at = await Sending.prepare(eventsOf(1, 3));
  const batch = new HttpBatch(at.session, at.world);
  const broken = {
    ...{ eventsMax: 10, bytesMax: 10_000 },
    send: () => Promise.resolve({ kind: "trouble", words: "torn" } as const),
  };
  const { counts, end } = await at.sync([broken, batch]);
  deepStrictEqual(end, { kind: "drained" });
  deepStrictEqual([counts.sent, counts.delivered, counts.batches], [3, 3, 2]);
  strictEqual((await at.ledger()).last_failure, undefined);
});

Deno.test("sync: the disk is full after a part of a batch has left the queue -> that part is counted, as in the ledger", async () => {
  await using at = await Sending.prepare(eventsOf(1, 600));
  const batch = new HttpBatch(at.session, at.world);
  at.server.answer = (events) => {
    failAfter((at.home.reader as KvReader).kv, 1);
    return at.server.take(events);
  };
  const open = {
    ...{ eventsMax: 10, bytesMax: 10_000 },
    send: (events: readonly WireEvent[]) =>
      Promise.resolve(
        {
          kind: "answered",
          results: [{ event_id: events[0]!.event_id, status: "success" }],
          unnamed: "open",
        } as const,
      ),
  };
  const seen: number[] = [];
  const onProgress = ({ delivered }: DrainCounts) => seen.push(delivered);
  await rejects(at.sync([open, batch], { onProgress }), /disk is full/);
  const { delivered } = await at.ledger();
  ok(delivered > 1 && delivered < 600, `${delivered}`);
  // Over both ways.
  deepStrictEqual(seen, [1, delivered]);
});

/** From then on, commits fail but for some, as on a full disk. */
function failAfter(kv: Deno.Kv, commits: number): void {
  const atomic = kv.atomic.bind(kv);
  kv.atomic = () => {
    const operation = atomic();
    const commit = operation.commit.bind(operation);
    operation.commit = () =>
      commits-- > 0
        ? commit()
        : Promise.reject(new TypeError("database or disk is full"));
    return operation;
  };
}

Deno.test("summaryOf: a drain -> what it prints", async () => {
  await using at = await Sending.prepare(eventsOf(1, 3));
  at.server.answer = ([first, second, third]) => [
    ...at.server.take([first!]),
    { event_id: second!.event_id, status: "rejected" },
    { event_id: third!.event_id, status: "pondering" },
  ];
  const result = await at.sync([new HttpBatch(at.session, at.world)]);
  deepStrictEqual(summaryOf({ ...result, durationMs: 12 }), {
    sent: 3,
    delivered: 1,
    duplicates: 0,
    rejected: 1,
    remaining: 1,
    batches: 1,
    duration_ms: 12,
    failures: { rejected: 1, unknown_status: 1 },
    local: 0,
    end: "drained",
  });
  at.server.onBatch = () => Response.json({}, { status: 412 });
  const stopped = summaryOf(
    await at.sync([new HttpBatch(at.session, at.world)]),
  );
  deepStrictEqual([stopped.end, stopped.reason], ["outdated", "status 412"]);
});

Deno.test("sync: an event that fails by one way -> one attempt, not tried by the next", async () => {
  await using at = await Sending.prepare(eventsOf(1, 2));
  const [first, second] = eventsOf(1, 2).map(({ event_id }) => event_id);
  const sent: string[][] = [];
  const way = (words: string[], unnamed: "open" | "failed"): Transport => ({
    eventsMax: 10,
    bytesMax: 1e6,
    send(events) {
      sent.push(events.map(({ event_id }) => event_id));
      const results = events.flatMap(({ event_id }, i) =>
        words[i] ? [{ event_id, status: words[i]! }] : []
      );
      return Promise.resolve({ kind: "answered", results, unnamed });
    },
  });
  const result = await at.sync([
    way(["later"], "open"),
    way(["accepted"], "failed"),
  ]);
  deepStrictEqual(sent, [[first, second], [second]]);
  deepStrictEqual(
    [result.counts.delivered, result.counts.failures],
    [1, { unknown_status: 1 }],
  );
});

Deno.test("sync: no word about some of a group -> the rest goes another way at once", async () => {
  await using at = await Sending.prepare(eventsOf(1, 6));
  let groups = 0;
  const mute: Transport = {
    eventsMax: 2,
    bytesMax: 1e6,
    send([one]) {
      groups += 1;
      const results = [{ event_id: one!.event_id, status: "accepted" }];
      return Promise.resolve({ kind: "answered", results, unnamed: "open" });
    },
  };
  const result = await at.sync([mute, new HttpBatch(at.session, at.world)]);
  strictEqual(groups, 1);
  deepStrictEqual([result.end.kind, result.remaining], ["drained", 0]);
});

Deno.test("readSummary: what an agent tells, and anything else -> the same summary; nothing", async () => {
  await using at = await Sending.prepare(eventsOf(1, 2));
  const result = await at.sync([new HttpBatch(at.session, at.world)]);
  const notTaken = [
    { event_id: "x", category: "rejected", message: "no", fate: "dead" },
  ];
  const told = { ...summaryOf(result), failed: notTaken };
  deepStrictEqual(readSummary(JSON.parse(JSON.stringify(told))), {
    summary: summaryOf(result),
    notTaken,
  });
  for (
    const other of [
      null,
      [],
      {},
      { ...told, failed: undefined },
      { ...told, end: "somehow" },
      { ...told, delivered: "2" },
      { ...told, failures: { rejected: null } },
      { ...told, reason: 7 },
      { ...told, failed: [{ ...notTaken[0], fate: "lost" }] },
    ]
  ) strictEqual(readSummary(other), undefined);
});
