/** Streams that are closed, full or read by nobody: the caller never pays. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { needing } from "../support/needs.ts";
import { programUser, RUNTIME_BASE } from "./built.ts";

const EMIT = "kitty-events emit history-added WP01 note x --strict";
const DRAFT =
  `'{"event_type":"HistoryAdded","payload":{"wp_id":"WP01","entry_type":"note","entry_content":"x"}}'`;
const STREAM = `echo ${DRAFT} | kitty-events emit --stdin --strict`;

/** Scripts that each record one event. */
const SCRIPTS = {
  "stdin closed": `${EMIT} <&-`,
  "stdout closed": `${EMIT} >&-`,
  "stderr closed": `${EMIT} 2>&-`,
  "all three closed": `${EMIT} <&- >&- 2>&-`,
  "a pipe that nobody reads": `${EMIT} | true`,
  "a pipe that nobody reads, for both": `${EMIT} 2>&1 | true`,
  "stdout full": `${EMIT} >/dev/full`,
  "stderr full": `${EMIT} 2>/dev/full`,
  "both full": `${EMIT} --json >/dev/full 2>&1`,
  "stream, stdout closed": `${STREAM} >&-`,
  "stream, stdout full": `${STREAM} >/dev/full`,
  "stream, a pipe that nobody reads": `${STREAM} 2>&1 | true`,
};

Deno.test(needing(
  [RUNTIME_BASE],
  "streams: closed, full or read by nobody -> exit 0, and each event recorded",
  async () => {
    await using user = await programUser();
    for (const [name, script] of Object.entries(SCRIPTS)) {
      const { code, stderr } = await user.run(script);
      strictEqual(code, 0, `${name}: ${stderr}`);
    }
    // A stream's place that a file took would be written over by receipts.
    const { stdout: checked } = await user.run(
      "kitty-events queue check --json",
    );
    deepStrictEqual(JSON.parse(checked), { ok: true, problems: [] });
    const { stdout } = await user.run("kitty-events queue stats --json");
    strictEqual(JSON.parse(stdout).queued, Object.keys(SCRIPTS).length);
  },
));

Deno.test(needing(
  [RUNTIME_BASE],
  "streams: an input that is closed or a folder -> said, exit 0 without --strict",
  async () => {
    await using user = await programUser();
    const closed = await user.run("kitty-events emit --stdin <&-");
    deepStrictEqual([closed.code, closed.stdout], [0, ""]);
    const folder = await user.run("kitty-events emit --stdin </");
    deepStrictEqual(
      [folder.code, JSON.parse(folder.stdout).status],
      [0, "lost"],
    );
    const text = "kitty-events emit history-added WP01 note -";
    const none = await user.run(`${text} <&-`);
    deepStrictEqual([none.code, none.stdout], [0, ""]);
    match(none.stderr, /discarded: \/payload\/entry_content/);
    const unread = await user.run(`${text} --strict </`);
    deepStrictEqual([unread.code, unread.stdout], [74, ""]);
    match(unread.stderr, /lost: .*Is a directory/);
  },
));

/** Pipes that nobody writes to, in the place of files, and what becomes of an event beside them. */
const PIPES: [path: string, status: string][] = [
  ["$HOME/.spec-kitty/clock.json", "queued"],
  ["$HOME/.spec-kitty/config.toml", "queued"],
  ["$HOME/.spec-kitty/agent.json", "queued"],
  ["$HOME/.spec-kitty/clock.lock", "spooled"],
  ["$HOME/.spec-kitty/events.kv", "spooled"],
  [".kittify/config.yaml", "queued"],
  [".git", "queued"],
];

Deno.test(needing(
  [RUNTIME_BASE],
  "pipes in the place of files -> not waited for, and a true receipt",
  async () => {
    for (const [path, status] of PIPES) {
      await using user = await programUser();
      const script =
        `mkdir -p "$HOME/.spec-kitty" .kittify && mkfifo "${path}" && ` +
        `timeout 20 ${EMIT.replace(" --strict", "")} --json --timeout 1s`;
      const { code, stdout, stderr } = await user.run(script);
      strictEqual(code, 0, `${path}: ${stderr}`);
      strictEqual(JSON.parse(stdout).status, status, `${path}: ${stderr}`);
    }
  },
));
