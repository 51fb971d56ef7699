/** Two collectors on one store: what one gives out is good at the other, and what is void is void at both. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { jsonLog } from "../../lib/base/log.ts";
import { PATHS } from "../../lib/base/wire.ts";
import { addUser, removeUser } from "../../lib/collector/accounts/users.ts";
import { KeyStore } from "../../lib/collector/accounts/keys.ts";
import {
  errorAnswer,
  HttpError,
  route,
} from "../../lib/collector/http/http.ts";
import { routesOf } from "../../lib/collector/http/routes.ts";
import { memoryEngine } from "../../lib/collector/memory_engine.ts";
import { openServices, type Services } from "../../lib/collector/services.ts";
import { ADA, type TestUser } from "../support/collector.ts";
import { eventOf } from "../support/events.ts";
import { TestWorld } from "../support/world.ts";

interface Options {
  readonly token?: string;
  readonly cookie?: string;
  readonly json?: unknown;
  readonly method?: string;
}

/** A collector without a network. */
interface Quiet {
  readonly services: Services;
  ask(path: string, options?: Options): Promise<Response>;
}

async function quietCollector(
  world: TestWorld,
  engine: ReturnType<typeof memoryEngine>,
): Promise<Quiet> {
  const services = await openServices({
    world,
    log: jsonLog(world.nowMs, () => {}),
    open: () => Promise.resolve(engine),
    addressOf: () => "192.0.2.1",
  });
  const routes = routesOf({ ...services, vouch: () => {} });
  const ask = async (
    path: string,
    { token, cookie, json, method }: Options = {},
  ) => {
    const url = new URL(path, "http://collector.example.org:8787");
    const request = new Request(url, {
      method: method ?? (json === undefined ? "GET" : "POST"),
      headers: {
        ...token !== undefined && { authorization: `Bearer ${token}` },
        ...cookie !== undefined && { cookie, origin: url.origin },
      },
      ...json !== undefined && { body: JSON.stringify(json) },
    });
    try {
      return await route(routes, request, url)();
    } catch (error) {
      if (error instanceof HttpError) return errorAnswer(error);
      throw error;
    }
  };
  return { services, ask };
}

/** Two of them, with a clock that the test sets. */
async function pairOf(users: readonly TestUser[] = [ADA]) {
  const world = new TestWorld(), clock = { ms: 0 };
  world.elapsedMs = () => clock.ms;
  const engine = memoryEngine(world, () => {});
  const one = await quietCollector(world, engine);
  const other = await quietCollector(world, engine);
  for (const user of users) {
    await addUser(one.services.accounts, world, { ...user, rounds: 1 });
  }
  return { world, clock, engine, one, other };
}

const login = ({ name, password }: TestUser = ADA) => ({
  json: { username: name, password },
});

async function tokensOf(
  at: Quiet,
): Promise<{ access: string; refresh: string }> {
  const answer = await at.ask(PATHS.token, login());
  strictEqual(answer.status, 200);
  return await answer.json();
}

Deno.test("two collectors: a login at one -> good at the other, renewed there, ended everywhere by a stolen token", async () => {
  const { clock, one, other } = await pairOf();
  strictEqual(one.services.nodeId, other.services.nodeId);
  const { access, refresh } = await tokensOf(one);
  const events = [eventOf(1, { team: ADA.team }).envelope];
  const sent = await other.ask(PATHS.batch, {
    token: access,
    json: { events },
  });
  strictEqual(sent.status, 200);
  const renew = (at: Quiet, refresh: string) =>
    at.ask(PATHS.refresh, { json: { refresh } });
  // Both at once: an answer may get lost, so both give the same pair.
  const both = await Promise.all([renew(one, refresh), renew(other, refresh)]);
  const pairs = await Promise.all(both.map((answer) => answer.json()));
  deepStrictEqual(pairs[0], pairs[1]);
  const third = await (await renew(other, pairs[0].refresh)).json();
  strictEqual((await renew(one, refresh)).status, 401);
  clock.ms += 2_000;
  for (const at of [one, other]) {
    strictEqual((await renew(at, third.refresh)).status, 401);
    for (const token of [access, pairs[0].access, third.access]) {
      strictEqual((await at.ask(PATHS.me, { token })).status, 401);
    }
  }
});

Deno.test("two collectors: a token for a WebSocket, tried at both at once -> one of them takes it", async () => {
  const { one, other } = await pairOf();
  const { access: token } = await tokensOf(one);
  for (const from of [one, other, one]) {
    const answer = await from.ask(PATHS.socketToken, { method: "POST", token });
    const { ws_token } = await answer.json();
    const tries = await Promise.all(
      [one, other, other].map(({ services }) =>
        services.sessions.spendSocketToken(ws_token)
      ),
    );
    strictEqual(tries.filter(Boolean).length, 1);
  }
});

Deno.test("two collectors: the session of a page, a user and a key that go -> refused at the other within two seconds", async () => {
  const { world, clock, engine, one, other } = await pairOf();
  const entered = await one.ask(PATHS.session, login());
  const cookie = entered.headers.get("set-cookie")!.split(";")[0]!;
  strictEqual((await other.ask(PATHS.missions, { cookie })).status, 200);
  const left = await other.ask(PATHS.session, { cookie, method: "DELETE" });
  strictEqual(left.status, 204);
  strictEqual((await one.ask(PATHS.missions, { cookie })).status, 401);

  const keys = new KeyStore(engine.settings);
  const wanted = { name: "ci", team: ADA.team, role: "writer" } as const;
  const { text: key } = await keys.create(wanted, world);
  const { access } = await tokensOf(one);
  const statuses = () =>
    Promise.all(
      [one, other].flatMap((at) =>
        [key, access].map(async (token) =>
          (await at.ask(PATHS.me, { token })).status
        )
      ),
    );
  deepStrictEqual(await statuses(), [200, 200, 200, 200]);
  await keys.remove("ci");
  await removeUser(one.services.accounts, ADA.name);
  clock.ms += 2_000;
  deepStrictEqual(await statuses(), [401, 401, 401, 401]);
});

Deno.test("two collectors: guesses at both, by turns -> as few are looked at as at one; the user gets in, and from then on at both", async () => {
  const { world, one, other } = await pairOf();
  let looked = 0, told = 0;
  for (let n = 0; n < 2_000; n++) {
    world.timeMs += 1_800;
    const at = n % 2 === 0 ? one : other;
    const guess = { ...ADA, password: `guess ${n}` };
    const { status } = await at.ask(PATHS.token, login(guess));
    if (status === 401) looked++;
    else if (status === 429) told++;
  }
  strictEqual(looked + told, 2_000);
  ok(looked > 10 && looked <= 100, `${looked} were looked at`);
  const { status, headers } = await one.ask(PATHS.token, login());
  strictEqual(status, 429);
  world.timeMs += Number(headers.get("retry-after")) * 1_000;
  strictEqual((await one.ask(PATHS.token, login())).status, 200);
  // From now on the address is known, at both.
  strictEqual((await other.ask(PATHS.token, login())).status, 200);
});
