/** An agent's batches, kept apart; on a clock that tests move. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { HttpBatch } from "../../../lib/delivery/transport/http_batch.ts";
import { Pace, paced } from "../../../lib/delivery/transport/pace.ts";
import type {
  Sent,
  Transport,
} from "../../../lib/delivery/transport/transport.ts";
import { BATCH_INTERVAL_MS_DEFAULT } from "../../../lib/base/limits.ts";
import { farDeadline } from "../../support/home.ts";
import { eventsOf, Sending } from "../../support/sending.ts";

/** A clock on which pauses take no time, and the pauses that were made. */
function fakeClock() {
  const clock = {
    nowMs: 0,
    pauses: [] as number[],
    pace: (intervalMs = BATCH_INTERVAL_MS_DEFAULT) =>
      new Pace(intervalMs, () => clock.nowMs, (ms) => {
        clock.pauses.push(ms);
        clock.nowMs += ms;
        return Promise.resolve();
      }),
  };
  return clock;
}

/** A transport that says when its sendings began, and takes some time for each. */
function fakeTransport(
  clock: { nowMs: number },
  sents: readonly Partial<Sent>[] = [],
) {
  const began: number[] = [];
  const transport: Transport = {
    eventsMax: 7,
    bytesMax: 11,
    send() {
      began.push(clock.nowMs);
      clock.nowMs += 200;
      const kind = { kind: "answered", results: [], unnamed: "failed" };
      return Promise.resolve({ ...kind, ...sents[began.length - 1] } as Sent);
    },
  };
  return { began, transport };
}

Deno.test("paced: batches in a row -> one in five seconds, from start to start; the first at once", async () => {
  const clock = fakeClock();
  const { began, transport } = fakeTransport(clock);
  const slow = paced(transport, clock.pace());
  deepStrictEqual([slow.eventsMax, slow.bytesMax], [7, 11]);
  for (let i = 0; i < 4; i++) await slow.send([], farDeadline());
  deepStrictEqual(began, [0, 5_000, 10_000, 15_000]);
  deepStrictEqual(clock.pauses, [4_800, 4_800, 4_800]);
});

Deno.test("paced: a batch after a long rest -> at once", async () => {
  const clock = fakeClock();
  const { began, transport } = fakeTransport(clock);
  const slow = paced(transport, clock.pace());
  await slow.send([], farDeadline());
  clock.nowMs = 60_000;
  await slow.send([], farDeadline());
  deepStrictEqual(began, [0, 60_000]);
  deepStrictEqual(clock.pauses, []);
});

Deno.test("paced: the server allows another interval -> it counts from that batch on", async () => {
  const clock = fakeClock();
  const { began, transport } = fakeTransport(clock, [
    {},
    { intervalMs: 1_000 },
    {},
    { intervalMs: 0 },
    {},
    { intervalMs: 60_000 },
  ]);
  const slow = paced(transport, clock.pace());
  for (let i = 0; i < 7; i++) await slow.send([], farDeadline());
  deepStrictEqual(began, [
    0,
    5_000,
    6_000,
    7_000,
    7_200,
    7_400,
    67_400,
  ]);
});

Deno.test("paced: a refused or failed sending -> has taken its turn all the same", async () => {
  const clock = fakeClock();
  const { began, transport } = fakeTransport(clock, [
    { kind: "trouble", words: "" },
    { kind: "refused_all", words: "" },
  ]);
  const slow = paced(transport, clock.pace());
  for (let i = 0; i < 3; i++) await slow.send([], farDeadline());
  deepStrictEqual(began, [0, 5_000, 10_000]);
});

Deno.test("paced: two users of one pace -> share it", async () => {
  const clock = fakeClock();
  const { began, transport } = fakeTransport(clock);
  const pace = clock.pace();
  await paced(transport, pace).send([], farDeadline());
  strictEqual(pace.nextMs, 5_000);
  await paced(transport, pace).send([], farDeadline());
  deepStrictEqual(began, [0, 5_000]);
});

Deno.test("paced: a server's batch_interval -> kept by the batches of a drain", async () => {
  await using at = await Sending.prepare(eventsOf(1, 6, { size: 500_000 }));
  at.server.extra = { batch_interval: 2 };
  const clock = fakeClock();
  const batch = new HttpBatch(at.session, at.world);
  const { counts } = await at.drain(paced(batch, clock.pace()));
  deepStrictEqual([counts.delivered, counts.batches], [6, 3]);
  deepStrictEqual(clock.pauses, [2_000, 2_000]);
});
