/**
 * What other processes and the machine around do to a call: holders of the
 * lock that stand still or die, full disks, users without variables.
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { tempFolder, tempHome } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { documentsOf, runProgram, spawnProgram } from "../support/program.ts";
import { fillDisk, HOLD_HOME, holder, smallDisk } from "../support/trouble.ts";
import { MOUNT, needing, runTool, UNIX } from "../support/needs.ts";

type Env = Record<string, string>;

function noteOf(text: string): string[] {
  return ["emit", "history-added", "WP01", "note", text, "--json"];
}

/** Emits one note; the receipt. */
async function emit(env: Env, text: string, flags: readonly string[] = []) {
  const run = await runProgram([...noteOf(text), ...flags], env);
  strictEqual(run.code, 0, run.stderr);
  return { ...JSON.parse(run.stdout), stderr: run.stderr };
}

/** Texts of the queued events, in order; the queue has to be sound. */
async function texts(env: Env): Promise<string[]> {
  const check = await runHere(["queue", "check", "--json"], env);
  deepStrictEqual(JSON.parse(check.stdout), { ok: true, problems: [] });
  const { stdout } = await runHere(["queue", "export"], env);
  const events = documentsOf(stdout);
  const clocks = events.map(({ lamport_clock }) => lamport_clock);
  strictEqual(new Set(clocks).size, clocks.length);
  return events.map(({ payload }) => payload.entry_content);
}

Deno.test(needing(
  [UNIX],
  "emit: the lock's holder is stopped, goes on, is killed -> spooled meanwhile, queued after, each once, in order",
  async () => {
    await using home = await tempHome();
    const env = { SPEC_KITTY_HOME: home.path };
    await emit(env, "before");
    const lock = await holder(HOLD_HOME, [home.path]);
    lock.child.kill("SIGSTOP");
    for (const [text, flag] of [["one", "--json"], ["two", "--strict"]]) {
      // Ends although the holder stands still for ever.
      const late = await emit(env, text!, ["--timeout", "3s", flag!]);
      deepStrictEqual([late.status, late.lamport_clock], ["spooled", null]);
      match(late.stderr, /time was up/);
    }
    lock.child.kill("SIGCONT");
    strictEqual(
      (await emit(env, "three", ["--timeout", "3s"])).status,
      "spooled",
    );
    await lock.release();
    // The mark of the holder that died makes this one look closely: nothing is moved.
    const after = await emit(env, "after");
    deepStrictEqual([after.status, after.lamport_clock], ["queued", 5]);
    ok(!after.stderr.includes("damaged"), after.stderr);
    deepStrictEqual(await texts(env), [
      "before",
      "one",
      "two",
      "three",
      "after",
    ]);
  },
));

Deno.test("emit: ten callers behind a holder that dies -> each ends with its event stored once, no value twice, no gap", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  await emit(env, "before");
  const lock = await holder(HOLD_HOME, [home.path]);
  const calls = Array.from(
    { length: 10 },
    (_, i) => emit(env, `${i}`, ["--timeout", "60s"]),
  );
  await lock.release();
  const receipts = await Promise.all(calls);
  for (const { status } of receipts) strictEqual(status, "queued");
  deepStrictEqual(
    receipts.map(({ lamport_clock }) => lamport_clock).sort((a, b) => a - b),
    Array.from({ length: 10 }, (_, i) => i + 2),
  );
  strictEqual((await texts(env)).length, 11);
});

Deno.test("emit --timeout: flag, SPEC_KITTY_TIMEOUT, config.toml -> the first that is given ends the waiting", async () => {
  await using home = await tempHome();
  const base = { SPEC_KITTY_HOME: home.path };
  await emit(base, "before");
  await using _lock = await holder(HOLD_HOME, [home.path]);
  const config = (timeout: string) =>
    Deno.writeTextFile(
      `${home.path}/config.toml`,
      `[emit]\ntimeout = "${timeout}"\n`,
    );
  // The lock is never given back: whatever took "10m" would not end.
  await config("10m");
  const long = { ...base, SPEC_KITTY_TIMEOUT: "10m" };
  strictEqual(
    (await emit(long, "flag", ["--timeout", "2s"])).status,
    "spooled",
  );
  const short = { ...base, SPEC_KITTY_TIMEOUT: "2s" };
  strictEqual((await emit(short, "environment")).status, "spooled");
  await config("2s");
  strictEqual((await emit(base, "file")).status, "spooled");
  const bad = { ...base, SPEC_KITTY_TIMEOUT: "soon" };
  strictEqual((await emit(bad, "the next one counts")).status, "spooled");
});

Deno.test(needing(
  [MOUNT],
  "emit: disk full, events of several sizes -> each receipt is true, and all is well once there is room",
  async () => {
    await using disk = await smallDisk(2_048);
    const env = { SPEC_KITTY_HOME: `${disk.path}/home` };
    await emit(env, "first");
    const kept = ["first"], statuses = new Set<string>();
    for (const kiB of [0, 8, 24, 80, 200, 400]) {
      for (const size of [10, 10_000, 90_000]) {
        const filler = `${disk.path}/filler`;
        await fillDisk(filler, kiB * 1024);
        const text = `${kiB}/${size} `.padEnd(size, "x");
        const words = [...noteOf("-"), "--strict"];
        const run = size === 10
          ? await runProgram(words, env, { stdin: text })
          : await runHere(words, env, text);
        const { status, warning } = JSON.parse(run.stdout);
        statuses.add(status);
        if (status === "lost") {
          strictEqual(run.code, 74);
          match(warning, /nothing could be kept: .*[Nn]o space|full/);
        } else {
          strictEqual(run.code, 0, run.stderr);
          kept.push(text);
        }
        await Deno.remove(filler);
      }
    }
    for (const status of ["lost", "queued"]) {
      ok(statuses.has(status), [...statuses].join());
    }
    await emit(env, "last");
    deepStrictEqual(
      (await texts(env)).map((text) => text.trim()),
      [...kept, "last"].map((text) => text.trim()),
    );
  },
));

Deno.test(needing(
  [MOUNT],
  "emit: no HOME, but a passwd entry -> kept in its .spec-kitty; lost where that home cannot be made",
  async () => {
    await using folder = await tempFolder();
    const passwd = `${folder.path}/passwd`;
    const blocked = `${folder.path}/blocked`;
    await Deno.mkdir(blocked);
    await Deno.writeTextFile(`${blocked}/.spec-kitty`, "mine");
    for (
      const [home, status, code] of [
        [folder.path, "queued", 0],
        [blocked, "lost", 74],
      ] as const
    ) {
      await Deno.writeTextFile(passwd, `root:x:0:0::${home}:/bin/sh\n`);
      // A mount of its own name space: no other process sees it.
      const main = new URL("../../main.ts", import.meta.url).pathname;
      const { stdout, stderr, ...run } = await runTool("unshare", {
        args: [
          ...["-m", "/bin/sh", "-c"],
          'mount --bind "$1" /etc/passwd && shift && exec "$@"',
          ...["sh", passwd, Deno.execPath()],
          ...["run", "-A", "--no-check", "--quiet", main],
          ...noteOf("x"),
          "--strict",
        ],
        env: {
          PATH: "/usr/bin:/bin:/usr/sbin:/sbin",
          DENO_DIR: Deno.env.get("DENO_DIR") ??
            `${Deno.env.get("HOME")}/.cache/deno`,
        },
        clearEnv: true,
      });
      const said = new TextDecoder().decode(stderr);
      strictEqual(run.code, code, said);
      const receipt = JSON.parse(new TextDecoder().decode(stdout));
      strictEqual(receipt.status, status, said);
    }
    const env = { SPEC_KITTY_HOME: `${folder.path}/.spec-kitty` };
    deepStrictEqual(await texts(env), ["x"]);
  },
));

Deno.test("queue export, list: the reader goes away -> they end, exit 0, the queue stays whole", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  // Far more than a pipe holds.
  const lines = noteLines(2_000);
  await runHere(["emit", "--stdin"], env, lines);
  for (
    const words of [["queue", "export"], ["queue", "list", "--limit", "2000"]]
  ) {
    const child = spawnProgram(words, env);
    await child.stdin.close();
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    await child.stderr.cancel();
    strictEqual((await child.status).code, 0, words.join(" "));
  }
  strictEqual((await texts(env)).length, 2_000);
});

function noteLines(count: number): string {
  const line = (n: number) =>
    JSON.stringify({
      event_type: "HistoryAdded",
      payload: { wp_id: "WP01", entry_type: "note", entry_content: `${n}` },
    });
  return Array.from({ length: count }, (_, n) => `${line(n)}\n`).join("");
}
