/** The users' file: what is in it is checked before anybody is let in. */

import {
  deepStrictEqual,
  match,
  rejects,
  strictEqual,
} from "node:assert/strict";
import { AccountStore } from "../../../lib/collector/accounts/account_store.ts";
import { settingsOf } from "../../../lib/collector/engine.ts";
import { addUser } from "../../../lib/collector/accounts/users.ts";
import { KittyError } from "../../../lib/base/errors.ts";
import { tempFolder } from "../../support/home.ts";
import { TestWorld } from "../../support/world.ts";

const accountsOf = (folder: string, world = new TestWorld()) =>
  new AccountStore(settingsOf(folder, world).settings);

Deno.test("AccountStore: no file -> nobody", async () => {
  await using folder = await tempFolder();
  deepStrictEqual(await accountsOf(folder.path).all(), []);
});

Deno.test("AccountStore: users that were added -> these", async () => {
  await using folder = await tempFolder();
  const world = new TestWorld();
  for (const name of ["ada", "bob"]) {
    const user = { name, team: "acme", password: "a password", rounds: 10 };
    await addUser(accountsOf(folder.path, world), world, user);
  }
  const users = await accountsOf(folder.path).all();
  deepStrictEqual(users.map(({ name }) => name), ["ada", "bob"]);
});

for (
  const [what, text, words] of [
    ["no JSON", "{", /users\.json is not JSON$/],
    ["null", "null", /users\.json holds no list of users$/],
    ["a list", "[]", /holds no list of users$/],
    ["no list in it", '{"users":{}}', /holds no list of users$/],
    [
      "a user without a password",
      '{"users":[{"name":"ada","id":"1","team":"acme"}]}',
      /^the user "ada" has no password/,
    ],
    [
      "a user without a team",
      '{"users":[{"name":"ada","id":"1","password":{}}]}',
      /^the user "ada" has no password, team or id$/,
    ],
    ["a user that is none", '{"users":[null]}', /holds no list of users$/],
  ] as const
) {
  Deno.test(`AccountStore: ${what} -> said, with the file and what to do`, async () => {
    await using folder = await tempFolder();
    await Deno.writeTextFile(`${folder.path}/users.json`, text);
    await rejects(accountsOf(folder.path).all(), (error) => {
      const { code, message, hint, exit } = error as KittyError;
      deepStrictEqual([code, exit], ["settings_damaged", 78]);
      match(message, words);
      strictEqual(typeof hint, "string");
      return error instanceof KittyError;
    });
  });
}
