/** Settings in files: what is away for a moment, and what lies in the place of a file. */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { isTaken } from "../../../lib/base/files.ts";
import { openFolder, settingsOf } from "../../../lib/collector/engine.ts";
import { tempFolder } from "../../support/home.ts";
import { needing, UNIX } from "../../support/needs.ts";
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
