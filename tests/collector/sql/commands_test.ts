/** Commands of a collector on a store, and what they say of its URL. */

import { match, ok, strictEqual } from "node:assert/strict";
import { tempFolder } from "../../support/home.ts";
import { needing } from "../../support/needs.ts";
import { PG_PASSWORD, POSTGRES, sharedServer } from "../../support/postgres.ts";
import { runHere } from "../../support/in_process.ts";
import {
  documentsOf,
  runIn,
  runProgram,
  variantsOf,
} from "../../support/program.ts";

const server = sharedServer();

const ADD = [
  "collector",
  "user",
  "add",
  "ada",
  "--team",
  "acme",
  "--password-stdin",
];

Deno.test(
  needing(
    [POSTGRES],
    "collector commands: the store as an option, in a file, in the environment -> the same users; no password is said",
    async () => {
      await using folder = await tempFolder();
      const url = await server.database(), file = `${folder.path}/url`;
      await Deno.writeTextFile(file, `${url}\n`);
      const stdin = "a long password\n";
      const added = await runProgram([...ADD, "--store", url], {}, { stdin });
      strictEqual(added.code, 0, added.stderr);
      match(added.stderr, /--store-file or SPEC_KITTY_STORE_URL is better/);
      strictEqual(added.stderr.split("is better").length - 1, 1);
      const again = await runHere([...ADD, "--store-file", file], {}, stdin);
      strictEqual(again.code, 65, again.stderr);
      const listed = await runProgram(["collector", "user", "list", "--json"], {
        SPEC_KITTY_STORE_URL: url,
      });
      strictEqual(documentsOf(listed.stdout)[0].name, "ada");
      const audited = await runHere(["collector", "audit", "--json"], {
        SPEC_KITTY_STORE_URL: url,
      });
      match(audited.stdout, /user_added/);
      const rebuilt = await runHere(["collector", "rebuild"], {
        SPEC_KITTY_STORE_URL: url,
      });
      strictEqual(rebuilt.code, 0, rebuilt.stderr);
      const quotas = await runHere(["collector", "quota", "list"], {
        SPEC_KITTY_STORE_URL: url,
      });
      strictEqual(quotas.code, 0, quotas.stderr);
      const backup = await runHere([
        "collector",
        "backup",
        `${folder.path}/b`,
      ], { SPEC_KITTY_STORE_URL: url });
      strictEqual(backup.code, 64);
      match(backup.stderr, /pg_dump/);
      for (
        const run of [added, again, listed, audited, rebuilt, quotas, backup]
      ) {
        ok(
          !run.stdout.includes(PG_PASSWORD) &&
            !run.stderr.includes(PG_PASSWORD),
        );
        ok(!run.stderr.includes(encodeURIComponent(PG_PASSWORD)));
      }
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "collector doctor: an empty store, a used one, none -> said, and nothing is made",
    async () => {
      await using folder = await tempFolder();
      const url = await server.database();
      const env = { SPEC_KITTY_STORE_URL: url };
      const run = runIn(folder.path, env), visit = variantsOf(run);
      const doctor = () => visit(["collector", "doctor"]);
      const empty = await doctor();
      match(empty.stdout, /not made yet/);
      match((await doctor()).stdout, /not made yet/);
      await run.here(ADD, { stdin: "a long password\n" });
      // The tests' servers do without.
      match((await doctor()).stdout, /fsync is off/);
      const none = await visit([
        "collector",
        "doctor",
        "--store",
        "postgres://a@127.0.0.1:1/x?connect_timeout=1",
      ]);
      strictEqual(none.code, 69, none.stdout);
    },
  ),
);

Deno.test("collector run: a URL that is wrong, two stores, a file without one -> said, with the part", async () => {
  await using folder = await tempFolder();
  const file = `${folder.path}/url`;
  await Deno.writeTextFile(file, "");
  const runOne = variantsOf(runIn(folder.path));
  const run = (...args: string[]) => runOne(["collector", "run", ...args]);
  const wrong = await run("--store", "postgres://ada:secret@db:5x/events");
  strictEqual(wrong.code, 78);
  match(wrong.stderr, /the port of the store's URL/);
  ok(!wrong.stderr.includes("secret"));
  strictEqual(
    (await run("--store", "postgres://a@b/c", "--store-file", file)).code,
    64,
  );
  strictEqual((await run("--store-file", file)).code, 78);
  strictEqual((await run("--store-file", `${file}-none`)).code, 64);
});
