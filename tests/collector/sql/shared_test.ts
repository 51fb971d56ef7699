/** Several collectors on one store: each hears of what the others store. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { nodeIdOf } from "../../../lib/collector/identity.ts";
import type { Engine } from "../../../lib/collector/engine.ts";
import type { IncomingEvent } from "../../../lib/collector/events/event_log.ts";
import { openPgEngine } from "../../../lib/collector/sql/pg_engine.ts";
import { cuttingProxy } from "../../support/cutting_proxy.ts";
import { idOf, incomingOf } from "../../support/events.ts";
import { eventually } from "../../support/eventually.ts";
import { needing } from "../../support/needs.ts";
import { POSTGRES, sharedServer } from "../../support/postgres.ts";
import { TestWorld } from "../../support/world.ts";

const server = sharedServer();

const TEAM = "alpha";

const incoming = (n: number) => incomingOf(n, { team: TEAM });

/** A collector's engine, and what it was told. */
interface Listener extends AsyncDisposable {
  readonly engine: Engine;
  readonly told: {
    readonly id: string;
    readonly position: number;
    readonly sender: object | undefined;
  }[];
}

async function listener(url: string): Promise<Listener> {
  const told: Listener["told"] = [];
  const engine = await openPgEngine(url, {
    world: new TestWorld(),
    onStored: (_team, events, sender, first) => {
      for (const [i, { event_id }] of events.entries()) {
        told.push({ id: event_id, position: first + i, sender });
      }
    },
  });
  return {
    engine,
    told,
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

async function stored({ events }: Engine): Promise<string[]> {
  const ids: string[] = [];
  for await (const part of events.export(TEAM)) {
    const lines = new TextDecoder().decode(part).split("\n").filter(Boolean);
    ids.push(...lines.map((line) => JSON.parse(line).event_id));
  }
  return ids;
}

const COUNT = 60;

/** Three collectors store some of the same events at once; two of them follow. */
async function storeTogether(urls: readonly string[]): Promise<void> {
  await using undo = new AsyncDisposableStack();
  const all: Listener[] = [];
  for (const url of urls) all.push(undo.use(await listener(url)));
  const followers = all.slice(0, 2);
  for (const { engine } of followers) {
    await engine.events.snapshot(TEAM, () => {});
  }
  const senders = all.map((_, who) => ({ who }));
  const kinds = (await Promise.all(all.map(async ({ engine }, who) => {
    const found: string[] = [];
    for (let n = 1; n <= COUNT; n += 3) {
      // Each has some that another one has, too.
      const some = [n, n + 1, n + 2, n + 3 + who].map(incoming);
      const { events } = await engine.events.admit(TEAM, some, {
        sender: senders[who]!,
      });
      found.push(...events.map(({ kind }) => kind));
    }
    return found;
  }))).flat();
  const ids = await stored(all[0]!.engine);
  strictEqual(new Set(ids).size, ids.length);
  strictEqual(kinds.filter((kind) => kind === "stored").length, ids.length);
  for (const [who, { told }] of followers.entries()) {
    await eventually("all were told", () => told.length >= ids.length);
    deepStrictEqual(told.map(({ id }) => id), ids);
    deepStrictEqual(told.map(({ position }) => position), [...ids.keys()]);
    const own = told.filter(({ sender }) => sender === senders[who]);
    ok(own.length > 0 && own.length < ids.length);
    ok(told.every(({ sender }) => !sender || sender === senders[who]));
  }
  const answers = await Promise.all(
    all.map(({ engine }) => engine.events.nodes(TEAM)),
  );
  deepStrictEqual(answers[1], answers[0]);
  strictEqual(answers[0]![0]!.events, ids.length);
}

for (
  const [name, parameters] of [["told", ""], ["not told", "&kitty_notify=off"]]
) {
  Deno.test(
    needing(
      [POSTGRES],
      `three collectors, ${name} of each other's events -> each event once and in order for everybody`,
      async () => {
        const url = await server.database(parameters);
        await storeTogether([url, url, url]);
      },
    ),
  );
}

Deno.test(
  needing(
    [POSTGRES],
    "three collectors, one of which loses the answers to its commits -> each event once and in order for everybody, and exact answers",
    async () => {
      await using proxy = cuttingProxy(server.port, "after commit", 3);
      const url = await server.database();
      const name = new URL(url).pathname.slice(1);
      await storeTogether([server.url(name, "", proxy.port), url, url]);
      ok(proxy.cuts > 3);
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "snapshot: while another collector stores -> whatever is not in it is told after it",
    async () => {
      const url = await server.database();
      await using one = await listener(url);
      await using two = await listener(url);
      for (let n = 1; n <= 20; n++) {
        await two.engine.events.admit(TEAM, [incoming(n)]);
        if (n !== 10) continue;
        await one.engine.events.snapshot(TEAM, () => one.told.length = 0);
      }
      await eventually("the rest was told", () => one.told.length >= 10);
      deepStrictEqual(
        one.told.map(({ id }) => id),
        Array.from({ length: 10 }, (_, i) => idOf(i + 11)),
      );
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "openPgEngine: five at the same moment on an empty database -> one schema, one identity",
    async () => {
      const url = await server.database();
      await using undo = new AsyncDisposableStack();
      const all = await Promise.all(
        Array.from({ length: 5 }, async () => undo.use(await listener(url))),
      );
      const world = new TestWorld();
      const nodes = await Promise.all(
        all.map(({ engine }) => nodeIdOf(engine.records, world)),
      );
      strictEqual(new Set(nodes).size, 1);
      await Promise.all(
        all.map(({ engine }, n) =>
          engine.events.admit(TEAM, [incoming(n + 1)])
        ),
      );
      strictEqual((await stored(all[0]!.engine)).length, 5);
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "documents: NUL in texts and names, large numbers, lone surrogates -> come back byte for byte",
    async () => {
      const url = await server.database();
      await using one = await listener(url);
      const { events } = one.engine;
      const texts = [
        String
          .raw`{"a":"\u0000","n":123456789012345678901234567890,"x":1.10,"s":"\ud800"}`,
        String.raw`{"a":"\\u0000 \" \\ {} , NULL","\u0000":1e-7}`,
      ];
      const documents = texts.map((text, i): IncomingEvent => ({
        ...incoming(i + 1),
        node_id: "no\0de",
        bytes: new TextEncoder().encode(text),
        document: {
          ...JSON.parse(text),
          event_type: "HistoryAdded",
          node_id: "no\0de",
          payload: { author: "a\0b" },
        },
      }));
      await events.admit("te\0am", documents);
      const { events: read } = await events.page("te\0am", 0, 10);
      deepStrictEqual(
        read.map((bytes) => new TextDecoder().decode(bytes)),
        texts,
      );
      deepStrictEqual(await events.teams(), ["te\0am"]);
      deepStrictEqual(
        (await events.nodes("te\0am")).map(({ node_id }) => node_id),
        ["no\0de"],
      );
      const [row] = await server.ask(
        "select kitty_events.said(document) ->> 'a' as said from kitty_events.events order by position limit 1",
        new URL(url).pathname.slice(1),
      );
      strictEqual(row.said, "\ufffd");
    },
  ),
);
