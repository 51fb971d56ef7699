/** What the collector answers a page: sessions, boards, news, and nobody else. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { PATHS } from "../../../lib/base/wire.ts";
import type { BoardAnswer, StoryEvent } from "../../../lib/board/answers.ts";
import { eventFilter } from "../../../lib/collector/board/query.ts";
import { memoryEngine } from "../../../lib/collector/memory_engine.ts";
import { openServices } from "../../../lib/collector/services.ts";
import { linesFor } from "../../../lib/board/lines.ts";
import { jsonLog } from "../../../lib/base/log.ts";
import { encode } from "../../../lib/event/event.ts";
import { eventOf, idOf } from "../../support/events.ts";
import { TestWorld } from "../../support/world.ts";
import { eventually } from "../../support/eventually.ts";
import {
  ADA,
  type CollectorClient,
  EVE,
  localCollector,
  putUser,
} from "../../support/collector.ts";
import { envelope } from "../../support/board.ts";
import { enter, PageSocket } from "../../support/page.ts";
import { lane, type Line, missionId, rowOf } from "../../support/project.ts";

const get = (client: CollectorClient, path: string, cookie: string) =>
  client.ask(path, { headers: { cookie } });

const WHOLE: Line[] = [1, 2, 3].map((n) => ({
  ...rowOf(lane(n, { wp_id: `WP0${n}` })),
  lamportclock: n,
}));

const BOARD = PATHS.mission.replace("{mission}", missionId(1));

Deno.test("session: name and password -> a cookie that no script reads, good until the log-out", async () => {
  await using server = await localCollector();
  const { client } = server;
  const wrong = await client.ask(PATHS.session, {
    json: { username: ADA.name, password: "no" },
  });
  strictEqual(wrong.status, 401);
  const { cookie, header } = await enter(client);
  match(header, /; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
  const { json } = await get(client, PATHS.session, cookie);
  const { user, team, role } = json;
  deepStrictEqual([user, team, role], [ADA.name, ADA.team, "writer"]);
  strictEqual((await get(client, PATHS.missions, cookie)).status, 200);

  const origin = client.url;
  const leave = (headers: Record<string, string>) =>
    client.ask(PATHS.session, { method: "DELETE", headers });
  strictEqual((await leave({ cookie })).status, 403, "no browser does that");
  strictEqual((await leave({ cookie, origin })).status, 204);
  for (const path of [PATHS.session, PATHS.missions, PATHS.export]) {
    strictEqual((await get(client, path, cookie)).status, 401, path);
  }
});

Deno.test("session: behind a proxy with TLS -> the cookie never travels in the clear", async () => {
  await using server = await localCollector({ proxies: ["127.0.0.1"] });
  const { headers } = await server.client.ask(PATHS.session, {
    json: { username: ADA.name, password: ADA.password },
    headers: { "x-forwarded-proto": "https" },
  });
  match(headers.get("set-cookie")!, /; Secure$/);
});

Deno.test("session: behind a proxy with TLS, as a browser asks there -> in and out, and news; no other origin", async () => {
  await using server = await localCollector({ proxies: ["127.0.0.1"] });
  const { client } = server;
  const proxied = {
    "x-forwarded-proto": "https",
    origin: client.url.replace("http:", "https:"),
  };
  const given = { username: ADA.name, password: ADA.password };
  const entered = await client.ask(PATHS.session, {
    json: given,
    headers: proxied,
  });
  strictEqual(entered.status, 200);
  const cookie = entered.headers.get("set-cookie")!.split(";")[0]!;
  using socket = new PageSocket(client, { ...proxied, cookie });
  strictEqual((await socket.next()).position, 0);
  const left = await client.ask(PATHS.session, {
    method: "DELETE",
    headers: { ...proxied, cookie },
  });
  strictEqual(left.status, 204);
  const plain = { ...proxied, origin: client.url };
  const refused = await client.ask(PATHS.session, {
    json: given,
    headers: plain,
  });
  strictEqual(refused.status, 403);
});

Deno.test("session: after a week, or where the user has become another one -> over", async () => {
  await using server = await localCollector();
  const { client, world } = server;
  const { cookie } = await enter(client);
  const DAY = 86_400_000;
  world.timeMs += 7 * DAY - 1_000;
  strictEqual((await get(client, PATHS.session, cookie)).status, 200);
  world.timeMs += 2_000;
  strictEqual((await get(client, PATHS.session, cookie)).status, 401);
  const { cookie: next } = await enter(client);
  strictEqual((await get(client, PATHS.session, next)).status, 200);
  await putUser(server.home, world, {
    ...ADA,
    password: "new",
    replace: true,
    rounds: 10,
  });
  strictEqual((await get(client, PATHS.session, next)).status, 401);
});

Deno.test("viewer: by token or cookie -> looks at everything, and sends nothing by any way", async () => {
  const lea = { ...ADA, name: "lea", role: "viewer" } as const;
  await using server = await localCollector({ users: [ADA, lea] });
  const { client } = server;
  const { access } = await client.logIn(ADA);
  await client.send(access, WHOLE);
  const { access: token, refresh } = await client.logIn(lea);
  const again = await client.ask(PATHS.refresh, { json: { refresh } });
  for (const good of [token, again.json.access]) {
    for (const path of [PATHS.missions, PATHS.events, PATHS.export, BOARD]) {
      const { status } = await client.ask(path, { token: good });
      strictEqual(status, 200, path);
    }
    for (const path of [PATHS.batch, PATHS.cloudEvents, PATHS.socketToken]) {
      const { status, json } = await client.ask(path, {
        token: good,
        json: { events: [] },
      });
      strictEqual(status, 403, path);
      match(json.error, /viewer/);
    }
  }
  const { cookie } = await enter(client, lea);
  const { json } = await get(client, PATHS.session, cookie);
  strictEqual(json.role, "viewer");
  strictEqual((await get(client, BOARD, cookie)).status, 200);
});

Deno.test("session: a cookie alone -> may look, and neither send nor get tokens", async () => {
  await using server = await localCollector();
  const { client } = server;
  const { cookie } = await enter(client);
  for (const path of [PATHS.batch, PATHS.cloudEvents, PATHS.socketToken]) {
    const { status } = await client.ask(path, {
      json: { events: [] },
      headers: { cookie, origin: client.url },
    });
    strictEqual(status, 401, path);
  }
});

Deno.test("session: a page of another origin, or of another port -> refused, whatever it asks", async () => {
  await using server = await localCollector();
  const { client } = server;
  const { cookie } = await enter(client);
  const strangers: Record<string, string>[] = [
    { origin: "https://evil.example" },
    { origin: "http://127.0.0.1:1" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "cross-site" },
  ];
  for (const headers of strangers) {
    for (const path of [PATHS.missions, PATHS.session, PATHS.export]) {
      const { status } = await client.ask(path, {
        headers: { cookie, ...headers },
      });
      strictEqual(status, 403, `${path} ${JSON.stringify(headers)}`);
    }
    const { status } = await client.ask(PATHS.session, {
      method: "DELETE",
      headers: { cookie, ...headers },
    });
    strictEqual(status, 403);
    using socket = new PageSocket(client, { cookie, ...headers });
    ok(await socket.closed !== 1000);
  }
  strictEqual((await get(client, PATHS.session, cookie)).status, 200);
});

Deno.test("board: another team's mission, package and events -> answer as if they were not there", async () => {
  await using server = await localCollector();
  const { client } = server;
  const { access } = await client.logIn(ADA);
  strictEqual((await client.send(access, WHOLE)).status, 200);
  const mine = await enter(client, ADA), other = await enter(client, EVE);
  const paths = [
    BOARD,
    `${BOARD}work-packages/WP01/`,
    `${PATHS.eventLines}0/`,
    `${PATHS.insights}?mission=${missionId(1)}`,
  ];
  for (const path of paths) {
    strictEqual((await get(client, path, mine.cookie)).status, 200, path);
    const theirs = await get(client, path, other.cookie);
    strictEqual(theirs.status, 404, path);
    const unknown = await get(
      client,
      path.replace(missionId(1), missionId(9)).replace("/0/", "/9/"),
      mine.cookie,
    );
    strictEqual(theirs.text, unknown.text, path);
  }
  const { json } = await get(client, PATHS.missions, other.cookie);
  deepStrictEqual([json.missions, json.position], [[], 0]);
  const lines = await get(client, PATHS.eventLines, other.cookie);
  deepStrictEqual(lines.json.lines, []);
  const all = `${PATHS.export}?mission=${missionId(1)}`;
  strictEqual((await get(client, all, other.cookie)).text, "");
  strictEqual(
    (await get(client, all, mine.cookie)).text.trim().split("\n").length,
    WHOLE.length,
  );
});

Deno.test("board socket: new events -> told at once which missions have changed; of others, nothing", async () => {
  await using server = await localCollector();
  const { client } = server;
  const { access } = await client.logIn(ADA);
  await client.send(access, WHOLE.slice(0, 1));
  const { cookie } = await enter(client);
  const { cookie: foreign } = await enter(client, EVE);
  const origin = client.url;
  using socket = new PageSocket(client, { cookie, origin });
  using eve = new PageSocket(client, { cookie: foreign, origin });
  deepStrictEqual(await socket.next(), {
    type: "position",
    position: 1,
    missions: null,
  });
  strictEqual((await eve.next()).position, 0);
  await client.send(access, WHOLE);
  deepStrictEqual(await socket.next(), {
    type: "position",
    position: 3,
    missions: [missionId(1)],
  });
  const { access: theirs } = await client.logIn(EVE);
  await client.send(theirs, [
    { ...WHOLE[0], id: WHOLE[1]!.id, lamportclock: 7 },
  ]);
  deepStrictEqual(await eve.next(), {
    type: "position",
    position: 1,
    missions: [missionId(1)],
  });
});

Deno.test("board socket: the log-out -> closes it, too", async () => {
  await using server = await localCollector();
  const { client } = server;
  const { cookie } = await enter(client);
  const origin = client.url;
  using socket = new PageSocket(client, { cookie, origin });
  await socket.next();
  await client.ask(PATHS.session, {
    method: "DELETE",
    headers: { cookie, origin },
  });
  strictEqual(await socket.closed, 4001);
});

Deno.test("board socket: handshakes that are given up -> take up no place for long", async () => {
  await using server = await localCollector({ pingMs: 20 });
  const { client } = server;
  const { cookie } = await enter(client);
  const open = async () => {
    const { text } = await client.ask("/metrics");
    return Number(text.match(/^kitty_collector_sockets_open (\d+)$/m)![1]);
  };
  for (let i = 0; i < 20; i++) {
    const { hostname, port, host } = new URL(client.url);
    using connection = await Deno.connect({ hostname, port: Number(port) });
    const head = [
      `GET ${PATHS.board} HTTP/1.1`,
      ...[`Host: ${host}`, `Cookie: ${cookie}`, `Origin: ${client.url}`],
      ...["Upgrade: websocket", "Connection: Upgrade"],
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ].join("\r\n");
    await connection.write(new TextEncoder().encode(`${head}\r\n\r\n`));
  }
  await eventually("no socket", async () => await open() === 0);
});

Deno.test("board: a story of large events -> as many as make a page, and all of them page by page", async () => {
  await using server = await localCollector();
  const { client } = server;
  const { access: token } = await client.logIn();
  const large = Array.from(
    { length: 12 },
    (_, n) =>
      eventOf(n, { team: ADA.team, type: "HistoryAdded", size: 900_000 })
        .envelope,
  );
  for (const event of large) await client.send(token, [event]);
  const story = PATHS.workPackage.replace("{mission}", "~feature")
    .replace("{package}", "WP01");
  const ids: string[] = [];
  let pages = 0;
  for (let cursor: string | null = ""; cursor !== null; pages++) {
    const path: string = `${story}?cursor=${cursor}`;
    const { json, text } = await client.ask(path, { token });
    ok(text.length < 6_000_000, `${text.length}`);
    ids.push(...json.events.map(({ line }: StoryEvent) => line.id));
    cursor = json.next_cursor;
  }
  deepStrictEqual(ids, large.map(({ event_id }) => event_id));
  ok(pages > 1);
});

Deno.test("board socket: between news -> signs of life, until the session is over", async () => {
  await using server = await localCollector({ pingMs: 20 });
  const { client, world } = server;
  const { cookie } = await enter(client);
  using socket = new PageSocket(client, { cookie, origin: client.url });
  strictEqual((await socket.next()).missions, null);
  deepStrictEqual((await socket.next()).missions, []);
  world.timeMs += 8 * 86_400_000;
  strictEqual(await socket.closed, 4001);
});

Deno.test("board: since a revision -> what has changed, and together with it the whole", async () => {
  await using server = await localCollector();
  const { client } = server;
  const { access: token } = await client.logIn();
  const seen = new Map<string, unknown>();
  let since = 0;
  for (const row of WHOLE) {
    await client.send(token, [row]);
    const { json } = await client.ask(`${BOARD}?since=${since}`, { token });
    const board: BoardAnswer = json;
    strictEqual(board.packages.length, 1);
    for (const one of board.packages) seen.set(one.id, one);
    since = board.position;
  }
  const { json } = await client.ask(BOARD, { token });
  deepStrictEqual([...seen.values()], json.packages);
});

Deno.test("board: events stored before a restart, or while it is first read -> all in it", async () => {
  await using server = await localCollector();
  const { client } = server;
  const { access: token } = await client.logIn();
  const many = Array.from(
    { length: 3_000 },
    (_, n) =>
      envelope(n, "WPStatusChanged", {
        wp_id: `WP${String(n % 90 + 10)}`,
        previous_status: "planned",
        new_status: "doing",
        feature_slug: "001-a",
      }),
  ).map((event) => ({
    ...event,
    aggregate_id: (event.payload as { wp_id: string }).wp_id,
    aggregate_type: "WorkPackage",
    team_slug: ADA.team,
    schema_version: "1.0.0",
  }));
  await client.send(token, many.slice(0, 1_000));
  const asked = Array.from(
    { length: 10 },
    () => client.ask(PATHS.missions, { token }),
  );
  await Promise.all([
    ...asked,
    client.send(token, many.slice(1_000, 2_000)),
    client.send(token, many.slice(2_000)),
  ]);
  const { json } = await client.ask(PATHS.missions, { token });
  strictEqual(json.position, 3_000);
  const { json: board } = await client.ask(
    PATHS.mission.replace("{mission}", "001-a"),
    { token },
  );
  const events = board.packages.reduce(
    (sum: number, one: { events: number }) => sum + one.events,
    0,
  );
  strictEqual(events, 3_000);
});

Deno.test("board: asked for by many while it is first read -> whole for each of them", async () => {
  await using server = await localCollector();
  const { client } = server;
  const { access: token } = await client.logIn();
  for (let at = 0; at < 8_000; at += 1_000) {
    const events = Array.from(
      { length: 1_000 },
      (_, n) => eventOf(at + n, { team: ADA.team }).envelope,
    );
    strictEqual((await client.send(token, events)).status, 200);
  }
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => client.ask(PATHS.missions, { token })),
  );
  deepStrictEqual(
    answers.map(({ json }) => json.position),
    answers.map(() => 8_000),
  );
});

Deno.test("board: bad limits, cursors, times and orders -> 400, and what is expected", async () => {
  await using server = await localCollector();
  const { client } = server;
  const { access: token } = await client.logIn();
  const bad = [
    `${PATHS.missions}?sort=x`,
    `${PATHS.missions}?limit=0`,
    `${PATHS.missions}?cursor=-1`,
    `${PATHS.eventLines}?from=2026-02-30`,
    `${PATHS.export}?from=5`,
    `${PATHS.eventLines}?before=x`,
    `${PATHS.insights}?to=2026-02-03T12:00`,
  ];
  for (const path of bad) {
    const { status, json } = await client.ask(path, { token });
    strictEqual(status, 400, path);
    const [, name] = path.match(/\?(\w+)=/)!;
    ok(json.error.startsWith(`${name} is `), json.error);
  }
  for (const path of [`${PATHS.eventLines}x/`, `${PATHS.eventLines}7/`]) {
    strictEqual((await client.ask(path, { token })).status, 404, path);
  }
  const half = `${PATHS.missions}%E0%A4%A/`;
  strictEqual((await client.ask(half, { token })).status, 404);
});

Deno.test("health: events that were refused -> each with its reason; of other teams, none", async () => {
  await using server = await localCollector();
  const { client } = server;
  const { access: token } = await client.logIn(ADA);
  await client.send(token, [WHOLE[0], { ...WHOLE[1], data: {} }]);
  const { json } = await client.ask(PATHS.health, { token });
  strictEqual(json.refused.length, 1);
  match(json.refused[0].reason, /to_lane/);
  deepStrictEqual(json.nodes.map(({ events }: { events: number }) => events), [
    1,
  ]);
  const { access: theirs } = await client.logIn(EVE);
  const other = await client.ask(PATHS.health, { token: theirs });
  deepStrictEqual(other.json.refused, []);
});

Deno.test("board: hostile texts -> come as they are, as JSON that no browser takes for a page", async () => {
  await using server = await localCollector();
  const { client } = server;
  const { access: token } = await client.logIn();
  const actor = '<img src=x onerror="alert(1)">\u202e';
  const row = { ...WHOLE[0], actor };
  strictEqual((await client.send(token, [row])).status, 200);
  const { json, headers } = await client.ask(PATHS.eventLines, { token });
  strictEqual(json.lines[0].actor, actor);
  strictEqual(headers.get("content-type"), "application/json");
  strictEqual(headers.get("x-content-type-options"), "nosniff");
  strictEqual(headers.get("cross-origin-resource-policy"), "same-origin");
});

Deno.test("board: of a team whose old events were removed -> of the rest, with the same positions, before and after a look", async () => {
  const world = new TestWorld();
  await using services = await openServices({
    world,
    addressOf: () => undefined,
    log: jsonLog(world.nowMs, () => {}),
    open: (onStored) => Promise.resolve(memoryEngine(world, onStored)),
  });
  const { boards, events } = services;
  const incoming = (n: number) => {
    const { envelope } = eventOf(n, { team: "acme" });
    return { ...encode(envelope), document: { ...envelope } };
  };
  await events.admit("acme", [1, 2, 3, 4, 5].map(incoming));
  const lines = async () => {
    const board = await boards.of("acme");
    const filter = eventFilter(new URLSearchParams());
    const up = linesFor(board, filter, { after: -1 }, 10);
    const down = linesFor(board, filter, { before: Infinity }, 10);
    deepStrictEqual(up.lines.toReversed(), down.lines);
    strictEqual(up.has_more, false);
    return up.lines.map(({ position, id }) => [position, id]);
  };
  await events.prune("acme", 2);
  const from = (n: number, end: number) =>
    Array.from({ length: end - n }, (_, i) => [n + i, idOf(n + i + 1)]);
  deepStrictEqual(await lines(), from(2, 5));
  await events.admit("acme", [6, 7].map(incoming));
  deepStrictEqual(await lines(), from(2, 7));
  await events.prune("acme", 4);
  await events.admit("acme", [8].map(incoming));
  deepStrictEqual(await lines(), from(4, 8));
  const board = await boards.of("acme");
  deepStrictEqual(board.missionsSince(0)?.length, 1);
  strictEqual(board.position, 8);
  await events.prune("acme", 8);
  deepStrictEqual(await lines(), []);
});
