/** Reading, and what every request has to keep. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { PATHS } from "../../../lib/base/wire.ts";
import {
  ADA,
  EVE,
  localCollector,
  rawAsk,
  TestCollector,
} from "../../support/collector.ts";
import { eventOf, idOf } from "../../support/events.ts";

function envelopes(from: number, count: number) {
  return Array.from(
    { length: count },
    (_, i) => eventOf(from + i, { team: ADA.team }).envelope,
  );
}

Deno.test("events: page by page -> all of them in order of arrival, null at the end", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access: token } = await client.logIn();
  deepStrictEqual((await client.ask(PATHS.events, { token })).json, {
    events: [],
    next_cursor: null,
  });
  const sent = [
    ...envelopes(500, 500),
    ...envelopes(0, 500),
    ...envelopes(2_000, 3),
  ];
  for (let at = 0; at < sent.length; at += 400) {
    await client.send(token, sent.slice(at, at + 400));
  }
  for (const limit of [1_000, 137, 501]) {
    const read: unknown[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const path: string = `${PATHS.events}?cursor=${cursor}&limit=${limit}`;
      const { json } = await client.ask(path, { token });
      ok(json.events.length <= limit);
      read.push(...json.events);
      cursor = json.next_cursor;
    }
    deepStrictEqual(read, sent as unknown[]);
  }
  const plain = await client.ask(PATHS.events, { token });
  strictEqual(plain.json.events.length, 100);
  const most = await client.ask(`${PATHS.events}?limit=5000`, { token });
  strictEqual(most.json.events.length, 1_000);
  for (
    const query of ["limit=0", "limit=x", "limit=-1", "cursor=x", "cursor=-1"]
  ) {
    strictEqual(
      (await client.ask(`${PATHS.events}?${query}`, { token })).status,
      400,
      query,
    );
  }
  const beyond = await client.ask(`${PATHS.events}?cursor=99999`, { token });
  deepStrictEqual(beyond.json, { events: [], next_cursor: null });
});

Deno.test("events: large ones -> a page ends early, and the next goes on", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access: token } = await client.logIn();
  for (let n = 0; n < 8; n++) {
    await client.send(token, [
      eventOf(n, { team: ADA.team, size: 1_000_000 }).envelope,
    ]);
  }
  const first = await client.ask(PATHS.events, { token });
  ok(first.json.events.length < 8);
  const { next_cursor } = first.json;
  const second = await client.ask(`${PATHS.events}?cursor=${next_cursor}`, {
    token,
  });
  const ids = [...first.json.events, ...second.json.events]
    .map((event: { event_id: string }) => event.event_id);
  deepStrictEqual(ids, Array.from({ length: 8 }, (_, n) => idOf(n)));
});

Deno.test("export: NDJSON of one team -> streamed in memory that does not grow with it", async () => {
  await using collector = await TestCollector.start();
  const { access: token } = await collector.logIn();
  const { access: other } = await collector.logIn(EVE);
  for (let n = 0; n < 60; n += 4) {
    const events = [0, 1, 2, 3].map((i) =>
      eventOf(n + i, { team: ADA.team, size: 1_000_000 }).envelope
    );
    strictEqual((await collector.send(token, events)).status, 200);
  }
  const residentKiB = async () =>
    Number(
      (await Deno.readTextFile(`/proc/${collector.pid}/status`))
        .match(/VmRSS:\s+(\d+)/)![1],
    );
  const response = await fetch(collector.url + PATHS.export, {
    headers: {
      authorization: `Bearer ${token}`,
      "accept-encoding": "identity",
    },
  });
  strictEqual(response.headers.get("content-type"), "application/x-ndjson");
  const reader = response.body!.getReader();
  await reader.read();
  // Nobody reads on: what is not asked for is not fetched from the disk.
  const before = Deno.build.os === "linux" ? await residentKiB() : 0;
  await new Promise((done) => setTimeout(done, 300));
  if (Deno.build.os === "linux") {
    const grown = await residentKiB() - before;
    ok(grown < 30 * 1024, `${grown} KiB`);
  }
  await reader.cancel();
  const events = await collector.events(token);
  deepStrictEqual(
    events.map(({ event_id }) => event_id),
    Array.from({ length: 60 }, (_, n) => idOf(n)),
  );
  deepStrictEqual(await collector.events(other), []);
});

Deno.test("paths: unknown, or asked otherwise -> 404, 405 with Allow, in JSON and without sniffing", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  for (
    const path of [
      "/nothing",
      "/api/v1/events",
      "/api/v1/token",
      "/api/v1/events/constructor",
    ]
  ) {
    const { status, json } = await client.ask(path);
    deepStrictEqual([status, Object.keys(json)], [404, ["error"]], path);
  }
  const wrong: [string, string, string][] = [
    [PATHS.token, "GET", "POST"],
    [PATHS.batch, "PUT", "POST"],
    [PATHS.events, "DELETE", "GET"],
    ["/metrics", "POST", "GET"],
  ];
  for (const [path, method, allowed] of wrong) {
    const { status, headers, json } = await client.ask(path, { method });
    deepStrictEqual([status, headers.get("allow"), Object.keys(json)], [
      405,
      allowed,
      ["error"],
    ]);
  }
  for (
    const path of [
      PATHS.events,
      PATHS.export,
      PATHS.batch,
      PATHS.socket,
      "/healthz",
      "/metrics",
      "/x",
    ]
  ) {
    const { headers } = await client.ask(path);
    strictEqual(headers.get("x-content-type-options"), "nosniff", path);
  }
  for (const path of [PATHS.events, PATHS.export]) {
    strictEqual((await client.ask(path)).status, 401);
  }
  strictEqual((await client.ask(PATHS.socket)).status, 426);
});

Deno.test("Origin: not exactly what was asked -> 403; the same, or none -> served", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const status = async (origin: string) => {
    using answer = await rawAsk(client, "/healthz", { Origin: origin });
    return answer.status;
  };
  const { port } = new URL(client.url);
  strictEqual(await status(client.url), 200);
  for (
    const origin of [
      "null",
      "http://127.0.0.1",
      `https://127.0.0.1:${port}`,
      `http://localhost:${port}`,
      `http://127.0.0.1:${port}/`,
      "http://evil.example",
    ]
  ) strictEqual(await status(origin), 403, origin);
  strictEqual((await client.ask("/healthz")).status, 200);
});

Deno.test("metrics: after some work -> counters in Prometheus' form, without team and user", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  const sent = envelopes(0, 3);
  await client.send(access, sent);
  await client.send(access, [...sent, { event_id: "x" }]);
  const socket = await client.connect(access);
  const { text, headers } = await client.ask("/metrics");
  match(headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  for (
    const line of [
      'kitty_collector_events_total{status="accepted"} 3',
      'kitty_collector_events_total{status="duplicate"} 3',
      'kitty_collector_events_total{status="rejected"} 1',
      'kitty_collector_logins_total{outcome="good"} 1',
      "kitty_collector_sockets_open 1",
    ]
  ) ok(text.split("\n").includes(line), line);
  for (const line of text.trim().split("\n")) {
    match(line, /^(# (HELP|TYPE) .+|[a-z_]+(\{[a-z]+="[^"]+"\})? \d+)$/);
  }
  ok(!/acme|ada|evil/.test(text));
  await socket.close();
});
