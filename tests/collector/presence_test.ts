/** What running collectors tell of themselves. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { collecting, Presence } from "../../lib/collector/presence.ts";
import { MemoryRecords } from "../../lib/collector/records/memory_records.ts";
import { jsonLog } from "../../lib/base/log.ts";
import { startCollector } from "../../lib/collector/collector.ts";
import { tempFolder } from "../support/home.ts";
import { settingsOf } from "../../lib/collector/engine.ts";
import { TestWorld } from "../support/world.ts";

const HOUR_MS = 60 * 60 * 1000;

Deno.test("Presence: two collectors, one of which falls silent -> both told of, then one", async () => {
  const settings = new MemoryRecords();
  const one = new TestWorld(), two = new TestWorld();
  const certificate: { ends?: number } = {};
  const parts = { settings, certificateEndsMs: () => certificate.ends };
  const first = new Presence({ ...parts, world: one, url: "http://one:1" });
  const second = new Presence({ ...parts, world: two, url: "http://two:2" });
  await first.tell();
  const ends = certificate.ends = one.nowMs() + HOUR_MS;
  await second.tell();
  const told = await collecting(settings);
  deepStrictEqual(told.map(({ url }) => url), ["http://one:1", "http://two:2"]);
  deepStrictEqual(
    told.map(({ certificate_ends_at }) => certificate_ends_at),
    [null, new Date(ends).toISOString()],
  );
  two.timeMs += HOUR_MS - 1;
  await second.tell();
  strictEqual((await collecting(settings)).length, 2);
  two.timeMs += 1;
  await second.tell();
  const left = await collecting(settings);
  deepStrictEqual(left.map(({ url }) => url), ["http://two:2"]);
  strictEqual(left[0]!.started_at, told[1]!.started_at);
  await second.leave();
  deepStrictEqual(await collecting(settings), []);
});

Deno.test("startCollector: while it runs, and after its end -> told of, and gone", async () => {
  await using folder = await tempFolder();
  const world = new TestWorld();
  const { settings } = settingsOf(folder.path, world);
  const collector = await startCollector({
    world,
    folder: folder.path,
    listen: { hostname: "127.0.0.1", port: 0 },
    log: jsonLog(world.nowMs, () => {}),
  });
  const [told] = await collecting(settings);
  strictEqual(told!.url, collector.url);
  await collector.stop();
  deepStrictEqual(await collecting(settings), []);
});
