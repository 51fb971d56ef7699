/** Keeping a WebSocket open: how each end of one leads to the next. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { pause } from "../../../lib/base/deadline.ts";
import { Connection } from "../../../lib/delivery/transport/connection.ts";
import { HttpBatch } from "../../../lib/delivery/transport/http_batch.ts";
import { RECONNECTS_MAX, STABLE_MS } from "../../../lib/base/limits.ts";
import { PATHS } from "../../../lib/base/wire.ts";
import { eventsOf, Sending } from "../../support/sending.ts";
import { hurried, until } from "../../support/hurried.ts";
import { TestWorld } from "../../support/world.ts";

/** A world whose dice give the longest pauses. */
class SlowWorld extends TestWorld {
  /** How often they were thrown: once for each pause. */
  throws = 0;

  override readonly randomBytes = (count: number): Uint8Array => {
    this.throws += 1;
    return new Uint8Array(count).fill(255);
  };
}

/** A connection to a server, and what it told. */
async function prepare(world?: TestWorld) {
  const at = await Sending.prepare();
  const told: [string, string][] = [];
  const connection = new Connection({
    session: at.session,
    world: world ?? at.world,
    nodeId: "9f86d081884c",
    onClock: () => {},
  }, { onStatus: (status, why) => told.push([status, why]) });
  const running: Promise<void>[] = [];
  const { server } = at;
  return {
    at,
    server,
    connection,
    told,
    statuses: () => told.map(([status]) => status),
    run(): Promise<void> {
      const run = connection.run();
      running.push(run);
      return run;
    },
    /** Waits until the server has had so many connections, the last one open. */
    async connected(count: number): Promise<void> {
      await until(() =>
        server.sockets.length === count && connection.socket !== undefined &&
        connection.status === "Connected"
      );
    },
    upgrades: () => server.asked[PATHS.socket] ?? 0,
    async [Symbol.asyncDispose]() {
      await connection.stop();
      await Promise.all(running);
      await at[Symbol.asyncDispose]();
    },
  };
}

Deno.test("run, stop: a server -> Reconnecting, Connected, and at the end Offline", async () => {
  await using test = await prepare();
  strictEqual(test.connection.status, "Offline");
  strictEqual(test.connection.socket, undefined);
  const run = test.run();
  await test.connected(1);
  ok(test.connection.socket!.isOpen);
  await test.connection.stop();
  await run;
  strictEqual(await test.server.sockets[0]!.closed, 1000);
  deepStrictEqual(test.statuses(), [
    "Reconnecting",
    "Connected",
    "Offline",
  ]);
  strictEqual(test.connection.socket, undefined);
});

Deno.test("stop: before the connection is open -> Offline at once", async () => {
  await using test = await prepare();
  test.server.onUpgrade = () =>
    test.server.silence().then(() => new Response());
  const run = test.run();
  await until(() => test.upgrades() > 0);
  await test.connection.stop();
  await run;
  deepStrictEqual(test.statuses(), ["Reconnecting", "Offline"]);
});

Deno.test("close codes: any but 4003 -> connected again, with a new token", async () => {
  for (const code of [1000, 1001, 1008, 1009, 1011, 1012, 4001, 4999]) {
    await using test = await prepare();
    test.run();
    await test.connected(1);
    test.server.sockets[0]!.close(code, "why");
    await test.connected(2);
    strictEqual(test.server.asked[PATHS.socketToken], 2, `${code}`);
    deepStrictEqual(test.told.slice(1), [
      ["Connected", "the WebSocket is open"],
      ["Reconnecting", `closed with ${code} why`],
      ["Connected", "the WebSocket is open"],
    ]);
  }
});

Deno.test("close code 4003 -> Offline with the reason, and nobody comes back", async () => {
  await using test = await prepare();
  const run = test.run();
  await test.connected(1);
  test.server.sockets[0]!.close(4003, "another team");
  await run;
  deepStrictEqual(test.told.at(-1), [
    "Offline",
    "the server does not want us: closed with 4003 another team",
  ]);
  strictEqual(test.upgrades(), 1);
});

Deno.test("close codes 1008, 4001 -> the first time at once, others after a pause", async () => {
  for (const [code, pauses] of [[1008, 0], [4001, 0], [1011, 1]] as const) {
    const world = new SlowWorld();
    await using test = await prepare(world);
    test.run();
    await test.connected(1);
    test.server.sockets[0]!.close(code);
    await test.connected(2);
    strictEqual(world.throws, pauses, `${code}`);
  }
});

Deno.test("close codes 1008, 4001 right after each opening -> no storm of new connections", async () => {
  for (const code of [1008, 4001]) {
    await using test = await prepare(new SlowWorld());
    test.server.onOpen = (socket) => socket.close(code);
    test.run();
    await until(() => test.upgrades() >= 2);
    await pause(500);
    // One at once, then pauses of one second and longer.
    ok(test.upgrades() <= 3, `${test.upgrades()} connections`);
  }
});

Deno.test("a connection that lived long -> its end counts as the first failure", async () => {
  const world = new SlowWorld();
  let aheadMs = 0;
  world.elapsedMs = () => performance.now() + aheadMs;
  await using test = await prepare(world);
  let opened = 0;
  test.server.onOpen = (socket) => {
    opened += 1;
    if (opened > 5) return;
    // As if it had been open for so long.
    until(() => test.connection.socket !== undefined).then(() => {
      aheadMs += STABLE_MS;
      socket.close(4001);
    });
  };
  test.run();
  await test.connected(6);
  strictEqual(world.throws, 0, "pauses");
});

Deno.test("refused handshakes -> batches only after ten in a row; revived, connected again", async () => {
  await using test = await prepare();
  test.server.onUpgrade = () => new Response("busy", { status: 503 });
  test.run();
  await until(() => test.connection.status === "OfflineBatchMode");
  const tries = test.upgrades();
  ok(tries >= RECONNECTS_MAX && tries <= RECONNECTS_MAX + 1, `${tries}`);
  deepStrictEqual(test.statuses(), ["Reconnecting", "OfflineBatchMode"]);
  match(test.told.at(-1)![1], /10 tries/);
  await pause(100);
  strictEqual(test.upgrades(), tries, "it goes on trying");

  // A batch gets through all the while.
  await test.at.append(eventsOf(1, 3));
  const batch = new HttpBatch(test.at.session, test.at.world);
  strictEqual((await test.at.drain(batch)).counts.delivered, 3);
  test.server.onUpgrade = () => undefined;
  test.connection.revive();
  await test.connected(1);
  deepStrictEqual(test.statuses().slice(1), [
    "OfflineBatchMode",
    "Reconnecting",
    "Connected",
  ]);
});

Deno.test("revived in vain -> batches only again after as many tries", async () => {
  await using test = await prepare();
  test.server.onUpgrade = () => new Response("busy", { status: 503 });
  test.run();
  await until(() => test.connection.status === "OfflineBatchMode");
  const tries = test.upgrades();
  test.connection.revive();
  await until(() => test.upgrades() > tries);
  await until(() => test.connection.status === "OfflineBatchMode");
  strictEqual(test.upgrades(), 2 * tries);
});

Deno.test("revive: while connected, or before it began -> changes nothing", async () => {
  await using test = await prepare();
  test.connection.revive();
  test.run();
  await test.connected(1);
  test.connection.revive();
  await pause(50);
  deepStrictEqual(test.statuses(), ["Reconnecting", "Connected"]);
  strictEqual(test.upgrades(), 1);
});

Deno.test("stop: while only batches are sent -> Offline", async () => {
  await using test = await prepare();
  test.server.onToken = () => new Response("busy", { status: 503 });
  const run = test.run();
  await until(() => test.connection.status === "OfflineBatchMode");
  await test.connection.stop();
  await run;
  strictEqual(test.statuses().at(-1), "Offline");
});

Deno.test("a session that is over -> Offline with the reason, and the run ends", async () => {
  await using test = await prepare();
  test.server.onToken = () => new Response("no", { status: 401 });
  await test.run();
  strictEqual(test.statuses().join(), "Reconnecting,Offline");
  strictEqual(test.upgrades(), 0);
});

Deno.test("a server that asks to be left alone -> no new try before", async () => {
  await using test = await prepare();
  test.server.onToken = () =>
    new Response("", { status: 503, headers: { "retry-after": "20" } });
  await hurried(50, async () => {
    const askedMs: number[] = [];
    const { onToken } = test.server;
    test.server.onToken = (path) => {
      askedMs.push(performance.now());
      return onToken(path);
    };
    test.run();
    await until(() => askedMs.length >= 2);
    ok(askedMs[1]! - askedMs[0]! >= 19_000, askedMs.join());
    await test.connection.stop();
  });
});

Deno.test("a server that is gone, then back -> connected again", async () => {
  await using test = await prepare();
  test.run();
  await test.connected(1);
  await test.server.die();
  await until(() => test.connection.status !== "Connected");
  test.server.rise();
  await until(() => {
    test.connection.revive();
    return test.connection.status === "Connected";
  });
  ok(test.connection.socket!.isOpen);
});

Deno.test("stop: while the token for a connection is asked for -> none is opened", async () => {
  await using test = await prepare();
  const asked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  test.server.onToken = async () => {
    asked.resolve();
    await goOn.promise;
    return undefined;
  };
  const run = test.run();
  await asked.promise;
  const stopping = test.connection.stop();
  goOn.resolve();
  await Promise.all([stopping, run]);
  strictEqual(test.upgrades(), 0);
  deepStrictEqual(test.statuses(), ["Reconnecting", "Offline"]);
});

Deno.test("isUnwanted: after 4003 -> true; after any other end -> false", async () => {
  for (const [code, unwanted] of [[4003, true], [1008, false]] as const) {
    await using test = await prepare();
    const run = test.run();
    await test.connected(1);
    test.server.sockets[0]!.close(code);
    if (unwanted) await run;
    else await test.connected(2);
    strictEqual(test.connection.isUnwanted, unwanted);
  }
});
