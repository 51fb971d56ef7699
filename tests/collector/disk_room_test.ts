/** Room on the disk of a collector's folder: its reserve, and what it is for. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { statfsSync } from "node:fs";
import { DiskRoom, withStartRoom } from "../../lib/collector/disk_room.ts";
import { type Engine, openFolder } from "../../lib/collector/engine.ts";
import { eventsPath, ROOM_HINT } from "../../lib/collector/folder.ts";
import { foldFile } from "../../lib/home/sqlite.ts";
import { incomingOf } from "../support/events.ts";
import { isThere, tempFolder } from "../support/home.ts";
import { MOUNT, needing } from "../support/needs.ts";
import { fillDisk, smallDisk } from "../support/trouble.ts";
import { TestWorld } from "../support/world.ts";

const KIB = 1024, MIB = KIB * KIB;
const TEAM = "acme";
const AT_ONCE = 500;

function sizeOf(path: string): Promise<number> {
  return Deno.stat(path).then(({ size }) => size, () => 0);
}

function freeIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function open(folder: string): Promise<Engine> {
  return openFolder(folder, new TestWorld(), () => {});
}

/** Offers events from one number on, and says how many are new. */
async function offer({ events }: Engine, from: number): Promise<number> {
  const some = Array.from(
    { length: AT_ONCE },
    (_, i) => incomingOf(from + i, { team: TEAM }),
  );
  const { events: told } = await events.admit(TEAM, some);
  return told.filter(({ kind }) => kind === "stored").length;
}

/** An engine of several thousand events on a disk whose last bytes are taken, with nothing in SQLite's log. */
async function fullEngine(home: string): Promise<Engine> {
  const folder = `${home}/collector`;
  const engine = await open(folder);
  for (let n = 0; n < 20; n++) await offer(engine, n * AT_ONCE);
  await foldFile(eventsPath(folder));
  await fillDisk(`${home}/filler`, 0);
  return engine;
}

Deno.test("openFolder: a folder, new or without a reserve -> it has one, of 8 MiB", async () => {
  await using home = await tempFolder();
  const folder = `${home.path}/collector`;
  for (let n = 0; n < 2; n++) {
    await using _ = await open(folder);
    strictEqual(await sizeOf(`${folder}/reserve`), 8 * MIB);
    await Deno.remove(`${folder}/reserve`);
  }
});

Deno.test(needing(
  [MOUNT],
  "openFolder: a small disk -> half of what is free is the reserve",
  async () => {
    await using disk = await smallDisk(8 * KIB);
    const folder = `${disk.path}/collector`;
    await using _ = await open(folder);
    const size = await sizeOf(`${folder}/reserve`);
    ok(size > 3 * MIB && size <= freeIn(folder), `${size}`);
  },
));

Deno.test(needing(
  [MOUNT],
  "look: others have made room -> the reserve grows to its full size",
  async () => {
    await using disk = await smallDisk(24 * KIB);
    const folder = `${disk.path}/collector`, filler = `${disk.path}/filler`;
    await fillDisk(filler, 4 * MIB);
    await using engine = await open(folder);
    const small = await sizeOf(`${folder}/reserve`);
    ok(small > MIB && small <= 2 * MIB, `${small}`);
    await engine.look!();
    strictEqual(await sizeOf(`${folder}/reserve`), small);
    await Deno.remove(filler);
    await engine.look!();
    strictEqual(await sizeOf(`${folder}/reserve`), 8 * MIB);
  },
));

Deno.test(needing(
  [MOUNT],
  "admit: a disk with little room -> all of it but what a start may need holds events in the end, and not their log",
  async () => {
    await using disk = await smallDisk(24 * KIB);
    const folder = `${disk.path}/collector`;
    await using engine = await open(folder);
    await offer(engine, 0);
    await fillDisk(`${disk.path}/filler`, 6 * MIB);
    const before = await sizeOf(eventsPath(folder));
    await rejects(async () => {
      for (let n = 1;; n++) await offer(engine, n * AT_ONCE);
    }, { code: "store_full" });
    const grown = await sizeOf(eventsPath(folder)) - before;
    ok(grown > 3 * MIB, `${grown}`);
    strictEqual(await sizeOf(`${folder}/reserve`), 8 * MIB);
  },
));

Deno.test("removing: the reserve is given back -> nothing new is stored until it is there again", async () => {
  await using home = await tempFolder();
  const folder = `${home.path}/collector`, reserve = `${folder}/reserve`;
  await using _ = await open(folder);
  const room = new DiskRoom(folder);
  let steps = 0;
  await room.removing(async () => {
    steps++;
    if (steps === 1) throw new Error("database or disk is full");
    strictEqual(await isThere(reserve), false);
    await rejects(room.expect(), { code: "store_full" });
    await rejects(room.prepare(), { code: "store_full" });
    return steps === 2;
  });
  strictEqual(steps, 3);
  await room.expect();
  strictEqual(await sizeOf(reserve), 8 * MIB);
});

Deno.test("expect: something found no room, as under a user's share of the disk -> refused until it can be written", async () => {
  await using home = await tempFolder();
  const folder = `${home.path}/collector`;
  await Deno.mkdir(folder);
  const room = new DiskRoom(folder);
  await room.expect();
  const full = () => Promise.reject(new Error("database or disk is full"));
  await rejects(room.noting(full), /disk is full/);
  await Deno.remove(folder, { recursive: true });
  await rejects(room.expect(), { code: "store_full" });
  await Deno.mkdir(folder);
  await room.expect();
});

Deno.test(needing(
  [MOUNT],
  "admit: a full disk -> nothing is stored, what is known is told all the same, and the reserve is untouched; with room it goes on",
  async () => {
    await using disk = await smallDisk(24 * KIB);
    await using engine = await fullEngine(disk.path);
    const reserve = `${disk.path}/collector/reserve`;
    const full = { name: "KittyError", code: "store_full" };
    await rejects(engine.events.check(), full);
    await rejects(offer(engine, 50 * AT_ONCE), full);
    strictEqual(await offer(engine, 0), 0);
    strictEqual(await sizeOf(reserve), 8 * MIB);
    strictEqual((await engine.events.usage(TEAM)).events, 20 * AT_ONCE);
    await Deno.remove(`${disk.path}/filler`);
    await engine.events.check();
    strictEqual(await offer(engine, 50 * AT_ONCE), AT_ONCE);
    strictEqual(await sizeOf(reserve), 8 * MIB);
  },
));

Deno.test(needing(
  [MOUNT],
  "prune: a disk on which nothing is left for SQLite's log -> done with the reserve, which is there again",
  async () => {
    await using disk = await smallDisk(24 * KIB);
    await using engine = await fullEngine(disk.path);
    const reserve = `${disk.path}/collector/reserve`;
    await engine.events.prune(TEAM, 15 * AT_ONCE);
    deepStrictEqual((await engine.events.usage(TEAM)).events, 5 * AT_ONCE);
    ok(await sizeOf(reserve) > 3 * MIB);
    await engine.events.check();
    for (let n = 20; n < 34; n++) {
      strictEqual(await offer(engine, n * AT_ONCE), AT_ONCE);
    }
  },
));

Deno.test(needing(
  [MOUNT],
  "prune: a full disk without a reserve -> refused, and nothing is gone; with room all of it is done",
  async () => {
    await using disk = await smallDisk(24 * KIB);
    await using engine = await fullEngine(disk.path);
    const reserve = `${disk.path}/collector/reserve`;
    await Deno.remove(reserve);
    await fillDisk(`${disk.path}/rest`, 0);
    await rejects(engine.events.prune(TEAM, 15 * AT_ONCE), /disk is full/);
    strictEqual((await engine.events.usage(TEAM)).events, 20 * AT_ONCE);
    await Deno.remove(`${disk.path}/rest`);
    await engine.events.prune(TEAM, 15 * AT_ONCE);
    strictEqual((await engine.events.usage(TEAM)).events, 5 * AT_ONCE);
    ok(await isThere(reserve));
  },
));

Deno.test(needing(
  [MOUNT],
  "openFolder: a disk with hardly any room, after a clean end and after a kill -> opened with some of the reserve; without one, it says which file, and what to do",
  async () => {
    await using disk = await smallDisk(24 * KIB);
    const folder = `${disk.path}/collector`, filler = `${disk.path}/filler`;
    const left = { clean: 7.5 * MIB, killed: 7 * MIB };
    await (await open(folder))[Symbol.asyncDispose]();
    for (const [end, size] of Object.entries(left)) {
      // Without the log and its index, which a kill leaves behind: the hardest case.
      if (end === "killed") {
        await Deno.writeTextFile(`${folder}/collector.lock`, "in use\n");
      }
      await Deno.remove(filler).catch(() => {});
      await fillDisk(filler, 8 * KIB);
      await using engine = await open(folder);
      strictEqual((await engine.events.usage(TEAM)).events, 0);
      strictEqual(await sizeOf(`${folder}/reserve`), size);
    }
    await Deno.remove(`${folder}/reserve`);
    await Deno.remove(filler);
    await fillDisk(filler, 8 * KIB);
    await rejects(open(folder), {
      code: "folder_unusable",
      message: `cannot open ${eventsPath(folder)}: its disk is full`,
      hint: ROOM_HINT,
    });
  },
));

Deno.test("withStartRoom: starts that find no room -> a little of the reserve for each, until none is left", async () => {
  await using home = await tempFolder();
  const folder = home.path, reserve = `${folder}/reserve`;
  await Deno.writeFile(reserve, new Uint8Array(1200 * KIB));
  const sizes: number[] = [];
  const start = async () => {
    sizes.push(await sizeOf(reserve));
    throw new Error("No space left on device (os error 28)");
  };
  await rejects(withStartRoom(folder, start), {
    name: "KittyError",
    code: "folder_unusable",
    message: `cannot write to ${folder}: No space left on device (os error 28)`,
  });
  deepStrictEqual(sizes, [1200 * KIB, 688 * KIB, 0]);
  await Deno.writeFile(reserve, new Uint8Array(1200 * KIB));
  const other = () => Promise.reject(new Error("something else"));
  await rejects(withStartRoom(folder, other), /something else/);
  strictEqual(await sizeOf(reserve), 1200 * KIB);
});

Deno.test("withStartRoom: what is full is another disk, and the reserve is made again each time -> ends, and says so", async () => {
  await using home = await tempFolder();
  const folder = `${home.path}/collector`;
  await using _ = await open(folder);
  const room = new DiskRoom(folder);
  await rejects(
    withStartRoom(folder, async () => {
      await room.begin();
      throw new Error("No space left on device (os error 28)");
    }),
    { code: "folder_unusable", hint: ROOM_HINT },
  );
});

Deno.test(needing(
  [MOUNT],
  "prepare: a file system that does not tell how large it is -> events are stored",
  async () => {
    await using disk = await smallDisk(0);
    strictEqual(statfsSync(disk.path).blocks, 0);
    await using engine = await open(`${disk.path}/collector`);
    strictEqual(await offer(engine, 0), AT_ONCE);
    await engine.events.check();
  },
));
