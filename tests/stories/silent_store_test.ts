/** A store that is silent, with its connections open: clients hear of it within the time that they wait, and the collector ends. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { PATHS } from "../../lib/base/wire.ts";
import { ADA, EVE, type TestUser } from "../support/collector.ts";
import { eventOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { tempFolder } from "../support/home.ts";
import { needing } from "../support/needs.ts";
import { PgServer, POSTGRES } from "../support/postgres.ts";
import { addStoreUsers, StoreCollector } from "../support/shared_store.ts";

/** For so long the store is silent. */
const SILENT_MS = 15_000;

const SENDERS = 6;

/** An answer, or the lack of one. */
interface Answered {
  readonly status: number;
  readonly tookMs: number;
}

async function timed(
  asked: Promise<{ readonly status: number }>,
): Promise<Answered> {
  const startedMs = performance.now();
  const { status } = await asked;
  return { status, tookMs: performance.now() - startedMs };
}

Deno.test(
  needing(
    [POSTGRES],
    "silent store: batches of two teams for 15 s, a look at /readyz, then a SIGTERM -> 503 before clients give up, all goes on afterwards, and the process ends within 10 s",
    async () => {
      await using undo = new AsyncDisposableStack();
      const folder = undo.use(await tempFolder());
      const server = undo.use(await PgServer.start());
      const url = await server.database();
      await addStoreUsers(url, [ADA, EVE]);
      const collector = undo.use(
        await StoreCollector.start(url, `${folder.path}/home`),
      );
      const { client } = collector;
      const answers: Answered[] = [];
      let isOver = false, n = 0;
      const send = async (user: TestUser) => {
        const { access } = await client.logIn(user);
        while (!isOver) {
          const { envelope } = eventOf(++n, { team: user.team });
          answers.push(await timed(client.send(access, [envelope])));
          await new Promise((r) => setTimeout(r, 200));
        }
      };
      const sending = Promise.all(
        Array.from({ length: SENDERS }, (_, i) => send(i % 2 ? EVE : ADA)),
      );
      await eventually("all have sent", () => answers.length > 2 * SENDERS);
      {
        using _ = await server.freeze();
        await new Promise((r) => setTimeout(r, SILENT_MS / 2));
        const ready = await timed(fetch(`${collector.url}/readyz`));
        strictEqual(ready.status, 503);
        // Two seconds, and as many again for a busy machine.
        ok(ready.tookMs < 4_500, `/readyz took ${ready.tookMs} ms`);
        await new Promise((r) => setTimeout(r, SILENT_MS / 2));
      }
      const before = answers.length;
      await eventually(
        "all goes on",
        () =>
          answers.slice(before).filter(({ status }) => status === 200).length >
            2 * SENDERS,
      );
      isOver = true;
      await sending;
      const longestMs = Math.max(...answers.map(({ tookMs }) => tookMs));
      const statuses = new Set(answers.map(({ status }) => status));
      console.log(`longest answer ${Math.round(longestMs)} ms`);
      deepStrictEqual([...statuses].sort(), [200, 503]);
      // Clients wait for ten seconds; a busy machine gets some more.
      ok(longestMs < 13_000, `${longestMs} ms`);

      const { access } = await client.logIn(ADA);
      // The second one is noted later, at the end at the latest.
      for (let i = 0; i < 2; i++) {
        const wrong = { username: ADA.name, password: "wrong" };
        strictEqual(
          (await client.ask(PATHS.token, { json: wrong })).status,
          401,
        );
      }
      using _ = await server.freeze();
      const late = client.send(access, [eventOf(++n).envelope]).catch(() => {});
      const startedMs = performance.now();
      await collector.kill("SIGTERM");
      const tookMs = performance.now() - startedMs;
      console.log(`ended in ${Math.round(tookMs)} ms`);
      ok(tookMs < 10_000, `${tookMs} ms`);
      await late;
    },
  ),
);
