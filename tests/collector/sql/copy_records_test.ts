/** `collector copy` done again, after users, keys and quotas were changed. */

import { deepStrictEqual, rejects } from "node:assert/strict";
import { AccountStore } from "../../../lib/collector/accounts/account_store.ts";
import { KeyStore } from "../../../lib/collector/accounts/keys.ts";
import {
  addUser,
  removeUser,
  setDisabled,
} from "../../../lib/collector/accounts/users.ts";
import { openSource } from "../../../lib/collector/engine.ts";
import { Quotas } from "../../../lib/collector/keeping/quotas.ts";
import { Presence } from "../../../lib/collector/presence.ts";
import type { Records } from "../../../lib/collector/records/records.ts";
import { copyInto } from "../../../lib/collector/sql/copy.ts";
import { openPgEngine } from "../../../lib/collector/sql/pg_engine.ts";
import { encode } from "../../../lib/event/event.ts";
import { eventOf } from "../../support/events.ts";
import { tempFolder } from "../../support/home.ts";
import { needing } from "../../support/needs.ts";
import { POSTGRES, sharedServer } from "../../support/postgres.ts";
import { TestWorld } from "../../support/world.ts";

const server = sharedServer();
const world = new TestWorld();

/** Changes settings of a folder, and copies it. @returns what was done, where anything was */
async function copyWith(
  folder: string,
  url: string,
  change: (settings: Records) => Promise<unknown>,
) {
  await using source = await openSource(folder, world);
  await change(source.engine.settings);
  const done: Record<string, number[]> = {};
  for await (const part of copyInto(source, url, world)) {
    if (!("changed" in part)) continue;
    const counts = [part.copied, part.changed, part.removed];
    if (counts.some((count) => count > 0)) done[part.records] = counts;
  }
  return done;
}

/** Two users, a key and a quota. */
async function fill(settings: Records): Promise<void> {
  const accounts = new AccountStore(settings);
  for (const name of ["ada", "bob"]) {
    const user = { name, team: "acme", password: "p", rounds: 10 };
    await addUser(accounts, world, user);
  }
  const key = { name: "ci", team: "acme", role: "writer" } as const;
  await new KeyStore(settings).create(key, world);
  await new Quotas(settings, world.elapsedMs).set("acme", { events: 100 });
}

async function takeBack(settings: Records): Promise<void> {
  const accounts = new AccountStore(settings);
  await setDisabled(accounts, "bob", true);
  await removeUser(accounts, "ada");
  await new KeyStore(settings).remove("ci");
  await new Quotas(settings, world.elapsedMs).set("acme", { events: 5 });
}

/** What a store has of users, keys and quotas. */
async function settingsIn(url: string) {
  await using engine = await openPgEngine(url, { world, onStored() {} });
  const { settings } = engine;
  const users = await new AccountStore(settings).all();
  const keys = await new KeyStore(settings).all();
  return {
    users: users.map(({ name, disabled }) => [name, disabled ?? false]),
    keys: keys.map(({ name }) => name),
    quotas: await new Quotas(settings, world.elapsedMs).all(),
  };
}

const FILLED = {
  users: [["ada", false], ["bob", false]],
  keys: ["ci"],
  quotas: [["acme", { events: 100 }]],
};

Deno.test(
  needing(
    [POSTGRES],
    "copyInto: again, after a user was removed, another disabled, a key revoked and a quota lowered -> so it is in the store",
    async () => {
      await using folder = await tempFolder();
      const url = await server.database();
      const first = await copyWith(folder.path, url, fill);
      deepStrictEqual(first.users, [2, 0, 0]);
      deepStrictEqual(await settingsIn(url), FILLED);
      deepStrictEqual(await copyWith(folder.path, url, takeBack), {
        users: [0, 1, 1],
        keys: [0, 0, 1],
        quotas: [0, 1, 0],
      });
      deepStrictEqual(await settingsIn(url), {
        users: [["bob", true]],
        keys: [],
        quotas: [["acme", { events: 5 }]],
      });
      const third = await copyWith(folder.path, url, () => Promise.resolve());
      deepStrictEqual(third, {});
    },
  ),
);

for (
  const [how, use] of [
    ["runs on the store", async (url: string) => {
      await using engine = await openPgEngine(url, { world, onStored() {} });
      const { settings } = engine;
      const parts = { settings, world, url: "http://a" };
      await new Presence({ ...parts, certificateEndsMs: () => undefined })
        .tell();
    }],
    ["has stored events there", async (url: string) => {
      await using engine = await openPgEngine(url, { world, onStored() {} });
      const { envelope } = eventOf(1, { team: "acme" });
      const event = { ...encode(envelope), document: { ...envelope } };
      await engine.events.admit("acme", [event]);
    }],
  ] as const
) {
  Deno.test(
    needing(
      [POSTGRES],
      `copyInto: again, while a collector ${how} -> refused with the differences named, and nothing changed`,
      async () => {
        await using folder = await tempFolder();
        const url = await server.database();
        await copyWith(folder.path, url, fill);
        await use(url);
        // Without a difference there is nothing to refuse.
        await copyWith(folder.path, url, () => Promise.resolve());
        await rejects(copyWith(folder.path, url, takeBack), {
          code: "store_differs",
          message:
            "collectors use the store already, and its settings are others: " +
            "users bob differs, users ada is there only, keys ci is there only, quotas acme differs",
        });
        deepStrictEqual(await settingsIn(url), FILLED);
      },
    ),
  );
}

Deno.test(
  needing(
    [POSTGRES],
    "copyInto: an audit of more lines than one statement takes, twice -> each line once, in order, as it was",
    async () => {
      await using folder = await tempFolder();
      const url = await server.database();
      const lines = Array.from({ length: 2_345 }, (_, n) => ({
        at: new Date(world.nowMs() + Math.floor(n / 7)).toISOString(),
        what: "login",
        name: `a "b" \\ {c},\n${n}`,
        ...n % 2 === 0 && { team: "acme" },
      }));
      await Deno.writeTextFile(
        `${folder.path}/audit.ndjson`,
        lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
      );
      await using source = await openSource(folder.path, world);
      for (const copied of [lines.length, 0]) {
        const parts = await Array.fromAsync(copyInto(source, url, world));
        deepStrictEqual(
          parts.find((part) => "records" in part && part.records === "audit"),
          { records: "audit", count: lines.length, copied },
        );
      }
      await using engine = await openPgEngine(url, { world, onStored() {} });
      deepStrictEqual(await Array.fromAsync(engine.audit.read()), lines);
    },
  ),
);
