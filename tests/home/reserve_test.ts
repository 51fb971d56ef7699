/** Room on a full disk: the reserve, and SQLite's log. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { statfsSync } from "node:fs";
import { Deadline } from "../../lib/base/deadline.ts";
import { queuePath } from "../../lib/home/queue_file.ts";
import {
  foldAhead,
  makeReserve,
  makeRoom,
  reservePath,
  restoreReserve,
} from "../../lib/home/reserve.ts";
import { foldingBytes } from "../../lib/home/sqlite.ts";
import { linesOf } from "../support/child.ts";
import { tempFolder } from "../support/home.ts";
import { MOUNT, needing } from "../support/needs.ts";
import { fillDisk, smallDisk } from "../support/trouble.ts";

const MIB = 1024 * 1024;

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

/** Holds a read of a file open until a line comes, and some time longer. */
const READER = `
import { DatabaseSync } from "node:sqlite";
const database = new DatabaseSync(Deno.args[0]);
database.exec("BEGIN");
database.prepare("SELECT count(*) FROM kv").all();
console.log("reading");
await Deno.stdin.read(new Uint8Array(1));
await new Promise((resolve) => setTimeout(resolve, 300));
database.exec("COMMIT");
`;

Deno.test("makeRoom: another program reads in the queue for a moment -> the reserve is given back, and the log folded all the same", async () => {
  await using folder = await tempFolder();
  const home = folder.path, path = queuePath(home);
  const kv = await Deno.openKv(path);
  try {
    await kv.set(["a"], new Uint8Array(10_000));
    await Deno.writeFile(reservePath(home), new Uint8Array(100));
    await Deno.writeTextFile(`${home}/reader.ts`, READER);
    await using reader = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", `${home}/reader.ts`, path],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const { value } = await linesOf(reader.stdout).next();
    strictEqual(value, "reading");
    await kv.set(["b"], new Uint8Array(10_000));
    const writer = reader.stdin.getWriter();
    await writer.write(new Uint8Array(1));
    strictEqual(await makeRoom(home), true);
    strictEqual((await Deno.stat(`${path}-wal`)).size, 0);
    strictEqual(await exists(reservePath(home)), false);
    await writer.close();
    strictEqual((await reader.status).code, 0);
    deepStrictEqual((await kv.get(["b"])).value, new Uint8Array(10_000));
  } finally {
    kv.close();
  }
});

Deno.test("makeRoom: a home without a queue -> none is made", async () => {
  await using folder = await tempFolder();
  strictEqual(await makeRoom(folder.path), false);
  strictEqual(await exists(queuePath(folder.path)), false);
});

Deno.test(needing(
  [MOUNT],
  "foldAhead: a disk with room for folding, or with less -> the log is folded, or nothing is touched",
  async () => {
    await using disk = await smallDisk(4 * 1024);
    const home = disk.path, path = queuePath(home), filler = `${home}/filler`;
    using kv = await Deno.openKv(path);
    for (let n = 0; n < 12; n++) await kv.set([n], new Uint8Array(60_000));
    const sizes = () =>
      Promise.all(
        ["", "-wal"].map(async (end) => (await Deno.stat(path + end)).size),
      );
    const [before, takes] = [await sizes(), await foldingBytes(path)];
    ok(takes > 500_000, `${takes}`);
    await fillDisk(filler, takes - 8 * 1024);
    await foldAhead(home);
    deepStrictEqual(await sizes(), before);
    await fillDisk(filler, takes + 8 * 1024);
    await foldAhead(home);
    deepStrictEqual(await sizes(), [before[0]! + takes, 0]);
    strictEqual(await foldingBytes(path), 0);
  },
));

Deno.test("foldAhead: a reserve is there -> the log is left as it is", async () => {
  await using folder = await tempFolder();
  const home = folder.path, log = `${queuePath(home)}-wal`;
  using kv = await Deno.openKv(queuePath(home));
  await kv.set(["a"], new Uint8Array(10_000));
  await Deno.writeFile(reservePath(home), new Uint8Array(100));
  await foldAhead(home);
  ok((await Deno.stat(log)).size > 0);
});

Deno.test(needing(
  [MOUNT],
  "restoreReserve: the disk has more room than when the reserve was made -> it grows; else it stays as it is",
  async () => {
    await using disk = await smallDisk(24 * 1024);
    const home = disk.path, filler = `${home}/filler`;
    const size = async () => (await Deno.stat(reservePath(home))).size;
    await fillDisk(filler, 2 * MIB);
    await makeReserve(home);
    strictEqual(await size(), MIB);
    const { ino } = await Deno.stat(reservePath(home));
    await restoreReserve(home);
    strictEqual((await Deno.stat(reservePath(home))).ino, ino);
    await Deno.remove(filler);
    await fillDisk(filler, 4 * MIB);
    await restoreReserve(home);
    strictEqual(await size(), 2 * MIB);
    await Deno.remove(filler);
    await restoreReserve(home);
    strictEqual(await size(), 5 * MIB);
    strictEqual(await exists(`${reservePath(home)}.tmp`), false);
  },
));

Deno.test(needing(
  [MOUNT],
  "makeReserve: while it is made -> half of a small disk stays free for others",
  async () => {
    await using disk = await smallDisk(4 * 1024);
    const free = () => {
      const { bavail, bsize } = statfsSync(disk.path);
      return bavail * bsize;
    };
    const before = free(), seen: number[] = [];
    // It looks at its deadline before each piece.
    const by = new Deadline(() => (seen.push(free()), 0), 1);
    await makeReserve(disk.path, by);
    const { size } = await Deno.stat(reservePath(disk.path));
    ok(size > before / 2 - MIB && size <= before / 2, `${size} of ${before}`);
    ok(seen.length > 1 && seen.every((bytes) => bytes >= before / 2));
  },
));

Deno.test(needing(
  [MOUNT],
  "restoreReserve, makeRoom: one that was killed while it made a reserve has left a full disk -> what it left is gone",
  async () => {
    await using disk = await smallDisk(8 * 1024);
    const home = disk.path, left = `${reservePath(home)}.tmp`;
    await Deno.writeFile(reservePath(home), new Uint8Array(MIB));
    await fillDisk(left, 0);
    await restoreReserve(home);
    strictEqual(await exists(left), false);
    ok((await Deno.stat(reservePath(home))).size > 3 * MIB);
    await Deno.remove(reservePath(home));
    await fillDisk(left, 0);
    strictEqual(await makeRoom(home), true);
    strictEqual(await exists(left), false);
  },
));
