/** Settings in files: what is away for a moment, and what lies in the place of a file. */

import {
  deepStrictEqual,
  match,
  rejects,
  strictEqual,
} from "node:assert/strict";
import { isTaken } from "../../../lib/base/files.ts";
import { openFolder, settingsOf } from "../../../lib/collector/engine.ts";
import { tempFolder, tempHome } from "../../support/home.ts";
import { MKFIFO, MOUNT, needing, outputOf, UNIX } from "../../support/needs.ts";
import { documentsOf, runIn } from "../../support/program.ts";
import { fillDisk, smallDisk } from "../../support/trouble.ts";
import { TestWorld } from "../../support/world.ts";

const ENTRY = { at: "2026-02-03T12:00:00.000Z", what: "login", name: "ada" };

Deno.test(needing(
  [UNIX],
  "openFolder: the folder moved away -> its settings cannot be read or changed, nor is anything noted or made in its place; all is as it was when it is back",
  async () => {
    await using around = await tempFolder();
    const folder = `${around.path}/collector`, world = new TestWorld();
    await using engine = await openFolder(folder, world, () => {});
    const { settings, audit } = engine, none = undefined;
    await settings.replace("users", "ada", none, { team: "acme" });
    await Deno.rename(folder, `${folder}.away`);
    const away = {
      code: "folder_unusable",
      message: /collector or the lock in it was removed, moved or replaced/,
    };
    await rejects(settings.list("users"), away);
    // What it never had may be there by now.
    await rejects(settings.list("keys"), away);
    await rejects(settings.replace("signing_keys", "1", none, {}), away);
    await rejects(audit.note(ENTRY), away);
    strictEqual(await isTaken(folder), false);
    await Deno.mkdir(folder);
    await rejects(settings.list("users"), away);
    await Deno.remove(folder);
    await Deno.rename(`${folder}.away`, folder);
    deepStrictEqual((await settings.list("users")).length, 1);
    await audit.note(ENTRY);
  },
));

Deno.test("openFolder: a file of settings removed -> none are left where there were none, or only running collectors speak there; else they cannot be read", async () => {
  await using folder = await tempFolder();
  const world = new TestWorld(), none = undefined;
  await using engine = await openFolder(folder.path, world, () => {});
  const { settings } = engine;
  deepStrictEqual(await settings.list("users"), []);
  const removeFile = (space: string) =>
    Deno.remove(`${folder.path}/${space}.json`);
  await settings.replace("collectors", "x", none, { url: "http://x" });
  await removeFile("collectors");
  deepStrictEqual(await settings.list("collectors"), []);
  await settings.replace("users", "ada", none, { team: "acme" });
  await settings.replace("users", "ada", { team: "acme", name: "ada" }, none);
  await removeFile("users");
  deepStrictEqual(await settings.list("users"), []);
  // Another process makes it.
  const other = settingsOf(folder.path, world).settings;
  await other.replace("users", "bob", none, { team: "acme" });
  strictEqual((await settings.list("users")).length, 1);
  await removeFile("users");
  const gone = { code: "settings_damaged", message: /was there and is gone/ };
  await rejects(settings.list("users"), gone);
  await rejects(settings.replace("users", "bob", none, {}), gone);
  await other.replace("users", "eve", none, { team: "acme" });
  deepStrictEqual((await settings.list("users")).map(([name]) => name), [
    "eve",
  ]);
});

const GIB = 1024 ** 3;

/** What may lie in the place of a file, and would be read for ever or fill the memory. */
const STRANGE: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  "a pipe": (path) => outputOf("mkfifo", [path]),
  "a link to /dev/zero": (path) => Deno.symlink("/dev/zero", path),
  "a file of 20 GiB without anything": async (path) => {
    await Deno.writeTextFile(path, "");
    await Deno.truncate(path, 20 * GIB);
  },
};

const COMMANDS = [
  ["users.json", ["user", "list"], "settings_damaged"],
  ["users.json", ["run", "--listen", "127.0.0.1:0"], "settings_damaged"],
  ["users.json", ["backup", "BACKUP"], "settings_damaged"],
  ["keys.json", ["token", "list"], "settings_damaged"],
  ["quotas.json", ["quota", "list"], "settings_damaged"],
  ["sinks.json", ["sink", "list"], "settings_damaged"],
  ["signing_keys.json", ["signing-key", "list"], "settings_damaged"],
  ["collectors.json", ["doctor"], "problem"],
  ["secret", ["run", "--listen", "127.0.0.1:0"], "bad_secret"],
  ["secret", ["backup", "BACKUP"], "settings_damaged"],
  ["audit.ndjson", ["audit"], "settings_damaged"],
  ["audit.ndjson", ["backup", "BACKUP"], "settings_damaged"],
  ["events.kv", ["doctor"], "problem"],
  ["events.kv", ["run", "--listen", "127.0.0.1:0"], "events_damaged"],
  ["events.kv", ["backup", "BACKUP"], "events_damaged"],
] as const;

/** Of any size, so that only its end would tell that it is nothing. */
const MAY_BE_LARGE = ["audit.ndjson", "events.kv"];

for (const [what, make] of Object.entries(STRANGE)) {
  Deno.test(needing(
    [UNIX, MKFIFO],
    `collector: ${what} in the place of its files -> each command says so at once`,
    async () => {
      for (const [file, words, code] of COMMANDS) {
        if (what.includes("GiB") && MAY_BE_LARGE.includes(file)) continue;
        await using home = await tempHome();
        const folder = `${home.path}/collector`, path = `${folder}/${file}`;
        await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
        if (file !== "events.kv") {
          await Deno.writeTextFile(`${folder}/events.kv`, "");
        }
        await make(path);
        const backup = `${home.path}/b`;
        const args = words.map((word) => word === "BACKUP" ? backup : word);
        const run = runIn(home.path).here(["collector", ...args, "--json"]);
        const { stdout, stderr } = await run;
        const name = `${words[0]} with ${file}`;
        match(stdout, new RegExp(code), `${name}: ${stderr}`);
        match(stdout, SAID, name);
        strictEqual(await isTaken(backup), false, name);
      }
    },
  ));
}

const SAID =
  /is not a file|it is no file, nor a link|not a collector's secret|\d+ bytes, and at most \d+ are read/;

Deno.test(needing(
  [UNIX, MKFIFO],
  "FileAudit: a pipe in its place -> nothing is written into it, and that is said",
  async () => {
    await using folder = await tempFolder();
    await outputOf("mkfifo", [`${folder.path}/audit.ndjson`]);
    const { audit } = settingsOf(folder.path, new TestWorld());
    const strange = { code: "settings_damaged", message: /is not a file/ };
    await rejects(audit.note(ENTRY), strange);
    await rejects(Array.fromAsync(audit.read()), strange);
  },
));

Deno.test(needing(
  [MOUNT],
  "collector: a full disk -> a command says which file it cannot write, and what to do",
  async () => {
    await using disk = await smallDisk(2_048);
    const run = runIn(`${disk.path}/home`);
    const words = ["collector", "token", "create", "--team", "acme", "--json"];
    strictEqual((await run.here([...words, "first"])).code, 0);
    await fillDisk(`${disk.path}/filler`, 0);
    const { code, stdout } = await run.here([...words, "second"]);
    strictEqual(code, 74);
    const { error } = documentsOf(stdout)[0];
    match(error.message, /cannot write .*\/collector\/keys\.json: .*error 28/);
    strictEqual(error.try, "make room on its disk, and try again");
  },
));

Deno.test("collector token create: the audit cannot be written -> the token is shown, and that it was made", async () => {
  await using home = await tempHome();
  const audit = `${home.path}/collector/audit.ndjson`;
  await Deno.mkdir(audit, { recursive: true });
  const words = ["collector", "token", "create", "ci", "--team", "acme"];
  const { code, stdout } = await runIn(home.path).here([...words, "--json"]);
  strictEqual(code, 78);
  const [made, { error }] = documentsOf(stdout);
  match(made.token, /^ske_/);
  match(
    error.message,
    /^it was done, but not noted in the audit: .* not a file/,
  );
});
