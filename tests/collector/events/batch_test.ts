/** The forms of a batch, and what becomes of each event in it. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { constants, deflateRawSync } from "node:zlib";
import { PATHS } from "../../../lib/base/wire.ts";
import {
  ADA,
  BOB,
  type CollectorClient,
  EVE,
  localCollector,
  TestCollector,
} from "../../support/collector.ts";
import { eventOf, idOf } from "../../support/events.ts";

const MIB = 1024 * 1024;

/** The n-th event of the team `acme`, as a document; `fields` are put over it. */
function event(n: number, fields: Record<string, unknown> = {}) {
  const { envelope } = eventOf(n, { team: ADA.team });
  return { ...envelope, ...fields } as Record<string, unknown>;
}

function statuses(json: { results: { status: string }[] }): string[] {
  return json.results.map(({ status }) => status);
}

async function gzip(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function sendText(
  client: CollectorClient,
  token: string,
  body: BodyInit,
  encoding?: string,
) {
  const headers: Record<string, string> = encoding
    ? { "content-encoding": encoding }
    : {};
  return client.ask(PATHS.batch, { token, body, headers });
}

Deno.test("batch: new, again, changed -> accepted, duplicate, rejected; the highest clock", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  const first = await client.send(access, [event(7), event(3)]);
  strictEqual(first.status, 200);
  deepStrictEqual(first.json, {
    results: [
      { event_id: idOf(7), status: "accepted" },
      { event_id: idOf(3), status: "accepted" },
    ],
    lamport_clock: 7,
    batch_interval: 0,
  });
  const { payload } = event(3) as { payload: object };
  const reordered = Object.fromEntries(Object.entries(payload).reverse());
  const again = await client.send(access, [event(3, { payload: reordered })]);
  deepStrictEqual(statuses(again.json), ["duplicate"]);
  strictEqual(again.json.lamport_clock, 7);

  const changes = {
    event_type: {
      event_type: "HistoryAdded",
      payload: { wp_id: "WP01", entry_type: "note", entry_content: "x" },
    },
    aggregate_id: { aggregate_id: "WP02" },
    aggregate_type: { aggregate_type: "Feature" },
    node_id: { node_id: "other" },
    lamport_clock: { lamport_clock: 4 },
    timestamp: { timestamp: "2026-02-03T13:00:00Z" },
    payload: { payload: { ...payload, changed_by: "secret-text" } },
  };
  for (const [name, change] of Object.entries(changes)) {
    const { json, text } = await client.send(access, [event(3, change)]);
    deepStrictEqual(statuses(json), ["rejected"], name);
    match(json.results[0].error_message, new RegExp(`another ${name}`));
    ok(!text.includes("secret-text"));
  }
  deepStrictEqual(await client.events(access), [event(7), event(3)]);
});

Deno.test("batch: one id twice in it -> the first is kept", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  const { json } = await client.send(access, [
    event(1),
    event(1),
    event(1, { node_id: "other" }),
  ]);
  deepStrictEqual(statuses(json), ["accepted", "duplicate", "rejected"]);
  deepStrictEqual(await client.events(access), [event(1)]);
});

Deno.test("batch: events that break the contract -> rejected with path, expected, found; the others are stored", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  const { payload } = event(2) as { payload: object };
  const { status, json, text } = await client.send(access, [
    event(1),
    event(2, { payload: { ...payload, new_status: "secret-text" } }),
    event(3, { timestamp: undefined }),
    { event_type: "WPStatusChanged", event_id: "no-ulid" },
    7,
    null,
    [],
    event(4),
  ]);
  strictEqual(status, 200);
  deepStrictEqual(statuses(json), [
    "accepted",
    ...Array(6).fill("rejected"),
    "accepted",
  ]);
  const [, wrong, missing, unnamed, number] = json.results;
  match(
    wrong.error_message,
    /\/payload\/new_status: expected .*planned.*, found string/,
  );
  match(missing.error_message, /\/timestamp: expected .*, found missing/);
  strictEqual(unnamed.event_id, "no-ulid");
  deepStrictEqual(
    [number.event_id, number.error_message],
    ["", "the event: expected a JSON object, found number"],
  );
  ok(!text.includes("secret-text"));
  deepStrictEqual(await client.events(access), [event(1), event(4)]);
});

Deno.test("batch: numbers, surrogates and depth -> reject the flawed event alone, seen from its own root", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  const withPad = (n: number, pad: string) =>
    JSON.stringify(event(n)).replace('"payload":{', `"payload":{"pad":${pad},`);
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  const bad = ["1e999", "9007199254740993", "1e-400", '"\\ud800"', deep(63)];
  const good = ['"\\ud83d\\ude00"', "1e3", deep(62)];
  const texts = [...bad, ...good].map((pad, n) => withPad(n, pad));
  const { json } = await sendText(
    client,
    access,
    `{"more":1e999,"events":[${texts.join(" ,\n")}]}`,
  );
  deepStrictEqual(statuses(json), [
    ...bad.map(() => "rejected"),
    ...good.map(() => "accepted"),
  ]);
  for (const { error_message } of json.results.slice(0, bad.length)) {
    match(error_message, /^\/payload\/pad/);
  }
  strictEqual((await client.events(access)).length, good.length);
});

Deno.test("batch: a body that is none -> 400 without details, nothing stored", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  const one = JSON.stringify(event(1));
  const bodies = [
    "",
    "no JSON",
    "null",
    "[]",
    "{}",
    '{"events":{}}',
    '{"events":null}',
    `{"events":[${one}`,
    `{"events":[${one}]`,
    `{"events":[${one},]}`,
    `{"events":[${one} ${one}]}`,
    `{"events":[${one}]}x`,
    `{"events":[${one},{"a":}]}`,
    `{"events":[${one},[}]]}`,
    `{"events":[${one},nul]}`,
    `{"events":[${one}],"events":7}`,
    `{"events":[${one}],"x":"a\nb"}`,
    `\ufeff{"events":[${one}]}`,
    `{"events":[${one},"\0"]}`,
    new Uint8Array([
      ...new TextEncoder().encode(`{"events":[${one},"`),
      0xff,
      0x22,
      0x5d,
      0x7d,
    ]),
  ];
  for (const body of bodies) {
    const { status, json } = await sendText(client, access, body);
    strictEqual(status, 400, String(body));
    deepStrictEqual(Object.keys(json), ["error"]);
  }
  deepStrictEqual(await client.events(access), []);
  for (
    const body of [
      '{"events":[]}',
      ' {"x":{"events":7},"\\u0065vents" : [ ] } ',
    ]
  ) {
    const { status, json } = await sendText(client, access, body);
    deepStrictEqual([status, json], [200, {
      results: [],
      lamport_clock: 0,
      batch_interval: 0,
    }]);
  }
  const twice = `{"events":[{"a":1}],"events":[${one}]}`;
  deepStrictEqual(statuses((await sendText(client, access, twice)).json), [
    "accepted",
  ]);
});

Deno.test("batch: events of other teams, local ones too -> 403 names exactly those, nothing stored", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  const { status, json } = await client.send(access, [
    event(1),
    event(2, { team_slug: "evil" }),
    event(3, { team_slug: "local" }),
    event(4, { team_slug: "" }),
    event(5, { team_slug: "evil", payload: null }),
  ]);
  strictEqual(status, 403);
  deepStrictEqual(
    json.details.map((detail: { event_id: string }) => detail.event_id),
    [idOf(2), idOf(3), idOf(5)],
  );
  deepStrictEqual(await client.events(access), []);
});

Deno.test("batch: one id in two teams -> each has its own", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const ada = await client.logIn(ADA), eve = await client.logIn(EVE);
  const bob = await client.logIn(BOB);
  const hers = event(1, { team_slug: "evil", node_id: "other" });
  deepStrictEqual(statuses((await client.send(ada.access, [event(1)])).json), [
    "accepted",
  ]);
  deepStrictEqual(statuses((await client.send(eve.access, [hers])).json), [
    "accepted",
  ]);
  deepStrictEqual(statuses((await client.send(bob.access, [event(1)])).json), [
    "duplicate",
  ]);
  deepStrictEqual(await client.events(bob.access), [event(1)]);
  deepStrictEqual(await client.events(eve.access), [hers]);
  strictEqual((await client.send(eve.access, [])).json.lamport_clock, 1);
});

Deno.test("batch: gzip, identity and others -> the same, the same, 415; broken gzip 400", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  const encode = (n: number) =>
    new TextEncoder().encode(JSON.stringify({ events: [event(n)] }));
  const zipped = await gzip(encode(1));
  deepStrictEqual(
    statuses((await sendText(client, access, zipped, "gzip")).json),
    ["accepted"],
  );
  deepStrictEqual(
    statuses((await sendText(client, access, encode(2), "identity")).json),
    ["accepted"],
  );
  strictEqual((await sendText(client, access, encode(3), "br")).status, 415);
  strictEqual((await sendText(client, access, encode(3), "gzip")).status, 400);
  strictEqual(
    (await sendText(client, access, zipped.slice(0, -9), "gzip")).status,
    400,
  );
  strictEqual((await client.events(access)).length, 2);
});

Deno.test("batch: at and above each limit -> taken, 413", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  const many = Array.from({ length: 1_001 }, (_, n) => event(n));
  strictEqual((await client.send(access, many)).status, 413);
  const most = await client.send(access, many.slice(1));
  strictEqual(most.json.results.length, 1_000);
  deepStrictEqual(new Set(statuses(most.json)), new Set(["accepted"]));

  const body = (bytes: number) => {
    const text = JSON.stringify({ events: [], pad: "" });
    return text.replace('""', `"${"x".repeat(bytes - text.length)}"`);
  };
  strictEqual((await sendText(client, access, body(10 * MIB))).status, 200);
  strictEqual((await sendText(client, access, body(10 * MIB + 1))).status, 413);
  const zipped = async (bytes: number) =>
    await gzip(new TextEncoder().encode(body(bytes)));
  strictEqual(
    (await sendText(client, access, await zipped(32 * MIB), "gzip")).status,
    200,
  );
  strictEqual(
    (await sendText(client, access, await zipped(32 * MIB + 1), "gzip")).status,
    413,
  );
});

Deno.test("batch: large events -> kept whole up to 1 MiB, rejected above", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  const sizes = [60 * 1024, 60 * 1024 + 1, 500, MIB, MIB + 1, 400];
  const events = sizes.map((size, n) =>
    eventOf(n, { team: ADA.team, size }).envelope
  );
  const { json } = await client.send(access, events);
  deepStrictEqual(statuses(json), [
    ...Array(4).fill("accepted"),
    "rejected",
    "accepted",
  ]);
  match(json.results[4].error_message, /at most 1048576 bytes/);
  const stored = events.filter((_, n) => n !== 4) as unknown[];
  deepStrictEqual(await client.events(access), stored);
  const again = await client.send(access, events);
  strictEqual(statuses(again.json).filter((s) => s === "duplicate").length, 5);
});

Deno.test("batch: an endless fraction, a huge node and feature -> stored all the same", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access } = await client.logIn();
  const long = "x".repeat(200_000);
  const { payload } = event(1) as { payload: object };
  const events = [
    event(1, { timestamp: `2026-02-03T12:00:00.${"1".repeat(200_000)}Z` }),
    event(2, { node_id: long }),
    event(3, { payload: { ...payload, feature_slug: long } }),
    event(4, { lamport_clock: Number.MAX_SAFE_INTEGER }),
  ];
  const { json } = await client.send(access, events);
  deepStrictEqual(statuses(json), Array(4).fill("accepted"));
  // A value that no clock can receive does not become everybody's.
  strictEqual(json.lamport_clock, 3);
  deepStrictEqual(await client.events(access), events);
});

/**
 * So many MiB of zeros. It has no end: whoever would come so far has been
 * blown up before. What one MiB was pressed to is said again and again, which
 * takes no time.
 */
function gzipBomb(mib: number): Uint8Array<ArrayBuffer> {
  const part = deflateRawSync(new Uint8Array(MIB), {
    finishFlush: constants.Z_FULL_FLUSH,
  });
  const head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
  const bomb = new Uint8Array(head.length + mib * part.length);
  bomb.set(head);
  for (let i = 0; i < mib; i++) bomb.set(part, head.length + i * part.length);
  return bomb;
}

Deno.test("batch: gzip bombs -> 413, and memory stays bounded", async () => {
  await using collector = await TestCollector.start();
  const { access } = await collector.logIn();
  const bomb = gzipBomb(4 * 1024);
  ok(bomb.length < 10 * MIB);
  const answers = await Promise.all(Array.from(
    { length: 4 },
    () => sendText(collector, access, bomb, "gzip"),
  ));
  deepStrictEqual(answers.map(({ status }) => status), [413, 413, 413, 413]);
  if (Deno.build.os !== "linux") return;
  const text = await Deno.readTextFile(`/proc/${collector.pid}/status`);
  const peakKiB = Number(text.match(/VmHWM:\s+(\d+)/)![1]);
  ok(peakKiB < 400 * 1024, `${peakKiB} KiB`);
});
