/** `collector rebuild`: what follows from events, made anew. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { collectorFolder, eventsPath } from "../../../lib/collector/folder.ts";
import { PATHS } from "../../../lib/base/wire.ts";
import { toBytes } from "../../../lib/home/queue_layout.ts";
import { ADA, EVE, TestCollector } from "../../support/collector.ts";
import { lane, rowOf } from "../../support/project.ts";
import { documentsOf, runProgram } from "../../support/program.ts";

/** What a collector says that is not read off the events. */
async function said(collector: TestCollector) {
  const { access } = await collector.logIn(ADA);
  await using socket = await collector.connect(access);
  const { work_packages } = await socket.nextOf("snapshot");
  const { json } = await collector.ask(PATHS.nodes, { token: access });
  return { work_packages, nodes: json.nodes };
}

Deno.test("collector rebuild: sound, then with values that are wrong, missing or surplus -> what it was before", async () => {
  await using collector = await TestCollector.start();
  const { access } = await collector.logIn(ADA);
  const rows = Array.from({ length: 30 }, (_, n) => ({
    ...rowOf(lane(n, { wp_id: `WP0${n % 5}` })),
    lamportclock: n,
  }));
  strictEqual((await collector.send(access, rows)).status, 200);
  const { access: theirs } = await collector.logIn(EVE);
  await collector.send(theirs, rows.slice(0, 3));
  const before = await said(collector);
  strictEqual(before.work_packages.length, 5);
  const env = { SPEC_KITTY_HOME: collector.home };
  const rebuild = () => runProgram(["collector", "rebuild", "--json"], env);

  const early = await rebuild();
  strictEqual(early.code, 74, early.stderr);
  match(early.stdout + early.stderr, /another collector is using/);

  await collector.stop();
  const sound = await rebuild();
  deepStrictEqual(documentsOf(sound.stdout), [
    { team: "acme", events: 30, packages: 5, nodes: 1, mended: 0 },
    { team: "evil", events: 3, packages: 3, nodes: 1, mended: 0 },
  ]);

  const kv = await Deno.openKv(eventsPath(collectorFolder(collector.home)));
  const packages = await Array.fromAsync(
    kv.list<Uint8Array>({ prefix: ["package", "acme"] }),
  );
  await kv.delete(packages[0]!.key);
  const other = packages[1]!;
  await kv.set(other.key, toBytes({ status: "done" }));
  await kv.set(["package", "acme", "WP99", ""], packages[2]!.value);
  for await (const { key } of kv.list({ prefix: ["node", "acme"] })) {
    const { value } = await kv.get<Uint8Array>(key);
    const count = JSON.parse(new TextDecoder().decode(value!));
    await kv.set(key, toBytes({ ...count, events: 7, highest: 1 }));
  }
  kv.close();
  const mended = documentsOf((await rebuild()).stdout);
  deepStrictEqual(mended.map(({ team, mended }) => [team, mended]), [
    ["acme", 4],
    ["evil", 0],
  ]);
  deepStrictEqual(documentsOf((await rebuild()).stdout)[0].mended, 0);
  await collector.restart();
  deepStrictEqual(await said(collector), before);
});
