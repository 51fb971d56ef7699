/** Keeping collectors on PostgreSQL: sinks of several, quotas, pruning, and its own dump. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { ADA } from "../../support/collector.ts";
import { eventOf } from "../../support/events.ts";
import { eventually } from "../../support/eventually.ts";
import { tempFolder } from "../../support/home.ts";
import { needing } from "../../support/needs.ts";
import { freePort } from "../../support/ports.ts";
import { POSTGRES, sharedServer } from "../../support/postgres.ts";
import { documentsOf, runIn, type RunResult } from "../../support/program.ts";
import { addStoreUsers, StoreCollector } from "../../support/shared_store.ts";
import { Sink } from "../../support/sink.ts";

const server = sharedServer();

const envelopesOf = (from: number, to: number) =>
  Array.from(
    { length: to - from + 1 },
    (_, i) => eventOf(from + i, { team: ADA.team }).envelope,
  );
const idsOf = (from: number, to: number) =>
  envelopesOf(from, to).map(({ event_id }) => event_id);

/** Two collectors on a store of their own, and the commands that keep it. */
async function withStore(
  work: (parts: {
    one: StoreCollector;
    two: StoreCollector;
    /** Runs a command of the collector, as a process or in the test. */
    run: (...args: string[]) => Promise<RunResult>;
    here: (...args: string[]) => Promise<RunResult>;
    store: string;
    folder: string;
  }) => Promise<void>,
): Promise<void> {
  await using folder = await tempFolder();
  const store = await server.database();
  await addStoreUsers(store);
  const homes = [`${folder.path}/1`, `${folder.path}/2`];
  await using one = await StoreCollector.start(store, homes[0]!);
  await using two = await StoreCollector.start(store, homes[1]!);
  const any = runIn(homes[0]!, { SPEC_KITTY_STORE_URL: store });
  await work({
    ...{ one, two, store, folder: folder.path },
    run: (...args) => any(["collector", ...args]),
    here: (...args) => any.here(["collector", ...args]),
  });
}

Deno.test(needing(
  [POSTGRES],
  "PostgreSQL, sinks: two collectors, each killed with -9 in turn -> another goes on within 15 s; all of it, in order, one at a time",
  () =>
    withStore(async ({ one, two, run, here }) => {
      await using good = new Sink();
      await using slow = new Sink();
      const atOnce = new Map([[good, 0], [slow, 0]]);
      let most = 0;
      for (const [sink, ms] of [[good, 1], [slow, 150]] as const) {
        sink.onRequest = async () => {
          const count = atOnce.get(sink)! + 1;
          atOnce.set(sink, count);
          most = Math.max(most, count);
          await new Promise((done) => setTimeout(done, ms));
          atOnce.set(sink, count - 1);
          return undefined as unknown as Response;
        };
      }
      const port = freePort();
      for (
        const [name, url] of [
          ["good", good.url],
          ["slow", slow.url],
          ["dead", `http://127.0.0.1:${port}/`],
        ] as const
      ) {
        const { code, stderr } = await (name === "good" ? run : here)(
          ...["sink", "add", name, url, "--team", ADA.team],
        );
        strictEqual(code, 0, stderr);
      }
      let sent = 0;
      const send = async (by: StoreCollector, count: number) => {
        const { access } = await by.client.logIn(ADA);
        const { status } = await by.client.send(
          access,
          envelopesOf(sent + 1, sent + count),
        );
        strictEqual(status, 200);
        sent += count;
      };
      const arrived = () =>
        eventually("the last has arrived", () =>
          new Set(good.taken.map(({ id }) => id)).size === sent, 30_000);
      for (let n = 0; n < 6; n++) {
        await send(n % 2 ? one : two, 20);
      }
      await arrived();
      const tookMs: number[] = [];
      for (const [gone, left] of [[one, two], [two, one]] as const) {
        await gone.kill();
        const begin = performance.now();
        await send(left, 40);
        await arrived();
        tookMs.push(performance.now() - begin);
        await gone.restart();
      }
      console.log(`another went on after ${tookMs.map(Math.round)} ms`);
      ok(Math.max(...tookMs) < 15_000, `${tookMs}`);
      const states = await eventually("slow has all", async () => {
        const { stdout } = await here("sink", "status", "--json");
        const all = documentsOf(stdout);
        return all.find(({ name }) =>
              name === "slow"
            ).lag === 0 && all;
      }, 60_000);
      for (const sink of [good, slow]) {
        deepStrictEqual(
          [...new Set(sink.taken.map(({ id }) => id))],
          idsOf(1, sent),
        );
      }
      strictEqual(most, 1);
      const dead = states.find(({ name }) => name === "dead");
      strictEqual(dead.lag, sent);
      match(dead.trouble.words, /no answer/);
    }),
));

Deno.test(needing(
  [POSTGRES],
  "PostgreSQL, quota and prune by command: two collectors -> both keep to them; the archive has what went",
  () =>
    withStore(async ({ one, two, run, here, folder }) => {
      const { access } = await one.client.logIn(ADA);
      const set = await run("quota", "set", ADA.team, "--events", "30");
      strictEqual(set.code, 0, set.stderr);
      await one.client.send(access, envelopesOf(1, 30));
      for (const { client } of [one, two]) {
        const { status } = await client.send(access, envelopesOf(31, 33));
        strictEqual(status, 507);
      }
      const archive = `${folder}/old.gz`;
      const pruned = await run(
        ...["prune", "--team", ADA.team, "--before", "2026-02-03T12:00:11Z"],
        ...["--archive", archive, "--json"],
      );
      strictEqual(pruned.code, 0, pruned.stderr + pruned.stdout);
      const [{ removed, left }] = documentsOf(pruned.stdout);
      deepStrictEqual([removed, left], [10, 20]);
      ok((await Deno.stat(archive)).size > 0);
      for (const { client } of [one, two]) {
        deepStrictEqual(
          (await client.events(access)).map(({ event_id }) => event_id),
          idsOf(11, 30),
        );
      }
      strictEqual(
        (await two.client.send(access, envelopesOf(31, 40))).status,
        200,
      );
      const { text } = await two.client.ask("/metrics");
      match(text, /^kitty_collector_stored_events 30$/m);
      match(text, /^kitty_collector_fullest_quota_ratio 1$/m);
      for (const word of ["backup", "restore"]) {
        const refused = await here(word, `${folder}/b`);
        strictEqual(refused.code, 64);
        match(refused.stderr, /pg_dump/);
      }
    }),
));

Deno.test(needing(
  [POSTGRES],
  "PostgreSQL, pg_dump while events pour in, pg_restore elsewhere -> a collector with all that was acknowledged before",
  () =>
    withStore(async ({ one, store, folder }) => {
      const { access } = await one.client.logIn(ADA);
      let sent = 0, isOver = false;
      const send = async () => {
        const answer = await one.client.send(
          access,
          envelopesOf(sent + 1, sent + 50),
        );
        strictEqual(answer.status, 200);
        sent += 50;
      };
      await send();
      const load = (async () => {
        while (!isOver) await send();
      })();
      const before = sent;
      const database = new URL(store).pathname.slice(1);
      const file = await Deno.makeTempDir({ dir: "/tmp" });
      await Deno.chmod(file, 0o777);
      try {
        await server.tool("pg_dump", [
          ...["--schema=kitty_events", "--format=custom"],
          ...["--file", `${file}/dump`, database],
        ]);
        isOver = true;
        await load;
        const copy = await server.database();
        await server.tool("pg_restore", [
          ...["--dbname", new URL(copy).pathname.slice(1), `${file}/dump`],
        ]);
        await using other = await StoreCollector.start(copy, `${folder}/3`);
        const there = (await other.client.events(access)).length;
        ok(there >= before && there <= sent, `${before} ${there} ${sent}`);
        // Clients that go on sending are sorted out.
        const { json } = await other.client.send(
          access,
          envelopesOf(1, sent).slice(-1_000),
        );
        ok(json.results.every(({ status }: { status: string }) =>
          status === "duplicate" || status === "accepted"
        ));
      } finally {
        isOver = true;
        await Deno.remove(file, { recursive: true });
      }
    }),
));
