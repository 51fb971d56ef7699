/** Two collectors on one PostgreSQL behind a balancer, killed in turn, while agents deliver a real history. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { PATHS } from "../../lib/base/wire.ts";
import { logIn, TestAgent } from "../support/agent.ts";
import { ADA, CollectorClient } from "../support/collector.ts";
import { eventually } from "../support/eventually.ts";
import { tempFolder } from "../support/home.ts";
import {
  HISTORY,
  HISTORY_FILE,
  IS_FULL,
  needing,
  NGINX,
} from "../support/needs.ts";
import { type Balancer, balancer } from "../support/nginx.ts";
import { databaseOf, PgServer, POSTGRES } from "../support/postgres.ts";
import { documentsOf, runProgram } from "../support/program.ts";
import { addStoreUsers, StoreCollector } from "../support/shared_store.ts";

const HOMES = 4;
/** With KITTY_EVENTS_FULL twenty, which takes a minute and more. */
const KILLS = IS_FULL ? 20 : 4;

/** Reads a team's events by cursor at one collector, whatever becomes of it meanwhile. */
class Reader {
  readonly ids: string[] = [];
  #isOver = false;
  readonly #running: Promise<void>;

  constructor(client: CollectorClient, token: string) {
    this.#running = this.#run(client, token);
  }

  async #run(client: CollectorClient, token: string): Promise<void> {
    while (!this.#isOver) {
      const path = `${PATHS.events}?cursor=${this.ids.length}&limit=1000`;
      const page = await client.ask(path, { token }).catch(() => undefined);
      const events = page?.status === 200 ? page.json.events : [];
      // deno-lint-ignore no-explicit-any
      this.ids.push(...events.map((event: any) => event.event_id));
      if (events.length === 0) await new Promise((r) => setTimeout(r, 20));
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }
}

/** Emits the n-th of so many parts of the history in a home. */
async function emitPart(home: string, lines: readonly string[], n: number) {
  const size = Math.ceil(lines.length / KILLS);
  const stdin = lines.slice(n * size, (n + 1) * size).join("\n") + "\n";
  const { stdout } = await runProgram(["emit", "--stdin", "--quiet"], {
    SPEC_KITTY_HOME: home,
  }, { stdin });
  return documentsOf(stdout).filter(({ status }) => status !== "discarded")
    .map(({ event_id }) => event_id as string);
}

Deno.test(
  needing(
    [POSTGRES, NGINX, HISTORY],
    `two collectors behind a balancer, ${HOMES} agents, one collector after the other killed ${KILLS} times -> everything stored once, without a gap, and read once in order at the other one`,
    async () => {
      await using undo = new AsyncDisposableStack();
      const folder = undo.use(await tempFolder());
      const server = undo.use(await PgServer.start());
      const store = await server.database();
      await addStoreUsers(store);
      const two: StoreCollector[] = [];
      for (const name of ["a", "b"]) {
        two.push(
          undo.use(await StoreCollector.start(store, `${folder.path}/${name}`)),
        );
      }
      const front: Balancer = undo.use(
        await balancer(two.map(({ url }) => url)),
      );
      const client = new CollectorClient(front.url);
      const { access: token } = await client.logIn(ADA);
      const readers = two.map(({ client }) => new Reader(client, token));
      const homes = Array.from(
        { length: HOMES },
        (_, n) => `${folder.path}/home-${n}`,
      );
      for (const home of homes) {
        await logIn(home, client);
        undo.use(await TestAgent.start(home));
      }
      const lines = (await Deno.readTextFile(HISTORY_FILE)).trimEnd().split(
        "\n",
      );
      const emitted: string[] = [];
      for (let round = 0; round < KILLS; round++) {
        const emitting = Promise.all(
          homes.map((home) => emitPart(home, lines, round)),
        );
        const victim = two[round % two.length]!;
        await new Promise((r) => setTimeout(r, 200 + 37 * (round % 7)));
        await victim.kill("SIGKILL");
        emitted.push(...(await emitting).flat());
        await victim.restart();
      }
      const name = databaseOf(store);
      const count = async () =>
        Number(
          (await server.ask(
            "select coalesce(sum(next), 0) as n from kitty_events.teams",
            name,
          ))[0].n,
        );
      await eventually(
        "all is stored",
        async () => await count() >= emitted.length,
        120_000,
      );
      for (const reader of readers) {
        await eventually(
          "all is read",
          () => reader.ids.length >= emitted.length,
          60_000,
        );
        await reader.stop();
      }
      const [sums] = await server.ask(
        "select count(*)::int as events, count(distinct event_id)::int as ids, max(position)::int as last, count(distinct collector)::int as collectors from kitty_events.events",
        name,
      );
      deepStrictEqual(
        [sums.events, sums.ids, sums.last],
        [emitted.length, emitted.length, emitted.length - 1],
      );
      ok(sums.collectors > KILLS / 5, "few collectors stored anything");
      const stored = (await server.ask(
        "select event_id from kitty_events.events order by position",
        name,
      ))
        .map(({ event_id }) => event_id);
      deepStrictEqual(new Set(stored), new Set(emitted));
      for (const { ids } of readers) {
        deepStrictEqual(ids, stored);
      }
      const [nodes] = await server.ask(
        "select sum(events)::int as events from kitty_events.nodes",
        name,
      );
      strictEqual(nodes.events, emitted.length);
      console.log(`${emitted.length} events by ${sums.collectors} processes`);
    },
  ),
);
