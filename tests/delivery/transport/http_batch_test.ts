/** What holds for batches only: the meaning of each HTTP answer. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { HttpBatch } from "../../../lib/delivery/transport/http_batch.ts";
import type { DrainParts } from "../../../lib/delivery/drain/drain.ts";
import type { DrainEnd } from "../../../lib/delivery/drain/sender.ts";
import { toWire } from "../../../lib/delivery/drain/outgoing.ts";
import { PATHS } from "../../../lib/base/wire.ts";
import { eventOf, idOf } from "../../support/events.ts";
import {
  ScriptedServer,
  type SentEvent,
} from "../../support/scripted_server.ts";
import {
  deadlineIn,
  eventsOf,
  idsOf,
  Sending,
  TEAM,
} from "../../support/sending.ts";

/** Events in a home, and a batch transport for them. */
async function prepare(events: Parameters<typeof Sending.prepare>[0]) {
  const at = await Sending.prepare(events);
  const transport = new HttpBatch(at.session, at.world);
  return {
    at,
    server: at.server,
    run: (parts?: Partial<DrainParts>) => at.drain(transport, parts),
    sizes: () => at.server.batches.map(({ events }) => events.length),
    [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
  };
}

const json = (status: number, body: unknown, headers = {}) =>
  Response.json(body, { status, headers });

const sentToken = (headers: Headers) => headers.get("authorization");

Deno.test("send: events -> one gzip request with the token", async () => {
  await using test = await prepare(eventsOf(1, 2));
  await test.run();
  const { headers, events } = test.server.batches[0]!;
  deepStrictEqual(idsOf(events), [idOf(1), idOf(2)]);
  strictEqual(headers.get("content-encoding"), "gzip");
  strictEqual(headers.get("content-type"), "application/json");
  strictEqual(sentToken(headers), "Bearer access-1");
  deepStrictEqual(test.server.asked, { [PATHS.batch]: 1 });
});

Deno.test("413: too many bytes -> halved, and no larger batch for the rest of the drain", async () => {
  await using test = await prepare(eventsOf(1, 40, { size: 50_000 }));
  const limit = 300_000;
  let refused = 0;
  test.server.onBatch = ({ bytes }) => {
    if (bytes <= limit) return;
    refused += 1;
    return json(413, { error: "too large" });
  };
  const { counts, end } = await test.run();
  strictEqual(end.kind, "drained");
  strictEqual(counts.delivered, 40);
  deepStrictEqual(idsOf(test.server.events), idsOf(eventsOf(1, 40)));
  // A mebibyte, then half of it; a quarter fits.
  strictEqual(refused, 2);
});

Deno.test("413: one event alone -> a dead letter, and the others arrive", async () => {
  await using test = await prepare([
    ...eventsOf(1, 3),
    eventOf(4, { team: TEAM, size: 200_000 }),
    ...eventsOf(5, 7),
  ]);
  test.server.onBatch = ({ bytes }) =>
    bytes > 100_000 ? json(413, { error: "too large" }) : undefined;
  const { counts, end } = await test.run();
  strictEqual(end.kind, "drained");
  strictEqual(counts.delivered, 6);
  deepStrictEqual(counts.failures, { too_large: 1 });
  const [dead] = await test.at.kept("dead");
  strictEqual(dead!.envelope.event_id, idOf(4));
  strictEqual(dead!.last_error, "status 413: too large");
  await test.at.ledger();
});

Deno.test("413: small events, whatever is sent -> the server is broken: nothing is dead", async () => {
  await using test = await prepare(eventsOf(1, 5));
  test.server.onBatch = () => json(413, { error: "too large" });
  const { end } = await test.run();
  strictEqual(end.kind, "trouble");
  await test.at.isUntouched();
});

Deno.test("413: a small event while others are taken -> a dead letter in the same drain", async () => {
  for (const bad of [1, 3, 5]) {
    await using test = await prepare(eventsOf(1, 5));
    test.server.onBatch = ({ events }) =>
      events.some(({ event_id }) => event_id === idOf(bad))
        ? json(413, { error: "too large" })
        : undefined;
    const { end, counts } = await test.run();
    strictEqual(end.kind, "drained");
    deepStrictEqual([counts.delivered, counts.rejected], [4, 1]);
    deepStrictEqual(counts.failures, { too_large: 1 });
  }
});

Deno.test("401: an access token that has ended -> one new token, and the same batch again", async () => {
  await using test = await prepare(eventsOf(1, 3));
  test.server.revoke();
  const { counts, end } = await test.run();
  strictEqual(end.kind, "drained");
  deepStrictEqual([counts.delivered, counts.batches], [3, 1]);
  const [first, second, ...more] = test.server.batches;
  deepStrictEqual(second!.events, first!.events);
  deepStrictEqual(
    [first, second].map((batch) => sentToken(batch!.headers)),
    ["Bearer access-1", "Bearer access-2"],
  );
  deepStrictEqual(more, []);
  strictEqual(test.server.asked[PATHS.refresh], 1);
});

Deno.test("401: the new token is refused too -> the drain stops, without a loop", async () => {
  for (const troublesMax of [1, 3]) {
    await using test = await prepare(eventsOf(1, 3));
    test.server.onBatch = () => {
      test.server.revoke();
      return json(401, { error: "token" });
    };
    const { end } = await test.run({ troublesMax });
    deepStrictEqual(end, {
      kind: "stopped",
      reason: "not_authenticated",
      words: "status 401: token",
    });
    strictEqual(test.server.batches.length, 2);
    strictEqual(test.server.asked[PATHS.refresh], 1);
    await test.at.isUntouched();
  }
});

Deno.test("401: the session is over -> the drain stops", async () => {
  await using test = await prepare(eventsOf(1, 3));
  test.server.revoke();
  test.server.onToken = () => json(401, { error: "token" });
  const { end } = await test.run({ troublesMax: 3 });
  ok(end.kind === "stopped");
  strictEqual(end.reason, "not_authenticated");
  strictEqual(test.server.batches.length, 1);
  await test.at.isUntouched();
});

Deno.test("401: no new token for now -> trouble, for as long as the server asks for", async () => {
  await using test = await prepare(eventsOf(1, 3));
  test.server.revoke();
  test.server.onToken = () => json(503, {}, { "retry-after": "40" });
  const { end } = await test.run({ troublesMax: 3 });
  ok(end.kind === "trouble");
  strictEqual(end.retryAfterMs, 40_000);
  strictEqual(test.server.batches.length, 1);
  await test.at.isUntouched();
});

Deno.test("403, 412 -> the drain stops at once, with the server's words", async () => {
  const table = [
    [
      403,
      "forbidden",
      { error: "another team's" },
      "status 403: another team's",
    ],
    [412, "outdated", { detail: "update it" }, "status 412: update it"],
  ] as const;
  for (const [status, reason, body, words] of table) {
    await using test = await prepare(eventsOf(1, 3));
    test.server.onBatch = () => json(status, body);
    const { end } = await test.run({ troublesMax: 3 });
    deepStrictEqual(end, { kind: "stopped", reason, words });
    strictEqual(test.server.batches.length, 1);
    await test.at.isUntouched();
  }
});

Deno.test("429, 503: with Retry-After -> that long, in seconds or until a date", async () => {
  await using test = await prepare(eventsOf(1, 3));
  const now = test.at.world.timeMs;
  const table = [
    ["7", 7_000],
    ["0", 0],
    [new Date(now + 90_000).toUTCString(), 90_000],
    [new Date(now - 90_000).toUTCString(), 0],
    ["86400", 3_600_000],
    ["soon", undefined],
  ] as const;
  for (const status of [429, 503]) {
    for (const [header, retryAfterMs] of table) {
      test.server.onBatch = () =>
        json(status, { error: "busy" }, { "retry-after": header });
      const expected: DrainEnd = {
        kind: "trouble",
        words: `status ${status}: busy`,
        ...retryAfterMs !== undefined && { retryAfterMs },
      };
      deepStrictEqual((await test.run()).end, expected, header);
    }
  }
  await test.at.isUntouched();
});

Deno.test("503: Retry-After longer than anybody waits -> the drain ends at once", async () => {
  await using test = await prepare(eventsOf(1, 3));
  test.server.onBatch = () => json(503, {}, { "retry-after": "31" });
  const { end } = await test.run({ troublesMax: 3 });
  strictEqual(end.kind, "trouble");
  strictEqual(test.server.batches.length, 1);
});

Deno.test("503: twice, again and again -> each batch gets through at the third try", async () => {
  await using test = await prepare(eventsOf(1, 6, { size: 500_000 }));
  let asked = 0;
  test.server.onBatch = () =>
    ++asked % 3 ? json(503, {}, { "retry-after": "0" }) : undefined;
  const { counts, end } = await test.run({ troublesMax: 3 });
  strictEqual(end.kind, "drained");
  deepStrictEqual([counts.delivered, counts.sent, counts.batches], [6, 6, 9]);
});

Deno.test("answers that are none -> trouble with the status in words, nothing used up", async () => {
  await using test = await prepare(eventsOf(1, 3));
  const unknown = [{ event_id: idOf(99), status: "success" }];
  const table: [() => Response, RegExp][] = [
    [() => json(500, { error: "oops" }), /^status 500: oops$/],
    [
      () => new Response("<h1>bad gateway</h1>", { status: 502 }),
      /^status 502$/,
    ],
    [() => json(404, { message: "not here" }), /^status 404: not here$/],
    [() => json(409, { results: [] }), /^status 409$/],
    [() => json(201, { results: [] }), /^status 201$/],
    [() => new Response(null, { status: 204 }), /^status 204$/],
    [() => new Response("<html>log in</html>"), /^status 200: no results/],
    [() => new Response('{"results": ['), /^status 200: no results/],
    [() => new Response(""), /^status 200: no results/],
    [() => json(200, null), /^status 200: no results/],
    [() => json(200, []), /^status 200: no results/],
    [() => json(200, {}), /^status 200: no results/],
    [() => json(200, { results: {} }), /^status 200: no results/],
    [() => json(200, { results: [] }), /names no event that was sent/],
    [
      () => json(200, { results: [1, null, "x"] }),
      /names no event that was sent/,
    ],
    [() => json(200, { results: unknown }), /names no event that was sent/],
    [() => json(200, { results: "x".repeat(17 * 2 ** 20) }), /no results/],
  ];
  for (const [answer, words] of table) {
    test.server.onBatch = answer;
    const { end } = await test.run();
    ok(end.kind === "trouble", JSON.stringify(end));
    match(end.words, words);
  }
  strictEqual(test.server.batches.length, table.length);
  await test.at.isUntouched();
});

Deno.test("redirects -> not followed: the token goes nowhere else", async () => {
  await using test = await prepare(eventsOf(1, 3));
  await using elsewhere = new ScriptedServer();
  for (const status of [301, 302, 303, 307, 308]) {
    test.server.onBatch = () =>
      new Response(null, {
        status,
        headers: { location: elsewhere.url + PATHS.batch },
      });
    const { end } = await test.run();
    deepStrictEqual(end, { kind: "trouble", words: `status ${status}` });
  }
  deepStrictEqual(elsewhere.asked, {});
  await test.at.isUntouched();
});

Deno.test("nobody there -> trouble that names the server, and no token", async () => {
  await using test = await prepare(eventsOf(1, 3));
  await test.server.die();
  const { end } = await test.run();
  ok(end.kind === "trouble");
  ok(end.words.startsWith(`no answer from ${new URL(test.server.url).host}`));
  ok(!end.words.includes("access-1"));
  await test.at.isUntouched();
});

Deno.test("202, 207 -> as good as 200", async () => {
  for (const status of [202, 207]) {
    await using test = await prepare(eventsOf(1, 3));
    test.server.onBatch = ({ events }) =>
      json(status, { results: test.server.take(events) });
    strictEqual((await test.run()).counts.delivered, 3);
  }
});

Deno.test("an id that is missing while others are named -> one failed attempt", async () => {
  await using test = await prepare(eventsOf(1, 3));
  test.server.answer = (events) => test.server.take(events.slice(1));
  const { counts } = await test.run();
  deepStrictEqual(counts.failures, { missing: 1 });
  deepStrictEqual([counts.delivered, counts.open], [2, 0]);
  const [kept] = await test.at.kept("queue");
  deepStrictEqual(
    [kept!.envelope.event_id, kept!.attempts],
    [idOf(1), 1],
  );
});

/** Statuses that say that the events are at fault. */
const REFUSALS = [400, 422];

/** Each of these statuses with each of the bodies. */
const refusals = <T>(bodies: readonly T[]): [number, T][] =>
  REFUSALS.flatMap((status) =>
    bodies.map((body): [number, T] => [status, body])
  );

Deno.test("400, 422: details, a list or the JSON of one -> the named are dead letters, the rest goes again", async () => {
  const details = [
    { event_id: idOf(2), error_message: "bad phase" },
    { event_id: idOf(4), status: "success" },
    { event_id: idOf(99), error_message: "not yours" },
    { nonsense: true },
  ];
  const forms = [details, JSON.stringify(details)];
  for (const [status, form] of refusals(forms)) {
    await using test = await prepare(eventsOf(1, 5));
    test.server.onBatch = ({ events }) =>
      events.some(({ event_id }) => event_id === idOf(2))
        ? json(status, { error: "invalid", details: form })
        : undefined;
    const { counts, end } = await test.run();
    strictEqual(end.kind, "drained");
    deepStrictEqual(
      test.server.batches.map(({ events }) => idsOf(events)),
      [idsOf(eventsOf(1, 5)), [idOf(1), idOf(3), idOf(5)]],
    );
    deepStrictEqual(counts.failures, { rejected: 2 });
    deepStrictEqual(
      (await test.at.kept("dead")).map(({ last_error }) => last_error),
      ["bad phase", "rejected"],
    );
    strictEqual((await test.at.ledger()).delivered, 3);
  }
});

Deno.test("400, 422: details that name all -> dead letters, and nothing is sent again", async () => {
  for (const status of REFUSALS) {
    await using test = await prepare(eventsOf(1, 3));
    test.server.onBatch = ({ events }) =>
      json(status, { details: events.map(({ event_id }) => ({ event_id })) });
    const { end } = await test.run();
    strictEqual(end.kind, "drained");
    strictEqual(test.server.batches.length, 1);
    strictEqual((await test.at.ledger()).dead, 3);
  }
});

const NO_DETAILS = [
  undefined,
  [],
  "[]",
  "the second one",
  { event_id: idOf(2) },
  [{ event_id: idOf(99) }],
  [7],
];

Deno.test("400, 422: details that name none of ours, or are none -> halved until the culprit is alone", async () => {
  for (const [status, details] of refusals(NO_DETAILS)) {
    await using test = await prepare(eventsOf(1, 5));
    const isBad = ({ event_id }: SentEvent) => event_id === idOf(2);
    test.server.onBatch = ({ events }) =>
      events.some(isBad) ? json(status, { error: "bad", details }) : undefined;
    const { counts, end } = await test.run();
    strictEqual(end.kind, "drained", JSON.stringify(details));
    deepStrictEqual(counts.failures, { bad_request: 1 });
    deepStrictEqual(await test.at.ids("dead"), [idOf(2)]);
    strictEqual((await test.at.ledger()).delivered, 4);
  }
});

Deno.test("400, 422: for every event -> it is the server: nothing is dead", async () => {
  for (const status of REFUSALS) {
    await using test = await prepare(eventsOf(1, 3));
    test.server.onBatch = () => json(status, { error: "no" });
    const { end } = await test.run();
    deepStrictEqual(end, {
      kind: "trouble",
      words: `the server refuses every event: status ${status}: no`,
    });
    await test.at.isUntouched();
  }
});

Deno.test("batch_interval -> told with the answer, where it is a span up to an hour", async () => {
  await using at = await Sending.prepare(eventsOf(1, 1));
  const transport = new HttpBatch(at.session, at.world);
  const [entry] = await at.hold(({ queue }) => queue.peek(1));
  const table = [
    [1.5, 1_500],
    [0, 0],
    [3_600, 3_600_000],
    [3_601, undefined],
    [-1, undefined],
    ["5", undefined],
    [null, undefined],
  ] as const;
  for (const [batch_interval, intervalMs] of table) {
    at.server.extra = { batch_interval };
    const sent = await transport.send(
      [toWire(entry!, TEAM)],
      deadlineIn(5_000),
    );
    ok(sent.kind === "answered");
    strictEqual(sent.intervalMs, intervalMs, `${batch_interval}`);
  }
});

Deno.test("bytesMax: a lower limit -> smaller batches", async () => {
  await using at = await Sending.prepare(eventsOf(1, 6, { size: 1_000 }));
  const options = { bytesMax: 2_500 };
  await at.drain(new HttpBatch(at.session, at.world, options));
  deepStrictEqual(
    at.server.batches.map(({ events }) => events.length),
    [2, 2, 2],
  );
});
