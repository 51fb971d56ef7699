/** Output that cannot be written: a backup must not look fine. */

import { match, strictEqual } from "node:assert/strict";
import { inShell, newUser } from "../support/user.ts";
import { FULL_DEVICE } from "../support/needs.ts";

Deno.test(inShell(
  "queue export: onto a full disk -> exit 74, said; an emit -> exit 0, its event kept",
  async () => {
    await using user = await newUser();
    const note = "emit history-added WP01 note x";
    const { code, stdout, stderr } = await user.run(`
        kitty-events ${note} > /dev/full
        set +e
        kitty-events queue export > /dev/full; echo "exit $?"
        kitty-events queue export | true
        echo "piped \${PIPESTATUS[0]}"
        kitty-events queue stats --json`);
    strictEqual(code, 0, stderr);
    match(stdout, /^exit 74\npiped 0\n.*"queued":1/);
    match(stderr, /the output was not written/);
  },
  FULL_DEVICE,
));
