import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Deadline } from "../../lib/base/deadline.ts";
import { KittyError } from "../../lib/base/errors.ts";
import { OfflineQueue } from "../../lib/home/offline_queue.ts";
import {
  makeSound,
  queuePath,
  sealOf,
  stateOf,
} from "../../lib/home/queue_file.ts";
import { findDamage } from "../../lib/home/sqlite.ts";
import { linesOf, NOBODY, runCode, spawnCode } from "../support/child.ts";
import { eventOf } from "../support/events.ts";
import { farDeadline, namesIn, tempFolder } from "../support/home.ts";
import { needing, SUPERUSER } from "../support/needs.ts";

const NOW = Date.UTC(2026, 1, 3, 12);
const ASIDE = "damaged-2026-02-03T120000.000Z";

/** Puts a queue of so many events into a home. */
async function fill(home: string, count = 200): Promise<void> {
  const kv = await Deno.openKv(queuePath(home));
  const queue = await OfflineQueue.open(kv);
  const events = Array.from({ length: count }, (_, i) => eventOf(i + 1));
  await queue.append(events, "accepted");
  kv.close();
}

async function check(home: string, seal: string): Promise<string[]> {
  const state = await stateOf(home);
  return await makeSound(home, state, seal, farDeadline(), NOW);
}

async function overwrite(
  path: string,
  at: number,
  bytes: Uint8Array,
): Promise<void> {
  using file = await Deno.open(path, { write: true });
  await file.seek(at, Deno.SeekMode.Start);
  await file.write(bytes);
}

Deno.test("makeSound: no file, no seal -> nothing to say", async () => {
  await using home = await tempFolder();
  deepStrictEqual(await check(home.path, ""), []);
  deepStrictEqual(await check(home.path, "held"), []);
  deepStrictEqual(await check(home.path, sealOf(undefined)), []);
  deepStrictEqual(await namesIn(home.path), []);
});

Deno.test("makeSound: a file of which the last seal speaks is gone -> a warning", async () => {
  await using home = await tempFolder();
  const [warning] = await check(home.path, "clean 4096 1770120000000");
  ok(warning?.includes("gone"));
});

Deno.test("makeSound: a file that matches its seal -> trusted without a look, even when it is garbage", async () => {
  await using home = await tempFolder();
  await Deno.writeTextFile(queuePath(home.path), "garbage");
  const seal = sealOf(await stateOf(home.path));
  deepStrictEqual(await check(home.path, seal), []);
  deepStrictEqual(await namesIn(home.path), ["events.kv"]);
});

Deno.test("makeSound: a sound file without a matching seal -> checked, and stays", async () => {
  await using home = await tempFolder();
  await fill(home.path);
  const before = await Deno.readFile(queuePath(home.path));
  for (const seal of ["", "held", "clean none", "clean 1 1"]) {
    deepStrictEqual(await check(home.path, seal), []);
  }
  deepStrictEqual(await Deno.readFile(queuePath(home.path)), before);
});

const damages: [string, (path: string) => Promise<void>][] = [
  ["garbage", (path) => Deno.writeTextFile(path, "no database ".repeat(1e3))],
  ["a truncated file", async (path) => {
    const { size } = await Deno.stat(path);
    await Deno.truncate(path, Math.floor(size / 2));
  }],
  ["pages overwritten in the middle", async (path) => {
    const { size } = await Deno.stat(path);
    const from = Math.floor(size / 3);
    const noise = Uint8Array.from({ length: 40_000 }, (_, i) => i * 7);
    await overwrite(path, from, noise);
  }],
  [
    "an overwritten header",
    (path) => overwrite(path, 0, new Uint8Array(512).fill(9)),
  ],
];
for (const [name, damage] of damages) {
  Deno.test(`makeSound: ${name} -> set aside with its companions, a warning`, async () => {
    await using home = await tempFolder();
    await fill(home.path);
    const path = queuePath(home.path);
    await damage(path);
    for (const end of ["-wal", "-shm"]) {
      await Deno.writeTextFile(path + end, "");
    }
    const content = await Deno.readFile(path);
    const [warning, ...more] = await check(home.path, "held");
    deepStrictEqual(more, []);
    ok(warning?.includes(ASIDE) && warning.includes("queue import --from"));
    deepStrictEqual(await namesIn(home.path), [ASIDE]);
    const folder = `${home.path}/${ASIDE}`;
    const kept = await namesIn(folder);
    ok(kept.includes("events.kv"), kept.join());
    deepStrictEqual(await Deno.readFile(`${folder}/events.kv`), content);
    // SQLite itself removes the shared memory of a file that it closes.
    deepStrictEqual(
      kept.filter((name) => !/^events\.kv(-wal|-shm)?$/.test(name)),
      [],
    );
  });
}

Deno.test("makeSound: damage twice in one millisecond -> two folders", async () => {
  await using home = await tempFolder();
  for (let i = 0; i < 2; i++) {
    await Deno.writeTextFile(queuePath(home.path), "garbage");
    strictEqual((await check(home.path, "held")).length, 1);
  }
  deepStrictEqual(await namesIn(home.path), [ASIDE, `${ASIDE}-1`]);
});

Deno.test("makeSound: a write-ahead log without its file -> set aside, so that it is not replayed", async () => {
  await using home = await tempFolder();
  const path = queuePath(home.path);
  await Deno.writeTextFile(`${path}-wal`, "stale");
  const warnings = await check(home.path, "held");
  strictEqual(warnings.length, 1);
  ok(warnings[0]!.includes(ASIDE));
  deepStrictEqual(await namesIn(home.path), [ASIDE]);
  strictEqual(
    await Deno.readTextFile(`${home.path}/${ASIDE}/events.kv-wal`),
    "stale",
  );
});

Deno.test("makeSound: no time to check -> KittyError with a hint, nothing moved", async () => {
  await using home = await tempFolder();
  await fill(home.path);
  const state = await stateOf(home.path);
  const passed = Deadline.in(() => performance.now(), -1);
  await rejects(
    makeSound(home.path, state, "held", passed, NOW),
    (error) => error instanceof KittyError && error.hint !== undefined,
  );
  ok((await namesIn(home.path)).includes("events.kv"));
});

Deno.test("makeSound, stateOf: a folder in the file's place -> KittyError, nothing moved", async () => {
  await using home = await tempFolder();
  await Deno.mkdir(queuePath(home.path));
  await rejects(stateOf(home.path), KittyError);
  deepStrictEqual(await namesIn(home.path), ["events.kv"]);
});

Deno.test("stateOf: a file that was replaced -> another identity", async () => {
  await using home = await tempFolder();
  const path = queuePath(home.path);
  await Deno.writeTextFile(path, "a");
  const before = await stateOf(home.path);
  await Deno.writeTextFile(`${path}.new`, "a");
  await Deno.rename(`${path}.new`, path);
  const after = await stateOf(home.path);
  ok(before && after && before.identity !== after.identity);
});

Deno.test("findDamage: another process has the file open and writes -> no damage", async () => {
  await using home = await tempFolder();
  await fill(home.path, 10);
  const child = spawnCode(
    `const kv = await Deno.openKv(args[0]);
     for (let i = 0; ; i++) {
       await kv.set(["other", i], new Uint8Array(100));
       if (i === 20) console.log("writing");
     }`,
    { args: [queuePath(home.path)] },
  );
  try {
    const output = linesOf(child.stdout);
    strictEqual((await output.next()).value, "writing");
    for (let i = 0; i < 5; i++) {
      strictEqual(await findDamage(queuePath(home.path)), undefined);
    }
    deepStrictEqual(await check(home.path, "held"), []);
    child.kill("SIGKILL");
    await output.return?.();
  } finally {
    await child.stderr.cancel();
    await child.status;
  }
  // After the kill a log is left that belongs to the file.
  deepStrictEqual(await check(home.path, "held"), []);
  const kv = await Deno.openKv(queuePath(home.path));
  strictEqual((await OfflineQueue.open(kv)).ledger.queued, 10);
  kv.close();
});

for (
  const [name, path, mode] of [
    ["a file that may not be read", "/events.kv", 0o600],
    ["a folder that may not be entered", "", 0o700],
  ] as const
) {
  Deno.test(needing(
    [SUPERUSER],
    `makeSound: ${name} -> an error, nothing moved`,
    async () => {
      await using home = await tempFolder();
      await fill(home.path, 5);
      await Deno.chmod(home.path, 0o777);
      const names = await namesIn(home.path);
      await Deno.chmod(home.path + path, mode);
      const output = await runCode(
        `const { makeSound, stateOf } = await import(lib + "home/queue_file.ts");
         const deadline = { leftMs: 60_000 };
         const result = await stateOf(args[0])
           .then((state) => makeSound(args[0], state, "held", deadline, 0))
           .then(() => "sound", (e) => e.name);
         console.log(result);`,
        { uid: NOBODY, args: [home.path] },
      );
      ok(/^(KittyError|PermissionDenied)$/.test(output.trim()), output);
      deepStrictEqual(await namesIn(home.path), names);
    },
  ));
}

Deno.test(needing(
  [SUPERUSER],
  "makeSound: a read-only file in a read-only folder -> sound or KittyError, nothing moved",
  async () => {
    await using home = await tempFolder();
    await fill(home.path, 5);
    await Deno.chmod(queuePath(home.path), 0o444);
    await Deno.chmod(home.path, 0o555);
    const names = await namesIn(home.path);
    const output = await runCode(
      `const { makeSound, stateOf } = await import(lib + "home/queue_file.ts");
       const result = await makeSound(
         args[0], await stateOf(args[0]), "held", { leftMs: 60_000 }, 0,
       ).then((warnings) => "sound " + warnings.length, (e) => e.name);
       console.log(result);`,
      { uid: NOBODY, args: [home.path] },
    );
    ok(/^(KittyError|sound 0)$/.test(output.trim()), output);
    deepStrictEqual(await namesIn(home.path), names);
  },
));

/** Leaves a file as a writer does that dies while it makes it: half written, with a journal to roll back. */
async function breakOff(path: string): Promise<void> {
  const child = spawnCode(
    `const { DatabaseSync } = await import("node:sqlite");
     const database = new DatabaseSync(args[0]);
     database.exec("CREATE TABLE before (v)");
     database.exec("PRAGMA cache_size = 1; BEGIN; CREATE TABLE t (v)");
     const row = database.prepare("INSERT INTO t VALUES (zeroblob(4000))");
     for (let n = 0; n < 100; n++) row.run();
     console.log("written");
     setInterval(() => {}, 1000);`,
    { args: [path] },
  );
  const output = linesOf(child.stdout);
  strictEqual((await output.next()).value, "written");
  child.kill("SIGKILL");
  await output.return?.();
  await child.stderr.cancel();
  await child.status;
}

Deno.test("makeSound: a file whose maker was killed -> its change is taken back, nothing is moved, and it can be used", async () => {
  await using home = await tempFolder();
  const path = queuePath(home.path);
  await breakOff(path);
  ok((await Deno.stat(`${path}-journal`)).size > 0);
  await rejects(findDamage(path, { changesNothing: true }), KittyError);
  ok((await Deno.stat(`${path}-journal`)).size > 0, "the look changed it");
  deepStrictEqual(await check(home.path, "held"), []);
  await rejects(Deno.stat(`${path}-journal`));
  const kv = await Deno.openKv(path);
  strictEqual((await OfflineQueue.open(kv)).ledger.queued, 0);
  kv.close();
});

Deno.test("makeSound: garbage with a journal beside it -> both moved: the journal never meets the new file", async () => {
  await using home = await tempFolder();
  const path = queuePath(home.path);
  await breakOff(path);
  await Deno.writeTextFile(path, "garbage".repeat(1_000));
  const [warning] = await check(home.path, "held");
  ok(warning?.includes("damaged"), warning ?? "no warning");
  deepStrictEqual(await namesIn(home.path), [ASIDE]);
});
