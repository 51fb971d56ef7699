/** Hand-overs on which something goes wrong: nothing is lost, nothing is there twice, nobody waits for long. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  arrived,
  ask,
  draft,
  idsOf,
  logIn,
  TestAgent,
} from "../support/agent.ts";
import { newAuthority } from "../support/authority.ts";
import { localCollector } from "../support/collector.ts";
import {
  emitDrafts,
  emitNote,
  handingTo,
  losingAnswers,
  startElsewhere,
  Stranger,
  TOKEN,
} from "../support/elsewhere.ts";
import { idOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { isThere, namesIn, tempHome } from "../support/home.ts";
import {
  commandNeed,
  MOUNT,
  needing,
  OPENSSL,
  outputOf,
  UNIX,
} from "../support/needs.ts";
import { fillDisk, smallDisk } from "../support/trouble.ts";

const CURL = await commandNeed("curl");

/** Waits until a home's queue is empty. */
const isDrained = (home: string) =>
  eventually(
    "the queue is empty",
    async () => (await ask(home, "sync", "status")).queued === 0,
  );

Deno.test(
  needing(
    [MOUNT],
    "emit: the agent's disk is full -> spooled here, words say why the agent could keep nothing",
    async () => {
      await using disk = await smallDisk(1_024);
      await using here = await tempHome();
      await using agent = await startElsewhere(`${disk.path}/home`);
      await fillDisk(`${disk.path}/filler`, 0);
      const { receipt } = await emitNote(
        handingTo(agent.listening, here.path),
        "hello",
      );
      strictEqual(receipt.status, "spooled");
      strictEqual(receipt.via, undefined);
      match(receipt.warning, /could keep nothing: .*No space left on device/);
    },
  ),
);

for (
  const [what, isDelivered] of [
    ["is queued", false],
    ["was delivered", true],
  ] as const
) {
  Deno.test(`emit: the answer is lost, and again while the event ${what} -> one event at the server, no dead letter`, async () => {
    await using collector = await localCollector();
    await using there = await tempHome();
    await using here = await tempHome();
    if (isDelivered) await logIn(there.path, collector.client);
    await using agent = await startElsewhere(there.path);
    // More than are tried within one call: the draft goes to the spool.
    await using relay = losingAnswers(agent.listening, 1_000);
    const env = handingTo(relay.url, here.path);
    const first = await emitNote(env, "hello");
    strictEqual(first.receipt.status, "spooled");
    match(first.receipt.warning, /ends the connection without an answer$/);
    if (isDelivered) {
      await arrived(collector.client, 1);
      await isDrained(there.path);
    }
    relay.lost = 0;
    const second = await emitNote(env, "behind it");
    strictEqual(second.receipt.status, "queued");
    deepStrictEqual(await namesIn(`${here.path}/spool`), []);
    if (!isDelivered) await logIn(there.path, collector.client);
    deepStrictEqual(idsOf(await arrived(collector.client, 2)), [
      first.receipt.event_id,
      second.receipt.event_id,
    ]);
    await isDrained(there.path);
    const { dead, totals } = await ask(there.path, "sync", "status");
    strictEqual(dead, 0);
    strictEqual(totals.delivered, 2);
  });
}

Deno.test("emit: the first answer of a stream is lost -> asked again within the call, each event once", async () => {
  await using there = await tempHome();
  await using here = await tempHome();
  await using agent = await startElsewhere(there.path);
  await using relay = losingAnswers(agent.listening, 1);
  const { receipts } = await emitDrafts(
    handingTo(relay.url, here.path),
    Array.from({ length: 50 }, (_, i) => draft(i)),
    ["--timeout", "20s"],
  );
  deepStrictEqual(
    receipts.map(({ lamport_clock }) => lamport_clock),
    receipts.map((_, i) => i + 1),
  );
  strictEqual((await ask(there.path, "queue", "stats")).queued, 50);
});

Deno.test("emit: an agent that takes the connection and never answers -> spooled within the call's time", async () => {
  await using here = await tempHome();
  await using silent = new Stranger((connection) =>
    connection.read(new Uint8Array(1_024))
  );
  const startedMs = performance.now();
  const { receipt } = await emitNote(
    handingTo(silent.url, here.path),
    "hello",
    ["--timeout", "1s"],
  );
  strictEqual(receipt.status, "spooled");
  match(receipt.warning, /the agent at http:\S+ did not answer in time$/);
  // What the machine takes to start a process comes on top.
  ok(performance.now() - startedMs < 6_000);
  strictEqual((await namesIn(`${here.path}/spool`)).length, 1);
  const again = await emitNote(handingTo(silent.url, here.path), "more");
  strictEqual(again.receipt.status, "spooled");
  strictEqual((await namesIn(`${here.path}/spool`)).length, 2);
});

const HTML = "<html><body>It works!</body></html>";

const answer = (status: string, headers: string, body = "") =>
  `HTTP/1.1 ${status}\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;

const STRANGERS: readonly (readonly [string, string, RegExp])[] = [
  [
    "200 with HTML",
    answer("200 OK", "content-type: text/html\r\n", HTML),
    /is another program: it answers without receipts$/,
  ],
  [
    "404",
    answer("404 Not Found", "", HTML),
    /is another program: it answers with status 404$/,
  ],
  [
    "a redirect",
    answer("302 Found", "location: http://127.0.0.1:1/\r\n"),
    /redirects \(status 302\), which is not followed$/,
  ],
  ["401", answer("401 Unauthorized", ""), /refuses the token \(status 401\)$/],
  [
    "503",
    answer("503 Service Unavailable", ""),
    /is in trouble \(status 503\)$/,
  ],
  [
    "503 and words, some of which would steer a terminal",
    answer(
      "503 Service Unavailable",
      "content-type: application/json\r\n",
      '{"error":"not now\\n\\u001b[31m"}',
    ),
    /is in trouble \(status 503: not now\?\?\[31m\)$/,
  ],
  [
    "429 and endless words",
    answer(
      "429 Too Many Requests",
      "content-type: application/json\r\n",
      JSON.stringify({ error: "x".repeat(10_000) }),
    ),
    /is in trouble \(status 429: x{500}\)$/,
  ],
  [
    "another protocol",
    "SSH-2.0-OpenSSH_9.2\r\n",
    /is another program: it does not speak HTTP$/,
  ],
  [
    "an alert of TLS",
    "\u0015\u0003\u0001\u0000\u0002\u0002\u0046",
    /speaks TLS: ask it by https:\/\/, not by http:\/\/$/,
  ],
  [
    "what nginx says on a port of TLS",
    answer(
      "400 Bad Request",
      "content-type: text/html\r\n",
      "The plain HTTP request was sent to HTTPS port",
    ),
    /speaks TLS: ask it by https:\/\/, not by http:\/\/$/,
  ],
  [
    "receipts of other events",
    answer(
      "200 OK",
      "content-type: application/x-ndjson\r\n",
      `{"line":1,"event_type":"HistoryAdded","event_id":"${
        idOf(1)
      }","lamport_clock":1,"status":"queued"}\n`,
    ),
    /is another program: it answers without receipts$/,
  ],
  [
    "a bare `discarded`",
    answer(
      "200 OK",
      "content-type: application/json\r\n",
      '{"status":"discarded"}',
    ),
    /is another program: it answers without receipts$/,
  ],
  [
    "`discarded` for problems that are none",
    answer(
      "200 OK",
      "content-type: application/json\r\n",
      '{"status":"discarded","event_id":null,"problems":[{"path":1},null]}',
    ),
    /is another program: it answers without receipts$/,
  ],
  [
    "interim answers without end",
    "HTTP/1.1 102 Processing\r\n\r\n".repeat(3_000),
    /is another program: it does not speak HTTP$/,
  ],
  [
    "NDJSON that is none",
    answer("200 OK", "content-type: application/x-ndjson\r\n", "null\n[]\n"),
    /is another program: it answers without receipts$/,
  ],
  [
    "half an answer",
    'HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"li',
    /broke off its answer$/,
  ],
];

for (const [i, [name, text, why]] of STRANGERS.entries()) {
  Deno.test(`emit: something at the agent's address that answers with ${name} -> spooled, words say so`, async () => {
    await using here = await tempHome();
    await using stranger = Stranger.saying(text);
    const { code, receipt, stderr } = await emitNote(
      handingTo(stranger.url, here.path),
      "hello",
      [],
      // The first by a process.
      i > 0,
    );
    strictEqual(code, 0);
    strictEqual(receipt.status, "spooled");
    match(receipt.warning, why);
    ok(!stderr.includes(TOKEN) && !stderr.includes("It works"));
    strictEqual((await namesIn(`${here.path}/spool`)).length, 1);
  });
}

Deno.test("emit: a server that answers for ever -> spooled within the call's time", async () => {
  await using here = await tempHome();
  await using endless = new Stranger(async (connection) => {
    const write = (text: string) =>
      connection.write(new TextEncoder().encode(text));
    await write(
      "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n",
    );
    for (;;) await write("{}\n".repeat(10_000));
  });
  const { receipt } = await emitNote(
    handingTo(endless.url, here.path),
    "hello",
  );
  strictEqual(receipt.status, "spooled");
});

Deno.test("emit: another token than the agent's -> spooled; the right one hands it over", async () => {
  await using there = await tempHome();
  await using here = await tempHome();
  await using agent = await startElsewhere(there.path);
  const env = handingTo(agent.listening, here.path);
  const { receipt } = await emitNote(
    { ...env, SPEC_KITTY_AGENT_TOKEN: "another-token-0123456789" },
    "hello",
  );
  match(receipt.warning, /refuses the token \(status 401\)$/);
  const { receipts } = await emitDrafts(env, [draft(1)]);
  strictEqual(receipts[0].lamport_clock, 2);
});

Deno.test("emit --wait server: through an agent that is connected -> delivered; offline: queued, 69 and why", async () => {
  await using collector = await localCollector();
  await using there = await tempHome();
  await using here = await tempHome();
  await using agent = await startElsewhere(there.path);
  const env = handingTo(agent.listening, here.path);
  const options = ["--wait", "server", "--strict", "--timeout"];
  const offline = await emitNote(env, "hello", [...options, "2s"]);
  strictEqual(offline.code, 69);
  strictEqual(offline.receipt.status, "queued");
  match(
    offline.receipt.warning,
    /^the server has not acknowledged the event; it stays queued: not logged in/,
  );
  await logIn(there.path, collector.client);
  await agent.is("Connected");
  const online = await emitNote(env, "more", [...options, "20s"]);
  strictEqual(online.code, 0, online.stderr);
  strictEqual(online.receipt.status, "delivered");
  strictEqual(online.receipt.via, agent.listening);
});

Deno.test("emit: an agent that is away for a moment -> waited for with --wait server", async () => {
  await using there = await tempHome();
  await using here = await tempHome();
  const agent = await startElsewhere(there.path);
  await agent.stop("SIGKILL");
  const emitting = emitNote(handingTo(agent.listening, here.path), "hello", [
    ...["--wait", "server", "--timeout", "20s"],
  ]);
  await using _again = await startElsewhere(
    there.path,
    new URL(agent.listening).host,
  );
  const { receipt } = await emitting;
  strictEqual(receipt.status, "queued");
});

Deno.test("emit: an agent whose queue is held by another process -> spooled there, which is known as one that was handed over", async () => {
  await using collector = await localCollector();
  await using there = await tempHome();
  await using here = await tempHome();
  await using agent = await startElsewhere(there.path);
  const options = ["--event-id", idOf(1), "--timeout", "2s"];
  {
    using lock = await Deno.open(`${there.path}/clock.lock`, {
      write: true,
      create: true,
    });
    await lock.lock(true);
    const { receipt } = await emitNote(
      handingTo(agent.listening, here.path),
      "hello",
      options,
    );
    strictEqual(receipt.status, "spooled", JSON.stringify(receipt));
    strictEqual(receipt.via, agent.listening);
    strictEqual(await isThere(here.path), false);
  }
  await logIn(there.path, collector.client);
  await arrived(collector.client, 1);
  await isDrained(there.path);
  const { receipt } = await emitNote(
    handingTo(agent.listening, here.path),
    "hello",
    options,
  );
  strictEqual(receipt.status, "known");
  strictEqual((await arrived(collector.client, 1)).length, 1);
});

Deno.test(
  needing(
    [OPENSSL],
    "emit: an agent with TLS -> queued where its authority is trusted; else spooled, words say so",
    async () => {
      await using there = await tempHome();
      await using here = await tempHome();
      await using authority = await newAuthority();
      const { certFile, keyFile } = await authority.issue();
      await using agent = await TestAgent.start(there.path, {
        args: [
          ...["--listen", "127.0.0.1:0"],
          ...["--tls-cert", certFile, "--tls-key", keyFile],
        ],
        env: { SPEC_KITTY_AGENT_TOKEN: TOKEN },
      });
      const url = agent.listening.replace("127.0.0.1", "localhost");
      const env = handingTo(url, here.path);
      const stranger = await emitNote(env, "hello");
      strictEqual(stranger.receipt.status, "spooled");
      match(stranger.receipt.warning, /nobody who is trusted here has signed/);
      const { receipts } = await emitDrafts(
        { ...env, SPEC_KITTY_CA_FILE: authority.caFile },
        [draft(1), draft(2)],
      );
      deepStrictEqual(
        receipts.map(({ status, lamport_clock }) => [status, lamport_clock]),
        [["queued", 2], ["queued", 3]],
      );
    },
  ),
);

const ELSEWHERE = Deno.networkInterfaces()
  .find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.")
  )?.address;

Deno.test(
  needing(
    [{
      isMet: ELSEWHERE !== undefined,
      reason: "the machine has no address but loopback",
    }],
    "emit: plain HTTP to an agent on another address -> spooled, words say so; queued where that is allowed",
    async () => {
      await using there = await tempHome();
      await using here = await tempHome();
      await using agent = await startElsewhere(there.path, `${ELSEWHERE}:0`);
      const env = handingTo(agent.listening, here.path);
      const { receipt } = await emitNote(env, "hello");
      strictEqual(receipt.status, "spooled");
      match(receipt.warning, /is plain http, which is only for agents on this/);
      const allowed = { ...env, SPEC_KITTY_INSECURE_HTTP: "1" };
      const { receipts } = await emitDrafts(allowed, [draft(1)]);
      strictEqual(receipts[0].lamport_clock, 2);
    },
  ),
);

Deno.test(
  needing(
    [CURL, UNIX],
    "curl: a draft, and a stream, over TCP with the token and over a socket -> receipts",
    async () => {
      await using there = await tempHome();
      const socket = `${there.path}-agent.sock`;
      const body = JSON.stringify({ ...draft(1), event_id: idOf(1) });
      for (const address of ["127.0.0.1:0", `unix:${socket}`]) {
        await using agent = await startElsewhere(there.path, address);
        const where = address.startsWith("unix:")
          ? ["--unix-socket", socket, "http://agent/v1/events"]
          : [`${agent.listening}/v1/events`];
        const post = async (type: string, data: string) =>
          JSON.parse(
            (await outputOf("curl", [
              ...["--silent", "--show-error", "--fail", "--data-binary", data],
              ...["--header", `authorization: Bearer ${TOKEN}`],
              ...["--header", `content-type: ${type}`],
              ...where,
            ])).split("\n")[0]!,
          );
        const receipt = await post("application/json", body);
        strictEqual(receipt.status, "queued");
        strictEqual(receipt.lamport_clock, 1);
        const stream = await post("application/x-ndjson", `${body}\n${body}\n`);
        deepStrictEqual(stream, { line: 1, ...receipt });
        await agent.stop();
      }
    },
  ),
);
