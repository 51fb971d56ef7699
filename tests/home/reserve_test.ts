/** Room on a full disk: the reserve, and SQLite's log. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { queuePath } from "../../lib/home/queue_file.ts";
import { makeRoom, reservePath } from "../../lib/home/reserve.ts";
import { linesOf } from "../support/child.ts";
import { tempFolder } from "../support/home.ts";

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
