/** The doctor: real troubles, each told apart, and nothing changed. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { agentLockPath } from "../../lib/route/agent_file.ts";
import { holdCredentials } from "../../lib/login/credentials.ts";
import { VARIABLES } from "../../lib/base/variables.ts";
import { newAuthority } from "../support/authority.ts";
import { NOBODY, placeForOthers } from "../support/child.ts";
import {
  type RunHere,
  runProgram,
  variantsOf,
  withProgram,
} from "../support/program.ts";
import {
  farDeadline,
  inHome as underLock,
  namesIn,
  tempFolder,
} from "../support/home.ts";
import { fillDisk, HOLD_LOCK, holder, smallDisk } from "../support/trouble.ts";
import { MOUNT, needing, OPENSSL, SUPERUSER } from "../support/needs.ts";

/** What the doctor says of one thing. */
interface Told {
  readonly name: string;
  readonly status: "ok" | "warning" | "problem";
  readonly found: string;
  readonly try?: string;
}

/** All that the doctor says. */
interface Visit {
  readonly code: number;
  readonly ok: boolean;
  of(name: string): Told;
  /** Names of what is not well. */
  readonly ill: readonly string[];
  /** Names of what was left out. */
  readonly notChecked: readonly string[];
  readonly text: string;
}

function read(
  { code, stdout, stderr }: { code: number; stdout: string; stderr: string },
): Visit {
  strictEqual(stderr, "");
  const { ok: isOk, checks, not_checked, ...more } = JSON.parse(stdout) as {
    ok: boolean;
    checks: Told[];
    not_checked: string[];
  };
  deepStrictEqual(more, {});
  const named = [...checks.map(({ name }) => name), ...not_checked];
  deepStrictEqual(named.toSorted(), CHECKS.toSorted());
  for (const check of checks) {
    strictEqual(check.try !== undefined, check.status !== "ok", check.name);
  }
  strictEqual(isOk, code === 0);
  return {
    code,
    ok: isOk,
    of: (name) => checks.find((check) => check.name === name)!,
    // A test's home may lie on a file system that is thrown away.
    // A disk that others keep busy is slow, and rightly said to be.
    ill: checks.filter(({ status, found }) =>
      status !== "ok" && !/^one fsync took/.test(found)
    )
      .map(({ name }) => name).filter((name) => name !== "file_system"),
    notChecked: not_checked,
    text: stdout,
  };
}

async function visit(
  run: RunHere,
  env: Record<string, string> = {},
): Promise<Visit> {
  return read(await run(["doctor", "--json"], { env }));
}

async function record(run: RunHere, count = 1): Promise<void> {
  const draft = JSON.stringify({
    event_type: "HistoryAdded",
    payload: { wp_id: "WP01", entry_type: "note", entry_content: "x" },
  });
  const stdin = `${draft}\n`.repeat(count);
  strictEqual((await run(["emit", "--stdin"], { stdin })).code, 0);
}

/** Names, sizes, modes and times of all files in a folder, less what SQLite's readers touch. */
async function snapshot(path: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const name of await namesIn(path)) {
    if (name.endsWith("-shm")) continue;
    const file = `${path}/${name}`;
    const { isDirectory, size, mode, mtime } = await Deno.lstat(file);
    found[name] = isDirectory
      ? await snapshot(file)
      : [size, mode, mtime?.getTime()];
  }
  return found;
}

const CHECKS = [
  ...["home", "permissions", "file_system", "room", "sync", "lock", "clock"],
  ...["queue", "capacity", "set_aside", "spool", "config", "environment"],
  ...["certificates", "login", "server", "server_clock"],
  ...["server_tls", "agent"],
];

Deno.test("doctor: no home yet -> all is well, and none is made", () =>
  withProgram(async (run, home) => {
    const { code, ill, of, text, notChecked } = await visit(run);
    strictEqual(code, 0);
    deepStrictEqual([ill, notChecked], [[], []]);
    deepStrictEqual(
      JSON.parse(text).checks.map(({ name }: Told) => name),
      CHECKS,
    );
    match(of("home").found, /not there yet/);
    strictEqual(await Deno.stat(home).catch(() => undefined), undefined);
  }));

Deno.test("doctor: a home in use -> all is well; for people a line each, and nothing is changed", () =>
  withProgram(async (run, home) => {
    await record(run, 3);
    await Deno.mkdir(`${home}/spool`, { mode: 0o700 });
    await Deno.writeTextFile(`${home}/spool/a.json`, "{}", { mode: 0o600 });
    const before = await snapshot(home);
    const { code, ill, of } = await visit(run);
    deepStrictEqual([code, ill], [0, []]);
    match(of("capacity").found, /^3 queued, 0 dead letters/);
    match(of("clock").found, /^3, node /);
    match(of("spool").found, /^1 waiting/);
    const { code: again, stdout, stderr } = await run(["doctor"]);
    strictEqual(again, 0);
    for (const name of CHECKS) {
      match(stdout, new RegExp(`^(ok|warning) +${name} `, "m"));
    }
    match(stderr, /^0 problems, \d warnings?\n$/);
    deepStrictEqual(await snapshot(home), before);
  }));

Deno.test(needing(
  [SUPERUSER],
  "doctor: a home of somebody else -> home 74, the rest is told nevertheless",
  async () => {
    await using folder = await tempFolder();
    await placeForOthers(folder.path);
    const home = `${folder.path}/home`;
    await Deno.mkdir(home, { mode: 0o755 });
    const visited = read(
      await runProgram(["doctor", "--json"], { SPEC_KITTY_HOME: home }, {
        uid: NOBODY,
        place: folder.path,
      }),
    );
    strictEqual(visited.code, 74);
    match(visited.of("home").found, /cannot be written/);
    match(visited.of("permissions").try!, /chown/);
    deepStrictEqual(visited.notChecked, ["sync"]);
    strictEqual(visited.of("clock").status, "ok");
    strictEqual(visited.of("login").status, "ok");
  },
));

/** What can be said of a home that nobody can look into. */
const OUTSIDE = ["home", "file_system", "room", "environment"];

Deno.test("doctor: the home is a file, lies below one, links to nowhere -> 74, the cause said once, the rest left out", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await Deno.writeTextFile(home, "");
    await Deno.symlink(`${home}.nowhere`, `${home}.link`);
    for (
      const [path, found] of [
        [home, /is not a folder$/],
        [`${home}/below`, /cannot be looked into: Not a directory/],
        [`${home}.link`, /cannot be looked into: /],
      ] as const
    ) {
      const env = { SPEC_KITTY_HOME: path };
      const visited = await visit(variant, env);
      deepStrictEqual([visited.code, visited.ill], [74, ["home"]], path);
      match(visited.of("home").found, found);
      deepStrictEqual(
        visited.notChecked,
        CHECKS.filter((name) => !OUTSIDE.includes(name)),
      );
      const { stdout, stderr } = await run.here(["doctor", "--quiet"], { env });
      strictEqual(stderr, "");
      strictEqual(stdout.match(/^problem/gm)?.length, 1, stdout);
      match(stdout, /^not checked: +permissions, sync, lock, [^]*agent\n$/m);
      for (const line of stdout.split("\n")) {
        ok(line.includes(path) || line.length <= 80, line);
      }
    }
    const free = "http://127.0.0.1:1";
    const visited = await visit(variant, { SPEC_KITTY_SERVER_URL: free });
    ok(!visited.notChecked.includes("server"));
    strictEqual(visited.of("server").status, "problem");
    await Deno.remove(`${home}.link`);
  }));

Deno.test(needing(
  [SUPERUSER],
  "doctor: a home that this user may not list, or not enter -> 74, the cause said once",
  async () => {
    await using folder = await tempFolder();
    await placeForOthers(folder.path);
    const home = `${folder.path}/home`;
    await Deno.mkdir(home);
    for (const mode of [0o700, 0o744, 0o711]) {
      await Deno.chmod(home, mode);
      const { code, ill, of } = read(
        await runProgram(["doctor", "--json"], { SPEC_KITTY_HOME: home }, {
          uid: NOBODY,
          place: folder.path,
        }),
      );
      deepStrictEqual([code, ill], [74, ["home"]], mode.toString(8));
      match(of("home").found, /cannot be looked into: Permission denied/);
    }
  },
));

Deno.test("doctor: a home and secrets that others may read -> a warning with the command", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await record(run.here);
    await Deno.chmod(home, 0o755);
    const { code, of } = await visit(variant);
    strictEqual(code, 0);
    strictEqual(of("permissions").try, `chmod 700 ${home}`);
    await Deno.writeTextFile(`${home}/agent.token`, "x");
    await Deno.chmod(`${home}/agent.token`, 0o644);
    strictEqual(
      (await visit(variant)).of("permissions").try,
      `chmod 600 ${home}/agent.token`,
    );
  }));

Deno.test("doctor: a damaged clock -> 74, left as it is; an old copy, one from afar, a lost one -> warnings", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await record(run.here, 5);
    const path = `${home}/clock.json`;
    const state = JSON.parse(await Deno.readTextFile(path));
    const seen = async (text: string) => {
      await Deno.writeTextFile(path, text);
      const { code, of } = await visit(variant);
      strictEqual(await Deno.readTextFile(path), text);
      return [code, of("clock").status, of("clock").found] as const;
    };
    for (const damaged of ["", "{", '{"value": -1}', '{"value": "5"}']) {
      deepStrictEqual((await seen(damaged)).slice(0, 2), [74, "problem"]);
    }
    const json = (changes: object) => JSON.stringify({ ...state, ...changes });
    const [code, status, found] = await seen(json({ value: 2 }));
    deepStrictEqual([code, status], [0, "warning"]);
    match(found, /says 2, but 5 was used/);
    match((await seen(json({ value: 2 ** 45 })))[2], /far more than/);
    const later = new Date(Date.now() + 1e10).toISOString();
    match((await seen(json({ updated_at: later })))[2], /116 days from now/);
    match((await seen(json({ node_id: "0123456789ab" })))[2], /0123456789ab/);
    await Deno.writeTextFile(`${home}/queue.db`, "");
    match((await seen(json({})))[2], /Python command line.*repeat a value/);
    await Deno.remove(path);
    match((await visit(variant)).of("clock").found, /is gone.*5/);
  }));

Deno.test("doctor: a damaged queue -> 74, not set aside; what was set aside -> a warning with the way back", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await record(run, 500);
    await run(["queue", "compact"]);
    {
      using file = await Deno.open(`${home}/events.kv`, { write: true });
      await file.write(new TextEncoder().encode("no database any more"));
    }
    const { code, of } = await visit(variant);
    strictEqual(code, 74);
    strictEqual(of("queue").status, "problem");
    match(of("queue").found, /^events\.kv is damaged: /);
    match(of("capacity").found, /not known/);
    ok(!(await namesIn(home)).some((name) => name.startsWith("damaged-")));
    await record(run.here);
    const after = await visit(variant);
    strictEqual(after.code, 0);
    match(after.of("set_aside").try!, /queue import --from \/.*damaged-/);
  }));

Deno.test("doctor: a queue that is full, or nearly, or has dead letters -> 75, warnings", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await record(run.here, 9);
    const max = (n: number) => ({ SPEC_KITTY_MAX_QUEUE_SIZE: String(n) });
    const full = await visit(variant, max(9));
    deepStrictEqual([full.code, full.of("capacity").status], [75, "problem"]);
    const nearly = await visit(variant, max(10));
    deepStrictEqual([nearly.code, nearly.ill], [0, ["capacity"]]);
    strictEqual((await visit(variant, max(100))).of("capacity").status, "ok");
    await underLock(home, async ({ queue }) => {
      const [first] = await queue.peek(1);
      await queue.deadLetter([first!.event.event_id], {
        reason: "refused",
        nowMs: 0,
      });
    });
    match((await visit(variant)).of("capacity").try!, /queue dead list/);
  }));

Deno.test(needing(
  [MOUNT],
  "doctor: a full disk -> home and room 74, and an end",
  async () => {
    await using disk = await smallDisk(4_096);
    const env = { SPEC_KITTY_HOME: `${disk.path}/home` };
    await runProgram(["emit", "history-added", "WP01", "note", "x"], env);
    await fillDisk(`${disk.path}/filler`, 0);
    const { code, of, notChecked } = read(
      await runProgram(["doctor", "--json"], env),
    );
    strictEqual(code, 74);
    strictEqual(of("home").status, "problem");
    match(of("room").found, /^0 bytes free$/);
    // It writes as well, so it would only say the same again.
    deepStrictEqual(notChecked, ["sync"]);
    // Such a disk is gone with its machine.
    match(of("file_system").found, /^tmpfs, gone with/);
    const fixed = await runProgram(["doctor", "--json"], {
      ...env,
      SPEC_KITTY_NODE_ID: "box-7",
    });
    strictEqual(read(fixed).of("file_system").status, "ok");
  },
));

Deno.test("doctor: the lock held by another process -> 74 with its id, after a second; a dead holder -> a warning", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await record(run.here);
    {
      await using held = await holder(HOLD_LOCK, [home]);
      const { code, of } = await visit(variant);
      strictEqual(code, 74);
      match(of("lock").found, /^held for more than a second by /);
      if (Deno.build.os === "linux") {
        ok(of("lock").found.includes(`process ${held.child.pid} (deno`));
      }
      strictEqual(of("queue").status, "ok");
    }
    await Deno.writeTextFile(`${home}/clock.lock`, `${"held".padEnd(63)}\n`);
    const { code, of } = await visit(variant);
    deepStrictEqual([code, of("lock").status], [0, "warning"]);
  }));

Deno.test("doctor: config.toml: no TOML, no value -> 78; unknown keys -> a warning with a near miss", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await record(run.here);
    const seen = async (text: string) => {
      await Deno.writeTextFile(`${home}/config.toml`, text);
      return await visit(variant);
    };
    const broken = await seen('[sync]\nserver_url = "secret');
    deepStrictEqual([broken.code, broken.ill], [78, ["config"]]);
    match(broken.of("config").found, /not valid TOML in line 2/);
    ok(!broken.text.includes("secret"));
    const wrong = await seen("[sync]\nmax_queue_size = -5");
    deepStrictEqual([wrong.code, wrong.of("config").status], [78, "problem"]);
    for (
      const [text, name, meant] of [
        ['[sync]\nserver_ulr = "x"', "sync.server_ulr", "sync.server_url"],
        ['timeout = "2s"', "timeout", "emit.timeout"],
        ['[emit]\nteam_slug = "x"', "emit.team_slug", "sync.team_slug"],
      ]
    ) {
      const { code, of } = await seen(text!);
      deepStrictEqual([code, of("config").status], [0, "warning"], text ?? "");
      ok(of("config").found.includes(name!), of("config").found);
      strictEqual(of("config").try, `did you mean ${meant}?`);
    }
    strictEqual(
      (await seen('[emit]\ntimeout = "3s"')).of("config").status,
      "ok",
    );
    const settings = await Deno.readTextFile(
      new URL("../../docs/settings.md", import.meta.url),
    );
    const documented = [...settings.matchAll(/`\[(\w+)\] (\w+)`/g)];
    ok(documented.length > 9);
    const values: Readonly<Record<string, string>> = {
      max_queue_size: "9",
      max_queue_bytes: "9000",
      paths: "[]",
      timeout: '"2s"',
      gather: '"2s"',
      insecure_http: "true",
      sink_format: '"batch"',
    };
    const tables = Map.groupBy(documented, ([, table]) => table!);
    const lines = [...tables].flatMap(([table, keys]) => [
      `[${table}]`,
      ...new Set(keys.map(([, , key]) => `${key} = ${values[key!] ?? '"x"'}`)),
    ]);
    const { found } = (await seen(lines.join("\n"))).of("config");
    strictEqual(found, "config.toml is used");
  }));

Deno.test("doctor: the environment -> what it sets, what is mistyped, what switches off", () =>
  withProgram(async (run) => {
    await record(run.here);
    match(
      (await visit(run)).of("environment").found,
      /^sets SPEC_KITTY_HOME$/,
    );
    const secrets = VARIABLES.filter(({ isSecret }) => isSecret);
    ok(secrets.length > 0);
    const set = await visit(
      run,
      Object.fromEntries(secrets.map(({ name }) => [name, "s3cret"])),
    );
    for (const { name } of secrets) {
      ok(set.of("environment").found.includes(name), name);
    }
    ok(!set.text.includes("s3cret"));
    const off = await visit(run, { SPEC_KITTY_DISABLED: "1" });
    deepStrictEqual([off.code, off.of("environment").status], [0, "warning"]);
    if (Deno.build.os !== "linux") return;
    const typo = await visit(run, { SPEC_KITTY_SERVERURL: "x" });
    strictEqual(
      typo.of("environment").try,
      "did you mean SPEC_KITTY_SERVER_URL?",
    );
    const moved = await visit(run, { DENO_KV_PATH_PREFIX: "/elsewhere" });
    match(moved.of("environment").found, /^DENO_KV_PATH_PREFIX .*nothing here/);
  }));

Deno.test("doctor: the spool -> what was rejected, and what writers left behind", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await record(run.here);
    await Deno.mkdir(`${home}/spool`, { mode: 0o700 });
    await Deno.writeTextFile(`${home}/spool/.new.tmp`, "{");
    strictEqual((await visit(variant)).of("spool").status, "ok");
    await Deno.utime(`${home}/spool/.new.tmp`, 0, 0);
    match((await visit(variant)).of("spool").found, /half-written: \.new\.tmp/);
    await Deno.writeTextFile(`${home}/spool/bad.json`, '{"event_type":"x"}');
    await record(run.here);
    const { code, of } = await visit(variant);
    strictEqual(code, 0);
    match(of("spool").found, /0 waiting, 1 rejected/);
    match(of("spool").try!, /rejected\/\*\.reason\.json/);
  }));

/** Keeps a login in a home, whose tokens end so many milliseconds from now. */
async function keepLogin(
  home: string,
  server: string,
  leftMs: number,
): Promise<void> {
  const atMs = Date.now() + leftMs;
  await holdCredentials(home, farDeadline(), (held) =>
    held.write({
      serverUrl: new URL(server),
      username: "ada",
      teamSlug: "acme",
      tokens: {
        access: "access-secret",
        refresh: "refresh-secret",
        accessExpiresAtMs: atMs,
        refreshExpiresAtMs: atMs,
      },
    }, Date.now()));
}

/** A server on a real socket. */
function serve(
  answer: () => Response | Promise<Response>,
): { url: string } & AsyncDisposable {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    answer,
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const DAY_MS = 24 * 60 * 60 * 1000;

Deno.test("doctor: a login -> well, ending, expired (77), none for the server (77), no address (78); no secret is told", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await using server = serve(() => Response.json({ status: "ok" }));
    await record(run.here);
    await keepLogin(home, server.url, 7 * DAY_MS);
    const well = await visit(variant);
    deepStrictEqual([well.code, well.ill], [0, []]);
    match(well.of("login").found, /^ada at http.*, team acme, good for 7 days/);
    match(well.of("server").found, /status 200/);
    await keepLogin(home, server.url, DAY_MS / 2);
    const ending = await visit(variant);
    deepStrictEqual([ending.code, ending.ill], [0, ["login"]]);
    await keepLogin(home, server.url, -1000);
    const expired = await visit(variant);
    deepStrictEqual([expired.code, expired.ill], [77, ["login"]]);
    for (const { text } of [well, ending, expired]) ok(!/-secret/.test(text));
    const other = await visit(variant, {
      SPEC_KITTY_SERVER_URL: "https://x.test",
    });
    strictEqual(other.code, 77);
    const bad = await visit(variant, {
      SPEC_KITTY_SERVER_URL: "http://x.test",
    });
    deepStrictEqual([bad.code, bad.of("login").status], [78, "problem"]);
    strictEqual(bad.of("server").found, "none that can be used");
    await Deno.remove(`${home}/credentials`);
    const neither = await visit(variant);
    strictEqual(neither.of("server").found, "none is configured");
    const none = await visit(variant, { SPEC_KITTY_SERVER_URL: server.url });
    deepStrictEqual([none.code, none.ill], [77, ["login"]]);
  }));

Deno.test("doctor: a server that is down, silent, or speaks otherwise -> 69 in time; one in trouble -> a warning", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await record(run.here);
    const seen = async (url: string) => {
      await keepLogin(home, url, 7 * DAY_MS);
      const startedMs = performance.now();
      const visited = await visit(variant);
      ok(performance.now() - startedMs < 10_000);
      return visited;
    };
    let free: string;
    {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      free = `http://127.0.0.1:${listener.addr.port}`;
      const silent = await seen(free);
      deepStrictEqual([silent.code, silent.ill], [69, ["server"]]);
      match(silent.of("server").found, /no answer .* within/);
      strictEqual(silent.of("server_clock").status, "ok");
    }
    const down = await seen(free);
    deepStrictEqual([down.code, down.ill], [69, ["server"]]);
    await using server = serve(() => new Response("down", { status: 503 }));
    const troubled = await seen(server.url);
    deepStrictEqual([troubled.code, troubled.ill], [0, ["server"]]);
    const plain = await seen(server.url.replace("http:", "https:"));
    strictEqual(plain.code, 69);
    match(plain.of("server").try!, /no TLS at that address/);
  }));

Deno.test(needing(
  [OPENSSL],
  "doctor, auth login: a certificate of an unknown authority -> 69, and what makes it known",
  () =>
    withProgram(async (run, home) => {
      await using authority = await newAuthority();
      const { keyFile, certFile } = await authority.issue();
      const server = Deno.serve({
        hostname: "127.0.0.1",
        port: 0,
        onListen() {},
        key: await Deno.readTextFile(keyFile),
        cert: await Deno.readTextFile(certFile),
      }, () => new Response());
      try {
        await record(run.here);
        const url = `https://127.0.0.1:${server.addr.port}`;
        await keepLogin(home, url, 7 * DAY_MS);
        const words = ["auth", "login", "--server", url, "--username", "ada"];
        for (
          const [env, advice] of [
            // The program itself sets the variable then.
            [{}, /, add it to those that this machine trusts;/],
            [{ DENO_TLS_CA_STORE: "mozilla" }, /, unset DENO_TLS_CA_STORE;/],
          ] as const
        ) {
          const { code, of } = await visit(run, env);
          deepStrictEqual([code, of("server").status], [69, "problem"]);
          match(of("server").try!, advice);
          const login = await run([...words, "--json"], { env, stdin: "x\n" });
          strictEqual(login.code, 69);
          const { error } = JSON.parse(login.stdout);
          match(error.message, /certificate/);
          match(error.try, advice);
        }
      } finally {
        await server.shutdown();
      }
    }),
));

Deno.test("doctor: a server with another time -> a warning that names the difference; without one -> not known", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await record(run.here);
    const seen = async (headers: Record<string, string>) => {
      await using server = serve(() => new Response("", { headers }));
      await keepLogin(home, server.url, 7 * DAY_MS);
      const { code, of } = await visit(variant);
      strictEqual(code, 0);
      return of("server_clock");
    };
    const dateIn = (ms: number) => new Date(Date.now() + ms).toUTCString();
    strictEqual((await seen({})).status, "ok");
    match((await seen({ date: dateIn(-3 * DAY_MS) })).found, /3 days ahead of/);
    match((await seen({ date: dateIn(600_000) })).found, /10 min behind/);
    match((await seen({ date: "yesterday" })).found, /^not known/);
  }));

Deno.test("doctor: an agent -> its process and state; what a dead one left -> a warning", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await record(run.here);
    const path = `${home}/agent.json`;
    const state = {
      pid: 4711,
      state: "Connected",
      since: "2026-02-03T12:00:00Z",
      listening: `${home}/agent.sock`,
    };
    await Deno.writeTextFile(path, JSON.stringify(state), { mode: 0o600 });
    {
      using lock = await Deno.open(agentLockPath(home), {
        write: true,
        create: true,
      });
      await lock.lock(true);
      match(
        (await visit(variant)).of("agent").found,
        /^process 4711, Connected/,
      );
    }
    const stale = await visit(variant);
    deepStrictEqual([stale.code, stale.ill], [0, ["agent"]]);
    match(stale.of("agent").try!, /agent run/);
  }));

Deno.test("doctor: --quiet -> only what is not well", () =>
  withProgram(async (run, home) => {
    await record(run.here);
    await Deno.writeTextFile(`${home}/config.toml`, "[sync");
    const { code, stdout, stderr } = await run(["doctor", "--quiet"]);
    deepStrictEqual([code, stderr], [78, ""]);
    const lines = stdout.split("\n").filter((line) => /^\w/.test(line))
      .filter((line) => !line.includes("file_system"));
    strictEqual(lines.length, 1);
    match(lines[0]!, /^problem +config /);
  }));
