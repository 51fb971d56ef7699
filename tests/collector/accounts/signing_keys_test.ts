/** Signing keys: rotated, kept for as long as what they signed is good, and taken over from older programs. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { SignJWT } from "jose";
import { openFolder, settingsOf } from "../../../lib/collector/engine.ts";
import {
  dropOlder,
  rotate,
  SigningKeys,
  signingKeys,
} from "../../../lib/collector/accounts/signing_keys.ts";
import { Tokens } from "../../../lib/collector/accounts/tokens.ts";
import { nodeIdOf } from "../../../lib/collector/identity.ts";
import { collectorFolder } from "../../../lib/collector/folder.ts";
import { MemoryRecords } from "../../../lib/collector/records/memory_records.ts";
import { PATHS } from "../../../lib/base/wire.ts";
import {
  ADA,
  addUsers,
  type LocalCollector,
  localCollector,
  TestCollector,
} from "../../support/collector.ts";
import { eventually } from "../../support/eventually.ts";
import { tempFolder } from "../../support/home.ts";
import { pause } from "../../../lib/base/deadline.ts";
import { runIn, variantsOf } from "../../support/program.ts";
import { TestWorld } from "../../support/world.ts";

const DAY = 24 * 60 * 60 * 1000;

const CALLER = {
  kind: "user",
  name: "ada",
  id: "1",
  team: "acme",
  role: "writer",
} as const;
const CLAIMS = { caller: CALLER, id: "s", generation: 1 };

const kidOf = (token: string) => JSON.parse(atob(token.split(".")[0]!)).kid;

const settingsAt = ({ home, world }: LocalCollector) =>
  settingsOf(collectorFolder(home), world).settings;

async function rotateAt(collector: LocalCollector): Promise<void> {
  const settings = settingsAt(collector);
  const newest = (await signingKeys(settings)).at(-1);
  await rotate(settings, collector.world, newest);
}

const refreshed = ({ client }: LocalCollector, refresh: string) =>
  client.ask(PATHS.refresh, { json: { refresh } });

Deno.test("signing keys: rotated by a command -> new tokens by the new key, older ones good until they run out", async () => {
  await using collector = await localCollector();
  const { client, world } = collector;
  const before = await client.logIn();
  strictEqual(kidOf(before.access), "1");
  await rotateAt(collector);
  // Another collector signs with it already.
  const other = new SigningKeys(settingsAt(collector), world);
  const ahead = new Tokens(other, world.nowMs);
  const unknown = await ahead.sign("access", CLAIMS, world.timeMs, 900);
  strictEqual(kidOf(unknown), "2");
  // Not refused for its key, but for its user: the collector looks the key up.
  strictEqual((await client.send(unknown, [])).status, 401);
  const after = await client.logIn();
  strictEqual(kidOf(after.access), "2");
  for (const { access } of [before, after]) {
    strictEqual((await client.send(access, [])).status, 200);
  }
  const { status, json } = await refreshed(collector, before.refresh);
  deepStrictEqual([status, kidOf(json.refresh)], [200, "2"]);
});

Deno.test("signing keys: older ones dropped -> what they signed is void, and a login works", async () => {
  await using collector = await localCollector();
  const { client } = collector;
  const before = await client.logIn();
  await rotateAt(collector);
  strictEqual(await dropOlder(settingsAt(collector)), 1);
  await eventually(
    "refused",
    async () => (await client.send(before.access, [])).status === 401,
  );
  const { access } = await client.logIn();
  strictEqual((await client.send(access, [])).status, 200);
  strictEqual((await refreshed(collector, before.refresh)).status, 401);
});

Deno.test("signing keys: 90 days old -> a new one, and the old one goes when nothing that it signed is good", async () => {
  const world = new TestWorld(), settings = new MemoryRecords();
  const names = async () => (await signingKeys(settings)).map((k) => k.name);
  const look = async (days: number) => {
    world.timeMs += days * DAY;
    // As a collector that has just started.
    return await new SigningKeys(settings, world).look();
  };
  const tokens = () =>
    new Tokens(new SigningKeys(settings, world), world.nowMs);
  await look(0);
  const sign = async () =>
    await tokens().sign("refresh", CLAIMS, world.timeMs, 30 * 24 * 60 * 60);
  await look(89);
  deepStrictEqual(await names(), ["1"]);
  const last = await sign();
  deepStrictEqual(await look(1), { made: "2", removed: [] });
  await look(28);
  ok(await tokens().read("refresh", last));
  deepStrictEqual(await look(2), { removed: [] });
  deepStrictEqual(await look(2), { removed: ["1"] });
  deepStrictEqual(await names(), ["2"]);
  strictEqual(await tokens().read("refresh", last), undefined);
  ok(await tokens().read("refresh", await sign()));
});

Deno.test("signing keys: two collectors that start and rotate at the same moment -> the same keys", async () => {
  const settings = new MemoryRecords();
  const both = [1, 2].map((seed) => new TestWorld({ seed }));
  const firsts = await Promise.all(
    both.map((world) => new SigningKeys(settings, world).newest()),
  );
  deepStrictEqual(firsts[0], firsts[1]);
  const next = await Promise.all(
    both.map((world) => rotate(settings, world, firsts[0])),
  );
  deepStrictEqual(next[0], next[1]);
  strictEqual((await signingKeys(settings)).length, 2);
});

/** A folder as older programs left it. */
async function oldFolder(path: string, secret: Uint8Array): Promise<void> {
  await Deno.mkdir(path, { recursive: true });
  await Deno.writeFile(`${path}/secret`, secret, { mode: 0o600 });
}

Deno.test("the secret of an older program -> the first signing key, the node stays the same, and the file goes", async () => {
  await using folder = await tempFolder();
  const world = new TestWorld(), secret = world.randomBytes(32);
  await oldFolder(folder.path, secret);
  const digest = new Uint8Array(
    await crypto.subtle.digest(
      "SHA-256",
      new Uint8Array([...new TextEncoder().encode("node"), ...secret]),
    ),
  );
  for (let times = 0; times < 2; times++) {
    await using engine = await openFolder(folder.path, world, () => {});
    const [first, ...rest] = await signingKeys(engine.settings);
    deepStrictEqual([first!.name, first!.secret], ["1", secret.toHex()]);
    deepStrictEqual(rest, []);
    const node = await nodeIdOf(engine.records, world);
    strictEqual(node, digest.subarray(0, 6).toHex());
  }
  const names = (await Array.fromAsync(Deno.readDir(folder.path)))
    .map(({ name }) => name);
  ok(!names.includes("secret") && names.includes("signing_keys.json"));
});

Deno.test("the secret of an older program -> a login of that time goes on", async () => {
  await using collector = await TestCollector.start([]);
  await collector.stop();
  const folder = collectorFolder(collector.home);
  const secret = crypto.getRandomValues(new Uint8Array(32));
  await Deno.remove(`${folder}/signing_keys.json`);
  await oldFolder(folder, secret);
  await addUsers(collector.home, [ADA]);
  const users = await Deno.readTextFile(`${folder}/users.json`);
  // Before there were roles, writers were called members, or nothing.
  const old = users.replace(/,\s*"role": "writer"/, ',"role":"member"');
  await Deno.writeTextFile(`${folder}/users.json`, old);
  const { id: user_id } = JSON.parse(old).users[0];
  const nowS = Math.floor(Date.now() / 1000);
  {
    await using engine = await openFolder(folder, new TestWorld(), () => {});
    const issued = Date.now();
    const session = { user: ADA.name, user_id, generation: 1, issued };
    await engine.records.replace("session", "s", undefined, session);
  }
  const token = (kind: string) =>
    new SignJWT({ team: ADA.team, generation: 1 })
      .setProtectedHeader({ alg: "HS256" }).setSubject(ADA.name)
      .setAudience(kind).setJti("s").setIssuedAt(nowS)
      .setExpirationTime(nowS + 900).sign(secret);
  await collector.restart();
  // A client renews a token that is refused.
  strictEqual((await collector.send(await token("access"), [])).status, 401);
  const { status, json } = await collector.ask(PATHS.refresh, {
    json: { refresh: await token("refresh") },
  });
  strictEqual(status, 200);
  strictEqual((await collector.send(json.access, [])).status, 200);
});

Deno.test("a secret that is none -> said, with what to do", async () => {
  await using folder = await tempFolder();
  await oldFolder(folder.path, new Uint8Array(5));
  const open = openFolder(folder.path, new TestWorld(), () => {});
  match(
    String(await open.catch((error) => error)),
    /is not a collector's secret/,
  );
});

Deno.test("collector signing-key rotate: while it runs -> listed without the secret, noted, and used within seconds", async () => {
  await using collector = await TestCollector.start();
  const runOne = variantsOf(runIn(collector.home));
  const run = (...words: string[]) => runOne(["collector", ...words]);
  strictEqual((await run("signing-key", "rotate")).code, 0);
  const list = await run("signing-key", "list", "--json");
  const keys = list.stdout.trim().split("\n").map((line) => JSON.parse(line));
  deepStrictEqual(keys.map(({ name }) => name), ["1", "2"]);
  deepStrictEqual(Object.keys(keys[0]).sort(), ["created_at", "name"]);
  const { stdout } = await run("audit");
  match(stdout, /signing_key_made 2 by .*@/);
  const endMs = performance.now() + 20_000;
  while (kidOf((await collector.logIn()).access) !== "2") {
    ok(performance.now() < endMs, "the new key is not used");
    await pause(20);
  }
});
