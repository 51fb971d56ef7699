/** The program for Linux arm64, under an emulator. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ADA, localCollector } from "../support/collector.ts";
import { isThere } from "../support/home.ts";
import { commandNeed, FULL, needing } from "../support/needs.ts";
import { documentsOf } from "../support/program.ts";
import { newUser } from "../support/user.ts";
import { builtProgram, RUNTIME_BASE, TOOLS } from "./built.ts";

const CACHE = Deno.env.get("XDG_CACHE_HOME") ??
  `${Deno.env.get("HOME")}/.cache`;

/** The script would install both, which a test must not. */
const NEEDS = [
  FULL,
  RUNTIME_BASE,
  await commandNeed("qemu-aarch64-static"),
  {
    isMet: await isThere(`${CACHE}/kitty-events-toolchain/arm64-root`),
    reason: "run-arm64 has not been run once",
  },
];

Deno.test(needing(
  NEEDS,
  "program for Linux arm64: emit, validate, sync now -> all work",
  async () => {
    const { path } = await builtProgram("linux-arm64");
    await using user = await newUser();
    await using collector = await localCollector();
    const { access } = await collector.client.logIn(ADA);
    const env = {
      XDG_CACHE_HOME: CACHE,
      PROGRAM: `${TOOLS}run-arm64 ${path}`,
      // An emulator takes its time.
      SPEC_KITTY_TIMEOUT: "1m",
      SPEC_KITTY_SERVER_URL: collector.client.url,
      SPEC_KITTY_ACCESS_TOKEN: access,
      SPEC_KITTY_TEAM_SLUG: ADA.team,
    };
    const emitted = await user.run(
      "$PROGRAM emit wp-status-changed WP01 planned doing --json",
      env,
    );
    const [receipt] = documentsOf(emitted.stdout);
    strictEqual(receipt?.status, "queued", emitted.stderr);
    // Another architecture reads what this one wrote.
    const { stdout } = await user.run(
      "kitty-events queue export | tee events.ndjson",
    );
    const [event] = documentsOf(stdout);
    strictEqual(event.event_id, receipt.event_id);

    const { stdout: answers, stderr } = await user.run(
      "$PROGRAM validate events.ndjson --json; $PROGRAM sync now --json",
      env,
    );
    const [checked, sent] = documentsOf(answers);
    deepStrictEqual(checked, { line: 1, valid: true }, stderr);
    strictEqual(sent.delivered, 1);
    deepStrictEqual(await collector.client.events(access), [event]);
  },
));
