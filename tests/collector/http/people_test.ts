/** Who one is, what each role may do, and what admins see: over HTTP. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { openSettings } from "../../../lib/collector/place.ts";
import { LOGINS_WAITING_MAX } from "../../../lib/collector/accounts/limits.ts";
import type { AuditEntry } from "../../../lib/collector/audit/audit.ts";
import { PATHS } from "../../../lib/base/wire.ts";
import {
  ADA,
  addKey,
  addUsers,
  BOB,
  type CollectorClient,
  EVE,
  type LocalCollector,
  localCollector,
  type TestUser,
} from "../../support/collector.ts";
import { enter } from "../../support/page.ts";
import { IS_FULL } from "../../support/needs.ts";
import { placeIn } from "../../support/places.ts";

const ADMIN: TestUser = { ...ADA, name: "amy", role: "admin" };
const VIEWER: TestUser = { ...ADA, name: "lea", role: "viewer" };
const FOREIGN: TestUser = { ...EVE, name: "fay", role: "admin" };
const USERS = [ADA, BOB, EVE, ADMIN, VIEWER, FOREIGN];

const get = (client: CollectorClient, path: string, token: string) =>
  client.ask(path, { token });

const keyPath = (name: string) =>
  PATHS.key.replace("{key}", encodeURIComponent(name));

const revoke = (client: CollectorClient, token: string, name: string) =>
  client.ask(keyPath(name), { method: "DELETE", token });

async function audited(
  { home, world }: LocalCollector,
): Promise<AuditEntry[]> {
  await using settings = await openSettings(await placeIn(home), world);
  return await Array.fromAsync(settings.audit.read());
}

Deno.test("me: users and keys of each role -> who they are; nobody -> 401", async () => {
  await using collector = await localCollector({ users: USERS });
  const { client, home } = collector;
  for (const { role = "writer", ...user } of [ADA, ADMIN, VIEWER, EVE]) {
    const { access } = await client.logIn(user);
    deepStrictEqual((await get(client, PATHS.me, access)).json, {
      kind: "user",
      name: user.name,
      team_slug: user.team,
      role,
    });
  }
  const key = await addKey(home, { role: "viewer" });
  deepStrictEqual((await get(client, PATHS.me, key)).json, {
    kind: "key",
    name: "ci",
    team_slug: ADA.team,
    role: "viewer",
  });
  const { cookie } = await enter(client, ADA);
  for (const headers of [{}, { cookie }] as Record<string, string>[]) {
    strictEqual((await client.ask(PATHS.me, { headers })).status, 401);
  }
});

Deno.test("roles: by password and by key, at each kind of path -> as promised", async () => {
  await using collector = await localCollector({ users: USERS });
  const { client, home } = collector;
  const expected = {
    writer: [200, 200, 200, 403, 403],
    viewer: [403, 403, 200, 403, 403],
    admin: [200, 200, 200, 200, 200],
  } as const;
  for (const role of ["writer", "viewer", "admin"] as const) {
    const user = { writer: ADA, viewer: VIEWER, admin: ADMIN }[role];
    const tokens = [
      (await client.logIn(user)).access,
      await addKey(home, { name: role, role }),
    ];
    for (const token of tokens) {
      const answers = [
        await client.send(token, []),
        await client.ask(PATHS.socketToken, { method: "POST", token }),
        await get(client, PATHS.missions, token),
        await get(client, PATHS.audit, token),
        await get(client, PATHS.keys, token),
      ];
      deepStrictEqual(
        answers.map(({ status }) => status),
        expected[role],
        `${role} with ${token.slice(0, 4)}`,
      );
    }
  }
});

Deno.test("keys: an admin lists and revokes those of the own team -> void, noted; others' are not there", async () => {
  await using collector = await localCollector({ users: USERS });
  const { client, home } = collector;
  const name = "ci/ä?";
  const key = await addKey(home, { name, lifetimeMs: 1_000 });
  await addKey(home, { name: "theirs", team: EVE.team });
  const { access } = await client.logIn(ADMIN);
  const { json, text } = await get(client, PATHS.keys, access);
  deepStrictEqual(json.keys.map(({ name }: { name: string }) => name), [name]);
  ok(json.keys[0].expires_at > json.keys[0].created_at);
  ok(!text.includes("hash") && !text.includes(key.slice(-64)));
  strictEqual((await get(client, PATHS.me, key)).status, 200);
  const { access: foreign } = await client.logIn(FOREIGN);
  strictEqual((await revoke(client, foreign, name)).status, 404);
  strictEqual((await revoke(client, access, "theirs")).status, 404);
  strictEqual((await revoke(client, access, name)).status, 204);
  strictEqual((await revoke(client, access, name)).status, 404);
  const last = (await audited(collector)).at(-1)!;
  deepStrictEqual(
    { ...last, at: "" },
    {
      ...{ at: "", what: "key_revoked", name, team: ADA.team, by: ADMIN.name },
      address: "127.0.0.1",
    },
  );
});

Deno.test("audit: logins, right and wrong -> what happened to the team, from where, and no secret", async () => {
  const from = "192.0.2.9";
  await using collector = await localCollector({
    users: USERS,
    proxies: ["127.0.0.1"],
  });
  const { client, world } = collector;
  client.from = from;
  const logIn = (username: string, password: string) =>
    client.ask(PATHS.token, { json: { username, password } });
  await logIn(ADA.name, ADA.password);
  await logIn(EVE.name, EVE.password);
  await enter(client, ADA);
  world.timeMs += 1_000;
  const since = new Date(world.timeMs).toISOString();
  for (const n of [1, 2, 3]) await logIn(ADA.name, `hunter${n}`);
  await logIn("hunter2", "x");
  world.timeMs += 61_000;
  await logIn(ADA.name, "hunter4");
  const { access } = await client.logIn(ADMIN);
  const { json } = await get(client, `${PATHS.audit}?since=${since}`, access);
  const shown = ({ at: _, what, name, address, details }: AuditEntry) =>
    [what, name, address, details].join();
  deepStrictEqual(json.entries.map(shown), [
    `login_failed,ada,${from},wrong password`,
    `login_failed,ada,${from},2 more within a minute, 0 of them told to wait`,
    `login_failed,ada,${from},wrong password`,
    `login,amy,${from},tokens`,
  ]);
  const all = await audited(collector);
  ok(all.some(({ name }) => name === EVE.name));
  ok(all.some(({ name }) => name === "(no such user)"));
  const text = JSON.stringify(all);
  ok(!text.includes("hunter") && !text.includes(ADA.password), text);
  for (const bad of ["x", "5", "2026-02-30", "2026-02-03T12:00:00"]) {
    const answer = await get(client, `${PATHS.audit}?since=${bad}`, access);
    strictEqual(answer.status, 400, bad);
    match(answer.text, /since is a moment/);
  }
});

/** Far more than are noted one by one. */
const GUESSES = IS_FULL ? 1_000 : 300;

Deno.test("audit: hundreds of guesses in a minute, at many users from many addresses -> some lines that count them", async () => {
  await using collector = await localCollector({
    users: USERS,
    proxies: ["127.0.0.1"],
  });
  const { client, world } = collector;
  const guess = async (i: number) => {
    const username = USERS[i % 3]!.name;
    client.from = `192.0.2.${i % 250}`;
    await client.ask(PATHS.token, { json: { username, password: `${i}` } });
  };
  for (let i = 0; i < GUESSES; i++) await guess(i);
  world.timeMs += 61_000;
  await guess(0);
  const lines = (await audited(collector))
    .filter(({ what }) => what === "login_failed");
  ok(lines.length <= 42, `${lines.length} lines`);
  const counted = lines.reduce((sum, { details }) => {
    const [, more] = details!.match(/^(\d+) more/) ?? [];
    return sum + Number(more ?? 1);
  }, 0);
  strictEqual(counted, GUESSES + 1);
});

/** A whole office, beyond all that is free at one address. */
const OFFICE = IS_FULL ? 300 : 60;

Deno.test("many users: all log in and send, from one address -> each as who they are, and nobody is slowed down", async () => {
  const many = Array.from({ length: OFFICE }, (_, n): TestUser => ({
    name: `user-${n}`,
    team: `team-${n % 7}`,
    password: `pass ${n}`,
    role: (["writer", "viewer", "admin"] as const)[n % 3]!,
  }));
  await using collector = await localCollector({
    users: [],
    proxies: ["127.0.0.1"],
  });
  const { client, home } = collector;
  client.from = "192.0.2.1";
  await addUsers(home, many);
  let waiting = many;
  while (waiting.length > 0) {
    // As many as may stand in line.
    const group = waiting.slice(0, LOGINS_WAITING_MAX);
    waiting = waiting.slice(LOGINS_WAITING_MAX);
    await Promise.all(group.map(async (user) => {
      const { access } = await client.logIn(user);
      const { json } = await get(client, PATHS.me, access);
      deepStrictEqual(
        [json.name, json.team_slug, json.role],
        [user.name, user.team, user.role],
      );
    }));
  }
});
