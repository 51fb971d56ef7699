/** Commands of every kind with the compiled program: what the source may do, its rights must allow. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { LINUX, needing } from "../support/needs.ts";
import { documentsOf } from "../support/program.ts";
import { programUser, RUNTIME_BASE } from "./built.ts";

/** Each ends with exit code 0, in this order, in one home. */
const LINES = [
  "emit history-added WP01 note one",
  "emit history-added WP01 note two",
  "causation-id",
  "node-id",
  "clock",
  "clock receive 40",
  "schema",
  "schema WPCreated",
  "queue list",
  "queue stats",
  "queue check",
  "queue export > events.ndjson",
  "validate events.ndjson",
  'queue show "$(queued)"',
  'queue drop "$(queued)"',
  "queue import events.ndjson",
  "queue compact",
  "queue check",
  "queue dead list",
  "auth status || [ $? -eq 77 ]",
  "sync status",
  "agent status",
  "echo 'a password' | kitty-events collector user add ada --team acme --password-stdin",
  "collector user list",
  "completions bash",
  "man",
  "help",
  "help emit",
  "--version",
];

Deno.test(needing(
  [RUNTIME_BASE],
  "commands: of every kind, compiled -> none lacks a right",
  async (t) => {
    await using user = await programUser();
    for (const line of LINES) {
      await t.step(line, async () => {
        const { code, stdout, stderr } = await user.run(`
          queued() { kitty-events queue list --json | grep -o '"event_id":"[^"]*' | head -1 | cut -d'"' -f4; }
          ${line.startsWith("echo") ? "" : "kitty-events "}${line}`);
        strictEqual(code, 0, stdout + stderr);
      });
    }
  },
));

Deno.test(needing(
  [RUNTIME_BASE],
  "doctor: compiled -> no check lacks a right",
  async () => {
    await using user = await programUser();
    // What else it finds depends on the machine.
    const { stdout } = await user.run("kitty-events doctor --json || :");
    const [{ checks }] = documentsOf(stdout);
    deepStrictEqual(
      checks.filter(({ found }: { found: string }) => /Requires/.test(found)),
      [],
    );
  },
));

Deno.test(needing(
  [RUNTIME_BASE],
  "queue compact: after most events left, compiled -> a smaller file with the same events",
  async () => {
    await using user = await programUser();
    const { code, stdout, stderr } = await user.run(`
      for i in {1..600}; do
        echo '{"event_type":"HistoryAdded","payload":{"wp_id":"WP01","entry_type":"note","entry_content":"'"$i"'"}}'
      done | kitty-events emit --stdin --quiet > receipts.ndjson
      grep -o '"event_id":"[^"]*' receipts.ndjson | cut -d'"' -f4 | head -590 |
        xargs kitty-events queue drop > dropped.txt
      kitty-events queue export > before.ndjson
      kitty-events queue compact --json
      kitty-events queue export | cmp - before.ndjson
      kitty-events queue check --quiet > sound.txt`);
    strictEqual(code, 0, stdout + stderr);
    const [{ bytes_before, bytes_after }] = documentsOf(stdout);
    ok(bytes_after < bytes_before / 2, stdout);
  },
));

Deno.test(needing(
  [RUNTIME_BASE],
  "settings: a project and a config.toml that only the libraries read, compiled -> both count",
  async () => {
    await using user = await programUser();
    const { code, stderr } = await user.run(`
      mkdir -p .kittify .spec-kitty
      echo 'project: {uuid: "6f1d", slug: &s a-b}' > .kittify/config.yaml
      printf '[sync]\\nteam_slug = "acme"\\n' > .spec-kitty/config.toml
      kitty-events emit history-added WP01 note x`);
    strictEqual(code, 0, stderr);
    match(stderr, /queued HistoryAdded/);
    const [event] = documentsOf(
      (await user.run("kitty-events queue export")).stdout,
    );
    deepStrictEqual(
      [event.project_uuid, event.project_slug, event.team_slug],
      ["6f1d", "a-b", "acme"],
    );
  },
));

Deno.test(needing(
  [RUNTIME_BASE, LINUX],
  "a home below /dev: emit, doctor, queue list -> one cause in words, and what to do; nothing of the runtime's own",
  async () => {
    await using user = await programUser();
    const env = { SPEC_KITTY_HOME: "/dev/shm/kitty-events-test" };
    const words = /may not use files below \/dev.*set SPEC_KITTY_HOME/s;
    const emitted = await user.run(
      "kitty-events emit history-added WP01 note x --json",
      env,
    );
    strictEqual(emitted.code, 0);
    const [receipt] = documentsOf(emitted.stdout);
    strictEqual(receipt.status, "lost");
    match(receipt.warning, words);
    ok(!receipt.warning.includes("Requires"), receipt.warning);
    const listed = await user.run("kitty-events queue list || true", env);
    match(listed.stderr, words);
    const examined = await user.run("kitty-events doctor --json || true", env);
    const [{ checks }] = documentsOf(examined.stdout);
    const ill = checks.filter(({ status }: { status: string }) =>
      status === "problem"
    );
    strictEqual(ill.length, 1, examined.stdout);
    match(JSON.stringify(ill[0]), words);
    ok(!examined.stdout.includes("Requires"), examined.stdout);
  },
));
