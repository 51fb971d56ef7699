/** Idle connections against real collectors and agents with few descriptors, and the bounds one by one. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { BoundedServer } from "../../lib/base/bounded_server.ts";
import { jsonLog } from "../../lib/base/log.ts";
import { PATHS } from "../../lib/base/wire.ts";
import { draft } from "../support/agent.ts";
import { addUsers, CollectorClient } from "../support/collector.ts";
import { eventOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { isThere, tempFolder, tempHome } from "../support/home.ts";
import { TestWorld } from "../support/world.ts";
import {
  DESCRIPTORS,
  HALF_REQUESTS,
  Idlers,
  startWithFew,
  tcp,
} from "../support/idlers.ts";
import { RawConnection } from "../support/fault/reset.ts";
import { LINUX, needing, UNIX } from "../support/needs.ts";

Deno.test(needing(
  [UNIX],
  "collector: more half requests than descriptors -> it lives, serves its clients and new ones, and takes all again",
  async () => {
    await using home = await tempHome();
    await addUsers(home.path);
    await using collector = await startWithFew(home.path, [
      ...["collector", "run", "--listen", "127.0.0.1:0"],
    ]);
    const client = new CollectorClient(collector.listening);
    const { access } = await client.logIn();
    await using socket = await client.connect(access);
    await socket.nextOf("snapshot");
    using idlers = await Idlers.hold(HALF_REQUESTS, tcp(client.url));
    // None may be answered late: they were there first.
    let served = 0;
    for (let i = 1; i <= 20; i++) {
      const { status } = await client.send(access, [
        eventOf(i, { team: "acme" }).envelope,
      ]);
      strictEqual(status, 200, collector.log());
      served += 1;
      strictEqual((await socket.nextOf("event")).event.lamport_clock, i);
    }
    for (let i = 0; i < 20; i++) {
      using fresh = await tcp(client.url)();
      await fresh.write(new TextEncoder().encode(
        `GET ${PATHS.events}?limit=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${access}\r\n\r\n`,
      ));
      const buffer = new Uint8Array(64);
      const count = await fresh.read(buffer);
      match(
        new TextDecoder().decode(buffer.subarray(0, count ?? 0)),
        /^HTTP\/1\.1 200 /,
      );
      served += 1;
    }
    strictEqual(served, 40);
    ok(idlers.held > 20, `${idlers.held} held`);
    ok(idlers.held < DESCRIPTORS / 2, `${idlers.held} held`);
    idlers[Symbol.dispose]();
    strictEqual((await client.ask("/healthz")).status, 200);
    strictEqual(collector.hasEnded(), false);
  },
));

for (const way of ["TCP", "its socket"]) {
  Deno.test(needing(
    [UNIX],
    `agent on ${way}: more half requests than descriptors -> it lives, and records what it is told`,
    async () => {
      await using home = await tempHome();
      await using agent = await startWithFew(home.path, [
        ...["agent", "run"],
        ...way === "TCP" ? ["--listen", "127.0.0.1:0"] : [],
      ]);
      const { listening } = agent;
      const isTcp = listening.startsWith("http");
      strictEqual(isTcp, way === "TCP");
      const connect = isTcp
        ? tcp(listening)
        : () => Deno.connect({ transport: "unix", path: listening });
      using idlers = await Idlers.hold(HALF_REQUESTS, connect);
      const token = isTcp
        ? (await Deno.readTextFile(`${home.path}/agent.token`)).trim()
        : "";
      for (let n = 1; n <= 20; n++) {
        using client = Deno.createHttpClient({
          proxy: isTcp
            ? {
              transport: "tcp",
              hostname: "127.0.0.1",
              port: Number(new URL(listening).port),
            }
            : { transport: "unix", path: listening },
        });
        const response = await fetch("http://127.0.0.1/v1/events", {
          client,
          method: "POST",
          headers: {
            authorization: `Bearer ${token}`,
            "content-type": "application/json",
          },
          body: JSON.stringify(draft(n)),
        });
        strictEqual((await response.json()).status, "queued", agent.log());
      }
      ok(idlers.held > 20, `${idlers.held} held`);
      ok(idlers.closedByServer > 300, `${idlers.closedByServer} closed`);
      strictEqual(agent.hasEnded(), false);
    },
  ));
}

/** A server inside of the test, whose time the test sets. */
async function inServer(
  connectionsMax: number,
  work: (
    at: {
      advance: (ms: number) => void;
      connect: () => Promise<Deno.Conn>;
    },
  ) => Promise<void>,
): Promise<void> {
  await using folder = await tempFolder();
  const world = new TestWorld();
  let aheadMs = 0;
  world.elapsedMs = () => performance.now() + aheadMs;
  const server: BoundedServer = await BoundedServer.start({
    world,
    log: jsonLog(world.nowMs, () => {}),
    listen: { hostname: "127.0.0.1", port: 0 },
    folder: folder.path,
    connectionsMax,
    handler: async (request) => {
      if (request.headers.get("authorization")) server.vouch(request);
      const names = [...request.headers.keys()]
        .filter((name) => !name.startsWith("x-connection-"));
      return Response.json({ names, body: await request.text() });
    },
  });
  const { port } = server.addr as Deno.NetAddr;
  try {
    await work({
      advance: (ms) => void (aheadMs += ms),
      connect: () => Deno.connect({ hostname: "127.0.0.1", port }),
    });
  } finally {
    await server.shutdown();
  }
  strictEqual(await isThere(`${folder.path}/.requests.sock`), false);
}

/** All that comes until there is a whole answer, or the end. */
async function answerOn(connection: Deno.Conn): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(4096);
  while (!/\r\n\r\n.*}/s.test(text)) {
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) break;
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return text;
}

function say(connection: Deno.Conn, text: string): Promise<number> {
  return connection.write(new TextEncoder().encode(text));
}

Deno.test("requests: in one piece, byte by byte, with a body, several on a connection, bare line feeds -> whole", () =>
  inServer(10, async ({ connect }) => {
    const whole = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    for (
      const pieces of [
        [whole],
        [...whole],
        ["\r\n", whole],
        [whole.slice(0, 37), whole.slice(37)],
        [whole.replaceAll("\r\n", "\n")],
      ]
    ) {
      using connection = await connect();
      for (const piece of pieces) await say(connection, piece);
      match(await answerOn(connection), /^HTTP\/1\.1 200 .*"body":"abc"}/s);
      await say(connection, whole.replace("abc", "def"));
      match(await answerOn(connection), /^HTTP\/1\.1 200 .*"body":"def"}/s);
    }
  }));

Deno.test("places: all taken -> half requests go first, then strangers; the known stay, and then the next is told 503", () =>
  inServer(4, async ({ connect }) => {
    const known =
      "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n";
    const stranger = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const open: Deno.Conn[] = [];
    const newOne = async (text: string) => {
      const connection = await connect();
      open.push(connection);
      await say(connection, text);
      return connection;
    };
    const answered = async (text: string) => {
      const connection = await newOne(text);
      match(await answerOn(connection), /^HTTP\/1\.1 200 /);
      return connection;
    };
    try {
      const half = await newOne(known.slice(0, 20));
      const strange = await answered(stranger);
      const first = await answered(known);
      await answered(known);
      const third = await answered(known);
      strictEqual(await answerOn(half), "");
      await answered(known);
      strictEqual(await answerOn(strange), "");
      match(
        await answerOn(await newOne(known)),
        /^HTTP\/1\.1 503 .*retry-after: 1/s,
      );
      for (const connection of [first, third]) {
        await say(connection, known);
        match(await answerOn(connection), /^HTTP\/1\.1 200 /);
      }
    } finally {
      open.forEach((connection) => connection.close());
    }
  }));

Deno.test("time: half a head, a silent stranger, a known client -> the first two are ended, each at its time", () =>
  inServer(10, async ({ connect, advance }) => {
    using half = await connect();
    using strange = await connect();
    using known = await connect();
    const request = "GET / HTTP/1.1\r\nHost: x\r\n";
    await say(half, request);
    await say(strange, `${request}\r\n`);
    await say(known, `${request}Authorization: Bearer t\r\n\r\n`);
    match(await answerOn(strange), /^HTTP\/1\.1 200 /);
    match(await answerOn(known), /^HTTP\/1\.1 200 /);
    advance(11_000);
    strictEqual(await answerOn(half), "");
    await say(strange, `${request}\r\n`);
    match(await answerOn(strange), /^HTTP\/1\.1 200 /);
    advance(76_000);
    strictEqual(await answerOn(strange), "");
    advance(3_600_000);
    await say(known, `${request}\r\n`);
    match(await answerOn(known), /^HTTP\/1\.1 200 /);
  }));

Deno.test("upgrade: a WebSocket that is refused -> the answer tells the client to take another connection; another protocol: the same one", () =>
  inServer(10, async ({ connect }) => {
    const asking = (protocol: string) =>
      `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
    using refused = await connect();
    await say(refused, asking("WebSocket"));
    match(
      await answerOn(refused),
      /^HTTP\/1\.1 200 .*\r\nconnection: close\r\n.*"body":""}$/s,
    );
    using kept = await connect();
    for (let i = 0; i < 2; i++) {
      await say(kept, asking("h2c"));
      match(await answerOn(kept), /^HTTP\/1\.1 200 .*"body":""}$/s);
    }
  }));

for (
  const [what, request, cut, stepMs, witnessAt] of [
    ["a head", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 20, 6_000, 0],
    [
      "a body",
      "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
      40,
      40_000,
      1,
    ],
  ] as const
) {
  Deno.test(`time: requests that follow closely, each read ending within ${what} -> each has its own time`, () =>
    inServer(10, async ({ connect, advance }) => {
      const whole = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
      using connection = await connect();
      await say(connection, request.slice(0, cut));
      // Its end shows that connections were looked at.
      let witness: Deno.Conn | undefined;
      for (let round = 0; round < 2; round++) {
        if (round === witnessAt) {
          witness = await connect();
          await say(witness, whole.slice(0, -2));
        }
        using behind = await connect();
        await say(behind, whole);
        match(await answerOn(behind), /^HTTP\/1\.1 200 /);
        await say(connection, request.slice(cut) + request.slice(0, cut));
        match(await answerOn(connection), /^HTTP\/1\.1 200 /);
        advance(stepMs);
      }
      strictEqual(await answerOn(witness!), "");
      witness!.close();
      await say(connection, request.slice(cut));
      match(await answerOn(connection), /^HTTP\/1\.1 200 /);
    }));
}

Deno.test(needing(
  [LINUX],
  "accept: 100 connections that are reset before they are taken -> none that is there is sent away, and the next is served",
  () =>
    inServer(10, async ({ connect }) => {
      const request = "GET / HTTP/1.1\r\nHost: x\r\n";
      using half = await connect();
      using silent = await connect();
      await say(half, request);
      // Both are known to the server when one that came behind them is.
      using third = await connect();
      await say(third, `${request}\r\n`);
      match(await answerOn(third), /^HTTP\/1\.1 200 /);
      const { port } = half.remoteAddr as Deno.NetAddr;
      for (let i = 0; i < 100; i++) new RawConnection(port).reset();
      using next = await connect();
      await say(next, `${request}\r\n`);
      match(await answerOn(next), /^HTTP\/1\.1 200 /);
      await say(half, "\r\n");
      match(await answerOn(half), /^HTTP\/1\.1 200 /);
      await say(silent, `${request}\r\n`);
      match(await answerOn(silent), /^HTTP\/1\.1 200 /);
    }),
));

Deno.test(needing(
  [LINUX],
  "connections that end before they ask -> what was opened for them is closed",
  () =>
    inServer(10, async ({ connect }) => {
      const count = async () =>
        (await Array.fromAsync(Deno.readDir("/proc/self/fd"))).length;
      const before = await count();
      for (let n = 0; n < 50; n++) (await connect()).close();
      await eventually(
        "no more descriptors than before",
        async () => await count() <= before,
      );
    }),
));

Deno.test("shutdown: an answer under way -> it arrives whole", async () => {
  await using folder = await tempFolder();
  const world = new TestWorld();
  const began = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const server = await BoundedServer.start({
    world,
    log: jsonLog(world.nowMs, () => {}),
    listen: { hostname: "127.0.0.1", port: 0 },
    folder: folder.path,
    connectionsMax: 10,
    handler: async () => {
      began.resolve();
      await goOn.promise;
      return new Response("x".repeat(1_000_000) + "}");
    },
  });
  const { port } = server.addr as Deno.NetAddr;
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await say(connection, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await began.promise;
  const stopping = server.shutdown();
  goOn.resolve();
  const text = await answerOn(connection);
  deepStrictEqual(text.slice(text.indexOf("\r\n\r\n") + 4).length, 1_000_001);
  await stopping;
});
