import { deepStrictEqual } from "node:assert/strict";
import { readTally, tally } from "../../lib/home/tally.ts";
import { lostReceipt } from "../../lib/event/receipt.ts";
import { tempFolder } from "../support/home.ts";
import { MKFIFO, needing, outputOf, UNIX } from "../support/needs.ts";

const NONE = { discarded: 0, refused: 0, lost: 0 };

Deno.test("readTally: more letters than are read at once -> each counted", async () => {
  await using home = await tempFolder();
  await Deno.writeTextFile(`${home.path}/tally`, "drrlll".repeat(50_000));
  await tally(home.path, [lostReceipt("x", "HistoryAdded")]);
  deepStrictEqual(await readTally(home.path), {
    discarded: 50_000,
    refused: 100_000,
    lost: 150_001,
  });
});

Deno.test("readTally: nothing there, a folder -> nothing was counted", async () => {
  await using home = await tempFolder();
  deepStrictEqual(await readTally(home.path), NONE);
  await Deno.mkdir(`${home.path}/tally`);
  deepStrictEqual(await readTally(home.path), NONE);
});

Deno.test(needing(
  [UNIX, MKFIFO],
  "readTally: a pipe, a device that never ends -> nothing was counted, and nothing waits",
  async () => {
    await using home = await tempFolder();
    await outputOf("mkfifo", [`${home.path}/tally`]);
    deepStrictEqual(await readTally(home.path), NONE);
    await Deno.remove(`${home.path}/tally`);
    await Deno.symlink("/dev/zero", `${home.path}/tally`);
    deepStrictEqual(await readTally(home.path), NONE);
  },
));
