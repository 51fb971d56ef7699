/** What a server is told of a home, when, and how often. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { HttpBatch } from "../../../lib/delivery/transport/http_batch.ts";
import type { Transport } from "../../../lib/delivery/transport/transport.ts";
import { watermarkOf } from "../../../lib/delivery/drain/teller.ts";
import { WATERMARK, WATERMARK_BYTES_MAX } from "../../../lib/base/wire.ts";
import {
  fromBytes,
  LEDGER_KEY,
  toBytes,
} from "../../../lib/home/queue_layout.ts";
import { queuePath } from "../../../lib/home/queue_file.ts";
import { openSession } from "../../../lib/login/open_session.ts";
import { Session } from "../../../lib/login/session.ts";
import type { ScriptedServer } from "../../support/scripted_server.ts";
import { eventsOf, Sending } from "../../support/sending.ts";

/** Makes a server listen to what it is told. */
function listen(server: ScriptedServer): void {
  server.onBatch = async ({ events }) => {
    server.events.push(...events);
    const results = await server.answer([...events]);
    return Response.json({ results }, { headers: { [WATERMARK]: "heard" } });
  };
}

/** What a server was told with each batch: events in it, recorded, never. */
function toldTo(server: ScriptedServer): (number | undefined)[][] {
  return server.batches.map(({ events, headers }) => {
    const text = headers.get(WATERMARK);
    const [node] = text === null ? [] : JSON.parse(text).nodes;
    return [events.length, node?.recorded, node?.never];
  });
}

/** Refuses all events but so many. */
const refusing = (left: number) => (events: { event_id?: unknown }[]) =>
  events.map(({ event_id }, n) => ({
    event_id,
    status: n < left ? "accepted" : "rejected",
  }));

Deno.test("sync: a server that listens -> told with each batch, and once more where its answer has changed the counts", async () => {
  await using at = await Sending.prepare(eventsOf(1, 3));
  const batch = new HttpBatch(at.session, at.world);
  listen(at.server);
  at.server.answer = refusing(2);
  const { counts } = await at.sync([batch]);
  deepStrictEqual([counts.delivered, counts.rejected, counts.batches], [
    2,
    1,
    1,
  ]);
  deepStrictEqual(toldTo(at.server), [[3, 3, 0], [0, 3, 1]]);
  // Nothing is new: nothing is said.
  await at.sync([batch]);
  strictEqual(at.server.batches.length, 2);
  await at.hold(({ queue }) =>
    queue.requeue(eventsOf(3, 3).map((e) => e.event_id))
  );
  at.server.answer = refusing(9);
  await at.sync([batch]);
  deepStrictEqual(toldTo(at.server).slice(2), [[1, 3, 0]]);
  await at.append(eventsOf(4, 5));
  await at.hold(({ queue }) =>
    queue.drop(eventsOf(4, 5).map((e) => e.event_id), "queue")
  );
  await at.sync([batch]);
  deepStrictEqual(toldTo(at.server).slice(3), [[0, 5, 2]]);
  const { headers } = at.server.batches[0]!;
  const word = JSON.parse(headers.get(WATERMARK)!);
  deepStrictEqual(Object.keys(word), [
    "home",
    "turn",
    "told_at",
    "team_slug",
    "nodes",
  ]);
});

Deno.test("sync: a server that does not listen -> the header, and no request more", async () => {
  await using at = await Sending.prepare(eventsOf(1, 3));
  at.server.answer = refusing(1);
  await at.sync([new HttpBatch(at.session, at.world)]);
  deepStrictEqual(toldTo(at.server), [[3, 3, 0]]);
});

Deno.test("sync: events of two batches, and some that come in between -> never more is sent than was told", async () => {
  await using at = await Sending.prepare(eventsOf(1, 1_500));
  listen(at.server);
  const answer = at.server.answer;
  at.server.answer = async (events) => {
    if (at.server.batches.length === 1) await at.append(eventsOf(2_001, 2_100));
    return await answer(events);
  };
  const batch = new HttpBatch(at.session, at.world);
  // What comes so late that it was not read ahead goes with the next drain.
  for (let drains = 0; drains < 2; drains++) await at.sync([batch]);
  let sent = 0;
  for (const [events, recorded] of toldTo(at.server)) {
    sent += events!;
    ok(sent <= recorded!, `${sent} of ${recorded}`);
  }
  strictEqual(sent, 1_600);
});

Deno.test("sync: a way that does not get through -> tried by the next; nothing is remembered as told", async () => {
  await using at = await Sending.prepare(eventsOf(1, 1));
  listen(at.server);
  const batch = new HttpBatch(at.session, at.world);
  await at.sync([batch]);
  await at.append(eventsOf(2, 2));
  await at.hold(({ queue }) =>
    queue.drop([eventsOf(2, 2)[0]!.event_id], "queue")
  );
  const mute: Transport = {
    eventsMax: 1,
    bytesMax: 1,
    send: () => Promise.reject(new Error("not asked")),
    tell: () => Promise.resolve(false),
  };
  await at.sync([mute]);
  strictEqual(at.server.batches.length, 1);
  await at.sync([mute, batch]);
  deepStrictEqual(toldTo(at.server).slice(1), [[0, 2, 1]]);
});

Deno.test("watermarkOf: names beyond ASCII -> escaped; too much for a header, a sink, or counts that are not known -> nothing", async () => {
  await using at = await Sending.prepare(eventsOf(1, 1, { node: "Käthe 🐈" }));
  const { home, session } = at;
  const text = (await watermarkOf(home, session))!;
  ok(/^[\x20-\x7e]+$/.test(text));
  strictEqual(JSON.parse(text).nodes[0].node_id, "Käthe 🐈");
  const sink = await openSession(
    undefined,
    {
      serverUrl: undefined,
      teamSlug: "alpha",
      sinkUrl: at.server.url,
    },
    at.world,
    () => {},
  );
  ok(sink instanceof Session);
  strictEqual(await watermarkOf(home, sink), undefined);
  const many = Array.from(
    { length: 20 },
    (_, n) => eventsOf(n + 2, n + 2, { node: `${n}${"é".repeat(100)}` }),
  );
  await at.append(many.flat());
  strictEqual(await watermarkOf(home, session), undefined);
  ok(WATERMARK_BYTES_MAX < 20 * 600);
});

Deno.test("sync: a queue of an older program, from which nothing has gone -> counted, and told", async () => {
  await using at = await Sending.prepare(eventsOf(1, 4));
  const kv = await Deno.openKv(queuePath(at.home.path));
  const { value } = await kv.get<Uint8Array>(LEDGER_KEY);
  const { own: _, ...ledger } = fromBytes<Record<string, unknown>>(value!);
  await kv.set(LEDGER_KEY, toBytes(ledger));
  kv.close();
  await at.sync([new HttpBatch(at.session, at.world)]);
  deepStrictEqual(toldTo(at.server), [[4, 4, 0]]);
});
