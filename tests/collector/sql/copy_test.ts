/** `collector copy`: a folder's data in a store, done again and broken off. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { PATHS } from "../../../lib/base/wire.ts";
import { ADA, EVE, TestCollector } from "../../support/collector.ts";
import { eventOf } from "../../support/events.ts";
import { eventually } from "../../support/eventually.ts";
import { tempFolder } from "../../support/home.ts";
import { runHere } from "../../support/in_process.ts";
import { IS_FULL, needing } from "../../support/needs.ts";
import { databaseOf, POSTGRES, sharedServer } from "../../support/postgres.ts";
import {
  documentsOf,
  runProgram,
  spawnProgram,
} from "../../support/program.ts";
import { lane, rowOf } from "../../support/project.ts";
import { StoreCollector } from "../../support/shared_store.ts";

const server = sharedServer();

/** Many commits, so that the copy is broken off among them. */
const COUNT = IS_FULL ? 12_000 : 4_000;

const batchOf = (from: number, team: string) =>
  Array.from(
    { length: 1_000 },
    (_, i) =>
      eventOf(from + i, { team, node: `node ${(from + i) % 3}` }).envelope,
  );

/** A collector that has stored something, and has ended; what it answered before. */
async function filled(collector: TestCollector) {
  const { access, refresh } = await collector.logIn();
  for (let from = 1; from < COUNT; from += 1_000) {
    strictEqual(
      (await collector.send(access, batchOf(from, ADA.team))).status,
      200,
    );
  }
  const { access: eve } = await collector.logIn(EVE);
  await collector.send(eve, [eventOf(1, { team: EVE.team }).envelope]);
  const lines = await collector.ask(PATHS.export, { token: access });
  const nodes = await collector.ask(PATHS.nodes, { token: access });
  await collector.stop();
  return { access, refresh, lines: lines.text, nodes: nodes.json };
}

/** Copies by a process, or here. */
function copy(from: string, to: string, isHere = false) {
  const run = isHere ? runHere : runProgram;
  return run(
    ["collector", "copy", "--from", from, "--to", to, "--json"],
    {},
  );
}

/** A collector on a store, with an empty folder of its own. */
async function collectorOn(store: string) {
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(await tempFolder());
  const collector = undo.use(
    await StoreCollector.start(store, `${folder.path}/none`),
  );
  const whole = undo.move();
  return {
    client: collector.client,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** Whether a batch was known, all of it. */
function expectKnown(
  { results }: { readonly results: readonly { readonly status: string }[] },
): void {
  ok(
    results.every(({ status }) => status === "duplicate"),
    JSON.stringify(results[0]),
  );
}

Deno.test(
  needing(
    [POSTGRES],
    "collector copy: broken off by kill -9, done again, and once more -> all of it at the same positions, users and tokens good, nothing twice",
    async () => {
      await using collector = await TestCollector.start();
      const before = await filled(collector);
      const from = `${collector.home}/collector`, to = await server.database();
      const name = databaseOf(to);
      const count = async () => {
        const rows = await server.ask(
          "select coalesce(sum(next), 0)::int as n from kitty_events.teams",
          name,
        )
          .catch(() => [{ n: 0 }]);
        return rows[0].n as number;
      };
      const child = spawnProgram([
        "collector",
        "copy",
        "--from",
        from,
        "--to",
        to,
      ], {});
      await eventually("some is copied", async () => await count() >= 1_000);
      child.kill("SIGKILL");
      await child.stdin.close().catch(() => {});
      await child.output();
      ok(await count() <= COUNT);
      const { code, stdout, stderr } = await copy(from, to);
      strictEqual(code, 0, stderr);
      const teams = documentsOf(stdout).filter(({ team }) => team);
      deepStrictEqual(teams.map(({ team, events }) => [team, events]).sort(), [
        [ADA.team, COUNT],
        [EVE.team, 1],
      ]);
      const again = documentsOf((await copy(from, to, true)).stdout);
      deepStrictEqual(again.map(({ copied }) => copied), again.map(() => 0));
      await using copied = await collectorOn(to);
      const { client } = copied;
      // Tokens of before are good, and a user's password.
      const lines = await client.ask(PATHS.export, { token: before.access });
      strictEqual(lines.text, before.lines);
      const nodes = await client.ask(PATHS.nodes, { token: before.access });
      deepStrictEqual(nodes.json, before.nodes);
      const refreshed = await client.ask(PATHS.refresh, {
        json: { refresh: before.refresh },
      });
      strictEqual(refreshed.status, 200);
      await client.logIn(EVE);
      const sent = await client.send(
        before.access,
        batchOf(COUNT - 499, ADA.team),
      );
      const kinds = Object.groupBy(
        sent.json.results,
        ({ status }: { status: string }) => status,
      );
      deepStrictEqual([kinds.duplicate?.length, kinds.accepted?.length], [
        500,
        500,
      ]);
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "collector copy: into a store with other events, from a folder in use or without any -> refused, and nothing changed",
    async () => {
      await using collector = await TestCollector.start();
      const { access } = await collector.logIn();
      await collector.send(access, [eventOf(1, { team: ADA.team }).envelope]);
      const from = `${collector.home}/collector`, to = await server.database();
      match((await copy(from, to)).stdout, /collector_running/);
      await collector.stop();
      strictEqual((await copy(from, to, true)).code, 0);
      const name = databaseOf(to);
      await server.ask(
        "update kitty_events.events set event_id = 'other'",
        name,
      );
      const users = () =>
        server.ask("select count(*)::int as n from kitty_events.records", name);
      const before = await users();
      const { code, stdout } = await copy(from, to, true);
      strictEqual(code, 65, stdout);
      match(stdout, /store_differs/);
      deepStrictEqual(await users(), before);
      strictEqual((await copy(`${from}/none`, to, true)).code, 64);
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "collector copy: of a team whose old events were removed -> the rest at its positions, and the old ids known",
    async () => {
      await using collector = await TestCollector.start([ADA]);
      const { access } = await collector.logIn();
      await collector.send(access, batchOf(1, ADA.team));
      const env = { SPEC_KITTY_HOME: collector.home };
      const before = eventOf(401).envelope.timestamp;
      const args = [
        "collector",
        "prune",
        "--team",
        ADA.team,
        "--before",
        before,
      ];
      const pruned = await runHere(args, env);
      strictEqual(pruned.code, 0, pruned.stderr);
      const lines = await collector.ask(PATHS.export, { token: access });
      await collector.stop();
      const to = await server.database();
      const from = `${collector.home}/collector`;
      strictEqual((await copy(from, to)).code, 0);
      strictEqual((await copy(from, to, true)).code, 0);
      await using copied = await collectorOn(to);
      const { client } = copied;
      const after = await client.ask(PATHS.export, { token: access });
      strictEqual(after.text, lines.text);
      strictEqual(after.text.split("\n").length - 1, 600);
      const sent = await client.send(access, batchOf(1, ADA.team));
      expectKnown(sent.json);
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "collector copy: rows -> known there, whoever sends them again; copied again, nothing more",
    async () => {
      await using collector = await TestCollector.start([ADA]);
      const { access } = await collector.logIn();
      const rows = Array.from({ length: 40 }, (_, n) => rowOf(lane(n)));
      strictEqual((await collector.send(access, rows)).status, 200);
      await collector.stop();
      const to = await server.database();
      const from = `${collector.home}/collector`;
      strictEqual((await copy(from, to)).code, 0);
      await using copied = await collectorOn(to);
      const { client } = copied;
      const clone = rows.map((row) => ({ ...row, nodeid: "ba9876543210" }));
      for (const sent of [rows, clone]) {
        const { json } = await client.send(access, sent);
        expectKnown(json);
      }
      const again = await copy(from, to, true);
      strictEqual(again.code, 0, again.stdout);
      strictEqual((await client.events(access)).length, rows.length);
    },
  ),
);
