/** Restores that wait for one another. */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { backUp, restore } from "../../../lib/collector/keeping/backup.ts";
import { RestoreLock } from "../../../lib/collector/keeping/restore_lock.ts";
import { LOCK_MS_MAX } from "../../../lib/collector/limits.ts";
import { openFolder } from "../../../lib/collector/engine.ts";
import { eventually } from "../../support/eventually.ts";
import { tempFolder } from "../../support/home.ts";
import { TestWorld } from "../../support/world.ts";

/** A world that tells when a lock is waited for: its clock is read for the opening, and then for the waiting. */
function waitingWorld() {
  let looks = 0;
  return {
    elapsedMs() {
      looks++;
      return performance.now();
    },
    get waits() {
      return looks >= 3;
    },
  };
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  return names.sort();
}

Deno.test("restore: another one that had the lock fails -> it goes on when it is its turn", async () => {
  await using folder = await tempFolder();
  const source = `${folder.path}/source`, file = `${folder.path}/backup`;
  {
    await using _ = await openFolder(source, new TestWorld(), () => {});
  }
  await backUp(source, file);
  const home = `${folder.path}/home`, copy = `${home}/collector`;
  const first = await RestoreLock.take(copy, new TestWorld());
  const world = waitingWorld();
  const waiting = restore(file, copy, world);
  await eventually("the second restore waits", () => world.waits);
  // As it does where it has made nothing.
  await first[Symbol.asyncDispose]();
  strictEqual((await waiting).teams, 0);
  deepStrictEqual(await namesIn(home), ["collector"]);
});

Deno.test("RestoreLock: many wait -> each has it, one at a time; one that goes on having it -> busy", async () => {
  await using folder = await tempFolder();
  const copy = `${folder.path}/collector`;
  let holders = 0, most = 0, turns = 0;
  await Promise.all(Array.from({ length: 8 }, async () => {
    await using _lock = await RestoreLock.take(copy, waitingWorld());
    most = Math.max(most, ++holders);
    turns++;
    await new Promise((done) => setTimeout(done, 5));
    holders--;
  }));
  deepStrictEqual({ most, turns }, { most: 1, turns: 8 });
  deepStrictEqual(await namesIn(folder.path), []);
  await using _lock = await RestoreLock.take(copy, waitingWorld());
  let nowMs = 0;
  const elapsedMs = () => [nowMs, nowMs = LOCK_MS_MAX - 10][0]!;
  await rejects(RestoreLock.take(copy, { elapsedMs }), { code: "busy" });
});
