/** Noticing what other processes do in a home. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { watchHome } from "../../lib/delivery/watch.ts";
import { hurryPath } from "../../lib/route/agent_file.ts";
import { eventually } from "../support/eventually.ts";
import { tempFolder } from "../support/home.ts";

/** Watches a folder during `work`, and counts what was noticed. */
async function withWatch(
  work: (
    home: string,
    noticed: { append: number; hurry: number; login: number },
  ) => Promise<void>,
  prepare: (home: string) => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  await using folder = await tempFolder();
  await prepare(folder.path);
  const over = new AbortController();
  const noticed = { append: 0, hurry: 0, login: 0 };
  await watchHome(folder.path, {
    onAppend: () => noticed.append += 1,
    onHurry: () => noticed.hurry += 1,
    onLogin: () => Promise.resolve(void (noticed.login += 1)),
  }, over.signal);
  try {
    await eventually("it watches", async () => {
      await replace(`${folder.path}/config.toml`, "x");
      return noticed.login > 0;
    });
    noticed.login = 0;
    await work(folder.path, noticed);
  } finally {
    over.abort();
    // Whatever was being looked at may be looked at to its end.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Replaces a file as this program does. */
async function replace(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(`${path}.tmp`, text);
  await Deno.rename(`${path}.tmp`, path);
}

/** What happens in a home, and what it means. */
const CHANGES: readonly [
  string,
  "append" | "hurry" | "login",
  (home: string) => Promise<unknown>,
][] = [
  [
    "the clock is replaced",
    "append",
    (home) => replace(`${home}/clock.json`, "{}"),
  ],
  [
    "an emit waits for the server",
    "hurry",
    async (home) => {
      // The watch makes it.
      await eventually(
        "it is there",
        () => Deno.stat(hurryPath(home)).then(() => true, () => false),
      );
      const now = new Date();
      await Deno.utime(hurryPath(home), now, now);
    },
  ],
  [
    "a draft is renamed into the spool",
    "append",
    (home) => replace(`${home}/spool/a.json`, "{}"),
  ],
  [
    "a draft is written in place",
    "append",
    (home) => Deno.writeTextFile(`${home}/spool/b.json`, "{}"),
  ],
  [
    "the credentials are replaced",
    "login",
    (home) => replace(`${home}/credentials`, "x"),
  ],
  [
    "the credentials are removed",
    "login",
    (home) => Deno.remove(`${home}/credentials`),
  ],
  [
    "the settings are written",
    "login",
    (home) => Deno.writeTextFile(`${home}/config.toml`, "x"),
  ],
  [
    "the settings are removed",
    "login",
    (home) => Deno.remove(`${home}/config.toml`),
  ],
];

Deno.test("watchHome: each change -> noticed as what it is", () =>
  withWatch(async (home, noticed) => {
    for (const [name, kind, change] of CHANGES) {
      const before = noticed[kind];
      await change(home);
      await eventually(name, () => noticed[kind] > before);
    }
  }));

Deno.test("watchHome: files that mean nothing -> nothing is noticed", () =>
  withWatch(
    async (home, noticed) => {
      for (const name of ["events.kv", "clock.lock", "agent.json", "x.json"]) {
        await Deno.writeTextFile(`${home}/${name}`, "x");
      }
      await Deno.writeTextFile(`${home}/other/credentials`, "x");
      // The change that comes last is told last.
      await replace(`${home}/credentials`, "x");
      await eventually("the last change", () => noticed.login > 0);
      await Deno.remove(`${home}/credentials`);
      await eventually("its end", () => noticed.login > 1);
      strictEqual(noticed.append, 0);
    },
    async (home) => {
      await Deno.mkdir(`${home}/other`);
      await Deno.mkdir(`${home}/spool`);
    },
  ));

Deno.test("watchHome: the system cannot tell of changes -> a look finds them", () =>
  withWatch(
    async (home, noticed) => {
      await replace(`${home}/credentials`, "y");
      await eventually("the login", () => noticed.login > 0);
      await replace(`${home}/clock.json`, "{}");
      await eventually("the clock", () => noticed.append > 0);
    },
    // No folder, so that watching it fails.
    (home) => Deno.writeTextFile(`${home}/spool`, ""),
  ));

Deno.test("watchHome: it is over -> nothing is noticed any more", async () => {
  await using folder = await tempFolder();
  const over = new AbortController();
  const noticed: string[] = [];
  await watchHome(folder.path, {
    onAppend: () => noticed.push("append"),
    onHurry: () => {},
    onLogin: () => Promise.resolve(void noticed.push("login")),
  }, over.signal);
  await eventually("it watches", async () => {
    await replace(`${folder.path}/credentials`, "x");
    return noticed.length > 0;
  });
  over.abort();
  noticed.length = 0;
  await replace(`${folder.path}/credentials`, "y");
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  deepStrictEqual(noticed, []);
});
