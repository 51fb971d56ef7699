/** The collector as a process: restarts, kills, and who may share its folder. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { ADA, EVE, TestCollector } from "../support/collector.ts";
import { eventually } from "../support/eventually.ts";
import { eventOf } from "../support/events.ts";
import { runIn, runProgram, variantsOf } from "../support/program.ts";

/** Envelopes of the team `acme`. */
function envelopes(from: number, count: number) {
  return Array.from(
    { length: count },
    (_, i) => eventOf(from + i, { team: ADA.team }).envelope,
  );
}

Deno.test("collector run: SIGTERM and restart -> exit 143, all events there once, the session goes on", async () => {
  await using collector = await TestCollector.start();
  const { access, refresh } = await collector.logIn();
  const sent = envelopes(0, 300);
  strictEqual((await collector.send(access, sent)).status, 200);
  strictEqual(await collector.stop("SIGTERM"), 143);
  await collector.restart();
  const again = await collector.send(access, sent);
  deepStrictEqual(
    new Set(again.json.results.map((r: { status: string }) => r.status)),
    new Set(["duplicate"]),
  );
  deepStrictEqual(await collector.events(access), sent as unknown[]);
  const renewed = await collector.ask("/api/v1/token/refresh/", {
    json: { refresh },
  });
  strictEqual(renewed.status, 200);
  strictEqual(await collector.stop("SIGINT"), 130);
});

Deno.test("collector run: kill -9 in the middle of batches -> what was answered is there, nothing twice", async () => {
  await using collector = await TestCollector.start();
  const { access } = await collector.logIn();
  const answered = new Set<string>();
  let sending = true;
  const sender = async (start: number) => {
    for (let n = start; sending; n += 2 * 200) {
      try {
        const { json } = await collector.send(access, envelopes(n, 200));
        for (const { event_id } of json.results) answered.add(event_id);
      } catch {
        return;
      }
    }
  };
  const senders = [sender(0), sender(200)];
  while (answered.size < 2_000) await new Promise((r) => setTimeout(r, 5));
  strictEqual(await collector.stop("SIGKILL"), 137);
  sending = false;
  await Promise.all(senders);
  await collector.restart();
  const ids = (await collector.events(access)).map((e) => String(e.event_id));
  strictEqual(new Set(ids).size, ids.length);
  deepStrictEqual([...answered].filter((id) => !new Set(ids).has(id)), []);
  const fresh = envelopes(1_000_000, 1);
  const { json } = await collector.send(access, fresh);
  strictEqual(json.results[0].status, "accepted");
  deepStrictEqual((await collector.events(access)).at(-1), fresh[0]);
});

Deno.test("collector run: a second one in the folder -> refused with a hint; the first goes on", async () => {
  await using collector = await TestCollector.start();
  const { code, stdout } = await runProgram(
    ["collector", "run", "--listen", "127.0.0.1:0", "--json"],
    { SPEC_KITTY_HOME: collector.home },
  );
  strictEqual(code, 74);
  const { error } = JSON.parse(stdout);
  strictEqual(error.code, "collector_running");
  match(error.try, /--home/);
  strictEqual((await collector.ask("/healthz")).status, 200);
});

Deno.test("collector run: an address that is taken, or is none -> said", async () => {
  await using collector = await TestCollector.start([]);
  const runOne = variantsOf(runIn(collector.home));
  const run = (home: string, listen: string) =>
    runOne(["collector", "run", "--listen", listen], {
      env: { SPEC_KITTY_HOME: home },
    });
  const { host } = new URL(collector.url);
  const taken = await run(`${collector.home}-2`, host);
  strictEqual(taken.code, 69);
  match(taken.stderr, /--listen/);
  for (const listen of ["8787", "127.0.0.1", "127.0.0.1:99999", "a b:1"]) {
    strictEqual((await run(`${collector.home}-3`, listen)).code, 64, listen);
  }
});

Deno.test("collector user add: while the collector runs -> the user can log in at once", async () => {
  await using collector = await TestCollector.start([]);
  // Its log and its address come on two ways.
  await eventually(
    "it says so",
    () => collector.log.includes("nobody can log in yet"),
  );
  const run = runIn(collector.home), addOne = variantsOf(run);
  const add = (name: string, stdin: string, ...more: string[]) =>
    addOne(
      ["collector", "user", "add", name, "--team", "evil", ...more],
      { stdin },
    );
  const added = await add("eve", "pass-e\r\nmore\n", "--password-stdin");
  deepStrictEqual([added.code, added.stdout], [0, "eve evil\n"]);
  const { access, team_slug } = await collector.logIn(EVE);
  strictEqual(team_slug, "evil");

  strictEqual((await add("eve", "other", "--password-stdin")).code, 65);
  strictEqual((await add("ann", "")).code, 64);
  strictEqual((await add("ann", "", "--password-stdin")).code, 64);
  strictEqual((await add("a b", "pw", "--password-stdin")).code, 65);
  const replaced = await add("eve", "other", "--password-stdin", "--replace");
  strictEqual(replaced.code, 0);
  const login = (password: string) =>
    collector.ask("/api/v1/token/", { json: { username: "eve", password } });
  strictEqual((await login("pass-e")).status, 401);
  strictEqual((await login("other")).status, 200);
  await eventually(
    "refused",
    async () => (await collector.send(access, [])).status === 401,
  );

  const list = await run.here(["collector", "user", "list", "--json"]);
  const { name, team } = JSON.parse(list.stdout);
  deepStrictEqual([name, team], ["eve", "evil"]);
  ok(!list.stdout.includes("hash"));
});

Deno.test("collector user add: many at once -> none is lost", async () => {
  await using collector = await TestCollector.start([]);
  const names = Array.from({ length: 6 }, (_, i) => `user-${i}`);
  const runs = await Promise.all(names.map((name) =>
    runProgram(
      ["collector", "user", "add", name, "--team", "t", "--password-stdin"],
      { SPEC_KITTY_HOME: collector.home },
      { stdin: "pw" },
    )
  ));
  deepStrictEqual(runs.map(({ code }) => code), names.map(() => 0));
  const text = await Deno.readTextFile(
    `${collector.home}/collector/users.json`,
  );
  const { users } = JSON.parse(text);
  deepStrictEqual(
    users.map((user: { name: string }) => user.name).sort(),
    names,
  );
});

Deno.test("collector run: what lies on the disk, and the log -> for the owner only, no secrets", async () => {
  await using collector = await TestCollector.start();
  const { access, refresh } = await collector.logIn();
  const [event] = envelopes(0, 1);
  await collector.send(access, [event, { ...event, payload: "secret-text" }]);
  const open: string[] = [];
  const folder = `${collector.home}/collector`;
  for await (const { name } of Deno.readDir(folder)) {
    const { mode } = await Deno.lstat(`${folder}/${name}`);
    if (((mode ?? 0) & 0o077) !== 0) open.push(name);
  }
  if (Deno.build.os !== "windows") deepStrictEqual(open, []);
  await collector.stop();
  for (const word of [access, refresh, ADA.password, "secret-text"]) {
    ok(!collector.log.includes(word));
  }
  for (const line of collector.log.trim().split("\n")) JSON.parse(line);
  if (Deno.build.os === "windows") return;
  const mode = async (path: string) => {
    const { mode } = await Deno.stat(`${collector.home}/collector${path}`);
    return mode! & 0o777;
  };
  strictEqual(await mode(""), 0o700);
  strictEqual(await mode("/signing_keys.json"), 0o600);
  strictEqual(await mode("/users.json"), 0o600);
});
