/** Boards of events that lie in PostgreSQL: where they begin, with few questions. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Boards } from "../../../lib/collector/board/boards.ts";
import type { EventLog } from "../../../lib/collector/events/event_log.ts";
import { BOARD_FIRST_MS } from "../../../lib/collector/limits.ts";
import { openPgEngine } from "../../../lib/collector/sql/pg_engine.ts";
import { incomingOf } from "../../support/events.ts";
import { eventually } from "../../support/eventually.ts";
import { needing } from "../../support/needs.ts";
import { databaseOf, POSTGRES, sharedServer } from "../../support/postgres.ts";
import { TestWorld } from "../../support/world.ts";

const server = sharedServer();

const TEAM = "alpha";

const incoming = (n: number) => incomingOf(n, { team: TEAM });

/** A collector's boards on a store. */
async function opened(url: string, world = new TestWorld()) {
  const engine = await openPgEngine(url, {
    world,
    onStored: (team, stored, _, first) => boards.stored(team, stored, first),
  });
  const { events } = engine;
  const boards: Boards = new Boards(events, world, () => {});
  return {
    boards,
    events: events as EventLog,
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

Deno.test(
  needing(
    [POSTGRES],
    "Boards.of, PostgreSQL: teams that nobody may read -> answered from what is known, until that is too old",
    async () => {
      const url = await server.database(), world = new TestWorld();
      let elapsedMs = 0;
      world.elapsedMs = () => elapsedMs;
      await using at = await opened(url, world);
      await at.events.admit(TEAM, [1, 2, 3].map(incoming));
      const board = await at.boards.of(TEAM);
      strictEqual(board.position, 3);
      const locked = server.ask(
        "begin; lock table kitty_events.teams in access exclusive mode; select pg_sleep(3600)",
        databaseOf(url),
      ).catch(() => {});
      const asked = (where: string) =>
        eventually(where, async () => {
          const [row] = await server.ask(
            `select count(*)::int from pg_stat_activity where datname = '${
              databaseOf(url)
            }' and ${where}`,
          );
          return row.count > 0;
        });
      await asked("wait_event = 'PgSleep'");
      // Whatever was read before, was read at 0.
      elapsedMs += BOARD_FIRST_MS - 1;
      let known = 0;
      for (let n = 0; n < 50; n++) {
        void at.boards.of(TEAM).then((now) => known += now === board ? 1 : 0);
      }
      await eventually("all are answered", () => known === 50);
      elapsedMs += 1;
      let isAnswered = false;
      const late = at.boards.of(TEAM).then(() => isAnswered = true);
      await asked(
        "wait_event_type = 'Lock' and query like '%where team = $1'",
      );
      strictEqual(isAnswered, false);
      await server.ask(
        "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'",
      );
      await locked;
      await late;
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "Boards.of, PostgreSQL: events are pruned here, and by another process -> gone from the board at once, and soon",
    async () => {
      const url = await server.database();
      await using here = await opened(url);
      await using there = await opened(url);
      await here.events.admit(TEAM, [1, 2, 3, 4, 5].map(incoming));
      const spanOf = async ({ boards }: typeof here) => {
        const { table, position } = await boards.of(TEAM);
        return [table.first, position];
      };
      for (const at of [here, there]) deepStrictEqual(await spanOf(at), [0, 5]);
      await here.events.prune(TEAM, 2);
      deepStrictEqual(await spanOf(here), [2, 5]);
      await eventually(
        "the other board begins there, too",
        async () => (await spanOf(there))[0] === 2,
      );
      await here.events.prune(TEAM, 9);
      deepStrictEqual(await spanOf(here), [5, 5]);
    },
  ),
);
