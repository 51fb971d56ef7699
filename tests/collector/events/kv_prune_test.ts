/** Old events removed from a collector's Deno KV: what lies in the file. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { openFolder, rebuildFolder } from "../../../lib/collector/engine.ts";
import type { IncomingEvent } from "../../../lib/collector/events/event_log.ts";
import { toBytes } from "../../../lib/home/queue_layout.ts";
import { inEventsFile } from "../../support/collector.ts";
import { type EventOptions, incomingOf } from "../../support/events.ts";
import { tempFolder } from "../../support/home.ts";
import { TestWorld } from "../../support/world.ts";

const TEAM = "alpha";

const incoming = (n: number, options: EventOptions = {}) =>
  incomingOf(n, { team: TEAM, ...options });

const bytesOf = (events: readonly IncomingEvent[]) =>
  events.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** A folder with these events, closed. */
async function folderWith(events: readonly IncomingEvent[]) {
  const folder = await tempFolder();
  const path = `${folder.path}/collector`;
  await using engine = await openFolder(path, new TestWorld(), () => {});
  await engine.events.admit(TEAM, events);
  return { folder, path };
}

const text = (value: Uint8Array | null) => new TextDecoder().decode(value!);

Deno.test("prune: rows, a part of one, a large event -> nothing of them in the file but ids and counts", async () => {
  const all = Array.from(
    { length: 400 },
    (_, i) => incoming(i + 1, { size: i === 7 ? 200_000 : 600 }),
  );
  const { folder, path } = await folderWith(all);
  await using _ = folder;
  {
    await using engine = await openFolder(path, new TestWorld(), () => {});
    await engine.events.prune(TEAM, 250);
  }
  await inEventsFile(path, async (kv) => {
    let rows = 0, ids = 0, documents = "";
    for await (const { key, value } of kv.list<Uint8Array>({ prefix: [] })) {
      if (key[0] === "event") rows += 1;
      if (key[0] === "ids") ids += JSON.parse(text(value)).length / 3;
      if (key[0] === "event") documents += text(value);
      ok(key[0] !== "chunk" && key[0] !== "pruned", String(key));
    }
    ok(rows < 4, `${rows} rows`);
    strictEqual(ids, 400);
    const left = documents.split("\n").filter(Boolean)
      .map((line) => JSON.parse(line).event_id);
    deepStrictEqual(left, all.slice(250).map(({ event_id }) => event_id));
  });
});

Deno.test("usage: a folder in which nobody has counted bytes -> counted once, and kept up", async () => {
  const all = [1, 2, 3].map((n) => incoming(n, { size: 400 }));
  const { folder, path } = await folderWith(all);
  await using _ = folder;
  await inEventsFile(
    path,
    (kv) =>
      kv.set(["team", TEAM], toBytes({ events: 3, highest: 3, counted: 3 })),
  );
  await using engine = await openFolder(path, new TestWorld(), () => {});
  const { events } = engine;
  // It is not counted on the way of what arrives.
  await events.admit(TEAM, [incoming(4)]);
  const right = [...all, incoming(4)];
  deepStrictEqual(await events.usage(TEAM), {
    events: 4,
    bytes: bytesOf(right),
  });
  await events.admit(TEAM, [incoming(5)]);
  strictEqual(
    (await events.usage(TEAM)).bytes,
    bytesOf([...right, incoming(5)]),
  );
});

Deno.test("rebuild: after a removal, then with bytes that are wrong -> nothing of what removed events said is lost; mended", async () => {
  const all = Array.from(
    { length: 20 },
    (_, i) => incoming(i + 1, { node: `node ${i % 3}` }),
  );
  const { folder, path } = await folderWith(all);
  await using _ = folder;
  const said = async () => {
    await using engine = await openFolder(path, new TestWorld(), () => {});
    const { events } = engine;
    let packages: unknown;
    await events.snapshot(TEAM, (found) => packages = found);
    return [await events.nodes(TEAM), packages, await events.usage(TEAM)];
  };
  const rebuild = () => Array.fromAsync(rebuildFolder(path, new TestWorld()));
  {
    await using engine = await openFolder(path, new TestWorld(), () => {});
    await engine.events.prune(TEAM, 17);
  }
  const before = await said();
  deepStrictEqual(await rebuild(), [
    { team: TEAM, events: 3, packages: 1, nodes: 3, mended: 0 },
  ]);
  await inEventsFile(path, async (kv) => {
    const { value } = await kv.get<Uint8Array>(["team", TEAM]);
    const state = JSON.parse(text(value));
    await kv.set(["team", TEAM], toBytes({ ...state, bytes: 7 }));
    for await (const { key } of kv.list({ prefix: ["node"] })) {
      await kv.delete(key);
    }
  });
  const [rebuilt] = await rebuild();
  strictEqual(rebuilt!.mended, 4);
  const [nodes, ...rest] = await said();
  deepStrictEqual(rest, before.slice(1));
  // When a node was seen is not in its events.
  const unseen = (nodes: unknown) =>
    (nodes as object[]).map((node) => ({
      ...node,
      first_seen: null,
      last_seen: null,
    }));
  deepStrictEqual(unseen(nodes), unseen(before[0]));
});
