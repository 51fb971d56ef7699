/** Files of events that older programs have left, opened by this one. */

import {
  deepStrictEqual,
  match,
  ok,
  rejects,
  strictEqual,
} from "node:assert/strict";
import { type Engine, openFolder } from "../../../lib/collector/engine.ts";
import { allIds, type PlacedId } from "../../../lib/collector/events/kv_ids.ts";
import { useLayout } from "../../../lib/collector/events/kv_upgrade.ts";
import { logUpgrade } from "../../../lib/collector/events/upgrading.ts";
import {
  LAYOUT,
  type TeamState,
} from "../../../lib/collector/events/layout.ts";
import { jsonLog } from "../../../lib/base/log.ts";
import { fromBytes, toBytes } from "../../../lib/home/queue_layout.ts";
import { inEventsFile } from "../../support/collector.ts";
import { idOf, incomingOf, incomingRowOf } from "../../support/events.ts";
import { tempFolder } from "../../support/home.ts";
import { MOUNT, needing, outputOf } from "../../support/needs.ts";
import { onTerminal, PTY } from "../../support/pty.ts";
import { fillDisk, smallDisk } from "../../support/trouble.ts";
import { TestWorld } from "../../support/world.ts";

const incoming = (n: number, team: string) => incomingOf(n, { team });

/** A row of a source with a name of some length. */
const row = (n: number) =>
  incomingRowOf(n, { source: `/${"é".repeat(n % 200)}` });

const span = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => from + i);

async function inFolder<T>(
  path: string,
  work: (engine: Engine) => Promise<T>,
  said: string[] = [],
): Promise<T> {
  const world = new TestWorld();
  const log = jsonLog(world.nowMs, (line) => said.push(line));
  await using engine = await openFolder(path, world, () => {}, logUpgrade(log));
  return await work(engine);
}

/** Makes a folder what the programs of an older layout would have made of it. */
function makeOld(path: string, layout: number, teams: readonly string[]) {
  return inEventsFile(path, async (kv) => {
    for (const team of teams) {
      const ids: PlacedId[] = await Array.fromAsync(allIds(kv, team));
      for await (const { key } of kv.list({ prefix: ["ids", team] })) {
        await kv.delete(key);
      }
      for (let at = 0; at < ids.length; at += 100) {
        const commit = kv.atomic();
        for (const [id, ...place] of ids.slice(at, at + 100)) {
          commit.set(["id", team, id], toBytes(place));
        }
        await commit.commit();
      }
    }
    await kv.set(["layout"], toBytes(layout));
  });
}

const keysOf = (path: string, kind: string) =>
  inEventsFile(path, async (kv) => {
    const keys = await Array.fromAsync(kv.list({ prefix: [kind] }));
    return keys.length;
  });

for (const layout of [1, 2]) {
  Deno.test(`open: a folder of layout ${layout} -> its ids are in pages; each event is known as before, removed ones too, and new ones are stored`, async () => {
    await using folder = await tempFolder();
    const path = `${folder.path}/collector`;
    const alpha = span(1, 1_500).map((n) => incoming(n, "alpha"));
    const beta = span(1, 700).map(row);
    await inFolder(path, async ({ events }) => {
      await events.admit("alpha", alpha);
      await events.admit("beta", beta);
      if (layout === 2) await events.prune("alpha", 400);
    });
    const pages = await keysOf(path, "ids");
    await makeOld(path, layout, ["alpha", "beta"]);
    strictEqual(await keysOf(path, "ids"), 0);
    strictEqual(await keysOf(path, "id"), alpha.length + beta.length);
    const said: string[] = [];
    await inFolder(path, async ({ events }) => {
      for (const [team, all] of [["alpha", alpha], ["beta", beta]] as const) {
        const { events: kinds } = await events.admit(team, all);
        ok(kinds.every(({ kind }) => kind === "duplicate"), team);
      }
      const fresh = span(1_400, 1_600).map((n) => incoming(n, "alpha"));
      const { events: kinds } = await events.admit("alpha", fresh);
      deepStrictEqual(
        kinds.map(({ kind }) => kind),
        [...Array(100).fill("duplicate"), ...Array(100).fill("stored")],
      );
    }, said);
    deepStrictEqual(
      said.map((line) => JSON.parse(line).count),
      [undefined, alpha.length + beta.length],
    );
    strictEqual(await keysOf(path, "id"), 0);
    const now = await keysOf(path, "ids");
    ok(Math.abs(now - pages) < 0.2 * pages, `${now} pages, ${pages} before`);
  });
}

Deno.test("open: a program that is ended while it puts ids into pages -> the next goes on; no older one may open the file from the first change on", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/collector`;
  const all = span(1, 2_000).map((n) => incoming(n, "alpha"));
  await inFolder(path, ({ events }) => events.admit("alpha", all));
  await makeOld(path, 1, ["alpha"]);
  await inEventsFile(path, async (kv) => {
    let commits = 0;
    const ending = new Proxy(kv, {
      get(target, name) {
        if (name === "atomic" && ++commits > 2) throw new Error("ended");
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await rejects(useLayout(ending, path), {
      code: "folder_unusable",
      message: `bringing ${path} to its new layout was broken off: ended`,
    });
    const { value } = await kv.get<Uint8Array>(["layout"]);
    strictEqual(new TextDecoder().decode(value!), `${LAYOUT}`);
  });
  const left = await keysOf(path, "id");
  ok(left > 0 && left < all.length, `${left} left`);
  await inFolder(path, async ({ events }) => {
    const { events: kinds } = await events.admit("alpha", all);
    ok(kinds.every(({ kind }) => kind === "duplicate"));
  });
  strictEqual(await keysOf(path, "id"), 0);
});

Deno.test(needing(
  [MOUNT],
  "open: a disk without room for ids in pages -> says so, and what to do; with room all is as before",
  async () => {
    await using folder = await tempFolder();
    const old = `${folder.path}/collector`;
    const all = span(1, 20_000).map((n) => incoming(n, "alpha"));
    await inFolder(old, ({ events }) => events.admit("alpha", all));
    await makeOld(old, 1, ["alpha"]);
    const { size } = await Deno.stat(`${old}/events.kv`);
    await using disk = await smallDisk(Math.ceil(size / 1024) + 256);
    const path = `${disk.path}/collector`;
    await Deno.mkdir(path);
    await Deno.copyFile(`${old}/events.kv`, `${path}/events.kv`);
    const filler = `${disk.path}/filler`;
    await fillDisk(filler, 64 * 1024);
    await rejects(inFolder(path, () => Promise.resolve()), {
      code: "folder_unusable",
      hint: /make room on the disk/,
    });
    await Deno.remove(filler);
    await outputOf("mount", ["-o", "remount,size=64m", disk.path]);
    await inFolder(path, async ({ events }) => {
      const { events: kinds } = await events.admit("alpha", all);
      ok(kinds.every(({ kind }) => kind === "duplicate"));
    });
  },
));

Deno.test("open: a file of a newer program -> refused, and left as it is", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/collector`;
  await inFolder(path, ({ events }) => events.admit("a", [incoming(1, "a")]));
  await inEventsFile(path, (kv) => kv.set(["layout"], toBytes(LAYOUT + 1)));
  await rejects(inFolder(path, () => Promise.resolve()), /has layout/);
});

Deno.test(needing(
  [PTY],
  "quota list: an old folder with many ids, on a terminal -> shows how far it is, and nothing of that is left where it fails",
  async () => {
    await using home = await tempFolder();
    const path = `${home.path}/collector`, count = 60_000;
    const bad = ["id", "a", idOf(count + 10)];
    await inFolder(path, ({ events }) => events.admit("a", [incoming(1, "a")]));
    await inEventsFile(path, async (kv) => {
      for (let at = 0; at < count; at += 500) {
        const commit = kv.atomic();
        for (const n of span(at, at + 500)) {
          commit.set(["id", "a", idOf(n + 10)], toBytes([n, 0]));
        }
        await commit.commit();
      }
      await kv.set(bad, new TextEncoder().encode("{"));
      const { value } = await kv.get<Uint8Array>(["team", "a"]);
      const state = fromBytes<TeamState>(value!);
      await kv.set(["team", "a"], toBytes({ ...state, events: count }));
      await kv.set(["layout"], toBytes(1));
    });
    const env = { SPEC_KITTY_HOME: home.path };
    const list = "kitty-events collector quota list";
    const { shown } = await onTerminal(list, env);
    match(shown, /^bringing the ids of events to a new layout, once\r\n/);
    match(shown, /\r\[#* +\] \d+ of 60000 events/);
    match(shown, /events\r +\r[^\r]*kitty-events:[^\r]* was broken off/);
    await inEventsFile(path, (kv) => kv.delete(bad));
    const { shown: later } = await onTerminal(list, env);
    match(later, /(^|\r)a: /);
    const { shown: again } = await onTerminal(list, env);
    match(again, /^a: /);
  },
));
