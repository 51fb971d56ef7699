/** What a store keeps beside its events, made anew while a collector runs. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { openFolder, rebuildFolder } from "../../../lib/collector/engine.ts";
import { eventsPath } from "../../../lib/collector/folder.ts";
import { openPgEngine } from "../../../lib/collector/sql/pg_engine.ts";
import { rebuildStore } from "../../../lib/collector/sql/pg_rebuild.ts";
import { openStore } from "../../../lib/collector/sql/pg_store.ts";
import { pause } from "../../../lib/base/deadline.ts";
import { putNodes } from "../../../lib/collector/sql/node_rows.ts";
import { noneOf } from "../../../lib/collector/events/nodes.ts";
import { toBytes } from "../../../lib/home/queue_layout.ts";
import { incomingOf } from "../../support/events.ts";
import { tempFolder } from "../../support/home.ts";
import { needing } from "../../support/needs.ts";
import { POSTGRES, sharedServer } from "../../support/postgres.ts";
import { TestWorld } from "../../support/world.ts";

const server = sharedServer();

const TEAM = "alpha";

const incoming = (n: number) => incomingOf(n, { team: TEAM });

/** A collector that runs on a store with ten events or others, and the store itself. */
async function running(
  all = Array.from({ length: 10 }, (_, i) => incoming(i + 1)),
) {
  await using undo = new AsyncDisposableStack();
  const url = await server.database(), world = new TestWorld();
  const engine = undo.use(await openPgEngine(url, { world, onStored() {} }));
  const store = undo.use(await openStore(url, world));
  await engine.events.admit(TEAM, all);
  const rebuild = async () => {
    const [made] = await Array.fromAsync(rebuildStore(url, world));
    return made!;
  };
  const whole = undo.move();
  return {
    events: engine.events,
    store,
    rebuild,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

Deno.test(
  needing(
    [POSTGRES],
    "rebuildStore: values that are wrong, and kept by a collector -> it answers what is right",
    async () => {
      await using at = await running();
      const right = await at.events.nodes(TEAM);
      await at.store.write(
        "spoil",
        (lane) =>
          lane.transaction("read write", (tx) =>
            tx.commit([
              ["update kitty_events.nodes set events = events + 7", []],
              ["update kitty_events.teams set turn = turn + 1", []],
            ])),
      );
      strictEqual((await at.events.nodes(TEAM))[0]!.events, 17);
      strictEqual((await at.rebuild()).mended, 1);
      deepStrictEqual(await at.events.nodes(TEAM), right);
      strictEqual((await at.rebuild()).mended, 0);
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "rebuildStore: events are pruned before they are gone through, some or all -> counts stay",
    async () => {
      for (const first of [6, 10]) {
        await using at = await running();
        const right = await at.events.nodes(TEAM);
        const { resolve: goOn, promise: going } = Promise.withResolvers<void>();
        const { resolve: lock, promise: locked } = Promise.withResolvers<
          void
        >();
        const pruning = at.store.write(
          "prune",
          (lane) =>
            lane.transaction("read write", async (tx) => {
              await tx.send(
                "lock table kitty_events.events in access exclusive mode",
              );
              lock();
              await going;
              await tx.commit([
                [
                  "update kitty_events.events set document = null where position < $1::bigint",
                  [first],
                ],
                [
                  "update kitty_events.teams set first = $1::bigint, turn = turn + 1",
                  [first],
                ],
              ]);
            }),
        );
        await locked;
        const rebuilding = at.rebuild();
        const waits = () =>
          at.store.read("look", (lane) =>
            lane.send(
              "select from pg_locks where relation = 'kitty_events.events'::regclass and not granted",
            ));
        while ((await waits()).length === 0) await pause(10);
        goOn();
        await pruning;
        const { events, mended } = await rebuilding;
        deepStrictEqual({ events, mended }, { events: 10 - first, mended: 0 });
        deepStrictEqual(await at.events.nodes(TEAM), right);
      }
    },
  ),
);

/** Counts of nodes that have no events, and of one that sent what was here. */
const WITHOUT_EVENTS = [
  { ...noneOf("ghost"), events: 3, lowest: 1, highest: 9 },
  {
    ...noneOf("clone"),
    events: 4,
    shared: 2,
    highest: 8,
    first_seen: "2026-06-01T00:00:00.000Z",
    last_seen: "2026-06-01T00:00:00.000Z",
  },
  { ...noneOf("quiet clone"), shared: 1 },
];

/** The nodes after a rebuild, and what each of two rebuilds has mended. */
async function rebuiltFolder(isPruned: boolean) {
  await using folder = await tempFolder();
  const path = `${folder.path}/collector`, world = new TestWorld();
  {
    await using engine = await openFolder(path, world, () => {});
    await engine.events.admit(TEAM, [incoming(1), incoming(2)]);
    if (isPruned) await engine.events.prune(TEAM, 2);
  }
  const kv = await Deno.openKv(eventsPath(path));
  for (const count of WITHOUT_EVENTS) {
    await kv.set(["node", TEAM, count.node_id], toBytes(count));
  }
  kv.close();
  const [first] = await Array.fromAsync(rebuildFolder(path, world));
  const [again] = await Array.fromAsync(rebuildFolder(path, world));
  await using engine = await openFolder(path, world, () => {});
  const nodes = await engine.events.nodes(TEAM);
  return { nodes, mended: [first!.mended, again!.mended] };
}

async function rebuiltStore(isPruned: boolean) {
  await using at = await running([incoming(1), incoming(2)]);
  if (isPruned) await at.events.prune(TEAM, 2);
  await at.store.write(
    "spoil",
    (lane) => lane.send(...putNodes(TEAM, WITHOUT_EVENTS)),
  );
  const { mended } = await at.rebuild();
  const nodes = await at.events.nodes(TEAM);
  return { nodes, mended: [mended, (await at.rebuild()).mended] };
}

Deno.test(
  needing(
    [POSTGRES],
    "rebuild: counts of nodes that have no events, in a folder and on a store -> the same: gone, but for what they share",
    async () => {
      const inFolder = await rebuiltFolder(false);
      deepStrictEqual(await rebuiltStore(false), inFolder);
      deepStrictEqual(inFolder.mended, [2, 0]);
      const counts = inFolder.nodes.map((node) => [
        ...[node.node_id, node.events, node.shared],
        ...[node.highest_clock, node.first_seen === null],
      ]);
      deepStrictEqual(
        counts,
        [
          ["clone", 0, 2, null, true],
          [incoming(1).node_id, 2, 0, 2, false],
          ["quiet clone", 0, 1, null, true],
        ].sort(),
      );
      // What was removed was counted.
      deepStrictEqual(await rebuiltFolder(true), inFolder);
      deepStrictEqual(await rebuiltStore(true), inFolder);
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "rebuildStore: an event was pruned before it came to the store, without its stamp -> counts stay as they are",
    async () => {
      await using at = await running();
      await at.events.prune(TEAM, 3);
      const change = (text: string) =>
        at.store.write("change", (lane) => lane.send(text));
      await change(
        "update kitty_events.events set node = null, clock = null where position = 1",
      );
      await change("update kitty_events.nodes set events = 77");
      strictEqual((await at.rebuild()).mended, 0);
      strictEqual((await at.events.nodes(TEAM))[0]!.events, 77);
    },
  ),
);
