/** What holds for WebSockets only: opening, messages, silence, and the batch behind them. */

import {
  deepStrictEqual,
  match,
  ok,
  rejects,
  strictEqual,
} from "node:assert/strict";
import { pause } from "../../../lib/base/deadline.ts";
import { NoAnswerError } from "../../../lib/login/http.ts";
import { HttpBatch } from "../../../lib/delivery/transport/http_batch.ts";
import {
  NotAuthenticatedError,
  ServerTroubleError,
} from "../../../lib/login/session.ts";
import { EventSocket } from "../../../lib/delivery/transport/socket.ts";
import { BROADCAST_CLOCK_MS } from "../../../lib/base/limits.ts";
import { PATHS } from "../../../lib/base/wire.ts";
import { eventOf, idOf } from "../../support/events.ts";
import { hurried, until } from "../../support/hurried.ts";
import type { ServerSocket } from "../../support/scripted_server.ts";
import {
  bounded,
  deadlineIn,
  eventsOf,
  Sending,
} from "../../support/sending.ts";

const NODE = "9f86d081884c";

/** A server, and the way to open sockets to it. */
async function prepare(events: Parameters<typeof Sending.prepare>[0] = []) {
  const at = await Sending.prepare(events);
  const clocks: number[] = [];
  const opened: EventSocket[] = [];
  const over = new AbortController();
  let asked = 0;
  const watermark = () => Promise.resolve(`{"turn":${++asked}}`);
  const connect = async (): Promise<EventSocket> => {
    const { session, world } = at;
    const onClock = (value: number) => clocks.push(value);
    const socket = await EventSocket.connect(
      { session, world, nodeId: NODE, onClock, watermark },
      over.signal,
    );
    opened.push(socket);
    return socket;
  };
  return {
    at,
    server: at.server,
    clocks,
    over,
    connect,
    /** An open connection, both ends. In hurried time a busy machine may need several tries. */
    async pair(): Promise<[EventSocket, ServerSocket]> {
      for (let tries = 1;; tries++) {
        try {
          const socket = await connect();
          return [socket, at.server.sockets.at(-1)!];
        } catch (error) {
          const isSlow = error instanceof NoAnswerError ||
            error instanceof ServerTroubleError && error.isSilence;
          if (!isSlow || tries === 50) throw error;
        }
      }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of opened) await socket.leave();
      await at[Symbol.asyncDispose]();
    },
  };
}

Deno.test("connect: a login -> a token for the socket alone, and another for the next", async () => {
  await using test = await prepare();
  const [first] = await test.pair();
  ok(first.isOpen);
  await first.leave();
  ok(!first.isOpen);
  await test.connect();
  deepStrictEqual(test.server.asked, {
    [PATHS.socketToken]: 2,
    [PATHS.socket]: 2,
  });
});

Deno.test("connect: an access token that has ended -> renewed once", async () => {
  await using test = await prepare();
  test.server.revoke();
  await test.connect();
  strictEqual(test.server.asked[PATHS.refresh], 1);
});

Deno.test("connect: refused handshakes, tokens and sessions -> why, in the error's type", async () => {
  await using test = await prepare();
  const { server } = test;
  for (const status of [401, 404, 503, 200]) {
    server.onUpgrade = () => new Response("no", { status });
    await rejects(test.connect(), (error: Error) => {
      ok(error instanceof NoAnswerError, error.name);
      match(error.message, /^no WebSocket to 127\.0\.0\.1:\d+: /);
      ok(!/socket-|access-/.test(error.message));
      return true;
    });
  }
  server.onUpgrade = () => undefined;
  server.onToken = () => new Response("no", { status: 503 });
  await rejects(test.connect(), ServerTroubleError);
  server.onToken = () => new Response("no", { status: 401 });
  await rejects(test.connect(), NotAuthenticatedError);
  strictEqual(server.sockets.length, 0);
});

Deno.test("connect: nobody there -> an error", async () => {
  await using test = await prepare();
  await test.server.die();
  await rejects(test.connect(), ServerTroubleError);
});

Deno.test("connect: a handshake that is not answered -> given up in time", async () => {
  await using test = await prepare();
  const { server } = test;
  server.onUpgrade = () => server.silence().then(() => new Response());
  await hurried(50, async () => {
    const startedMs = performance.now();
    await rejects(test.connect(), NoAnswerError);
    const tookMs = performance.now() - startedMs;
    ok(tookMs >= 9_000 && tookMs < 60_000, `${tookMs}`);
  });
});

Deno.test("connect: not wanted any more -> given up at once", async () => {
  await using test = await prepare();
  const { server } = test;
  server.onUpgrade = () => server.silence().then(() => new Response());
  const connecting = rejects(test.connect(), NoAnswerError);
  await until(() => (server.asked[PATHS.socket] ?? 0) > 0);
  test.over.abort();
  await connecting;
});

Deno.test("ping -> a pong with the timestamp as it came", async () => {
  await using test = await prepare();
  const [, server] = await test.pair();
  const timestamps = [1770112800.5, "2026-02-03T12:00:00Z", null, { a: [1] }];
  for (const timestamp of timestamps) server.say({ type: "ping", timestamp });
  server.say({ type: "ping" });
  await until(() => server.heard.length === 5);
  deepStrictEqual(server.heard, [
    ...timestamps.map((timestamp) => ({ type: "pong", timestamp })),
    { type: "pong" },
  ]);
});

Deno.test("messages of unknown types, binary ones, no JSON -> ignored, and the socket goes on", async () => {
  await using test = await prepare(eventsOf(1, 1));
  const [socket, server] = await test.pair();
  const messages = [
    { type: "snapshot", work_packages: [{ wp_id: "WP01" }] },
    { type: "of tomorrow", event_id: idOf(1), status: "rejected" },
    { event_id: idOf(1), status: "rejected" },
    { type: ["ack"] },
    { type: "ack" },
    { type: "ack", event_id: 7, status: "success" },
    { type: "ack", event_id: idOf(1) },
    { type: "event", event: "none" },
    { type: "event", event: null },
    { type: "event" },
    "no JSON",
    "",
    "null",
    "7",
    '"ack"',
    "[]",
    new TextEncoder().encode(
      JSON.stringify({ type: "ack", event_id: idOf(1), status: "rejected" }),
    ),
  ];
  for (const message of messages) server.say(message);
  test.server.answer = (events) => {
    for (const message of messages) server.say(message);
    return test.server.take(events);
  };
  const { counts } = await test.at.drain(socket);
  strictEqual(counts.delivered, 1);
  strictEqual((await test.at.ledger()).dead, 0);
  ok(socket.isOpen);
  deepStrictEqual(test.clocks, []);
});

Deno.test("broadcasts -> the highest clock value of a moment, once; nested or flat; not of our own node", async () => {
  await using test = await prepare();
  const [, server] = await test.pair();
  const event = (n: number, node: string) => eventOf(n, { node }).envelope;
  server.say({ type: "event", event: event(40, "other") });
  server.say({ type: "event", event: event(50, "other") });
  server.say(event(45, "other"));
  server.say({ type: "event", event: event(900, NODE) });
  server.say(event(901, NODE));
  server.say({ type: "event", event: event(10, "other"), lamport_clock: 60 });
  for (const lamport_clock of [-1, 1.5, "70", null, 2 ** 53]) {
    server.say({ type: "event", event: { node_id: "other", lamport_clock } });
  }
  await until(() => test.clocks.length > 0);
  await pause(2 * BROADCAST_CLOCK_MS);
  deepStrictEqual(test.clocks, [60]);
  server.say({ ...event(30, "other"), type: "event" });
  await until(() => test.clocks.length > 1);
  deepStrictEqual(test.clocks, [60, 30]);
});

Deno.test("broadcasts: clock values that are none -> not told", async () => {
  await using test = await prepare();
  const [, server] = await test.pair();
  for (const lamport_clock of [-1, 1.5, "70", null, [7]]) {
    server.say({ type: "event", event: { node_id: "other", lamport_clock } });
  }
  await pause(2 * BROADCAST_CLOCK_MS);
  deepStrictEqual(test.clocks, []);
});

Deno.test("acks: a clock value that leaves none above it -> does not hide a good one", async () => {
  await using test = await prepare(eventsOf(1, 4));
  const [socket] = await test.pair();
  const clocks = [70, 2 ** 53, -1, "90"];
  test.server.answer = ([event]) =>
    test.server.take([event!]).map((result) => ({
      ...result,
      lamport_clock: clocks[event!.lamport_clock - 1],
    }));
  await test.at.drain(socket);
  strictEqual(await test.at.clock(), 71);
});

Deno.test("sync: acks that do not come -> by batch, as duplicates, without an attempt", async () => {
  await using test = await prepare(eventsOf(1, 6));
  const { at, server } = test;
  const [socket] = await test.pair();
  // Everything arrives, but only some of it is acknowledged.
  const quiet = [idOf(2), idOf(5)];
  server.answer = (events) =>
    server.take(events).filter(({ event_id }) =>
      server.batches.length > 0 || !quiet.includes(`${event_id}`)
    );
  const transports = [
    bounded(socket, { patienceMs: 200 }),
    new HttpBatch(at.session, at.world),
  ];
  const { counts, end, remaining } = await at.sync(transports);
  deepStrictEqual(end, { kind: "drained" });
  deepStrictEqual(
    server.batches.map(({ events }) => events.map((e) => e.event_id)),
    [quiet],
  );
  deepStrictEqual(counts, {
    sent: 6,
    delivered: 4,
    duplicates: 2,
    rejected: 0,
    open: 0,
    batches: 2,
    local: 0,
    failures: {},
  });
  strictEqual(remaining, 0);
  ok(socket.isOpen);
  await at.ledger();
});

Deno.test("sync: not one ack -> all by batch, and nothing is used up", async () => {
  await using test = await prepare(eventsOf(1, 3));
  const { at, server } = test;
  const [socket] = await test.pair();
  server.answer = (events) => {
    const results = server.take(events);
    return server.batches.length > 0 ? results : [];
  };
  const transports = [
    bounded(socket, { patienceMs: 100 }),
    new HttpBatch(at.session, at.world),
  ];
  const { counts, end } = await at.sync(transports);
  deepStrictEqual(end, { kind: "drained" });
  deepStrictEqual([counts.delivered, counts.duplicates], [0, 3]);
  strictEqual((await at.ledger()).delivered, 3);
});

Deno.test("sync: a socket that breaks in the middle -> the rest by batch", async () => {
  await using test = await prepare(eventsOf(1, 600));
  const { at, server } = test;
  const [socket, end] = await test.pair();
  server.answer = (events) => {
    if (server.taken.size === 300) end.close(1011);
    return server.take(events);
  };
  const result = await at.sync([socket, new HttpBatch(at.session, at.world)]);
  deepStrictEqual(result.end, { kind: "drained" });
  const { delivered, duplicates, rejected } = result.counts;
  deepStrictEqual([delivered + duplicates, rejected], [600, 0]);
  strictEqual(server.taken.size, 600);
  strictEqual((await at.ledger()).delivered, 600);
});

Deno.test("sync: a stop over the socket's way of a batch -> no third way is tried", async () => {
  await using test = await prepare(eventsOf(1, 3));
  const { at, server } = test;
  server.onBatch = () => Response.json({ error: "team" }, { status: 403 });
  const batch = new HttpBatch(at.session, at.world);
  const { end } = await at.sync([batch, batch]);
  ok(end.kind === "stopped");
  strictEqual(server.batches.length, 1);
  await at.isUntouched();
});

Deno.test("send: no ack in ten seconds -> trouble, and the connection is given up", async () => {
  await using test = await prepare(eventsOf(1, 1));
  const [socket] = await test.pair();
  test.server.answer = () => [];
  await hurried(20, async () => {
    const { end } = await test.at.drain(socket);
    ok(end.kind === "trouble");
    match(end.words, /no acknowledgement in time/);
  });
  ok(!socket.isOpen);
  strictEqual((await socket.ended).code, 0);
  await test.at.isUntouched();
});

Deno.test("send: over a connection that has ended -> trouble at once", async () => {
  await using test = await prepare(eventsOf(1, 1));
  const [socket, server] = await test.pair();
  server.close(1001, "bye");
  deepStrictEqual(await socket.ended, {
    code: 1001,
    words: "closed with 1001 bye",
  });
  const sent = await socket.send([{
    event_id: idOf(1),
    wire_id: idOf(1),
    json: "{}",
    bytes: 2,
    isLocal: false,
  }], deadlineIn(60_000));
  deepStrictEqual(sent, {
    kind: "trouble",
    words: "the WebSocket is closed with 1001 bye",
  });
});

Deno.test("watermark: after the snapshot, every minute, and ahead of events -> told", async () => {
  await using test = await prepare(eventsOf(1, 1));
  await hurried(200, async () => {
    const [socket, server] = await test.pair();
    strictEqual(server.heard.length, 0);
    server.say({ type: "snapshot", work_packages: [] });
    await until(() => server.heard.length === 1);
    deepStrictEqual({ ...server.heard[0] }, { type: "watermark", turn: 1 });
    const startedMs = performance.now();
    await until(() => server.heard.length === 3);
    ok(performance.now() - startedMs > 60_000);
    const [event] = eventsOf(1, 1);
    const wire = {
      event_id: event!.event_id,
      wire_id: event!.event_id,
      json: new TextDecoder().decode(event!.bytes),
      bytes: event!.bytes.length,
      isLocal: false,
    };
    const said = server.heard.length;
    await socket.send([wire], deadlineIn(60_000), '{"turn":99}');
    const words = server.heard.slice(said);
    const at = words.findIndex(({ turn }) => turn === 99);
    strictEqual(words[at + 1]?.event_id, event!.event_id);
    strictEqual(await socket.tell('{"turn":100}'), true);
    await socket.leave();
    strictEqual(await socket.tell('{"turn":101}'), false);
  });
});

Deno.test("silence after pings -> the connection is given up", async () => {
  await using test = await prepare();
  await hurried(100, async () => {
    const [socket, server] = await test.pair();
    server.say({ type: "ping", timestamp: 1 });
    const startedMs = performance.now();
    deepStrictEqual(await socket.ended, {
      code: 0,
      words: "given up: the server has fallen silent",
    });
    ok(performance.now() - startedMs > 60_000);
  });
});

Deno.test("silence of a server that sends no pings -> means nothing", async () => {
  await using test = await prepare();
  await hurried(200, async () => {
    const [socket] = await test.pair();
    await pause(130_000);
    ok(socket.isOpen);
    await socket.leave();
  });
});

Deno.test("leave: an open connection -> a closing handshake, once", async () => {
  await using test = await prepare();
  const [socket, server] = await test.pair();
  await socket.leave();
  strictEqual(await server.closed, 1000);
  deepStrictEqual(await socket.ended, {
    code: 1000,
    words: "closed with 1000",
  });
  await socket.leave();
});
