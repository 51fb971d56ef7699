/** WebSockets: snapshot, acks, broadcasts, pings, and bounds. */

import {
  deepStrictEqual,
  match,
  ok,
  rejects,
  strictEqual,
} from "node:assert/strict";
import {
  ADA,
  BOB,
  EVE,
  localCollector,
  rawUpgrade,
  TestCollector,
  type TestSocket,
} from "../../support/collector.ts";
import { PATHS } from "../../../lib/base/wire.ts";
import { eventOf, idOf } from "../../support/events.ts";
import { eventually } from "../../support/eventually.ts";

function event(n: number, fields: Record<string, unknown> = {}) {
  const { envelope } = eventOf(n, { team: ADA.team });
  return { ...envelope, ...fields } as Record<string, unknown>;
}

Deno.test("socket: an event -> ack to its sender, broadcast to the team's others only", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const tokens = [];
  for (const user of [ADA, BOB, EVE]) {
    tokens.push((await client.logIn(user)).access);
  }
  const [ada, bob, eve] = await Promise.all(
    tokens.map((token) => client.connect(token)),
  );
  for (const socket of [ada, bob, eve]) {
    deepStrictEqual(await socket!.next(), {
      type: "snapshot",
      work_packages: [],
    });
  }
  ada!.send(event(1, { type: "ping" }));
  deepStrictEqual(await ada!.next(), {
    type: "ack",
    event_id: idOf(1),
    status: "accepted",
  });
  deepStrictEqual(await bob!.next(), {
    type: "event",
    event: event(1, { type: "ping" }),
  });
  // By batch: everybody hears of what is new.
  await client.send(tokens[0]!, [event(1, { type: "ping" }), event(2)]);
  for (const socket of [ada, bob]) {
    deepStrictEqual(await socket!.next(), { type: "event", event: event(2) });
  }
  eve!.send(event(3, { team_slug: "evil" }));
  strictEqual((await eve!.next()).type, "ack");
  for (const socket of [ada, bob, eve]) await socket!.close();
});

Deno.test("socket: duplicate, conflict, invalid, another team -> acks with the words of the batch", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  await using socket = await client.connect(access);
  await socket.nextOf("snapshot");
  for (
    const message of [
      event(1),
      event(1),
      event(1, { node_id: "other" }),
      event(2, { timestamp: "yesterday" }),
      event(3, { team_slug: "evil" }),
      { event_type: null },
      event(4),
    ]
  ) socket.send(message);
  const acks = [];
  for (let i = 0; i < 7; i++) acks.push(await socket.next());
  deepStrictEqual(acks.map(({ event_id, status }) => [event_id, status]), [
    [idOf(1), "accepted"],
    [idOf(1), "duplicate"],
    [idOf(1), "rejected"],
    [idOf(2), "rejected"],
    [idOf(3), "rejected"],
    ["", "rejected"],
    [idOf(4), "accepted"],
  ]);
  match(acks[3].error_message, /^\/timestamp: expected/);
  match(acks[4].error_message, /^\/team_slug/);
  deepStrictEqual(await client.events(access), [event(1), event(4)]);
});

Deno.test("socket: many events at once -> acks and broadcasts in their order, all stored", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  await using sender = await client.connect(access);
  await using other = await client.connect(access);
  const count = 2_500, ids = Array.from({ length: count }, (_, n) => idOf(n));
  for (let n = 0; n < count; n++) sender.send(event(n));
  const acked = [], heard = [];
  for (let n = 0; n < count; n++) {
    acked.push((await sender.nextOf("ack")).event_id);
    heard.push((await other.nextOf("event")).event.event_id);
  }
  deepStrictEqual(acked, ids);
  deepStrictEqual(heard, ids);
  deepStrictEqual(
    (await client.events(access)).map(({ event_id }) => event_id),
    ids,
  );
});

Deno.test("socket: what is no event -> ignored, and the socket goes on", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  await using socket = await client.connect(access);
  await socket.nextOf("snapshot");
  for (
    const message of [
      "",
      "no JSON",
      "[]",
      "7",
      { type: "subscribe" },
      { type: "pong", timestamp: 7 },
      new TextEncoder().encode(JSON.stringify(event(1))),
    ]
  ) socket.send(message);
  socket.send(event(2));
  deepStrictEqual(await socket.next(), {
    type: "ack",
    event_id: idOf(2),
    status: "accepted",
  });
});

Deno.test("socket: frames over 2 MiB, text or binary -> closed with 1009; up to it -> served", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  const MAX = 2 * 1024 * 1024;
  for (const message of ["€".repeat(MAX / 3 + 1), new Uint8Array(MAX + 1)]) {
    const socket = await client.connect(access);
    socket.send(message);
    strictEqual(await socket.closed, 1009);
  }
  await using socket = await client.connect(access);
  await socket.nextOf("snapshot");
  socket.send("x".repeat(MAX));
  socket.send(new Uint8Array(MAX));
  socket.send(event(1));
  strictEqual((await socket.next()).status, "accepted");
});

Deno.test("socket: pings -> whoever answers stays, whoever is silent is dropped", async () => {
  await using collector = await localCollector({ pingMs: 30 });
  const { client } = collector;
  const { access } = await client.logIn();
  await using lively = await client.connect(access);
  const silent = await client.connect(access);
  let dropped = false;
  const closed = silent.closed.then(() => dropped = true);
  let pings = 0;
  for (; !dropped || pings < 8; pings++) {
    const { timestamp } = await lively.nextOf("ping");
    strictEqual(timestamp, "2026-02-03T12:00:00.000Z");
    lively.send({ type: "pong", timestamp });
  }
  await closed;
  lively.send(event(1));
  strictEqual((await lively.nextOf("ack")).status, "accepted");
  match(collector.logged.join("\n"), /answers no ping/);
});

Deno.test("snapshot: of created, changed and unnamed packages -> each with its newest status by clock", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  const at = (clock: number) =>
    `2026-02-03T12:00:${String(clock).padStart(2, "0")}Z`;
  const created = (
    n: number,
    clock: number,
    wp_id: string,
    feature_slug: string,
  ) =>
    event(n, {
      event_type: "WPCreated",
      aggregate_id: wp_id,
      lamport_clock: clock,
      timestamp: at(clock),
      payload: { wp_id, title: "T", feature_slug, dependencies: [] },
    });
  const changed = (
    n: number,
    clock: number,
    wp_id: string,
    new_status: string,
    feature?: string,
  ) =>
    event(n, {
      aggregate_id: wp_id,
      lamport_clock: clock,
      timestamp: at(clock),
      payload: {
        wp_id,
        previous_status: "planned",
        new_status,
        ...feature !== undefined && { feature_slug: feature },
      },
    });
  await client.send(access, [
    created(1, 1, "WP01", "001-a"),
    changed(2, 9, "WP02", "done", "001-a"),
    changed(3, 5, "WP02", "doing", "001-a"),
    // Created is no status: it comes before any, whatever its clock.
    created(4, 20, "WP02", "001-a"),
  ]);
  await client.send(access, [
    created(5, 2, "WP03", "001-a"),
    changed(6, 7, "WP03", "for_review"),
    changed(7, 8, "WP01", "doing", "002-b"),
    changed(8, 8, "WP09", "doing"),
  ]);
  const socket = await client.connect(access);
  const { work_packages } = await socket.next();
  await socket.close();
  const rows = (work_packages as Record<string, string>[])
    .map((
      { wp_id, feature_slug, status, updated_at },
    ) => [wp_id, feature_slug, status, updated_at])
    .sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  deepStrictEqual(rows, [
    ["WP01", "001-a", "planned", at(1)],
    ["WP01", "002-b", "doing", at(8)],
    ["WP02", "001-a", "done", at(9)],
    ["WP03", "001-a", "for_review", at(7)],
    ["WP09", null, "doing", at(8)],
  ]);
});

Deno.test("sockets: a thousand open -> the next is answered 503 before the upgrade", async () => {
  await using collector = await TestCollector.start();
  const { access } = await collector.logIn();
  const sockets: TestSocket[] = [];
  for (let i = 0; i < 1_000; i += 50) {
    sockets.push(
      ...await Promise.all(
        Array.from({ length: 50 }, () => collector.connect(access)),
      ),
    );
  }
  const token = await collector.socketToken(access);
  using refused = await rawUpgrade(collector, token);
  strictEqual(refused.status, 503);
  await sockets.pop()!.close();
  // The place of one that has left is free.
  sockets.push(await collector.connect(access));
  await Promise.all(sockets.map((socket) => socket.close()));
});

Deno.test("sockets: gone before they are answered -> no place is held for them, and the collector ends", async () => {
  await using collector = await localCollector({ pingMs: 100 });
  const { client } = collector;
  const { access } = await client.logIn();
  const { host, hostname, port } = new URL(client.url);
  for (let n = 0; n < 60; n++) {
    const token = await client.socketToken(access);
    const head = `GET ${PATHS.socket} HTTP/1.1\r\nHost: ${host}\r\n` +
      "Upgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      `Sec-WebSocket-Version: 13\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    using tcp = await Deno.connect({ hostname, port: Number(port) });
    await tcp.write(new TextEncoder().encode(head));
    // Some go while the upgrade is under way, some before.
    await new Promise((resolve) => setTimeout(resolve, n % 4));
  }
  await eventually("all places free", async () => {
    const { text } = await client.ask("/metrics");
    return /^kitty_collector_sockets_open 0$/m.test(text);
  });
  await using socket = await client.connect(access);
  strictEqual((await socket.nextOf("snapshot")).type, "snapshot");
});

Deno.test("socket: a peer that does not read -> dropped, the collector's memory stays bounded", async () => {
  await using collector = await TestCollector.start();
  const { access } = await collector.logIn();
  using silent = await rawUpgrade(
    collector,
    await collector.socketToken(access),
  );
  strictEqual(silent.status, 101);
  for (let n = 0; n < 60; n += 5) {
    const events = Array.from(
      { length: 5 },
      (_, i) => eventOf(n + i, { team: ADA.team, size: 1_000_000 }).envelope,
    );
    strictEqual((await collector.send(access, events)).status, 200);
  }
  const { text } = await collector.ask("/metrics");
  // Until it is closed it holds memory, and so it counts.
  match(text, /^kitty_collector_sockets_open 1$/m);
  match(text, /^kitty_collector_sockets_dropped_total 1$/m);
  // Nor does it keep the collector from ending.
  strictEqual(await collector.stop("SIGTERM"), 143);
});

Deno.test("collector stop: with sockets open -> closed with 1001, and what they sent is stored", async () => {
  await using collector = await TestCollector.start();
  const { access } = await collector.logIn();
  const [busy, idle] = [
    await collector.connect(access),
    await collector.connect(access),
  ];
  for (const socket of [busy, idle]) await socket.nextOf("snapshot");
  for (let n = 0; n < 50; n++) busy.send(event(n));
  strictEqual((await busy.nextOf("ack")).status, "accepted");
  const exit = collector.stop("SIGTERM");
  strictEqual(await idle.closed, 1001);
  // The runtime cuts off, without a farewell, whoever has not stopped sending.
  ok([1001, 0].includes(await busy.closed));
  strictEqual(await exit, 143);
  await rejects(collector.logIn());
  await collector.restart();
  const events = await collector.events((await collector.logIn()).access);
  const stored = new Set(events.map(({ event_id }) => event_id));
  for (const { event_id } of busy.takeRest()) ok(stored.has(event_id));
});
