/** How complete nodes are: told by header and by message, kept, counted anew, and answered. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { openFolder } from "../../../lib/collector/engine.ts";
import { collectorFolder, eventsPath } from "../../../lib/collector/folder.ts";
import { fromBytes, toBytes } from "../../../lib/home/queue_layout.ts";
import { PATHS, WATERMARK } from "../../../lib/base/wire.ts";
import { encode } from "../../../lib/event/event.ts";
import { ADA, BOB, EVE, localCollector } from "../../support/collector.ts";
import { eventOf, type EventOptions } from "../../support/events.ts";
import { tempFolder } from "../../support/home.ts";
import { TestWorld } from "../../support/world.ts";

const envelope = (n: number, options: EventOptions = {}) =>
  eventOf(n, { team: ADA.team, node: "box-7", ...options }).envelope;

/** What a home tells. */
function told(turn: number, recorded: number, never = 0) {
  const counts = { recorded, imported: 0, highest_clock: recorded, never };
  return {
    home: "a",
    turn,
    told_at: "2026-02-03T12:00:00.000Z",
    team_slug: ADA.team,
    nodes: [{ node_id: "box-7", ...counts }],
  };
}

Deno.test("nodes: told with a batch and over a socket -> answered to the team alone, and counted without names in the metrics", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access: token } = await client.logIn();
  const send = (events: readonly unknown[], header?: string) =>
    client.ask(PATHS.batch, {
      token,
      json: { events },
      ...header !== undefined && { headers: { [WATERMARK]: header } },
    });
  const nodes = async (access = token) =>
    (await client.ask(PATHS.nodes, { token: access })).json.nodes;
  const plain = await send([envelope(1)]);
  strictEqual(plain.headers.get(WATERMARK), null);
  strictEqual((await nodes())[0].missing, null);
  const answer = await send(
    [envelope(2)],
    JSON.stringify(told(1, 5, 1)),
  );
  strictEqual(answer.headers.get(WATERMARK), "heard");
  const [first] = await nodes();
  deepStrictEqual([first.events, first.recorded, first.missing, first.never], [
    2,
    5,
    3,
    1,
  ]);
  // Without events, as after a person has dropped some.
  strictEqual((await send([], JSON.stringify(told(2, 5, 3)))).status, 200);
  strictEqual((await nodes())[0].never, 3);
  const bob = (await client.logIn(BOB)).access;
  await using socket = await client.connect(bob);
  await socket.nextOf("snapshot");
  socket.send({ type: "watermark", ...told(3, 6, 3) });
  socket.send(envelope(3));
  await socket.nextOf("ack");
  const [last] = await nodes(bob);
  deepStrictEqual([last.events, last.recorded, last.missing], [3, 6, 3]);
  const { text } = await client.ask("/metrics");
  for (
    const line of [
      "kitty_collector_nodes 1",
      "kitty_collector_nodes_incomplete 1",
      "kitty_collector_events_missing 3",
      "kitty_collector_events_missing_for_good 3",
    ]
  ) ok(text.split("\n").includes(line), line);
  ok(!/box-7|acme/.test(text));
  deepStrictEqual(await nodes((await client.logIn(EVE)).access), []);
  strictEqual((await client.ask(PATHS.nodes)).status, 401);
});

Deno.test("nodes: words that are none, or of another team -> the events are taken, and nothing is heard", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access: token } = await client.logIn();
  const good = told(1, 5);
  const words: unknown[] = [
    null,
    [],
    { ...good, team_slug: EVE.team },
    { ...good, home: "" },
    { ...good, home: "x".repeat(100) },
    { ...good, turn: -1 },
    { ...good, told_at: "now" },
    { ...good, told_at: "2026-13-03T12:00:00Z" },
    { ...good, nodes: {} },
    { ...good, nodes: [{ ...good.nodes[0], recorded: "5" }] },
    { ...good, nodes: [{ ...good.nodes[0], node_id: 7 }] },
    { ...good, nodes: Array(100).fill(good.nodes[0]) },
  ];
  const texts = ["{", "", ...words.map((word) => JSON.stringify(word))];
  await using socket = await client.connect(token);
  for (const [n, text] of texts.entries()) {
    const { status, headers } = await client.ask(PATHS.batch, {
      token,
      json: { events: [envelope(n)] },
      headers: { [WATERMARK]: text },
    });
    deepStrictEqual([status, headers.get(WATERMARK)], [200, null], text);
    socket.send(text.replace(/^\{/, '{"type":"watermark",'));
  }
  socket.send(envelope(999));
  await socket.nextOf("ack");
  const { json } = await client.ask(PATHS.nodes, { token });
  strictEqual(json.nodes.length, 1);
  deepStrictEqual([json.nodes[0].events, json.nodes[0].told_at], [
    texts.length + 1,
    null,
  ]);
});

/** A folder with a collector's events, opened as often as one likes. */
async function withStore(
  work: (
    open: () => ReturnType<typeof openFolder>,
    path: string,
  ) => Promise<void>,
): Promise<void> {
  await using folder = await tempFolder();
  const path = collectorFolder(folder.path);
  await work(
    () => openFolder(path, new TestWorld(), () => {}),
    eventsPath(path),
  );
}

function incoming(n: number, options: EventOptions = {}) {
  const own = envelope(n, options);
  return { ...encode(own), document: { ...own } };
}

Deno.test("nodes: after a restart -> the same answer", () =>
  withStore(async (open) => {
    const word = { ...told(4, 9, 2) };
    let before: unknown;
    {
      await using engine = await open();
      await engine.events.admit(
        ADA.team,
        [incoming(1), incoming(4)],
        { word },
      );
      before = await engine.events.nodes(ADA.team);
    }
    await using engine = await open();
    deepStrictEqual(await engine.events.nodes(ADA.team), before);
    strictEqual((await engine.events.allNodes())[0]!.missing, 7);
  }));

Deno.test("nodes: events that an older program has stored -> counted once, before others are; what was told stays", () =>
  withStore(async (open, path) => {
    const events = Array.from(
      { length: 700 },
      (_, n) => incoming(n + 1, { node: `n${n % 40}`, size: 900 }),
    );
    {
      await using engine = await open();
      await engine.events.admit(ADA.team, events, { word: told(1, 5) });
    }
    for (const isOlder of [true, false]) {
      const kv = await Deno.openKv(path);
      if (isOlder) {
        for await (const { key } of kv.list({ prefix: ["node"] })) {
          await kv.delete(key);
        }
      }
      // It knows nothing of that count, and leaves it out.
      const key = ["team", ADA.team];
      const { value } = await kv.get<Uint8Array>(key);
      const { counted: _, ...state } = fromBytes<Record<string, number>>(
        value!,
      );
      await kv.set(key, toBytes(state));
      kv.close();
      await using engine = await open();
      if (isOlder) await engine.events.admit(ADA.team, [incoming(9_000)]);
      const nodes = await engine.events.nodes(ADA.team);
      strictEqual(nodes.length, 41);
      const [box, ...others] = nodes;
      deepStrictEqual([box!.events, box!.missing], [1, 4]);
      strictEqual(others.reduce((sum, { events }) => sum + events, 0), 700);
      ok(others.every(({ first_seen }) => first_seen === null));
    }
  }));
