/** Jobs that send events with a key in place of a login: real processes, and a real collector. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { stateOf, TestAgent } from "../support/agent.ts";
import { ADA, addKey, TestCollector } from "../support/collector.ts";
import { eventually } from "../support/eventually.ts";
import { type TempFolder, tempFolder } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import {
  documentsOf,
  runIn,
  runProgram,
  type RunResult,
  variantsOf,
} from "../support/program.ts";

const CI = { ...ADA, name: "lea" };

/** A collector with a user, and a job's home that has an event. */
async function jobAt(): Promise<
  AsyncDisposable & { collector: TestCollector; folder: TempFolder; env: Env }
> {
  const stack = new AsyncDisposableStack();
  const collector = stack.use(await TestCollector.start([CI]));
  const folder = stack.use(await tempFolder());
  const env = {
    SPEC_KITTY_HOME: `${folder.path}/home`,
    SPEC_KITTY_SERVER_URL: collector.url,
  };
  await emit(env);
  const dispose = () => stack.disposeAsync();
  return { collector, folder, env, [Symbol.asyncDispose]: dispose };
}

type Env = Record<string, string>;

async function emit(env: Env): Promise<void> {
  const words = ["emit", "history-added", "WP01", "note", "x"];
  strictEqual((await runHere(words, env)).code, 0);
}

async function stored(collector: TestCollector) {
  const { access } = await collector.logIn(CI);
  return await collector.events(access);
}

Deno.test("key: made by the command, in SPEC_KITTY_TOKEN -> sync now sends for the key's team; no word of it anywhere", async () => {
  await using job = await jobAt();
  const { collector, env } = job;
  const made = await runProgram(
    [
      "collector",
      "token",
      "create",
      "ci",
      "--team",
      CI.team,
      "--expires",
      "90d",
    ],
    { SPEC_KITTY_HOME: collector.home },
  );
  const key = made.stdout.trim();
  match(key, /^ske_[0-9a-f]{16}_[0-9a-f]{64}$/);
  const withKey = { ...env, SPEC_KITTY_TOKEN: key };
  const status = await runHere(["sync", "status", "--json"], withKey);
  const { authenticated, problem } = JSON.parse(status.stdout);
  deepStrictEqual([authenticated, problem], [true, null]);
  const sync = await runProgram(["sync", "now"], withKey);
  strictEqual(sync.code, 0, sync.stderr);
  const [event] = await stored(collector);
  strictEqual(event!.team_slug, CI.team);

  const all = [status, sync].map(({ stdout, stderr }) => stdout + stderr);
  const folder = `${collector.home}/collector`;
  const kept = await Deno.readTextFile(`${folder}/keys.json`);
  const audit = await Deno.readTextFile(`${folder}/audit.ndjson`);
  const secret = key.slice(-64);
  ok([...all, kept, audit, collector.log].every((t) => !t.includes(secret)));
  match(audit, /"what":"key_created","name":"ci","team":"acme"/);
  const list = await runHere(["collector", "token", "list", "--json"], {
    SPEC_KITTY_HOME: collector.home,
  });
  const [{ name, role, expires_at, ...rest }] = documentsOf(list.stdout);
  deepStrictEqual([name, role, "hash" in rest], ["ci", "writer", false]);
  ok(Math.abs(Date.parse(expires_at) - Date.now() - 90 * 864e5) < 36e5);
});

Deno.test("key: in a file, over the agent's WebSocket -> sent; another one in the file, and the first revoked -> it goes on; revoked too -> Offline until the file has a good one", async () => {
  await using job = await jobAt();
  const { collector, folder, env } = job;
  const path = `${folder.path}/key`;
  await Deno.writeTextFile(path, `${await addKey(collector.home)}\n`);
  await using agent = await TestAgent.connected(env.SPEC_KITTY_HOME!, {
    env: { ...env, SPEC_KITTY_TOKEN_FILE: path },
  });
  await eventually("sent", async () => (await stored(collector)).length === 1);
  const second = await addKey(collector.home, { name: "second" });
  await Deno.writeTextFile(path, second);
  const home = { SPEC_KITTY_HOME: collector.home };
  await runHere(["collector", "token", "revoke", "ci"], home);
  await eventually("closed", () => agent.log.includes("Reconnecting"));
  await agent.is("Connected");
  await emit(env);
  await eventually("sent", async () => (await stored(collector)).length === 2);
  await runHere(["collector", "token", "revoke", "second"], home);
  await agent.is("Offline");
  strictEqual((await stateOf(env.SPEC_KITTY_HOME!))?.state, "Offline");
  // A good key in the file brings it back, although there is nothing to send.
  await Deno.writeTextFile(path, await addKey(collector.home, { name: "c" }));
  await agent.is("Connected");
});

Deno.test("auth login --token-stdin: a key -> kept as the login, with the team that the server names; revoked -> told so, each time, and the queue kept", async () => {
  await using job = await jobAt();
  const { collector, env } = job;
  const key = await addKey(collector.home);
  const login = await runProgram(
    ["auth", "login", "--token-stdin", "--json"],
    env,
    { stdin: `${key}\n` },
  );
  strictEqual(login.code, 0, login.stderr);
  const { username, team_slug, authenticated } = JSON.parse(login.stdout);
  deepStrictEqual([username, team_slug, authenticated], ["ci", CI.team, true]);
  strictEqual((await runHere(["sync", "now"], env)).code, 0);
  strictEqual((await stored(collector)).length, 1);
  await emit(env);
  await runHere(["collector", "token", "revoke", "ci"], {
    SPEC_KITTY_HOME: collector.home,
  });
  // Within the time that is promised, a key may be good still.
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const refused = await runProgram(["sync", "now"], env);
  strictEqual(refused.code, 77, refused.stderr);
  for (const command of [["sync", "now"], ["auth", "status"]]) {
    const { stderr } = await runHere(command, env);
    match(stderr, /does not take the stored token[^]*login --token-stdin$/m);
  }
  const nobody = await runHere(["auth", "login"], env, "x\n");
  match(nobody.stderr, /who logs in\?/);
  const { stdout } = await runHere(["sync", "status", "--json"], env);
  strictEqual(JSON.parse(stdout).queued, 1);
  const again = await runHere(
    ["auth", "login", "--token-stdin"],
    { SPEC_KITTY_HOME: env.SPEC_KITTY_HOME! },
    await addKey(collector.home, { name: "again" }),
  );
  strictEqual(again.code, 0, again.stderr);
  const path = `${env.SPEC_KITTY_HOME}/credentials`;
  ok(!(await Deno.readTextFile(path)).includes("login ="));
});

Deno.test("key: unknown, of a viewer, cut off, in no file -> told what is wrong, and nothing is lost", async () => {
  await using job = await jobAt();
  const { collector, env } = job;
  const viewer = await addKey(collector.home, { role: "viewer" });
  const run = variantsOf(runIn(env.SPEC_KITTY_HOME!, env));
  const unknown = `ske_${"0".repeat(16)}_${"0".repeat(64)}`;
  for (
    const [more, code, words] of [
      [
        { SPEC_KITTY_TOKEN: unknown },
        77,
        /does not take the environment's token/,
      ],
      [{ SPEC_KITTY_TOKEN: viewer.slice(0, -1) }, 77, /does not take/],
      [{ SPEC_KITTY_TOKEN: "garbage" }, 77, /no token of a collector/],
      [{ SPEC_KITTY_TOKEN: "a b" }, 77, /SPEC_KITTY_TOKEN is not a token/],
      [{ SPEC_KITTY_TOKEN_FILE: "/nowhere" }, 77, /cannot read .*\/nowhere/],
      [{ SPEC_KITTY_TOKEN: viewer }, 77, /viewer may look, and not send/],
    ] as [Env, number, RegExp][]
  ) {
    const result = await run(["sync", "now"], { env: more });
    const text = JSON.stringify(more).slice(0, 60);
    match(result.stdout + result.stderr, words, text);
    strictEqual(result.code, code, `${text}: ${result.stderr}`);
    ok(!result.stderr.includes(viewer.slice(-60)));
  }
  const doctor = await runHere(["doctor"], {
    ...env,
    SPEC_KITTY_TOKEN: viewer,
  });
  match(doctor.stdout, /1 event waits: [^]*viewer may look, and not\s+send/);
  const looking = await runHere(
    ["auth", "login", "--token-stdin"],
    env,
    viewer,
  );
  match(looking.stderr, /may look, and not send/);
  ok(!looking.stderr.includes("sync now"), looking.stderr);
  const login = await runProgram(["auth", "login", "--token-stdin"], env, {
    stdin: unknown,
  });
  strictEqual(login.code, 77);
  match(login.stderr, /does not take this token/);
  strictEqual((await stored(collector)).length, 0);
});

Deno.test("auth login: too many wrong passwords -> says how long to wait", async () => {
  await using job = await jobAt();
  const { env } = job;
  const run = variantsOf(runIn(env.SPEC_KITTY_HOME!, env));
  const logIn = (stdin: string) =>
    run(["auth", "login", "--username", CI.name, "--json"], { stdin });
  let { code, stdout } = await logIn("wrong 0");
  for (let n = 1; n < 12 && code === 77; n++) {
    ({ code, stdout } = await logIn(`wrong ${n}`));
  }
  strictEqual(code, 69, stdout);
  const { error } = JSON.parse(stdout);
  strictEqual(error.code, "too_many_logins");
  match(error.message, /too many tries/);
  match(error.try, /^wait \d+ s, and log in with the same password$/);
});

Deno.test("doctor, auth status, sync status: with a key in a file -> as the server last said of it: confirmed with its team, then refused (77), and of another key nothing", async () => {
  await using job = await jobAt();
  const { collector, folder, env } = job;
  const path = `${folder.path}/key`;
  const withKey = { ...env, SPEC_KITTY_TOKEN_FILE: path };
  await Deno.writeTextFile(path, await addKey(collector.home));
  const ask = async (
    runOne: (words: string[], env: Env) => Promise<RunResult> = runHere,
  ) => {
    const run = (...words: string[]) => runOne([...words, "--json"], withKey);
    const status = await run("auth", "status");
    const sync = await run("sync", "status");
    const doctor = await run("doctor");
    const { checks } = JSON.parse(doctor.stdout);
    const login = checks.find(({ name }: { name: string }) => name === "login");
    const [one, two] = [status, sync].map(({ stdout }) => JSON.parse(stdout));
    const teams = [one.team_slug, two.team_slug];
    deepStrictEqual(
      [two.authenticated, two.evidence],
      [one.authenticated, one.evidence],
    );
    return {
      codes: [status.code, sync.code, doctor.code],
      authenticated: one.authenticated,
      evidence: one.evidence as string,
      teams,
      login,
      problem: two.problem,
    };
  };
  match((await ask()).evidence, /not checked yet/);
  strictEqual((await runHere(["sync", "now"], withKey)).code, 0);
  const confirmed = await ask();
  deepStrictEqual(confirmed.codes, [0, 0, 0]);
  deepStrictEqual(confirmed.teams, [CI.team, CI.team]);
  match(confirmed.evidence, /last confirmed by http/);

  await emit(env);
  await runHere(["collector", "token", "revoke", "ci"], {
    SPEC_KITTY_HOME: collector.home,
  });
  await eventually(
    "refused",
    async () => (await runHere(["sync", "now"], withKey)).code === 77,
  );
  const refused = await ask(runProgram);
  deepStrictEqual(refused.codes, [77, 77, 77]);
  strictEqual(refused.authenticated, false);
  match(refused.evidence, /refused by http/);
  strictEqual(refused.login.status, "problem");
  match(refused.login.found, /does not take the environment's token/);
  match(refused.problem, /does not take the environment's token/);

  await Deno.writeTextFile(path, await addKey(collector.home, { name: "b" }));
  const other = await ask();
  deepStrictEqual(other.codes.slice(0, 2), [0, 0]);
  match(other.evidence, /not checked yet/);
});
