/** `sync status`: how delivery stands, at every stage of a home's life. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  ask,
  draft,
  logIn,
  record,
  request,
  TestAgent,
} from "../support/agent.ts";
import { BatchServer } from "../support/batch_server.ts";
import { localCollector, TestCollector } from "../support/collector.ts";
import { tempHome } from "../support/home.ts";
import {
  documentsOf,
  runIn,
  variantsOf,
  withProgram,
} from "../support/program.ts";

const NO_TOTALS = {
  accepted: 0,
  imported: 0,
  delivered: 0,
  dropped: 0,
  discarded: 0,
  refused: 0,
  lost: 0,
};

// deno-lint-ignore no-explicit-any
function balances({ totals, queued, dead }: any): void {
  strictEqual(
    totals.accepted + totals.imported,
    queued + totals.delivered + dead + totals.dropped,
  );
}

Deno.test("sync status: a home that is new -> all fields, nothing in them, and why nothing is sent", async () => {
  await using home = await tempHome();
  const { problem, ...rest } = await ask(home.path, "sync", "status");
  deepStrictEqual(rest, {
    connection: "Offline",
    authenticated: false,
    evidence: null,
    checked_at: null,
    server_url: null,
    team_slug: null,
    queued: 0,
    dead: 0,
    spooled: 0,
    by_type: {},
    by_team: {},
    oldest: null,
    last_success: null,
    hands_over_to: null,
    last_failure: null,
    totals: NO_TOTALS,
    untaken: [],
  });
  strictEqual(problem, "not logged in");
});

Deno.test("sync status: from login to delivery -> each step shows, the totals balance", async () => {
  await using collector = await localCollector();
  await using home = await tempHome();
  const status = async () => {
    const document = await ask(home.path, "sync", "status");
    balances(document);
    return document;
  };
  await record(home.path, 2);
  await record(home.path, 1, { team: "other" });
  const offline = await status();
  deepStrictEqual(offline.by_team, { local: 2, other: 1 });
  deepStrictEqual(offline.by_type, { HistoryAdded: 3 });
  ok(Math.abs(Date.parse(offline.oldest) - Date.now()) < 60_000);

  await logIn(home.path, collector.client);
  const ready = await status();
  deepStrictEqual(
    [ready.authenticated, ready.server_url, ready.team_slug, ready.problem],
    [true, collector.client.url, "acme", null],
  );

  const { code } = await runIn(home.path).here(["sync", "now"]);
  strictEqual(code, 0);
  const after = await status();
  deepStrictEqual(after.by_team, { other: 1 });
  deepStrictEqual(after.totals, { ...NO_TOTALS, accepted: 3, delivered: 2 });
  strictEqual(after.last_failure, null);
  ok(Math.abs(Date.parse(after.last_success) - Date.now()) < 60_000);

  await using agent = await TestAgent.connected(home.path);
  strictEqual((await status()).connection, "Connected");
  await agent.stop("SIGKILL");
  strictEqual((await status()).connection, "Offline");
});

Deno.test("sync status: what went wrong -> counted, named, and balanced", () =>
  withProgram(async (run, home) => {
    await using server = new BatchServer();
    const sync = () => run.here(["sync", "now"], { env: server.env });
    await record(home, 3);
    server.answer = () => new Response(null, { status: 412 });
    strictEqual((await sync()).code, 69);
    const failed = await ask(home, "sync", "status");
    match(failed.last_failure.reason, /412/);
    ok(Math.abs(Date.parse(failed.last_failure.at) - Date.now()) < 60_000);
    deepStrictEqual([failed.queued, failed.last_success], [3, null]);

    server.answer = "rejected";
    strictEqual((await sync()).code, 65);
    await run.here(["emit", "--stdin"], {
      stdin: `${JSON.stringify({ ...draft(1), event_type: "No" })}\n`,
    });
    const dead = await ask(home, "sync", "status");
    balances(dead);
    deepStrictEqual([dead.queued, dead.dead], [0, 3]);
    deepStrictEqual(dead.totals, {
      ...NO_TOTALS,
      accepted: 3,
      discarded: 1,
    });
  }));

Deno.test("sync status: an expired login, no team, a server that cannot be used -> problem says which", () =>
  withProgram(async (run) => {
    const cases: readonly [Record<string, string>, boolean, RegExp][] = [
      [{}, false, /not logged in/],
      [{ SPEC_KITTY_SERVER_URL: "ftp://x" }, false, /http/],
      [{ SPEC_KITTY_SERVER_URL: "foo" }, false, /"foo" is not a URL/],
      [{ SPEC_KITTY_SERVER_URL: "http://example.org" }, false, /plain http/],
      [
        {
          SPEC_KITTY_SERVER_URL: "https://example.org",
          SPEC_KITTY_ACCESS_TOKEN: "some-token",
        },
        true,
        /no team is known/,
      ],
      [
        {
          SPEC_KITTY_SERVER_URL: "https://example.org",
          SPEC_KITTY_TEAM_SLUG: "acme",
          SPEC_KITTY_ACCESS_TOKEN: `e30.${btoa('{"exp":1000000000}')}.x`,
        },
        false,
        /the login has expired/,
      ],
    ];
    const json = variantsOf(run), table = variantsOf(run);
    for (const [env, authenticated, words] of cases) {
      const name = JSON.stringify(env);
      const { code, stdout } = await json(["sync", "status", "--json"], {
        env,
      });
      strictEqual(code, 0, name);
      const [status] = documentsOf(stdout);
      strictEqual(status.authenticated, authenticated, name);
      match(status.problem, words, name);
      const text = await table(["sync", "status"], { env });
      match(text.stderr, /nothing is sent: /, name);
      strictEqual(
        status.server_url === null,
        env.SPEC_KITTY_ACCESS_TOKEN === undefined,
        name,
      );
      const server = env.SPEC_KITTY_SERVER_URL === undefined
        ? /^server_url +none$/m
        : status.server_url === null
        ? /^server_url +none that can be used$/m
        : /^server_url +https:/m;
      match(text.stdout, server, name);
    }
  }));

Deno.test("status: a token of the environment -> not checked until a server has taken it; then by whom and when", async () => {
  // Its time is this machine's, as the token's end is.
  await using collector = await TestCollector.start();
  await using home = await tempHome();
  const { access } = await collector.logIn();
  const env = {
    SPEC_KITTY_HOME: home.path,
    SPEC_KITTY_SERVER_URL: collector.url,
    SPEC_KITTY_ACCESS_TOKEN: access,
    SPEC_KITTY_TEAM_SLUG: "acme",
  };
  const unchecked = {
    evidence: "token from the environment, not checked yet",
    checked_at: null,
  };
  const of = (text: string) => {
    const { evidence, checked_at } = JSON.parse(text);
    return { evidence, checked_at };
  };
  const run = runIn(home.path, env);
  const told = await run.here(["sync", "status", "--json"]);
  deepStrictEqual(of(told.stdout), unchecked);
  const { stdout } = await run.here(["doctor"]);
  match(
    stdout.replace(/\s+/g, " "),
    /; token from the environment, not checked yet/,
  );
  await using agent = await TestAgent.connected(home.path, { env });
  const now = of((await request(agent.listening, "/v1/status")).text);
  ok(Math.abs(Date.parse(now.checked_at) - Date.now()) < 60_000);
  strictEqual(
    now.evidence,
    `token from the environment, last confirmed by ${collector.url} at ${now.checked_at}`,
  );
});

Deno.test("sync status: for people -> a table", () =>
  withProgram(async (run, home) => {
    await record(home, 2);
    const { code, stdout } = await run(["sync", "status"]);
    strictEqual(code, 0);
    match(stdout, /^queued +2$/m);
    match(stdout, /^by_team +local 2$/m);
    match(stdout, /^oldest +\d{4}-/m);
    match(stdout, /^last_success +none$/m);
    match(stdout, /^totals +accepted 2, /m);
  }));

Deno.test("sync now: SPEC_KITTY_TEAM_SLUG of another team than the login's -> the server refuses it, all stays queued, and the right team delivers", async () => {
  await using collector = await localCollector();
  await using home = await tempHome();
  await logIn(home.path, collector.client);
  await record(home.path, 2);
  await record(home.path, 1, { team: "other" });
  const run = variantsOf(runIn(home.path));
  const sync = (env: Record<string, string>) => run(["sync", "now"], { env });
  const refused = await sync({ SPEC_KITTY_TEAM_SLUG: "other" });
  strictEqual(refused.code, 77, refused.stderr);
  const status = await ask(home.path, "sync", "status");
  deepStrictEqual([status.queued, status.dead], [3, 0]);
  strictEqual((await sync({})).code, 0);
  const after = await ask(home.path, "sync", "status");
  deepStrictEqual(after.by_team, { other: 1 });
});
