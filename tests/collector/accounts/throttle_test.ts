/** Guessing passwords, with a clock that the test sets: few are looked at, and the right people get in. */

import { FULL, IS_FULL, needing } from "../../support/needs.ts";
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Lanes } from "../../../lib/collector/accounts/lanes.ts";
import { Throttle } from "../../../lib/collector/accounts/throttle.ts";
import { LANES_MAX } from "../../../lib/collector/accounts/limits.ts";
import { MemoryRecords } from "../../../lib/collector/records/memory_records.ts";
import { PATHS } from "../../../lib/base/wire.ts";
import {
  ADA,
  type CollectorClient,
  localCollector,
} from "../../support/collector.ts";
import { TestWorld } from "../../support/world.ts";

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;
/** Evenly over an hour; a fourth of them still goes far beyond every bound. */
const GUESSES = IS_FULL ? 10_000 : 2_500, PAUSE_MS = HOUR / GUESSES;
/** What may be looked at of them. */
const CHECKED_MAX = 100;

/** As a trusted proxy on this machine tells it. */
const ADDRESS = "x-forwarded-for", proxies = ["127.0.0.1"];

function logIn(
  client: CollectorClient,
  password: string,
  address: string,
  username = ADA.name,
) {
  return client.ask(PATHS.token, {
    json: { username, password },
    headers: { [ADDRESS]: address },
  });
}

/** Passwords that were looked at so far, by outcome. */
async function checked(client: CollectorClient) {
  const { text } = await client.ask("/metrics");
  const count = (outcome: string) =>
    Number(
      text.match(
        new RegExp(`logins_total\\{outcome="${outcome}"\\} (\\d+)`),
      )![1],
    );
  return { good: count("good"), bad: count("bad"), slowed: count("slowed") };
}

Deno.test(needing(
  [FULL],
  "login: 10,000 wrong passwords in an hour from one address -> at most 100 are looked at; the user gets in at once from home and from a new address, and soon from that one",
  async () => {
    await using collector = await localCollector({ proxies });
    const { client, world } = collector;
    const home = "192.0.2.7",
      attacker = "198.51.100.66",
      abroad = "203.0.113.5";
    strictEqual((await logIn(client, ADA.password, home)).status, 200);
    const session = (await logIn(client, ADA.password, home)).json;
    let told: { atMs: number; status: number } | undefined;
    for (let i = 0; i < GUESSES; i++) {
      world.timeMs += PAUSE_MS;
      const { status } = await logIn(client, `guess ${i}`, attacker);
      ok(status === 401 || status === 429, `${status}`);
      if (i === 4_000) {
        strictEqual((await logIn(client, ADA.password, home)).status, 200);
        strictEqual((await logIn(client, ADA.password, abroad)).status, 200);
        const refresh = { refresh: session.refresh };
        const renewed = await client.ask(PATHS.refresh, { json: refresh });
        strictEqual(renewed.status, 200);
        const first = await logIn(client, ADA.password, attacker);
        strictEqual(first.status, 429);
        match(first.json.error, /too many tries .* wait \d+ s/);
        const waitS = Number(first.headers.get("retry-after"));
        ok(waitS > 0 && waitS <= 30, `told to wait ${waitS} s`);
        told = { atMs: world.timeMs + waitS * SECOND, status: 0 };
      }
      if (told?.status === 0 && world.timeMs >= told.atMs) {
        told.status = (await logIn(client, ADA.password, attacker)).status;
      }
    }
    strictEqual(told?.status, 200);
    const { good, bad, slowed } = await checked(client);
    strictEqual(good, 5);
    ok(bad > 10 && bad <= CHECKED_MAX, `${bad} wrong passwords were looked at`);
    ok(slowed >= GUESSES - CHECKED_MAX, `${slowed}`);
  },
));

/** Guesses evenly over an hour. @returns how many were given a turn */
async function guess(
  throttle: Throttle,
  world: TestWorld,
  attempt: (n: number) => { account: string; address: string | undefined },
  password = (n: number) => `guess ${n}`,
): Promise<number> {
  let turns = 0;
  for (let n = 0; n < GUESSES; n++) {
    world.timeMs += PAUSE_MS;
    const asked = await throttle.ask({ ...attempt(n), password: password(n) });
    if (asked.turn) turns++;
  }
  return turns;
}

const at = (n: number) => `2001:db8:0:${(n % 300).toString(16)}::1`;

for (
  const [what, attempt] of [
    ["300 addresses at one account", (n: number) => ({
      account: "ada",
      address: at(n),
    })],
    ["one address at 300 accounts", (n: number) => ({
      account: `user ${n % 300}`,
      address: "192.0.2.1",
    })],
    ["one account, from addresses that nobody knows", () => ({
      account: "ada",
      address: undefined,
    })],
  ] as const
) {
  for (
    const [whose, password] of [
      ["each another", (n: number) => `guess ${n}`],
      ["each three times", (n: number) => `guess ${Math.floor(n / 900)}`],
    ] as const
  ) {
    Deno.test(`throttle: thousands of guesses in an hour, ${what}, ${whose} -> at most 100 turns`, async () => {
      const world = new TestWorld();
      const throttle = new Throttle(new MemoryRecords(), world);
      const turns = await guess(throttle, world, attempt, password);
      console.log(`${what}, ${whose}: ${turns} looked at`);
      ok(turns > 10 && turns <= CHECKED_MAX, `${turns} turns`);
    });
  }
}

Deno.test("throttle: at 300 known accounts from the address that all of them use -> at most 100 turns with those before", async () => {
  const world = new TestWorld();
  const throttle = new Throttle(new MemoryRecords(), world);
  const address = "192.0.2.1";
  for (let n = 0; n < 300; n++) {
    const attempt = { account: `user ${n}`, address, password: "right" };
    const { turn } = await throttle.ask(attempt);
    ok(turn, `user ${n} has to wait`);
    await throttle.wasRight(attempt, turn);
  }
  const turns = await guess(throttle, world, (n) => ({
    account: `user ${n % 300}`,
    address,
  }));
  ok(turns <= CHECKED_MAX, `${turns} turns`);
});

Deno.test("throttle: one address that guesses for hours -> a user elsewhere never waits", async () => {
  const world = new TestWorld();
  const throttle = new Throttle(new MemoryRecords(), world);
  for (let hour = 0; hour < 5; hour++) {
    const attempt = { account: "ada", address: "192.0.2.1" };
    const turns = await guess(throttle, world, () => attempt);
    ok(turns <= CHECKED_MAX, `${turns} turns`);
    const mine = { account: "ada", address: at(hour), password: "right" };
    const { turn } = await throttle.ask(mine);
    ok(turn, `after ${hour + 1} hours`);
    await throttle.giveBack(turn);
  }
});

Deno.test("throttle: a new address while 300 others guess -> told to wait, and in after that", async () => {
  const world = new TestWorld();
  const throttle = new Throttle(new MemoryRecords(), world);
  const mine = { account: "ada", address: "203.0.113.5", password: "right" };
  let goMs = Infinity, waits = 0, isIn = false;
  await guess(throttle, world, (n) => ({ account: "ada", address: at(n) }));
  for (let n = 0; n < GUESSES && !isIn; n++) {
    world.timeMs += PAUSE_MS;
    await throttle.ask({ account: "ada", address: at(n), password: `g ${n}` });
    if (n === 50 || world.timeMs >= goMs) {
      const { turn, waitMs = 0 } = await throttle.ask(mine);
      isIn = turn !== undefined;
      goMs = world.timeMs + waitMs;
      waits += waitMs;
    }
  }
  ok(isIn);
  ok(waits > 0 && waits <= 30 * SECOND, `waited ${waits} ms`);
});

Deno.test("throttle: a few typos -> no wait; more -> seconds that double; a right one -> nothing is left behind", async () => {
  const world = new TestWorld(), records = new MemoryRecords();
  const throttle = new Throttle(records, world);
  const attempt = { account: "ada", address: "192.0.2.7", password: "right" };
  const { turn } = await throttle.ask(attempt);
  await throttle.wasRight(attempt, turn!);
  deepStrictEqual(await records.list("throttle"), []);
  const waits: number[] = [];
  for (let n = 0; n < 9; n++) {
    const wrong = { ...attempt, password: `typo ${n}` };
    let asked = await throttle.ask(wrong);
    waits.push(asked.waitMs ?? 0);
    while (!asked.turn) {
      world.timeMs += asked.waitMs;
      asked = await throttle.ask(wrong);
    }
  }
  deepStrictEqual(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8].map((s) => s * SECOND));
  world.timeMs += 2 * HOUR;
  await throttle.sweep();
  deepStrictEqual(await records.list("throttle"), []);
});

Deno.test("throttle: two collectors -> give as many turns together as one of them alone", async () => {
  const world = new TestWorld(), records = new MemoryRecords();
  const both = [0, 1].map(() => new Throttle(records, world));
  const attempt = (n: number) => ({
    account: "ada",
    address: "192.0.2.1",
    password: `guess ${n}`,
  });
  const asked = await Promise.all(
    Array.from({ length: 40 }, (_, n) => both[n % 2]!.ask(attempt(n))),
  );
  strictEqual(asked.filter(({ turn }) => turn).length, 5);
  ok(asked.every(({ turn, waitMs }) => turn || waitMs! > 0));
});

Deno.test("throttle: a wall clock that was an hour ahead -> nobody is kept out by it", async () => {
  const world = new TestWorld();
  const throttle = new Throttle(new MemoryRecords(), world);
  const attempt = { account: "ada", address: "192.0.2.1", password: "x" };
  await guess(throttle, world, () => attempt);
  world.timeMs -= HOUR + MINUTE;
  ok((await throttle.ask({ ...attempt, password: "right" })).turn);
});

Deno.test("lanes: more names than are kept apart -> their number stays bounded, and they still wait", async () => {
  const world = new TestWorld(), records = new MemoryRecords();
  const lanes = new Lanes(records, world);
  const take = (n: number) =>
    lanes.take([{ kind: "account", of: [`name ${n}`], freeMax: 5 }]);
  for (let n = 0; n < LANES_MAX + 3_000; n++) await take(n);
  const count = (await records.list("throttle")).length;
  ok(count <= LANES_MAX + 256, `${count} lanes`);
  ok((await take(99_999)).waitMs! > 0);
});
