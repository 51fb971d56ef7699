/** `collector backup` under load, `restore`, and files that are damaged. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { backUp, restore } from "../../../lib/collector/keeping/backup.ts";
import { openFolder, settingsOf } from "../../../lib/collector/engine.ts";
import { encode } from "../../../lib/event/event.ts";
import { keyOf } from "../../../lib/home/kv_keys.ts";
import { Snapshot } from "../../../lib/home/sqlite.ts";
import {
  ADA,
  CollectorClient,
  EVE,
  TestCollector,
} from "../../support/collector.ts";
import { eventOf, type EventOptions } from "../../support/events.ts";
import { namesIn, tempFolder } from "../../support/home.ts";
import {
  documentsOf,
  runProgram,
  spawnProgram,
} from "../../support/program.ts";
import { linesOf } from "../../support/child.ts";
import { MKFIFO, MOUNT, needing, outputOf } from "../../support/needs.ts";
import { fillDisk, smallDisk } from "../../support/trouble.ts";
import { TestWorld } from "../../support/world.ts";

const envelopeOf = (n: number, options: EventOptions = {}) =>
  eventOf(n, { team: "acme", ...options }).envelope;

const groupOf = (g: number, size = 100) =>
  Array.from(
    { length: size },
    (_, i) => envelopeOf(g * size + i + 1, i === 7 ? { size: 90_000 } : {}),
  );

Deno.test("collector backup: while events pour in -> all that was acknowledged before it, a prefix of all; restored, it runs, and clients go on", async () => {
  await using collector = await TestCollector.start();
  const env = { SPEC_KITTY_HOME: collector.home };
  const { access, refresh } = await collector.logIn(ADA);
  await collector.send(access, groupOf(0));
  await runProgram(["collector", "quota", "set", "evil", "--events", "5"], env);
  let groups = 1, isOver = false;
  const load = (async () => {
    while (!isOver) {
      const { status } = await collector.send(access, groupOf(groups));
      strictEqual(status, 200);
      groups++;
    }
  })();
  const file = `${collector.home}/monday.backup`;
  const before = groups * 100;
  const { code, stdout, stderr } = await runProgram(
    ["collector", "backup", file, "--json"],
    env,
  );
  strictEqual(code, 0, stderr + stdout);
  isOver = true;
  await load;
  const [made] = documentsOf(stdout);
  ok(made.events >= before, `${made.events} of ${before}`);
  ok(made.events < groups * 100, "nothing came in beside it");
  deepStrictEqual(made.files, [
    "audit.ndjson",
    "quotas.json",
    "signing_keys.json",
    "users.json",
  ]);
  const stat = await Deno.stat(file);
  deepStrictEqual([stat.size, stat.mode! & 0o777], [made.bytes, 0o600]);
  const again = await runProgram(["collector", "backup", file], env);
  deepStrictEqual([again.code, (await Deno.stat(file)).size], [64, stat.size]);

  await using folder = await tempFolder();
  const home = `${folder.path}/new`;
  const restored = await runProgram(
    ["collector", "restore", file, "--home", home, "--json"],
    {},
  );
  strictEqual(restored.code, 0, restored.stderr);
  strictEqual(documentsOf(restored.stdout)[0].events, made.events);
  await collector.stop("SIGKILL");
  const child = spawnProgram(
    ["collector", "run", "--listen", new URL(collector.url).host],
    { SPEC_KITTY_HOME: home },
  );
  const lines = linesOf(child.stdout);
  const { listening } = JSON.parse((await lines.next()).value!);
  const client = new CollectorClient(listening);
  const all = Array.from({ length: groups }, (_, g) => groupOf(g)).flat();
  // Its tokens are good, as the secret is the same.
  deepStrictEqual(await client.events(access), all.slice(0, made.events));
  const renewed = await client.ask("/api/v1/token/refresh/", {
    json: { refresh },
  });
  strictEqual(renewed.status, 200);
  const statuses = new Map<string, number>();
  for (let g = 0; g < groups; g++) {
    const { json } = await client.send(access, groupOf(g));
    for (const { status } of json.results) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }
  deepStrictEqual(Object.fromEntries(statuses), {
    duplicate: made.events,
    accepted: groups * 100 - made.events,
  });
  deepStrictEqual(await client.events(access), all);
  const { access: theirs } = await client.logIn(EVE);
  const six = Array.from(
    { length: 6 },
    (_, n) => envelopeOf(n + 1, { team: "evil" }),
  );
  strictEqual((await client.send(theirs, six)).status, 507);
  child.kill("SIGTERM");
  for await (const _ of lines);
  await child.stderr.cancel();
  await child.stdin.close();
  await child.status;
});

/** A folder with some of everything, closed; and its backup. */
async function made() {
  const folder = await tempFolder();
  const path = `${folder.path}/collector`;
  {
    await using engine = await openFolder(path, new TestWorld(), () => {});
    const events = [1, 2, 3, 4].map((n) => {
      const envelope = envelopeOf(n, n === 3 ? { size: 100_000 } : {});
      return { ...encode(envelope), document: { ...envelope } };
    });
    await engine.events.admit("acme", events);
    await engine.events.admit("zero\u0000é", events.slice(0, 1));
    await engine.events.prune("acme", 1);
    await engine.records.replace("session", "s", undefined, { user: "ada" });
    await engine.audit.note({ at: "2026", what: "login", name: "ada" });
  }
  const { settings } = settingsOf(path, new TestWorld());
  await settings.replace("users", "ada", undefined, { name: "ada" });
  const file = `${folder.path}/b`;
  const summary = await backUp(path, file);
  return { folder, path, file, summary };
}

async function rowsOf(path: string) {
  using snapshot = await Snapshot.open(`${path}/events.kv`);
  return snapshot.rowsAfter(new Uint8Array())
    .map(({ k, v }) => [keyOf(k), new TextDecoder().decode(v)]);
}

Deno.test("backup, restore: a stopped collector -> every value and file the same", async () => {
  const { folder, path, file, summary } = await made();
  await using _ = folder;
  strictEqual(summary.events, 5);
  const copy = `${folder.path}/copy/collector`;
  await Deno.mkdir(copy, { recursive: true });
  const { bytes: _bytes, ...rest } = summary;
  deepStrictEqual(await restore(file, copy, new TestWorld()), rest);
  deepStrictEqual(await rowsOf(copy), await rowsOf(path));
  deepStrictEqual(summary.files, ["audit.ndjson", "users.json"]);
  for (const name of summary.files) {
    deepStrictEqual(
      await Deno.readFile(`${copy}/${name}`),
      await Deno.readFile(`${path}/${name}`),
    );
    strictEqual((await Deno.stat(`${copy}/${name}`)).mode! & 0o777, 0o600);
  }
  const modeOfEvents = async () =>
    (await Deno.stat(`${copy}/events.kv`)).mode! & 0o777;
  strictEqual(await modeOfEvents(), 0o600);
  strictEqual((await Deno.stat(copy)).mode! & 0o777, 0o700);
  // As older programs left it.
  await Deno.chmod(`${copy}/events.kv`, 0o644);
  await using engine = await openFolder(copy, new TestWorld(), () => {});
  strictEqual(await modeOfEvents(), 0o600);
  strictEqual(await engine.events.first("acme"), 1);
  strictEqual((await engine.events.usage("acme")).events, 3);
});

Deno.test("restore: cut anywhere, any bit turned, something behind it, another file -> refused, and nothing is written", async () => {
  const { folder, file } = await made();
  await using _ = folder;
  const whole = await Deno.readFile(file);
  const target = `${folder.path}/copy/collector`;
  const bad = `${folder.path}/bad`;
  const refused = async (bytes: Uint8Array) => {
    await Deno.writeFile(bad, bytes);
    const code = await restore(bad, target, new TestWorld()).then(
      () => "done",
      (e) => e.code,
    );
    strictEqual(code, "backup_damaged");
    strictEqual(await Deno.stat(`${folder.path}/copy`).catch(() => 0), 0);
  };
  await fc.assert(
    fc.asyncProperty(
      fc.nat(whole.length - 1),
      (length) => refused(whole.subarray(0, length)),
    ),
    { numRuns: 60, examples: [[0], [whole.length - 1], [whole.length - 36]] },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.nat(whole.length - 1),
      fc.nat(7),
      (at, bit) => refused(whole.with(at, whole[at]! ^ (1 << bit))),
    ),
    { numRuns: 60 },
  );
  await refused(new Uint8Array([...whole, 0]));
  await refused(new Uint8Array());
  await refused(new TextEncoder().encode("some text\n".repeat(100)));
});

Deno.test("restore: into a folder that is not empty, of a file that is not there -> refused; backup of nothing, or damaged -> no file", async () => {
  const { folder, path, file } = await made();
  await using _ = folder;
  strictEqual(
    await codeOf(restore(file, path, new TestWorld())),
    "file_exists",
  );
  strictEqual(
    await codeOf(restore(`${file}x`, `${path}2`, new TestWorld())),
    "not_found",
  );
  strictEqual(
    await codeOf(backUp(`${folder.path}/none`, `${file}2`)),
    "not_found",
  );
  const kv = await Deno.readFile(`${path}/events.kv`);
  await Deno.writeFile(`${path}/events.kv`, kv.fill(7, 4_096));
  strictEqual(await codeOf(backUp(path, `${file}2`)), "events_damaged");
  const names = (await Array.fromAsync(Deno.readDir(folder.path)))
    .map(({ name }) => name).sort();
  deepStrictEqual(names, ["b", "collector"]);
  const { code, stdout } = await runProgram(
    [
      "collector",
      "restore",
      `${file}x`,
      "--home",
      `${folder.path}/n`,
      "--json",
    ],
    {},
  );
  strictEqual(code, 65);
  match(stdout, /cannot read/);
});

const codeOf = (work: Promise<unknown>) =>
  work.then(() => "done", (error) => error.code);

Deno.test("backup: settings that are links, as secrets are mounted -> what they lead to is in it; a link to no file -> refused, and no backup", async () => {
  const { folder, path, file } = await made();
  await using _ = folder;
  const users = await Deno.readTextFile(`${path}/users.json`);
  await Deno.mkdir(`${path}/..1`);
  await Deno.rename(`${path}/users.json`, `${path}/..1/users.json`);
  await Deno.symlink("..1", `${path}/..data`);
  await Deno.symlink("..data/users.json", `${path}/users.json`);
  const { files } = await backUp(path, `${file}2`);
  deepStrictEqual(files, ["audit.ndjson", "users.json"]);
  const copy = `${folder.path}/copy`;
  await restore(`${file}2`, copy, new TestWorld());
  strictEqual(await Deno.readTextFile(`${copy}/users.json`), users);
  strictEqual((await Deno.lstat(`${copy}/users.json`)).isSymlink, false);
  await Deno.remove(`${path}/..data`);
  strictEqual(await codeOf(backUp(path, `${file}3`)), "settings_damaged");
  strictEqual(await codeOf(Deno.stat(`${file}3`)), "ENOENT");
});

Deno.test("backup: into the collector's own folder, also by a link -> refused, as each later one would have it in it", async () => {
  const { folder, path } = await made();
  await using _ = folder;
  await Deno.mkdir(`${path}/deep`);
  await Deno.symlink(path, `${folder.path}/link`);
  for (
    const inside of [`${path}/x`, `${path}/deep/x`, `${folder.path}/link/x`]
  ) {
    strictEqual(await codeOf(backUp(path, inside)), "output_failed");
    strictEqual(
      await codeOf(backUp(`${folder.path}/link`, inside)),
      "output_failed",
    );
    strictEqual(await codeOf(Deno.stat(inside)), "ENOENT");
  }
  strictEqual(await codeOf(backUp(path, `${path}x`)), "done");
});

Deno.test("restore: where the folder is a link -> what it leads to is made, and the link stays; a link to nothing -> refused", async () => {
  const { folder, path, file } = await made();
  await using _ = folder;
  const link = `${folder.path}/link`, real = `${folder.path}/real`;
  await Deno.symlink(real, link);
  strictEqual(
    await codeOf(restore(file, link, new TestWorld())),
    "folder_unusable",
  );
  await Deno.mkdir(real);
  await restore(file, link, new TestWorld());
  ok((await Deno.lstat(link)).isSymlink);
  deepStrictEqual(await rowsOf(real), await rowsOf(path));
  strictEqual(
    await codeOf(restore(file, link, new TestWorld())),
    "file_exists",
  );
});

Deno.test("restore: two at once into one folder -> one makes all of it, the other is refused, and nothing is left beside it", async () => {
  const { folder, file } = await made();
  await using _ = folder;
  for (let round = 0; round < 5; round++) {
    const home = `${folder.path}/${round}`, copy = `${home}/collector`;
    const codes = await Promise.all(
      [1, 2].map(() => codeOf(restore(file, copy, new TestWorld()))),
    );
    // Whoever waited sees under the lock what the other has made.
    deepStrictEqual(codes.sort(), ["done", "file_exists"]);
    deepStrictEqual(await namesIn(home), ["collector"]);
    const again = await backUp(copy, `${home}/again`);
    strictEqual(again.bytes, (await Deno.stat(file)).size);
  }
});

Deno.test("restore: another one ends between a look at the folder and the lock -> the folder is not empty, and stays as it is", async () => {
  const { folder, file } = await made();
  await using _ = folder;
  const home = `${folder.path}/home`, copy = `${home}/collector`;
  const world = {
    elapsedMs() {
      // The lock is waited for from now on.
      Deno.mkdirSync(copy, { recursive: true });
      Deno.writeTextFileSync(`${copy}/users.json`, "theirs");
      return 0;
    },
  };
  strictEqual(await codeOf(restore(file, copy, world)), "file_exists");
  strictEqual(await Deno.readTextFile(`${copy}/users.json`), "theirs");
  deepStrictEqual(await namesIn(home), ["collector"]);
});

Deno.test(needing(
  [MKFIFO],
  "restore: a pipe, a folder, a home that is a file -> said at once, and nothing is made; backup: no name -> said",
  async () => {
    await using folder = await tempFolder();
    const said = async (...words: string[]) => {
      const { code, stdout } = await runProgram(
        ["collector", ...words, "--json"],
        { SPEC_KITTY_HOME: `${folder.path}/home` },
      );
      ok(code !== 0);
      return documentsOf(stdout)[0].error;
    };
    const pipe = `${folder.path}/pipe`;
    await outputOf("mkfifo", [pipe]);
    for (const path of [pipe, folder.path]) {
      const { code, message } = await said("restore", path);
      deepStrictEqual(
        [code, message],
        ["not_found", `cannot read ${path}: it is not a file`],
      );
    }
    const file = `${folder.path}/file`;
    await Deno.writeTextFile(file, "");
    const { message } = await said("restore", file, "--home", file);
    match(message, /^cannot make .*file\/collector: /);
    match(
      (await said("backup", "")).message,
      /^cannot write "": it is no name/,
    );
    deepStrictEqual(await namesIn(folder.path), ["file", "pipe"]);
  },
));

Deno.test(needing(
  [MOUNT],
  "backup: onto a disk that is full, or becomes so -> it says why, and leaves nothing behind",
  async () => {
    const { folder, path } = await made();
    await using _ = folder;
    // Noise is as large compressed.
    const noise = new Uint8Array(3 * 1024 * 1024);
    for (let at = 0; at < noise.length; at += 65_536) {
      crypto.getRandomValues(noise.subarray(at, at + 65_536));
    }
    await Deno.writeFile(`${path}/noise`, noise);
    await using disk = await smallDisk(4_096);
    for (const leftKiB of [0, 64, 2_048]) {
      await fillDisk(`${disk.path}/filler`, leftKiB * 1024);
      const { code, message } = await backUp(path, `${disk.path}/b`)
        .catch((error) => error);
      strictEqual(code, "output_failed");
      match(message, /cannot write .*\/b: .*\(os error 28\)/, `${leftKiB}`);
      deepStrictEqual(await namesIn(disk.path), ["filler"]);
      await Deno.remove(`${disk.path}/filler`);
    }
  },
));
