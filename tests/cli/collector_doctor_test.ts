/** `collector doctor`: what it finds on real collectors and folders. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { settingsOf } from "../../lib/collector/engine.ts";
import { machine } from "../../lib/base/world.ts";
import { collectorFolder } from "../../lib/collector/folder.ts";
import type { Collecting } from "../../lib/collector/presence.ts";
import { ADA, addKey, addUsers, TestCollector } from "../support/collector.ts";
import { eventOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { tempHome } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { needing } from "../support/needs.ts";
import {
  databaseOf,
  PG_PASSWORD,
  PgServer,
  POSTGRES,
} from "../support/postgres.ts";
import { runProgram, type RunResult } from "../support/program.ts";
import { TestWorld } from "../support/world.ts";

interface Seen {
  readonly code: number;
  readonly ok: boolean;
  readonly text: string;
  readonly not_checked: readonly string[];
  /** Status, then what was found. */
  of(name: string): string;
}

const WORDS = ["collector", "doctor", "--json"];

/** What it sees as a process of its own. */
async function seenThere(
  home: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Seen> {
  return read(await runProgram(WORDS, { SPEC_KITTY_HOME: home, ...env }));
}

async function seen(
  home: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Seen> {
  return read(await runHere(WORDS, { SPEC_KITTY_HOME: home, ...env }));
}

function read({ code, stdout }: RunResult): Seen {
  const { checks, ...rest } = JSON.parse(stdout);
  return {
    ...rest,
    code,
    text: stdout,
    of(name) {
      const check = checks.find((check: { name: string }) =>
        check.name === name
      );
      ok(check, `no check ${name}`);
      return `${check.status}: ${check.found}`;
    },
  };
}

/** A collector that tells of itself and is none. */
async function tell(home: string, told: Partial<Collecting>): Promise<void> {
  const { settings } = settingsOf(collectorFolder(home), new TestWorld());
  const name = told.name ?? "other";
  const now = new Date().toISOString();
  const value = {
    name,
    url: "http://127.0.0.1:1",
    host: "elsewhere",
    version: "9.9.9",
    started_at: now,
    seen_at: now,
    certificate_ends_at: null,
    ...told,
  };
  const before = await settings.get("collectors", name);
  strictEqual(await settings.replace("collectors", name, before, value), true);
}

Deno.test("collector doctor: no collector has ever run -> 78, and the rest is left out", async () => {
  await using home = await tempHome();
  const { code, of, not_checked } = await seenThere(home.path);
  strictEqual(code, 78);
  match(of("folder"), /^problem: .*is not there/);
  ok(not_checked.includes("collectors"));
});

Deno.test("collector doctor: one that runs, then one that has ended -> all is well, and it changes nothing", async () => {
  await using server = await TestCollector.start([ADA]);
  const running = await seenThere(server.home);
  strictEqual(running.code, 0);
  match(running.of("store"), /^ok: .*in use by a collector$/);
  match(running.of("users"), /^ok: 1 user of 1 team$/);
  strictEqual(
    running.of("collectors").split(",")[0],
    `ok: ${server.url}`,
  );
  match(running.of("certificates"), /^ok: none: plain HTTP/);
  strictEqual(running.of("clocks"), "ok: the same time as here");
  await server.stop("SIGKILL");
  const killed = await seenThere(server.home);
  strictEqual(killed.code, 0);
  match(killed.of("store"), /^ok: .*sound; no collector runs$/);
  match(killed.of("collectors"), /^warning: http.* does not answer here/);
  await server.restart();
  strictEqual(await server.stop("SIGTERM"), 143);
  const ended = await seenThere(server.home);
  // The one that was killed is still spoken of.
  match(ended.of("store"), /no collector runs$/);
});

Deno.test("collector doctor: others that are mute, old, or whose certificate runs out -> said of each", async () => {
  await using server = await TestCollector.start([]);
  const day = 24 * 60 * 60 * 1000,
    at = (ms: number) => new Date(Date.now() + ms).toISOString();
  match((await seen(server.home)).of("users"), /^warning: nobody can log in$/);
  await tell(server.home, { certificate_ends_at: at(20 * day) });
  const mute = await seen(server.home);
  strictEqual(mute.code, 0);
  match(mute.of("collectors"), /^warning: http:\/\/127.* does not answer here/);
  match(mute.of("certificates"), /^ok: that of .* is good for 20 days$/);
  await tell(server.home, {
    seen_at: at(-10 * 60_000),
    certificate_ends_at: at(3 * day),
  });
  const gone = await seen(server.home);
  match(gone.of("collectors"), /^warning: .* did not end by itself/);
  match(gone.of("certificates"), /^warning: .*good for 3 days$/);
  await tell(server.home, { certificate_ends_at: at(-2 * day) });
  const over = await seen(server.home);
  match(over.of("certificates"), /^problem: .*ran out 2 days ago$/);
  strictEqual(over.code, 69);
  const { port } = new URL(server.url);
  await tell(server.home, {
    url: `http://0.0.0.0:${port}`,
    host: Deno.hostname(),
  });
  match((await seen(server.home)).of("collectors"), /^warning: versions /);
  await tell(server.home, { url: server.url });
  match((await seen(server.home)).of("collectors"), /^warning: versions /);
});

Deno.test("collector doctor: a folder open to others, damaged events -> said, and what to do", async () => {
  await using server = await TestCollector.start([ADA]);
  const folder = collectorFolder(server.home);
  await server.stop("SIGKILL");
  await Deno.writeTextFile(`${folder}/events.kv`, "garbage".repeat(1_000));
  await Deno.remove(`${folder}/events.kv-wal`).catch(() => {});
  if (Deno.build.os !== "windows") {
    await Deno.chmod(folder, 0o755);
    match((await seen(server.home)).of("folder"), /^warning: .*open to other/);
    await Deno.chmod(folder, 0o700);
  }
  const damaged = await seen(server.home);
  strictEqual(damaged.code, 78);
  match(damaged.of("store"), /^problem: .*events\.kv is damaged/);
  deepStrictEqual(damaged.not_checked.includes("users"), true);
});

Deno.test("collector doctor: users of more teams than one -> counted", async () => {
  await using home = await tempHome();
  await addUsers(home.path);
  match((await seen(home.path)).of("users"), /^ok: 3 users of 2 teams$/);
});

Deno.test("collector doctor: a sink that nobody answers for -> said, with what waits", async () => {
  await using server = await TestCollector.start([ADA]);
  match((await seen(server.home)).of("sinks"), /^ok: none$/);
  const words = ["lake", "http://127.0.0.1:9/in", "--team", ADA.team];
  const { code } = await runHere(
    ["collector", "sink", "add", ...words, "--from-start"],
    { SPEC_KITTY_HOME: server.home },
  );
  strictEqual(code, 0);
  match((await seen(server.home)).of("sinks"), /^ok: lake: 0 wait$/);
  const { access } = await server.logIn();
  await server.send(access, [eventOf(1, { team: ADA.team }).envelope]);
  await eventually(
    "a warning",
    async () =>
      /^warning: lake has taken nothing for .*, and 1 events? wait/
        .test((await seen(server.home)).of("sinks")),
  );
});

Deno.test(needing(
  [POSTGRES],
  "collector doctor: a store that is empty, used, a standby, of somebody else, away -> said of each, and nothing is made",
  async () => {
    await using server = await PgServer.start();
    const url = await server.database();
    await using home = await tempHome();
    const look = (store: string, see = seen) =>
      see(home.path, { SPEC_KITTY_STORE_URL: store });
    const empty = await look(url, seenThere);
    match(
      empty.of("store"),
      /^(ok|warning): .*: PostgreSQL \d+.*answered after/,
    );
    match(empty.of("schema"), /^ok: not made yet/);
    match(empty.of("users"), /^ok: not known$/);
    strictEqual(empty.code, 0);
    strictEqual((await look(url)).of("schema"), empty.of("schema"));

    const { code } = await runHere(
      ["collector", "user", "add", "ada", "--team", "acme"],
      { SPEC_KITTY_STORE_URL: url },
      "a long password\n",
    );
    strictEqual(code, 0);
    const used = await look(url);
    match(used.of("schema"), /^ok: layout \d+$/);
    match(used.of("users"), /^ok: 1 user of 1 team$/);
    match(used.of("connections"), /^ok: \d+ of 60 are in use$/);
    strictEqual(used.of("store_clock"), "ok: the same time as here");
    strictEqual(used.of("sinks"), "ok: none");

    const closed = "set default_transaction_read_only = on";
    await server.ask(`alter database ${databaseOf(url)} ${closed}`);
    const readOnly = await look(url);
    match(readOnly.of("store"), /^problem: .*takes no changes/);
    strictEqual(readOnly.code, 69);
    ok(readOnly.not_checked.includes("users"));

    const other = await server.database();
    await server.ask("create schema kitty_events", databaseOf(other));
    match((await look(other)).of("store"), /^problem: .*not made by a coll/);
    const wrong = await look(url.replace(/:\d+\//, ":1/"), seenThere);
    match(wrong.of("store"), /^problem: cannot use postgres/);
    ok(!wrong.text.includes(PG_PASSWORD.slice(0, 6)));
    deepStrictEqual(wrong.code, 69);
  },
));
Deno.test("collector doctor: keys of jobs that run out -> named in time, with what to do", async () => {
  await using home = await tempHome();
  await addUsers(home.path, [ADA]);
  match((await seen(home.path)).of("keys"), /^ok: 0 tokens$/);
  const day = 24 * 60 * 60 * 1000, world = machine();
  await addKey(home.path, { name: "a" }, world);
  await addKey(home.path, { name: "b", lifetimeMs: 20 * day }, world);
  match((await seen(home.path)).of("keys"), /^ok: 2 tokens$/);
  await addKey(home.path, { name: "c", lifetimeMs: 3 * day }, world);
  await addKey(home.path, { name: "d", lifetimeMs: 1 }, world);
  match(
    (await seen(home.path)).of("keys"),
    /^warning: c of acme runs out on [\d-]+; d of acme ran out on [\d-]+$/,
  );
});
