/** Receipts are true, whatever the disk does. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { ADA, TestCollector } from "./support/collector.ts";
import { logIn } from "./support/agent.ts";
import {
  CALLS,
  type Failing,
  FAILING_DISK,
  failingDisk,
} from "./support/failing_disk.ts";
import { isThere, tempFolder } from "./support/home.ts";
import { MOUNT, needing } from "./support/needs.ts";
import { documentsOf, type Run, runProgram } from "./support/program.ts";
import { ALL_TRUE, compare, tell } from "./support/stored.ts";
import { smallDisk } from "./support/trouble.ts";

/** Drafts of about the size of real ones. */
function draftsOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      event_type: "HistoryAdded",
      payload: {
        wp_id: "WP01",
        entry_type: "note",
        entry_content: `${i} `.padEnd(100 + i % 200, "x"),
      },
    }));
}

function runIn(home: string): Run {
  return (words, { env, ...options } = {}) =>
    runProgram(words, { SPEC_KITTY_HOME: home, ...env }, options);
}

async function exported(run: Run) {
  const { code, stdout, stderr } = await run(["queue", "export"]);
  strictEqual(code, 0, stderr);
  return documentsOf(stdout);
}

const TRIALS = [["EIO", 0.02], ["ENOSPC", 0.3]] as const;

for (const calls of CALLS) {
  Deno.test(needing(
    FAILING_DISK,
    `emit --stdin: a disk on which some of ${calls} fail, then a sound one -> each receipt was true`,
    async () => {
      await using folder = await tempFolder();
      const failing = await failingDisk(folder.path);
      const drafts = draftsOf(800);
      for (const [error, share] of TRIALS) {
        const seed = Math.floor(Math.random() * 2 ** 31);
        const how: Failing = { seed, share, error, calls };
        const home = `${folder.path}/${error}-${share}`;
        const run = runIn(home);
        const told = await tell(run, drafts, { env: failing(home, how) });
        const check = await run(["queue", "check", "--json"]);
        deepStrictEqual(JSON.parse(check.stdout), { ok: true, problems: [] });
        deepStrictEqual(
          compare(told, drafts.length, await exported(run)),
          ALL_TRUE,
          `${JSON.stringify(how)} ${JSON.stringify(told.counts)}`,
        );
      }
    },
  ));
}

/** Fills a disk of this size with a stream, and says what was told of it. */
async function filled(
  kib: number,
  work: (
    run: Run,
    told: Awaited<ReturnType<typeof tell>>,
    home: string,
  ) => Promise<void>,
): Promise<void> {
  await using disk = await smallDisk(kib);
  const home = `${disk.path}/home`;
  await using collector = await TestCollector.start([ADA]);
  await Deno.mkdir(home);
  await logIn(home, collector);
  const run = runIn(home);
  const drafts = draftsOf(Math.ceil(kib * 2.5));
  const told = await tell(run, drafts);
  ok(told.counts.lost! > 0, "the disk is full");
  deepStrictEqual(
    compare(told, drafts.length, await exported(run)),
    ALL_TRUE,
    JSON.stringify(told.counts),
  );
  await work(run, told, home);
}

for (const kib of [3 * 1024, 5 * 1024, 12 * 1024]) {
  Deno.test(needing(
    [MOUNT],
    `sync now: a disk of ${kib} KiB, full -> all delivered, the reserve there again, and new events are kept`,
    () =>
      filled(kib, async (run, { counts }, home) => {
        const { code, stdout, stderr } = await run(["sync", "now", "--json"]);
        strictEqual(code, 0, stderr);
        const [{ delivered, remaining }] = documentsOf(stdout);
        deepStrictEqual([delivered, remaining], [counts.queued, 0]);
        ok(await isThere(`${home}/reserve`));
        const again = await tell(run, draftsOf(20));
        deepStrictEqual(again.counts, { queued: 20 });
      }),
  ));
}

Deno.test(needing(
  [MOUNT],
  "queue and doctor: every command on a full disk -> does its work",
  () =>
    filled(5 * 1024, async (run, { counts }) => {
      const ask = async (...words: string[]) => {
        const { code, stdout, stderr } = await run(words);
        strictEqual(code, 0, `${words.join(" ")}: ${stdout}${stderr}`);
        return documentsOf(stdout);
      };
      const listed = await ask("queue", "list", "--json", "--limit", "3");
      strictEqual(listed.length, 3);
      const [stats] = await ask("queue", "stats", "--json");
      strictEqual(stats.queued, counts.queued);
      await ask("queue", "check", "--json");
      const { stdout } = await run(["doctor", "--json"]);
      ok(stdout.includes("free"), stdout);
      const [id] = listed.map(({ event }) => event.event_id);
      await ask("queue", "drop", id, "--yes", "--json");
      const ids = (await ask("queue", "export")).map((e) => e.event_id);
      ok(!ids.includes(id));
      strictEqual(ids.length, counts.queued! - 1);
      for (let at = 0; at < ids.length; at += 500) {
        const some = ids.slice(at, at + 500);
        await ask("queue", "drop", ...some, "--yes", "--json");
      }
      await ask("queue", "compact", "--json");
      const again = await tell(run, draftsOf(20));
      deepStrictEqual(again.counts, { queued: 20 });
    }),
));

Deno.test(needing(
  [MOUNT],
  "sync now: tokens that have to be renewed on a full disk -> renewed and kept; without any room the old ones are not used up",
  () =>
    filled(5 * 1024, async (run, _told, home) => {
      const path = `${home}/credentials`;
      const before = await Deno.readTextFile(path);
      const refreshOf = (text: string) => text.match(/^refresh = "(.+)"$/m)![1];
      // An access token that ran out long ago.
      await Deno.writeTextFile(
        path,
        before.replace(
          /^access_expires_at = .*$/m,
          'access_expires_at = "2020-01-01T00:00:00+00:00"',
        ),
      );
      const reserve = `${home}/reserve`;
      await Deno.rename(reserve, `${home}/taken`);
      const { code } = await run(["sync", "now", "--json"]);
      strictEqual(code, 69);
      strictEqual(refreshOf(await Deno.readTextFile(path)), refreshOf(before));
      await Deno.rename(`${home}/taken`, reserve);
      const { code: ended, stdout, stderr } = await run([
        ...["sync", "now", "--json"],
      ]);
      strictEqual(ended, 0, stdout + stderr);
      ok(refreshOf(await Deno.readTextFile(path)) !== refreshOf(before));
    }),
));
