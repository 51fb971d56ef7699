/** Pages of events while they are pruned, and where some are missing. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { EventLog } from "../../../lib/collector/events/event_log.ts";
import type { Statements } from "../../../lib/collector/sql/connection.ts";
import { openPgEngine } from "../../../lib/collector/sql/pg_engine.ts";
import { openStore } from "../../../lib/collector/sql/pg_store.ts";
import { readPage } from "../../../lib/collector/sql/readings.ts";
import { idOf, incomingOf } from "../../support/events.ts";
import { needing } from "../../support/needs.ts";
import { databaseOf, POSTGRES, sharedServer } from "../../support/postgres.ts";
import { TestWorld } from "../../support/world.ts";

const server = sharedServer();

const TEAM = "alpha";

const incoming = (n: number) => incomingOf(n, { team: TEAM });

/** A log of so many events. */
async function filled(count: number) {
  const url = await server.database();
  const engine = await openPgEngine(url, {
    world: new TestWorld(),
    onStored() {},
  });
  await engine.events.admit(
    TEAM,
    Array.from({ length: count }, (_, i) => incoming(i + 1)),
  );
  return { url, engine, events: engine.events };
}

const idsOf = (events: readonly Uint8Array[]) =>
  events.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)).event_id);

/** Does something between the first question and the rest. */
function between(
  statements: Statements,
  work: () => Promise<void>,
): Statements {
  let isDone = false;
  return {
    async send(text, values) {
      const rows = await statements.send(text, values);
      if (!isDone) {
        isDone = true;
        await work();
      }
      return rows;
    },
  };
}

/** A page, with `work` done after it was asked where the team is. */
async function pageWith(url: string, work: () => Promise<void>) {
  await using store = await openStore(url, new TestWorld());
  return await store.read(
    "read a page",
    (lane) => readPage(between(lane, work), TEAM, { from: 0, limit: 3 }),
  );
}

Deno.test(
  needing(
    [POSTGRES],
    "readPage: events are pruned while it is read -> the positions are those of its events",
    async () => {
      const { url, engine, events } = await filled(10);
      await using _ = engine;
      const page = await pageWith(url, () => events.prune(TEAM, 4));
      deepStrictEqual(
        { ...page, events: idsOf(page.events) },
        { events: [5, 6, 7].map(idOf), first: 4, next: 7 },
      );
      const none = await pageWith(url, () => events.prune(TEAM, 10));
      deepStrictEqual(none, { events: [], first: 10, next: null });
    },
  ),
);

async function through(log: EventLog): Promise<string[]> {
  const found: string[] = [];
  for (let from: number | null = 0; from !== null;) {
    const page: Awaited<ReturnType<EventLog["page"]>> = await log.page(
      TEAM,
      from,
      4,
    );
    for (const [i, id] of idsOf(page.events).entries()) {
      found.push(`${page.first + i} ${id}`);
    }
    from = page.next;
  }
  return found;
}

Deno.test(
  needing(
    [POSTGRES],
    "page: positions are missing -> passed over in between, and at the end an error, not the same page for ever",
    async () => {
      const { url, engine, events } = await filled(10);
      await using _ = engine;
      const remove = (where: string) =>
        server.ask(
          `delete from kitty_events.events where ${where}`,
          databaseOf(url),
        );
      await remove("position in (0, 5)");
      deepStrictEqual(
        await through(events),
        [1, 2, 3, 4, 6, 7, 8, 9].map((at) => `${at} ${idOf(at + 1)}`),
      );
      await remove("position > 7");
      await rejects(through(events), { code: "events_damaged" });
      await rejects(async () => {
        for await (const part of events.export(TEAM)) ok(part.length > 0);
      }, { code: "events_damaged" });
      strictEqual((await events.page(TEAM, 10, 4)).next, null);
    },
  ),
);
