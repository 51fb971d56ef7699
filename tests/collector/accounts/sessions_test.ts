/** Tokens and logins, with a clock that the test sets. */

import {
  deepStrictEqual,
  notStrictEqual,
  ok,
  rejects,
  strictEqual,
} from "node:assert/strict";
import { PATHS } from "../../../lib/base/wire.ts";
import { AccountStore } from "../../../lib/collector/accounts/account_store.ts";
import { SessionStore } from "../../../lib/collector/accounts/session_store.ts";
import { Sessions } from "../../../lib/collector/accounts/sessions.ts";
import { SigningKeys } from "../../../lib/collector/accounts/signing_keys.ts";
import { SpentTokens } from "../../../lib/collector/accounts/spent_tokens.ts";
import { Tokens } from "../../../lib/collector/accounts/tokens.ts";
import { addUser } from "../../../lib/collector/accounts/users.ts";
import { MemoryRecords } from "../../../lib/collector/records/memory_records.ts";
import {
  ADA,
  type LocalCollector,
  localCollector,
  putUser,
  rawUpgrade,
} from "../../support/collector.ts";
import { TestWorld } from "../../support/world.ts";

const SECOND = 1000, MINUTE = 60 * SECOND, DAY = 24 * 60 * MINUTE;

function refreshWith({ client }: LocalCollector, refresh: string) {
  return client.ask(PATHS.refresh, { json: { refresh } });
}

/** The status of an upgrade with this token; 101 where it succeeds. */
async function upgradeStatus(
  { client }: LocalCollector,
  token: string | undefined,
): Promise<number> {
  using answer = await rawUpgrade(client, token);
  return answer.status;
}

Deno.test("token: right, wrong and unknown -> a pair with lifetimes and team; 401 in the same words", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const pair = await client.logIn();
  deepStrictEqual(
    { ...pair, access: "", refresh: "" },
    {
      access: "",
      refresh: "",
      access_lifetime: 900,
      refresh_lifetime: 30 * 24 * 60 * 60,
      team_slug: "acme",
    },
  );
  const login = (json: unknown) => client.ask(PATHS.token, { json });
  const wrong = await login({ username: "ada", password: "wrong" });
  const unknown = await login({ username: "nobody", password: "wrong" });
  strictEqual(wrong.status, 401);
  deepStrictEqual([unknown.status, unknown.json], [401, wrong.json]);
  strictEqual(wrong.headers.get("www-authenticate"), "Bearer");
  for (
    const body of [[], {}, { username: "ada" }, { username: 1, password: 2 }]
  ) {
    strictEqual((await login(body)).status, 400);
  }
  const large = { username: "ada", password: "x".repeat(20_000) };
  strictEqual((await login(large)).status, 413);
  const good = await login({ username: "ada", password: ADA.password });
  strictEqual(good.headers.get("cache-control"), "no-store");
});

Deno.test("token: an unknown user -> takes as long as a wrong password", async () => {
  await using collector = await localCollector({ users: [] });
  const { client, home, world } = collector;
  await putUser(home, world, {
    ...ADA,
  });
  const timed = async (username: string) => {
    const start = performance.now();
    await client.ask(PATHS.token, { json: { username, password: "wrong" } });
    return performance.now() - start;
  };
  let wrong = Infinity, unknown = Infinity;
  // In turns: the machine may be busy for a while.
  for (let i = 0; i < 5; i++) {
    wrong = Math.min(wrong, await timed("ada"));
    unknown = Math.min(unknown, await timed("nobody"));
  }
  ok(unknown > wrong / 2 && unknown < wrong * 2, `${wrong} and ${unknown} ms`);
});

Deno.test("token: far more logins at once than are checked -> the surplus is sent away with 429", async () => {
  await using collector = await localCollector({ users: [] });
  const answers = await Promise.all(
    Array.from({ length: 40 }, () =>
      collector.client.ask(PATHS.token, {
        json: { username: "nobody", password: "x" },
      })),
  );
  const statuses = answers.map(({ status }) => status);
  ok(statuses.includes(401) && statuses.includes(429), String(statuses));
  const refused = answers.find(({ status }) => status === 429)!;
  strictEqual(refused.headers.get("retry-after"), "1");
});

Deno.test("access token: 15 minutes -> good before, 401 from then on", async () => {
  await using collector = await localCollector();
  const { client, world } = collector;
  const { access } = await client.logIn();
  world.timeMs += 15 * MINUTE - SECOND;
  strictEqual((await client.send(access, [])).status, 200);
  world.timeMs += SECOND;
  strictEqual((await client.send(access, [])).status, 401);
});

Deno.test("tokens: each kind where another is wanted, and forged ones -> 401", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const { access, refresh } = await client.logIn();
  const socket = await client.socketToken(access);
  const [head, claims, signature] = access.split(".") as [
    string,
    string,
    string,
  ];
  const unsigned = btoa('{"alg":"none"}').replaceAll("=", "");
  const forged = btoa(atob(claims).replace("acme", "evil")).replaceAll("=", "");
  const others = [
    "",
    "x",
    `${unsigned}.${claims}.`,
    `${head}.${forged}.${signature}`,
  ];
  for (const token of [refresh, socket, ...others]) {
    strictEqual((await client.send(token, [])).status, 401);
    const answer = await client.ask(PATHS.socketToken, {
      method: "POST",
      token,
    });
    strictEqual(answer.status, 401);
  }
  for (const token of [access, socket, ...others]) {
    strictEqual((await refreshWith(collector, token)).status, 401);
  }
  for (const token of [access, refresh, ...others, undefined]) {
    strictEqual(await upgradeStatus(collector, token), 401);
  }
  strictEqual((await refreshWith(collector, refresh)).status, 200);
});

Deno.test("refresh: good once -> both tokens new, the chain goes on for ever", async () => {
  await using collector = await localCollector();
  const { client, world } = collector;
  let { access, refresh } = await client.logIn();
  for (let i = 0; i < 5; i++) {
    world.timeMs += 20 * DAY;
    const { status, json } = await refreshWith(collector, refresh);
    strictEqual(status, 200);
    notStrictEqual(json.access, access);
    notStrictEqual(json.refresh, refresh);
    ({ access, refresh } = json);
    strictEqual((await client.send(access, [])).status, 200);
  }
  world.timeMs += 30 * DAY;
  strictEqual((await refreshWith(collector, refresh)).status, 401);
});

Deno.test("refresh: the predecessor within 60 s -> the same pair again, also at the same time", async () => {
  await using collector = await localCollector();
  const { refresh } = await collector.client.logIn();
  const answers = await Promise.all(
    [1, 2, 3].map(() => refreshWith(collector, refresh)),
  );
  collector.world.timeMs += 60 * SECOND;
  answers.push(await refreshWith(collector, refresh));
  for (const { status, json } of answers) {
    strictEqual(status, 200);
    deepStrictEqual(json, answers[0]!.json);
  }
  // The successor is good, and its use ends the predecessor's time.
  const next = await refreshWith(collector, answers[0]!.json.refresh);
  strictEqual(next.status, 200);
  strictEqual((await refreshWith(collector, refresh)).status, 401);
  strictEqual((await refreshWith(collector, next.json.refresh)).status, 401);
});

Deno.test("refresh: the predecessor after 60 s -> 401, and the session's tokens end", async () => {
  await using collector = await localCollector();
  const { client, world } = collector;
  const other = await client.logIn();
  const { refresh } = await client.logIn();
  const { json } = await refreshWith(collector, refresh);
  world.timeMs += 61 * SECOND;
  strictEqual((await refreshWith(collector, refresh)).status, 401);
  strictEqual((await refreshWith(collector, json.refresh)).status, 401);
  strictEqual((await refreshWith(collector, other.refresh)).status, 200);
});

Deno.test("refresh: of a user with a new password -> 401", async () => {
  await using collector = await localCollector();
  const { client, home, world } = collector;
  const { refresh } = await client.logIn();
  const changed = { ...ADA, password: "new", replace: true, rounds: 10 };
  await putUser(home, world, changed);
  strictEqual((await refreshWith(collector, refresh)).status, 401);
});

Deno.test("socket token: one use, 60 s -> 401 before the upgrade afterwards", async () => {
  await using collector = await localCollector();
  const { client, world } = collector;
  const { access } = await client.logIn();
  const token = await client.socketToken(access);
  world.timeMs += 59 * SECOND;
  strictEqual(await upgradeStatus(collector, token), 101);
  strictEqual(await upgradeStatus(collector, token), 401);
  const late = await client.socketToken(access);
  notStrictEqual(late, token);
  world.timeMs += 60 * SECOND;
  strictEqual(await upgradeStatus(collector, late), 401);
});

/** Records whose store does what it is told, and says so only while it is well. */
class SilentRecords extends MemoryRecords {
  isWell = true;

  override async replace(
    ...change: Parameters<MemoryRecords["replace"]>
  ): Promise<boolean> {
    const isDone = await super.replace(...change);
    if (this.isWell) return isDone;
    throw new Error("no answer");
  }
}

async function sessionsOn(records: MemoryRecords) {
  const world = new TestWorld(), settings = new MemoryRecords();
  const accounts = new AccountStore(settings);
  const user = await addUser(accounts, world, {
    ...{ name: "ada", team: "acme", password: "pw", rounds: 1 },
  });
  const sessions = new Sessions({
    store: new SessionStore(records, world.nowMs),
    accounts,
    tokens: new Tokens(new SigningKeys(settings, world), world.nowMs),
    spent: new SpentTokens(records, world),
    world,
  });
  return { world, sessions, pair: await sessions.begin(user) };
}

Deno.test("refresh: stored, but without an answer for minutes -> the pair comes later, and its use ends the predecessor's time", async () => {
  const records = new SilentRecords();
  const { world, sessions, pair } = await sessionsOn(records);
  records.isWell = false;
  await rejects(sessions.refresh(pair.refresh), /no answer/);
  records.isWell = true;
  world.timeMs += 20 * MINUTE;
  const late = await sessions.refresh(pair.refresh);
  ok(late);
  // That answer may get lost, too.
  world.timeMs += 60 * SECOND;
  deepStrictEqual(await sessions.refresh(pair.refresh), late);
  const next = await sessions.refresh(late.refresh);
  ok(next);
  strictEqual(await sessions.refresh(pair.refresh), undefined);
  strictEqual(await sessions.refresh(next.refresh), undefined);
});

Deno.test("refresh: a copy comes more than 60 s after the late answer, or an hour after none -> the session ends", async () => {
  for (const [answered, ms] of [[true, 61 * SECOND], [false, 61 * MINUTE]]) {
    const records = new SilentRecords();
    const { world, sessions, pair } = await sessionsOn(records);
    records.isWell = false;
    await rejects(sessions.refresh(pair.refresh), /no answer/);
    records.isWell = true;
    world.timeMs += 2 * MINUTE;
    if (answered) ok(await sessions.refresh(pair.refresh));
    world.timeMs += Number(ms);
    strictEqual(await sessions.refresh(pair.refresh), undefined);
    deepStrictEqual(await records.list("session"), []);
  }
});
