/** The library with a connection of its own, in processes of its users. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { arrived, idsOf, logIn } from "../support/agent.ts";
import { BatchServer } from "../support/batch_server.ts";
import { linesOf, runCode, spawnCode } from "../support/child.ts";
import { localCollector, TestCollector } from "../support/collector.ts";
import { tempHome } from "../support/home.ts";

/** What every process begins with; it must end by itself, so none of them calls `Deno.exit`. */
const LIBRARY = `
  const { getEmitter, emitWpStatusChanged, emitHistoryAdded } = await import(lib + "mod.ts");
  const emitter = await getEmitter();
  const draft = emitter.build.wpStatusChanged("WP01", "planned", "doing");
  const say = (value: unknown) => console.log(JSON.stringify(value));
`;

/** Runs code of a user of the library to its own end; what it said. */
async function run(
  home: string,
  code: string,
  env: Record<string, string> = {},
  // deno-lint-ignore no-explicit-any
): Promise<any[]> {
  const said = await runCode(LIBRARY + code, {
    env: { SPEC_KITTY_HOME: home, ...env },
  });
  return said.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

Deno.test("connect: logged in -> Connected; waiting calls are delivered; after disconnect the process ends by itself", async () => {
  await using collector = await localCollector();
  await using home = await tempHome();
  await logIn(home.path, collector.client);
  const [before, connected, again, receipt, other, status, late] = await run(
    home.path,
    `
    say(emitter.connectionStatus);
    say(await emitter.connect());
    say(await emitter.connect());
    say(await emitter.emit(draft, { wait: true, timeoutMs: 20_000 }));
    say(await emitHistoryAdded("WP01", "note", "text"));
    await emitter.disconnect();
    say(emitter.connectionStatus);
    say(await emitWpStatusChanged("WP01", "doing", "done"));`,
  );
  deepStrictEqual([before, connected, again], [
    "Offline",
    "Connected",
    "Connected",
  ]);
  strictEqual(receipt.status, "delivered");
  deepStrictEqual([other.status, other.warning], ["queued", undefined]);
  deepStrictEqual([status, late.status], ["Offline", "queued"]);
  // The last drain has sent what nobody waited for; what came after it stays.
  deepStrictEqual(idsOf(await arrived(collector.client, 2)), [
    receipt.event_id,
    other.event_id,
  ]);
});

Deno.test("connect: a thousand calls at once -> all delivered once, in the order of the calls", async () => {
  await using collector = await localCollector();
  await using home = await tempHome();
  await logIn(home.path, collector.client);
  const [ids] = await run(
    home.path,
    `
    await emitter.connect();
    const receipts = await Promise.all(Array.from({ length: 1000 }, (_, i) =>
      emitHistoryAdded("WP01", "note", "entry " + i)));
    await emitter.disconnect();
    say(receipts.map(({ event_id }) => event_id));`,
  );
  deepStrictEqual(idsOf(await arrived(collector.client, 1_000)), ids);
});

Deno.test("connect: nobody is logged in -> Offline, never rejects; a login later is noticed", async () => {
  await using collector = await localCollector();
  await using home = await tempHome();
  const child = spawnCode(
    `${LIBRARY}
    say(await emitter.connect());
    say((await emitter.emit(draft, { wait: true })).status);
    while (emitter.connectionStatus !== "Connected") await new Promise((r) => setTimeout(r, 10));
    say(emitter.connectionStatus);
    await emitter.disconnect();`,
    { env: { SPEC_KITTY_HOME: home.path } },
  );
  const lines = linesOf(child.stdout);
  strictEqual((await lines.next()).value, '"Offline"');
  strictEqual((await lines.next()).value, '"queued"');
  await logIn(home.path, collector.client);
  strictEqual((await lines.next()).value, '"Connected"');
  strictEqual((await lines.next()).done, true);
  await child.stderr.cancel();
  strictEqual((await child.status).code, 0);
  strictEqual((await arrived(collector.client, 1)).length, 1);
});

Deno.test("connect: the server is not there -> resolves within the timeout, goes on trying; disconnect ends it", async () => {
  await using home = await tempHome();
  {
    await using collector = await localCollector();
    await logIn(home.path, collector.client);
  }
  const [status, receipt, ms] = await run(
    home.path,
    `
    const before = performance.now();
    say(await emitter.connect());
    say(await emitter.emit(draft, { wait: true, timeoutMs: 300 }));
    await emitter.disconnect();
    say(performance.now() - before);`,
    { SPEC_KITTY_TIMEOUT: "300ms" },
  );
  strictEqual(status, "Reconnecting");
  strictEqual(receipt.status, "queued");
  ok(ms < 10_000, `${ms}`);
});

Deno.test("connect: a server without WebSockets -> delivered in batches", async () => {
  await using server = new BatchServer();
  await using home = await tempHome();
  const [receipt] = await run(
    home.path,
    `
    await emitter.connect();
    say(await emitter.emit(draft, { wait: true, timeoutMs: 20_000 }));
    await emitter.disconnect();`,
    { ...server.env, SPEC_KITTY_TIMEOUT: "300ms" },
  );
  strictEqual(receipt.status, "delivered");
  deepStrictEqual(idsOf(server.batches.flat()), [receipt.event_id]);
});

Deno.test("connect: the server refuses the event -> queued, not delivered", async () => {
  await using server = new BatchServer();
  server.answer = "rejected";
  await using home = await tempHome();
  const [receipt] = await run(
    home.path,
    `
    await emitter.connect();
    say(await emitter.emit(draft, { wait: true, timeoutMs: 20_000 }));
    await emitter.disconnect();`,
    { ...server.env, SPEC_KITTY_TIMEOUT: "300ms" },
  );
  strictEqual(receipt.status, "queued");
});

Deno.test("connect: the server dies and comes back -> connected again, nothing lost", async () => {
  await using collector = await TestCollector.start();
  await using home = await tempHome();
  await logIn(home.path, collector);
  const child = spawnCode(
    `${LIBRARY}
    say(await emitter.connect());
    while (emitter.connectionStatus === "Connected") await new Promise((r) => setTimeout(r, 10));
    say((await emitter.emit(draft)).event_id);
    while (emitter.connectionStatus !== "Connected") await new Promise((r) => setTimeout(r, 10));
    await emitter.disconnect();`,
    { env: { SPEC_KITTY_HOME: home.path } },
  );
  const lines = linesOf(child.stdout);
  strictEqual((await lines.next()).value, '"Connected"');
  await collector.stop("SIGKILL");
  const id = JSON.parse((await lines.next()).value!);
  await collector.restart();
  strictEqual((await lines.next()).done, true);
  await child.stderr.cancel();
  strictEqual((await child.status).code, 0);
  deepStrictEqual(idsOf(await arrived(collector, 1)), [id]);
});

Deno.test("connect: asked while connecting and disconnecting -> each call resolves, the process ends", async () => {
  await using collector = await localCollector();
  await using home = await tempHome();
  await logIn(home.path, collector.client);
  const [statuses, receipt] = await run(
    home.path,
    `
    const both = Promise.all([emitter.connect(), emitter.connect()]);
    say(await both);
    await Promise.all([emitter.disconnect(), emitter.disconnect()]);
    await emitter.connect();
    say(await emitter.emit(draft, { wait: true, timeoutMs: 20_000 }));
    const last = emitter.connect();
    await emitter.disconnect();
    await last;`,
  );
  deepStrictEqual(statuses, ["Connected", "Connected"]);
  strictEqual(receipt.status, "delivered");
});

Deno.test("disconnect: while connect is still under way -> Offline afterwards, the process ends", async () => {
  await using collector = await localCollector();
  await using home = await tempHome();
  await logIn(home.path, collector.client);
  const [status, receipt] = await run(
    home.path,
    `
    const connecting = emitter.connect();
    await emitter.disconnect();
    await connecting;
    say(emitter.connectionStatus);
    say(await emitter.emit(draft));`,
  );
  strictEqual(status, "Offline");
  strictEqual(receipt.status, "queued");
  match(receipt.event_id, /^[0-9A-Z]{26}$/);
});

Deno.test("connect: another limit in config.toml -> the settings of now, without being told", async () => {
  await using home = await tempHome();
  const statuses = await run(
    home.path,
    `
    await emitter.connect();
    say((await emitter.emit(draft)).status);
    await Deno.writeTextFile(
      Deno.env.get("SPEC_KITTY_HOME") + "/config.toml",
      "[sync]\\nmax_queue_size = 1\\n",
    );
    let last = "queued";
    for (let i = 0; i < 1_000 && last === "queued"; i++) {
      await new Promise((r) => setTimeout(r, 20));
      last = (await emitter.emit(draft)).status;
    }
    say(last);
    await emitter.disconnect();`,
  );
  deepStrictEqual(statuses, ["queued", "refused"]);
});
