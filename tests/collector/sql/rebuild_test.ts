/** What a store keeps beside its events, made anew while a collector runs. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { IncomingEvent } from "../../../lib/collector/events/event_log.ts";
import { openPgEngine } from "../../../lib/collector/sql/pg_engine.ts";
import { rebuildStore } from "../../../lib/collector/sql/pg_rebuild.ts";
import { openStore } from "../../../lib/collector/sql/pg_store.ts";
import { pause } from "../../../lib/base/deadline.ts";
import { encode } from "../../../lib/event/event.ts";
import { eventOf } from "../../support/events.ts";
import { needing } from "../../support/needs.ts";
import { POSTGRES, sharedServer } from "../../support/postgres.ts";
import { TestWorld } from "../../support/world.ts";

const server = sharedServer();

const TEAM = "alpha";

function incoming(n: number): IncomingEvent {
  const { envelope } = eventOf(n, { team: TEAM });
  return { ...encode(envelope), document: { ...envelope } };
}

/** A collector that runs on a store with ten events, and the store itself. */
async function running() {
  await using undo = new AsyncDisposableStack();
  const url = await server.database(), world = new TestWorld();
  const engine = undo.use(await openPgEngine(url, { world, onStored() {} }));
  const store = undo.use(await openStore(url, world));
  await engine.events.admit(
    TEAM,
    Array.from({ length: 10 }, (_, i) => incoming(i + 1)),
  );
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
