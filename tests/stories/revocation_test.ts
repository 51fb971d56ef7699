/** What is revoked is refused within seconds, whatever was given out before and is open. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { PATHS } from "../../lib/base/wire.ts";
import { machine } from "../../lib/base/world.ts";
import { logIn, TestAgent } from "../support/agent.ts";
import {
  ADA,
  addKey,
  addUsers,
  BOB,
  rawUpgrade,
  TestCollector,
  type TestUser,
} from "../support/collector.ts";
import { eventOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { tempHome } from "../support/home.ts";
import { enter, PageSocket } from "../support/page.ts";
import { runProgram } from "../support/program.ts";

const REAL = machine();

/** What was promised, and what a busy machine may take besides. */
const PROMISED_MS = 5_000, BUSY_MS = 5_000;

/** Runs a command of the collector, and says when it had ended. */
async function change(
  { home }: TestCollector,
  words: readonly string[],
  stdin = "",
): Promise<number> {
  const env = { SPEC_KITTY_HOME: home };
  const { code, stderr } = await runProgram(["collector", ...words], env, {
    stdin,
  });
  strictEqual(code, 0, stderr);
  return performance.now();
}

/** How long something took from a moment on, said aloud. */
function judge(what: string, sinceMs: number): void {
  const ms = Math.round(performance.now() - sinceMs);
  console.log(`${what}: ${ms} ms`);
  ok(ms < PROMISED_MS + BUSY_MS, `${what} took ${ms} ms`);
}

/** The code with which something is closed; fails where it stays open. */
async function codeOf(
  { closed }: { closed: Promise<number> },
): Promise<number> {
  let code: number | undefined;
  closed.then((found) => code = found);
  await eventually("closed", () => code !== undefined);
  return code!;
}

async function openFor(collector: TestCollector, user: TestUser) {
  const { access, refresh } = await collector.logIn(user);
  const { cookie } = await enter(collector, user);
  const origin = new URL(collector.url).origin;
  const socket = await collector.connect(access);
  const page = new PageSocket(collector, { cookie, origin });
  await page.next();
  return { access, refresh, cookie, socket, page };
}

const statusOf = async (asked: Promise<{ status: number }>) =>
  (await asked).status;

for (
  const [what, words, isOver] of [
    ["removed", ["user", "remove", "ada"], true],
    ["disabled", ["user", "disable", "ada"], true],
    [
      "given another password",
      ["user", "password", "ada", "--password-stdin"],
      true,
    ],
    ["made a viewer", ["user", "role", "ada", "--role", "viewer"], false],
  ] as const
) {
  Deno.test(`revocation: a user is ${what} by a command -> socket and page closed, every token refused, within five seconds; others go on`, async () => {
    await using collector = await TestCollector.start([ADA, BOB]);
    const open = await openFor(collector, ADA);
    const other = await openFor(collector, BOB);
    const unused = await collector.socketToken(open.access);
    const endMs = await change(collector, words, "another\n");
    // Sockets first: nobody asks for them to be closed.
    strictEqual(await codeOf(open.socket), 4001);
    judge(`${what}, socket`, endMs);
    strictEqual(await codeOf(open.page), 4001);
    judge(`${what}, page`, endMs);
    strictEqual(await statusOf(collector.send(open.access, [])), 401);
    using upgrade = await rawUpgrade(collector, unused);
    strictEqual(upgrade.status, 401);
    const board = { headers: { cookie: open.cookie } };
    const refresh = { json: { refresh: open.refresh } };
    deepStrictEqual([
      await statusOf(collector.ask(PATHS.missions, board)),
      await statusOf(collector.ask(PATHS.refresh, refresh)),
    ], isOver ? [401, 401] : [200, 200]);

    strictEqual(await statusOf(collector.send(other.access, [])), 200);
    const { envelope } = eventOf(1, { team: BOB.team });
    other.socket.send(envelope);
    strictEqual((await other.socket.nextOf("ack")).status, "accepted");
    await other.socket.close();
    other.page[Symbol.dispose]();
  });
}

Deno.test("revocation: a user is removed while a real agent is connected -> it is told so and logged out; what is queued waits", async () => {
  await using collector = await TestCollector.start([ADA]);
  await using home = await tempHome();
  await logIn(home.path, collector);
  await using agent = await TestAgent.connected(home.path);
  const endMs = await change(collector, ["user", "remove", ADA.name]);
  await agent.is("Offline");
  judge("removed, agent", endMs);
  const env = { SPEC_KITTY_HOME: home.path };
  await runProgram(["emit", "history-added", "WP01", "note", "x"], env);
  const { stdout } = await runProgram(["sync", "status", "--json"], env);
  const { queued, authenticated } = JSON.parse(stdout);
  deepStrictEqual([queued, authenticated], [1, false]);

  await addUsers(collector.home, [ADA]);
  await logIn(home.path, collector);
  await agent.is("Connected");
  await eventually("sent", async () => {
    const { access } = await collector.logIn();
    return (await collector.events(access)).length === 1;
  });
});

Deno.test("revocation: a key is revoked, another one runs out -> their sockets closed, and refused", async () => {
  await using collector = await TestCollector.start([ADA]);
  const key = await addKey(collector.home);
  const revoked = await collector.connect(key);
  const endMs = await change(collector, ["token", "revoke", "ci"]);
  strictEqual(await codeOf(revoked), 4001);
  judge("key revoked, socket", endMs);
  strictEqual(await statusOf(collector.send(key, [])), 401);

  const short = await addKey(collector.home, { name: "b", lifetimeMs: 1 }, {
    ...REAL,
    nowMs: () => Date.now() + 2_000,
  });
  const socket = await collector.connect(short);
  strictEqual(await codeOf(socket), 4001);
  strictEqual(await statusOf(collector.send(short, [])), 401);
});

Deno.test("revocation: a person logs out of the page, and a refresh token was stolen -> page, access token and socket of the session end", async () => {
  await using collector = await TestCollector.start([ADA]);
  const { access, refresh, socket, page, cookie } = await openFor(
    collector,
    ADA,
  );
  const origin = new URL(collector.url).origin;
  const left = await collector.ask(PATHS.session, {
    method: "DELETE",
    headers: { cookie, origin },
  });
  strictEqual(left.status, 204);
  strictEqual(await codeOf(page), 4001);
  // The pair before the last one, used again, means that there is a copy of it.
  const renew = (refresh: string) =>
    collector.ask(PATHS.refresh, { json: { refresh } });
  const { json: second } = await renew(refresh);
  strictEqual((await renew(second.refresh)).status, 200);
  const startMs = performance.now();
  strictEqual((await renew(refresh)).status, 401);
  strictEqual(await codeOf(socket), 4001);
  judge("session ended, socket", startMs);
  strictEqual(await statusOf(collector.send(access, [])), 401);
  strictEqual(await statusOf(collector.send(second.access, [])), 401);
});
