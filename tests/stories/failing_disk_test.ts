/** Receipts are true, whatever the disk does. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { BATCH_EVENTS_MAX } from "../../lib/base/wire.ts";
import { VICTIMS } from "../proof/delivery_kills.ts";
import {
  draftsOf,
  exported,
  failingDiskTrial,
  onFullDisk,
  runPatiently,
} from "../proof/disk_trials.ts";
import { noFindings } from "../proof/findings.ts";
import { KINDS } from "../proof/kinds.ts";
import { logIn } from "../support/agent.ts";
import { ADA, TestCollector } from "../support/collector.ts";
import {
  CALLS,
  type Failing,
  FAILING_DISK,
  failingDisk,
} from "../support/failing_disk.ts";
import { isThere, tempFolder } from "../support/home.ts";
import { IS_FULL, MOUNT, needing } from "../support/needs.ts";
import {
  documentsOf,
  type Run,
  type RunHere,
  variantsOf,
} from "../support/program.ts";
import { ALL_TRUE, compare, tell, type Told } from "../support/stored.ts";
import { fillDisk } from "../support/trouble.ts";

const TRIALS = [["EIO", 0.02], ["ENOSPC", 0.3]] as const;

for (const [i, calls] of CALLS.entries()) {
  Deno.test(needing(
    FAILING_DISK,
    `emit --stdin: a disk on which some of ${calls} fail, then a sound one -> each receipt was true`,
    async () => {
      await using folder = await tempFolder();
      const failing = await failingDisk(folder.path);
      const drafts = draftsOf(800);
      const trials = IS_FULL ? TRIALS : [TRIALS[i % TRIALS.length]!];
      for (const [error, share] of trials) {
        const seed = Math.floor(Math.random() * 2 ** 31);
        const how: Failing = { seed, share, error, calls };
        const home = `${folder.path}/${error}-${share}`;
        const trial = await failingDiskTrial(home, failing(home, how), drafts);
        const ways = `${JSON.stringify(how)} ${
          JSON.stringify(trial.told.counts)
        }`;
        deepStrictEqual(trial.check, { ok: true, problems: [] }, ways);
        deepStrictEqual(trial.untrue, ALL_TRUE, ways);
      }
    },
  ));
}

for (const victim of VICTIMS) {
  Deno.test(needing(
    FAILING_DISK,
    `delivery: the disk of the ${victim} fails now and then -> nothing acknowledged is missing, nothing twice, and all arrives on the sound disk`,
    async () => {
      const kind = KINDS.find(({ name }) => name === `failing-disk-${victim}`)!;
      const seed = Math.floor(Math.random() * 2 ** 31);
      const { findings } = await kind.run(seed, 2);
      deepStrictEqual(findings, noFindings(), `seed ${seed}`);
    },
  ));
}

/** Work on a full disk, of which all receipts were true. */
function filled(
  kib: number,
  work: (run: Run, told: Told, home: string) => Promise<void>,
): Promise<void> {
  return onFullDisk(kib, async ({ run, told, home, drafts }) => {
    ok(told.counts.lost! > 0, "the disk is full");
    deepStrictEqual(
      compare(told, drafts, await exported(run)),
      ALL_TRUE,
      JSON.stringify(told.counts),
    );
    await work(run, told, home);
  });
}

/** A small one, and larger ones where all is to be tried: filling them takes long. */
const DISK_KIB = IS_FULL ? 5 * 1024 : 3 * 1024;

for (const kib of IS_FULL ? [3 * 1024, DISK_KIB, 12 * 1024] : [DISK_KIB]) {
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
        const again = await tell(run.here, draftsOf(20));
        deepStrictEqual(again.counts, { queued: 20 });
      }),
  ));
}

async function deliver(run: RunHere): Promise<void> {
  const { code, stderr } = await run(["sync", "now", "--json"]);
  strictEqual(code, 0, stderr);
}

async function dropAll(run: RunHere, { here }: Run): Promise<void> {
  const { stdout } = await here(["queue", "export"]);
  const ids = documentsOf(stdout).map((event) => event.event_id);
  for (let at = 0; at < ids.length; at += 500) {
    const some = ids.slice(at, at + 500);
    const { code, stderr } = await run(["queue", "drop", ...some, "--yes"]);
    strictEqual(code, 0, stderr);
  }
}

for (
  const [name, empty] of [
    ["sync now", deliver],
    ["queue drop", dropAll],
  ] as const
) {
  Deno.test(needing(
    [MOUNT],
    `emit, ${name}, again and again: a small disk that was full -> the log takes no room from new events`,
    () =>
      filled(4 * 1024, async (run) => {
        const emptied = variantsOf(run), told = variantsOf(run);
        for (let time = 0; time < 6; time++) {
          await empty(emptied, run);
          const { counts } = await tell(told, draftsOf(150));
          deepStrictEqual(counts, { queued: 150 }, `after ${time + 1} times`);
        }
      }),
  ));
}

Deno.test(needing(
  [MOUNT],
  "queue and doctor: every command on a full disk -> does its work",
  () =>
    filled(DISK_KIB, async (run, { counts }) => {
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
      const dropping = variantsOf(run);
      for (let at = 0; at < ids.length; at += 500) {
        const some = ids.slice(at, at + 500);
        const words = ["queue", "drop", ...some, "--yes", "--json"];
        const { code, stdout, stderr } = await dropping(words);
        strictEqual(code, 0, `${stdout}${stderr}`);
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
    filled(DISK_KIB, async (run, _told, home) => {
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
      const again = await run(["sync", "now", "--json"]);
      strictEqual(again.code, 0, `${again.stdout}${again.stderr}`);
      ok(refreshOf(await Deno.readTextFile(path)) !== refreshOf(before));
    }),
));

Deno.test(needing(
  [MOUNT],
  "sync now: a full disk without a reserve -> nothing is lost, and it says what to do and how many have left the queue; with room all is delivered",
  () =>
    filled(DISK_KIB, async (run, { counts }, home) => {
      const standing = async () => {
        const { stdout } = await run.here(["queue", "stats", "--json"]);
        const [{ queued, dead, totals }] = documentsOf(stdout);
        return { queued, dead, delivered: totals.delivered };
      };
      await Deno.remove(`${home}/reserve`);
      // A part of a batch finds room in what is there of the queue's log.
      for (const bytes of [0, 48 * 1024]) {
        await fillDisk(`${home}/filler`, bytes);
        const before = (await standing()).delivered;
        const { code, stdout } = await run(["sync", "now", "--json"]);
        strictEqual(code, 69, stdout);
        const [{ error }] = documentsOf(stdout);
        strictEqual(error.code, "sync_failed");
        ok(error.try.includes("make room on the disk"), stdout);
        const [, said = "0"] = error.try.match(/^(\d+) events? left/) ?? [];
        strictEqual((await standing()).delivered - before, Number(said));
        await Deno.remove(`${home}/filler`);
      }
      const again = await run(["sync", "now", "--json"]);
      strictEqual(again.code, 0, again.stderr);
      deepStrictEqual(await standing(), {
        queued: 0,
        dead: 0,
        delivered: counts.queued,
      });
    }),
));

Deno.test(needing(
  FAILING_DISK,
  "sync now: a disk on which the clock finds no room -> all is delivered in two batches, and it says so once",
  async () => {
    await using folder = await tempFolder();
    const failing = await failingDisk(folder.path);
    const home = `${folder.path}/home`;
    await using collector = await TestCollector.start([ADA]);
    await Deno.mkdir(home);
    await logIn(home, collector);
    const run = runPatiently(home);
    await tell(run.here, draftsOf(BATCH_EVENTS_MAX + 20));
    const how = { seed: 1, share: 1, error: "ENOSPC", calls: "wp" } as const;
    const { code, stdout, stderr } = await run(["sync", "now", "--json"], {
      env: failing(`${home}/.clock.*`, how),
    });
    strictEqual(code, 0, `${stdout}${stderr}`);
    const [{ delivered, remaining }] = documentsOf(stdout);
    deepStrictEqual([delivered, remaining], [BATCH_EVENTS_MAX + 20, 0]);
    strictEqual(stderr.split("is not noted yet").length - 1, 1, stderr);
    deepStrictEqual((await tell(run.here, draftsOf(3))).counts, { queued: 3 });
    strictEqual((await run.here(["sync", "now", "--json"])).code, 0);
  },
));
