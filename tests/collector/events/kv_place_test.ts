/** Collectors whose events are taken away while they run. */

import {
  deepStrictEqual,
  match,
  notStrictEqual,
  rejects,
  strictEqual,
} from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openFolder } from "../../../lib/collector/engine.ts";
import {
  collectorFolder,
  eventsPath,
  lockPath,
} from "../../../lib/collector/folder.ts";
import { arrived, idsOf, logIn, record } from "../../support/agent.ts";
import { TestCollector } from "../../support/collector.ts";
import { isThere, tempFolder, tempHome } from "../../support/home.ts";
import { IS_FULL, needing, UNIX } from "../../support/needs.ts";
import { runIn } from "../../support/program.ts";
import { TestWorld } from "../../support/world.ts";

/** A collector that has three events, and a home that has delivered them. */
async function withThree(
  work: (
    collector: TestCollector,
    home: string,
    ids: string[],
  ) => Promise<void>,
): Promise<void> {
  await using collector = await TestCollector.start();
  await using home = await tempHome();
  await logIn(home.path, collector);
  const ids = await record(home.path, 3);
  strictEqual((await sync(home.path)).code, 0);
  await work(collector, home.path, ids);
}

const sync = (home: string) => runIn(home)(["sync", "now", "--json"]);

const filesOf = ({ home }: TestCollector) => eventsPath(collectorFolder(home));

/** What is delivered now is refused, and the collector ends; nothing is lost when all is as it should be. */
async function refuses(
  collector: TestCollector,
  home: string,
  ids: readonly string[],
  mend: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const more = await record(home, 2, { first: 4 });
  notStrictEqual((await sync(home)).code, 0);
  strictEqual(await collector.ended, 69);
  match(
    collector.log,
    /removed, moved or replaced while the collector had it open/,
  );
  await mend();
  await collector.restart();
  const { code, stderr } = await sync(home);
  strictEqual(code, 0, stderr);
  deepStrictEqual(idsOf(await arrived(collector, 5)), [...ids, ...more]);
}

const removed = [["-wal"], ["-shm"], ["-wal", "-shm"]];
for (const endings of IS_FULL ? removed : removed.slice(0, 1)) {
  Deno.test(needing(
    [UNIX],
    `collector run: events.kv${
      endings.join(" and ")
    } removed -> acknowledges nothing more, ends with 69, and has all that it acknowledged`,
    () =>
      withThree(async (collector, home, ids) => {
        for (const end of endings) await Deno.remove(filesOf(collector) + end);
        await refuses(collector, home, ids);
      }),
  ));
}

Deno.test(needing(
  [UNIX],
  "collector run: the log of its events removed, and made anew by who looks at them -> the same",
  () =>
    withThree(async (collector, home, ids) => {
      const path = filesOf(collector);
      for (const end of ["-wal", "-shm"]) await Deno.remove(path + end);
      const database = new DatabaseSync(path);
      database.prepare("SELECT count(*) FROM kv").get();
      database.close();
      await refuses(collector, home, ids);
    }),
));

Deno.test(needing(
  [UNIX],
  "collector run: the log of its events removed, then its end -> has all that it acknowledged",
  () =>
    withThree(async (collector, _home, ids) => {
      await Deno.remove(`${filesOf(collector)}-wal`);
      strictEqual(await collector.stop(), 143);
      await collector.restart();
      deepStrictEqual(idsOf(await arrived(collector, 3)), ids);
    }),
));

Deno.test(needing(
  [UNIX],
  "collector run: its folder away for a moment -> acknowledges nothing meanwhile, and goes on",
  () =>
    withThree(async (collector, home, ids) => {
      const folder = collectorFolder(collector.home);
      await Deno.rename(folder, `${folder}.moved`);
      const more = await record(home, 2, { first: 4 });
      notStrictEqual((await sync(home)).code, 0);
      strictEqual(await isThere(folder), false);
      await Deno.rename(`${folder}.moved`, folder);
      const { code, stderr } = await sync(home);
      strictEqual(code, 0, stderr);
      deepStrictEqual(idsOf(await arrived(collector, 5)), [...ids, ...more]);
      strictEqual(await collector.stop(), 143);
    }),
));

Deno.test(needing(
  [UNIX],
  "collector run: another folder in the place of its own -> acknowledges nothing more, ends with 69, and leaves that one alone",
  () =>
    withThree(async (collector, home, ids) => {
      const folder = collectorFolder(collector.home);
      await Deno.rename(folder, `${folder}.moved`);
      await Deno.mkdir(folder);
      await Deno.writeTextFile(eventsPath(folder), "another's");
      await refuses(collector, home, ids, async () => {
        strictEqual(await Deno.readTextFile(eventsPath(folder)), "another's");
        await Deno.remove(folder, { recursive: true });
        await Deno.rename(`${folder}.moved`, folder);
      });
    }),
));

Deno.test(needing(
  [UNIX],
  "collector run: the lock of its folder removed -> acknowledges nothing more, ends with 69, and has all that it acknowledged",
  () =>
    withThree(async (collector, home, ids) => {
      await Deno.remove(lockPath(collectorFolder(collector.home)));
      await refuses(collector, home, ids);
    }),
));

Deno.test(needing(
  [UNIX],
  "replace: the log of the events removed -> throws, as what it stored would be gone",
  async () => {
    await using folder = await tempFolder();
    const world = new TestWorld();
    await using engine = await openFolder(folder.path, world, () => {});
    const store = (n: number) =>
      engine.records.replace("session", `s${n}`, undefined, { n });
    strictEqual(await store(1), true);
    await Deno.remove(`${eventsPath(folder.path)}-wal`);
    await rejects(store(2), { code: "events_lost" });
  },
));
