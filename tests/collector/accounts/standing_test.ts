/** Who is still good: seconds behind at most, never behind with a no, and without a question for each request. */

import {
  deepStrictEqual,
  match,
  ok,
  rejects,
  strictEqual,
} from "node:assert/strict";
import { PATHS } from "../../../lib/base/wire.ts";
import { AccountStore } from "../../../lib/collector/accounts/account_store.ts";
import { callerOf } from "../../../lib/collector/accounts/caller.ts";
import { KeyStore } from "../../../lib/collector/accounts/keys.ts";
import { STANDING_PACE } from "../../../lib/collector/accounts/limits.ts";
import { SessionStore } from "../../../lib/collector/accounts/session_store.ts";
import { Standing } from "../../../lib/collector/accounts/standing.ts";
import {
  addUser,
  removeUser,
  setRole,
} from "../../../lib/collector/accounts/users.ts";
import { collectorFolder } from "../../../lib/collector/folder.ts";
import { Fresh } from "../../../lib/collector/fresh.ts";
import { MemoryRecords } from "../../../lib/collector/records/memory_records.ts";
import { ADA, addKey, BOB, localCollector } from "../../support/collector.ts";
import { eventOf } from "../../support/events.ts";
import { eventually } from "../../support/eventually.ts";
import { TestWorld } from "../../support/world.ts";

/** A world whose monotonic clock the test sets, too. */
function worldAt() {
  const world = new TestWorld(), clock = { ms: 0 };
  world.elapsedMs = () => clock.ms;
  return { world, clock };
}

Deno.test("Fresh: asked a thousand times -> read once, and again when it is two seconds old", async () => {
  const { world, clock } = worldAt();
  let reads = 0;
  const fresh = new Fresh(
    () => Promise.resolve(++reads),
    world,
    STANDING_PACE,
  );
  const all = await Promise.all(Array.from({ length: 500 }, () => fresh.get()));
  deepStrictEqual(new Set(all), new Set([1]));
  for (let n = 0; n < 500; n++) strictEqual(await fresh.get(), 1);
  clock.ms = 1_999;
  strictEqual(await fresh.get(), 1);
  clock.ms = 2_000;
  strictEqual(await fresh.get(), 2);
});

Deno.test("Fresh: doubted by many at once -> a reading that begins afterwards, shared by all", async () => {
  const { world } = worldAt();
  let value = "old", reads = 0;
  const fresh = new Fresh(
    async () => {
      reads++;
      const found = value;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return found;
    },
    world,
    STANDING_PACE,
  );
  // It has begun, and does not see the change.
  const first = fresh.get();
  await new Promise((resolve) => setTimeout(resolve, 5));
  value = "new";
  const later = await Promise.all(
    Array.from({ length: 100 }, () => fresh.anew()),
  );
  strictEqual(await first, "old");
  deepStrictEqual(new Set(later), new Set(["new"]));
  strictEqual(reads, 2);
});

Deno.test("Fresh: cannot be read -> what is known for five seconds, then the failure; then again what is there", async () => {
  const { world, clock } = worldAt();
  let failure: Error | undefined;
  const fresh = new Fresh(
    () => failure ? Promise.reject(failure) : Promise.resolve("value"),
    world,
    STANDING_PACE,
  );
  strictEqual(await fresh.get(), "value");
  failure = new Error("the store is gone");
  clock.ms = 4_999;
  strictEqual(await fresh.get(), "value");
  clock.ms = 5_001;
  await rejects(fresh.get(), failure);
  failure = undefined;
  strictEqual(await fresh.get(), "value");
});

Deno.test("Fresh: a reading without an end -> what is known soon, and once that is too old, the reading's failure and no second one", async () => {
  const { world, clock } = worldAt();
  let reads = 0, silent: PromiseWithResolvers<string> | undefined;
  const fresh = new Fresh(
    () => {
      reads++;
      return silent?.promise ?? Promise.resolve("value");
    },
    world,
    STANDING_PACE,
  );
  strictEqual(await fresh.get(), "value");
  silent = Promise.withResolvers();
  clock.ms = 2_000;
  strictEqual(await fresh.get(), "value");
  clock.ms = 5_001;
  const late = [fresh.get(), fresh.get(), fresh.anew()];
  const failure = new Error("the store is silent");
  silent.reject(failure);
  for (const one of late) await rejects(one, failure);
  strictEqual(reads, 2);
  silent = undefined;
  strictEqual(await fresh.get(), "value");
});

Deno.test("Standing: a user added, changed and removed by others -> let in at once, refused within two seconds", async () => {
  const { world, clock } = worldAt();
  const settings = new MemoryRecords(), records = new MemoryRecords();
  const accounts = new AccountStore(settings), keys = new KeyStore(settings);
  const standing = new Standing({ accounts, keys, records, world });
  const given = { team: ADA.team, password: "pw", rounds: 1 };
  const none = callerOf(
    await addUser(accounts, world, { ...given, name: "bob" }),
    "s",
  );
  ok(await standing.isGood(none));
  const ada = await addUser(accounts, world, { ...given, name: "ada" });
  const caller = callerOf(ada, "session");
  ok(await standing.isGood(caller));
  strictEqual(await standing.isGood({ ...caller, team: "evil" }), false);
  strictEqual(await standing.isGood({ ...caller, role: "admin" }), false);
  strictEqual(await standing.isGood({ ...caller, id: "other" }), false);
  strictEqual(await standing.isGood({ ...caller, kind: "key" }), false);
  await setRole(accounts, "ada", "admin");
  clock.ms += 2_000;
  strictEqual(await standing.isGood(caller), false);
  const admin = { ...caller, role: "admin" } as const;
  ok(await standing.isGood(admin));
  await new SessionStore(records, world.nowMs).end("session");
  clock.ms += 2_000;
  strictEqual(await standing.isGood(admin), false);
  const again = { ...admin, session: "another" };
  ok(await standing.isGood(again));
  await removeUser(accounts, "ada");
  clock.ms += 2_000;
  strictEqual(await standing.isGood(again), false);
  ok(await standing.isGood(none));
});

Deno.test("users.json: damaged while the collector runs -> 503 soon, nobody logged out, and all goes on when it is repaired", async () => {
  await using collector = await localCollector({ users: [ADA, BOB] });
  const { client, home } = collector;
  const { access, refresh } = await client.logIn();
  await using socket = await client.connect(access);
  const path = `${collectorFolder(home)}/users.json`;
  const whole = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, whole.slice(0, -10));
  await eventually(
    "in trouble",
    async () => (await client.send(access, [])).status === 503,
  );
  await Deno.writeTextFile(path, whole);
  strictEqual((await client.send(access, [])).status, 200);
  const renewed = await client.ask("/api/v1/token/refresh/", {
    json: { refresh },
  });
  strictEqual(renewed.status, 200);
  socket.send(eventOf(1, { team: ADA.team }).envelope);
  strictEqual((await socket.nextOf("ack")).status, "accepted");
});

for (const file of ["users", "keys"]) {
  Deno.test(`${file}.json: away for seconds while the collector runs -> 503, nobody logged out, and all goes on when it is back`, async () => {
    await using collector = await localCollector({ users: [ADA] });
    const { client, home } = collector;
    const key = await addKey(home);
    const { access, refresh } = await client.logIn();
    await using socket = await client.connect(access);
    strictEqual((await client.send(key, [])).status, 200);
    const path = `${collectorFolder(home)}/${file}.json`;
    await Deno.rename(path, `${home}/away`);
    const token = file === "users" ? access : key;
    await eventually("in trouble", async () => {
      const { status } = await client.send(token, []);
      ok(status === 200 || status === 503, `${status}`);
      return status === 503;
    });
    const ask = () => client.ask(PATHS.refresh, { json: { refresh } });
    const pair = { username: ADA.name, password: ADA.password };
    const logIn = () => client.ask(PATHS.token, { json: pair });
    if (file === "users") {
      deepStrictEqual([(await ask()).status, (await logIn()).status], [
        503,
        503,
      ]);
      match(collector.logged.join(""), /users\.json was there and is gone/);
    }
    await Deno.rename(`${home}/away`, path);
    strictEqual((await client.send(access, [])).status, 200);
    strictEqual((await client.send(key, [])).status, 200);
    strictEqual((await ask()).status, 200);
    socket.send(eventOf(1, { team: ADA.team }).envelope);
    strictEqual((await socket.nextOf("ack")).status, "accepted");
  });
}
