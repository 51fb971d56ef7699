/** What the README shows, with the compiled program on the path. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { commandNeed, needing } from "../support/needs.ts";
import { onlineScript, shellBlocks } from "../support/readme.ts";
import { programUser, RUNTIME_BASE } from "./built.ts";

Deno.test(needing(
  [RUNTIME_BASE],
  "README: shell blocks, compiled -> run, in this order, for a new user",
  async () => {
    await using user = await programUser();
    const { offline } = shellBlocks();
    ok(offline.length >= 4, `${offline.length} blocks`);
    for (const block of offline) {
      const { code, stderr } = await user.run(block);
      strictEqual(code, 0, `${block}\n${stderr}`);
    }
    const { stdout } = await user.run("kitty-events queue stats --json");
    const { queued, spooled, totals } = JSON.parse(stdout);
    // One of the tour, eight types, one of two in the stream, one dropped into the spool.
    deepStrictEqual([queued, spooled, totals.discarded], [11, 0, 1]);
  },
));

Deno.test(needing(
  [RUNTIME_BASE, await commandNeed("curl")],
  "README: shell blocks of server, login and agent, compiled -> run, and everything arrives",
  async () => {
    await using user = await programUser();
    const { online } = shellBlocks();
    ok(online.length >= 5, `${online.length} blocks`);
    const { code, stdout, stderr } = await user.run(onlineScript(online));
    strictEqual(code, 0, stderr);
    match(stdout, /connection +Connected/);
    match(stderr, /\[Connected\] delivered WPStatusChanged/);
    match(stdout, /"status":"(queued|delivered)"/);
  },
));
