/** The users' file: what is in it is checked before anybody is let in. */

import {
  deepStrictEqual,
  match,
  rejects,
  strictEqual,
} from "node:assert/strict";
import {
  AccountStore,
  roleOf,
} from "../../../lib/collector/accounts/account_store.ts";
import { settingsOf } from "../../../lib/collector/engine.ts";
import {
  addUser,
  removeUser,
  setDisabled,
  setPassword,
  setRole,
} from "../../../lib/collector/accounts/users.ts";
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

Deno.test("addUser: a name of another team -> refused, with the team that has it; of the same -> refused, too", async () => {
  await using folder = await tempFolder();
  const accounts = accountsOf(folder.path), world = new TestWorld();
  const user = { name: "ada", team: "acme", password: "pw", rounds: 1 };
  await addUser(accounts, world, user);
  await rejects(addUser(accounts, world, { ...user, team: "beta" }), {
    code: "user_exists",
    message:
      'the user "ada" is there already, in the team "acme": names are those of all teams together',
  });
  await rejects(addUser(accounts, world, user), {
    code: "user_exists",
    message: 'the user "ada" is there already',
  });
  strictEqual((await accounts.find("ada"))?.team, "acme");
});

for (
  const [what, change] of [
    ["removed", (all) => removeUser(all, "ada")],
    ["disabled", (all) => setDisabled(all, "ada", true)],
    ["enabled", (all) => setDisabled(all, "ada", false)],
    ["given a role", (all) => setRole(all, "ada", "admin")],
    [
      "given a password",
      (all) =>
        setPassword(all, new TestWorld(), { name: "ada", password: "b" }),
    ],
  ] as [string, (all: AccountStore) => Promise<unknown>][]
) {
  Deno.test(`users: nobody is ${what} -> said, with what to do`, async () => {
    await using folder = await tempFolder();
    await rejects(change(accountsOf(folder.path)), (error) => {
      const { code, message, hint } = error as KittyError;
      deepStrictEqual([code, message], [
        "not_found",
        'the user "ada" is not there',
      ]);
      match(hint!, /collector user list/);
      return true;
    });
  });
}

Deno.test("users: disabled and enabled, of another role -> what else is known of them stays", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/users.json`;
  const accounts = accountsOf(folder.path);
  const user = { name: "ada", team: "acme", password: "pw", rounds: 1 };
  await addUser(accounts, new TestWorld(), user);
  const { users: [kept] } = JSON.parse(await Deno.readTextFile(path));
  const later = { ...kept, email: "ada@example.org" };
  await Deno.writeTextFile(path, JSON.stringify({ users: [later] }));
  await setDisabled(accounts, "ada", true);
  strictEqual((await accounts.find("ada"))?.disabled, true);
  await setDisabled(accounts, "ada", false);
  await setRole(accounts, "ada", "viewer");
  const role = "viewer" as const;
  deepStrictEqual(await accounts.find("ada"), { ...later, role } as unknown);
});

Deno.test("roleOf: words of older and of newer programs -> a writer; the least", () => {
  const roles = [undefined, "member", "writer", "admin", "viewer", "owner", 1];
  deepStrictEqual(
    roles.map((role) => roleOf({ role })),
    ["writer", "writer", "writer", "admin", "viewer", "viewer", "viewer"],
  );
});
