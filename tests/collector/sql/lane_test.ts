/** Connections that are lost: what a transaction has sent, and what it would send. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { changesOf } from "../../../lib/collector/sql/changes.ts";
import { Course } from "../../../lib/collector/sql/connection.ts";
import { judge } from "../../../lib/collector/sql/judge.ts";
import { Lane } from "../../../lib/collector/sql/lane.ts";
import type { Found } from "../../../lib/collector/sql/offers.ts";
import { openPgEngine } from "../../../lib/collector/sql/pg_engine.ts";
import { parseStoreUrl } from "../../../lib/collector/sql/store_url.ts";
import { LostError, ServerError } from "../../../lib/collector/sql/trouble.ts";
import { cuttingProxy } from "../../support/cutting_proxy.ts";
import { incomingOf } from "../../support/events.ts";
import { needing } from "../../support/needs.ts";
import { databaseOf, POSTGRES, sharedServer } from "../../support/postgres.ts";
import { TestWorld } from "../../support/world.ts";

const server = sharedServer();

const TEAM = "alpha";

const incoming = (n: number) => incomingOf(n, { team: TEAM });

const laneOf = (url: string) =>
  new Lane({
    url: parseStoreUrl(url),
    roots: undefined,
    course: new Course(),
  });

/** What is stored of a database's team, and of its positions. */
async function stored(url: string) {
  const ask = (statement: string) => server.ask(statement, databaseOf(url));
  const [team] = await ask(
    "select next::int, events::int, (select sum(events)::int from kitty_events.nodes) as counted from kitty_events.teams",
  );
  const rows = await ask(
    "select position::int from kitty_events.events order by position",
  );
  return { ...team, positions: rows.map(({ position }) => position) };
}

for (const parameters of ["", "&kitty_prepare=off"]) {
  Deno.test(
    needing(
      [POSTGRES],
      `admit: the connection is lost while a transaction is sent${parameters} -> nothing of it goes on over the next one`,
      async () => {
        const url = await server.database(parameters);
        await using proxy = cuttingProxy(server.port, "before insert", 0);
        const near = server.url(databaseOf(url), parameters, proxy.port);
        const parts = { world: new TestWorld(), onStored() {} };
        proxy.every = 2;
        for (let n = 1; n < 19; n += 3) {
          // With connections that have nothing prepared yet.
          await using engine = await openPgEngine(near, parts);
          const events = [n, n + 1, n + 2].map(incoming);
          const { events: admitted } = await engine.events.admit(TEAM, events);
          ok(admitted.every(({ kind }) => kind === "stored"));
        }
        ok(proxy.cuts > 1);
        deepStrictEqual(await stored(url), {
          next: 18,
          events: 18,
          counted: 18,
          positions: [...Array(18).keys()],
        });
      },
    ),
  );
}

Deno.test(
  needing(
    [POSTGRES],
    "changesOf: each on its own, outside of the transaction that has asked -> nothing is changed",
    async () => {
      const url = await server.database();
      const parts = { world: new TestWorld(), onStored() {} };
      await using engine = await openPgEngine(url, parts);
      await engine.events.admit(TEAM, [incoming(1)]);
      const before = await stored(url);
      const found: Found = {
        team: {
          ...{ next: 1, highest: 1, first: 0, events: 1, bytes: 1, turn: 1 },
        },
        tx: "1",
        known: new Map(),
        news: new Map(),
        states: new Map(),
        told: new Map(),
      };
      const admission = {
        ...{ team: TEAM, collector: 1, nowMs: 0, triedFrom: undefined },
        trying() {},
      };
      const verdict = judge([{ events: [incoming(2)] }], found, admission);
      await using lane = laneOf(url);
      await lane.ready();
      for (const [text, values] of changesOf(verdict, found, admission)) {
        await lane.send(text, values);
      }
      deepStrictEqual(await stored(url), before);
    },
  ),
);

/** Settles as `work` does; rejects where that takes so long that it never will. */
async function settled<T>(work: Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(20_000);
  const never = Promise.withResolvers<never>();
  late.onabort = () => never.reject(new Error("it hangs"));
  try {
    return await Promise.race([work, never.promise]);
  } finally {
    late.onabort = null;
  }
}

Deno.test(
  needing(
    [POSTGRES],
    "transaction: its connection is ended by the server -> rejects at once, each time, and the next one is good",
    async () => {
      const url = await server.database();
      await using lane = laneOf(url);
      for (let n = 0; n < 40; n++) {
        const lost = lane.transaction("read write", async (tx) => {
          const [row] = await tx.send("select pg_backend_pid() as pid");
          const end = server.ask(`select pg_terminate_backend(${row!.pid})`);
          if (n % 2) await end;
          for (;;) await tx.send("select $1::text", [String(n)]);
        });
        await rejects(
          settled(lost),
          (error) => error instanceof LostError || error instanceof ServerError,
        );
        const good = lane.transaction("read write", async (tx) => {
          const [row] = await tx.send("select 7 as n");
          await tx.commit([]);
          return row!.n;
        });
        strictEqual(await settled(good), 7);
      }
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "ready: no server can be reached, and later one can -> rejects, and then connects",
    async () => {
      const url = await server.database();
      let port: number;
      {
        await using proxy = cuttingProxy(server.port);
        port = proxy.port;
      }
      await using lane = laneOf(server.url(databaseOf(url), "", port));
      for (let n = 0; n < 3; n++) {
        await rejects(settled(lane.ready()), LostError);
        await rejects(settled(lane.send("select 1")), LostError);
      }
      await using _ = cuttingProxy(server.port, "connection", 0, port);
      await settled(lane.ready());
      ok(lane.isOpen);
    },
  ),
);
