/** The users' file: what is in it is checked before anybody is let in. */

import {
  deepStrictEqual,
  match,
  rejects,
  strictEqual,
} from "node:assert/strict";
import {
  FileAccounts,
  readUsers,
} from "../../../lib/collector/accounts/file_accounts.ts";
import { addUser } from "../../../lib/collector/accounts/users.ts";
import { KittyError } from "../../../lib/base/errors.ts";
import { tempFolder } from "../../support/home.ts";
import { TestWorld } from "../../support/world.ts";

Deno.test("readUsers: no file -> nobody", async () => {
  await using folder = await tempFolder();
  deepStrictEqual(await readUsers(folder.path), []);
});

Deno.test("readUsers: users that were added -> these", async () => {
  await using folder = await tempFolder();
  const world = new TestWorld();
  for (const name of ["ada", "bob"]) {
    const user = { name, team: "acme", password: "a password", rounds: 10 };
    await addUser(new FileAccounts(folder.path, world), world, user);
  }
  const users = await readUsers(folder.path);
  deepStrictEqual(users.map(({ name }) => name), ["ada", "bob"]);
});

for (
  const [what, text, words] of [
    ["no JSON", "{", /users\.json is not JSON$/],
    ["null", "null", /users\.json holds no list of users$/],
    ["a list", "[]", /holds no list of users$/],
    ["no list in it", '{"users":{}}', /holds no list of users$/],
    ["a user without a password", '{"users":[{"name":"ada"}]}', /no list of/],
    ["a user that is none", '{"users":[null]}', /holds no list of users$/],
  ] as const
) {
  Deno.test(`readUsers: ${what} -> said, with the file and what to do`, async () => {
    await using folder = await tempFolder();
    await Deno.writeTextFile(`${folder.path}/users.json`, text);
    await rejects(readUsers(folder.path), (error) => {
      const { code, message, hint, exit } = error as KittyError;
      deepStrictEqual([code, exit], ["users_damaged", 78]);
      match(message, words);
      strictEqual(typeof hint, "string");
      return error instanceof KittyError;
    });
  });
}
