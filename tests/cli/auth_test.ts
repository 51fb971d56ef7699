/** `auth login|status|logout` as their users run them. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { tempHome } from "../support/home.ts";
import {
  documentsOf,
  type Run,
  type RunHere,
  type RunResult,
  variantsOf,
  watched,
  withProgram,
} from "../support/program.ts";
import { type Answer, onTerminal, PTY } from "../support/pty.ts";
import { jwt, PASSWORD, TokenServer } from "../support/token_server.ts";
import { needing, UNIX } from "../support/needs.ts";

/** A new home beside a server. No run may ever say a secret, whatever a test does. */
function withServer(
  work: (run: Run, at: { home: string; server: TokenServer }) => Promise<void>,
): Promise<void> {
  return withProgram(async (run, home) => {
    await using server = new TokenServer();
    await work(watched(run, holdsNoSecret), { home, server });
  });
}

function holdsNoSecret(
  { stdout, stderr }: Pick<RunResult, "stdout" | "stderr">,
) {
  for (const secret of [PASSWORD, "swordfish", "access-", "refresh-", "eyJ"]) {
    ok(!`${stdout}${stderr}`.includes(secret), `${secret}: ${stdout}${stderr}`);
  }
}

const login = (server: TokenServer, ...more: string[]) => [
  "auth",
  "login",
  ...["--server", server.url, "--username", "ada"],
  ...more,
];

const textOf = (home: string) => Deno.readTextFile(`${home}/credentials`);

async function status(run: RunHere, env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await run(["auth", "status", "--json"], {
    env,
  });
  strictEqual(code, 0, stderr);
  return { ...documentsOf(stdout)[0], stderr };
}

Deno.test("auth login: password on stdin -> logged in, stored for its owner only, status the same", () =>
  withServer(async (run, { home, server }) => {
    server.extra.team_slug = "acme";
    const { code, stdout, stderr } = await run(login(server, "--json"), {
      stdin: `${PASSWORD}\nmore\n`,
    });
    strictEqual(code, 0, stderr);
    const [document] = documentsOf(stdout);
    const { access_expires_at, refresh_expires_at, ...others } = document;
    const { checked_at, ...rest } = others;
    ok(Math.abs(Date.parse(checked_at) - Date.now()) < 60_000);
    deepStrictEqual(rest, {
      authenticated: true,
      evidence:
        `stored login, last confirmed by ${server.url} at ${checked_at}`,
      username: "ada",
      team_slug: "acme",
      server_url: server.url,
    });
    ok(Date.parse(access_expires_at) < Date.parse(refresh_expires_at));
    deepStrictEqual(server.asked, [{
      path: "/api/v1/token/",
      authorization: null,
      body: { username: "ada", password: PASSWORD },
    }]);
    deepStrictEqual(await status(run.here), { ...document, stderr: "" });
    strictEqual(server.asked.length, 1);
    match(await textOf(home), /^access = "access-1"$/m);
    ok(!(await textOf(home)).includes(PASSWORD));
    if (Deno.build.os === "windows") return;
    const { mode } = await Deno.stat(`${home}/credentials`);
    strictEqual(mode! & 0o777, 0o600);
    strictEqual((await Deno.stat(home)).mode! & 0o777, 0o700);
  }));

Deno.test("auth login: the first line with LF, CRLF or no end -> the password without it", () =>
  withServer(async (run, { server }) => {
    const variant = variantsOf(run);
    for (const end of ["\n", "\r\n", "", "\r\nmore\r\n"]) {
      const { code } = await variant(login(server, "--password-stdin"), {
        stdin: PASSWORD + end,
      });
      strictEqual(code, 0, JSON.stringify(end));
    }
    for (const { body } of server.asked) strictEqual(body.password, PASSWORD);
  }));

Deno.test("auth login: no password, one that is not text, one without end -> 64, and nobody is asked", () =>
  withServer(async (run, { server }) => {
    const variant = variantsOf(run);
    const inputs = [
      "",
      "\n",
      "\r\n",
      Uint8Array.of(0xff, 0x0a),
      "x".repeat(1e6),
    ];
    for (const stdin of inputs) {
      const { code, stderr } = await variant(login(server), { stdin });
      strictEqual(code, 64);
      match(stderr, /password/);
    }
    strictEqual(server.asked.length, 0);
  }));

Deno.test("auth login: a wrong password -> 77, and the login before stays", () =>
  withServer(async (run, { home, server }) => {
    await run.here(login(server), { stdin: PASSWORD });
    const before = await textOf(home);
    const { code, stdout } = await run(login(server, "--json"), {
      stdin: "swordfish\n",
    });
    strictEqual(code, 77);
    strictEqual(documentsOf(stdout)[0].error.code, "not_authenticated");
    strictEqual(await textOf(home), before);
  }));

Deno.test("auth login: server trouble, a redirect, no server there -> 69, nothing is stored, the password goes nowhere else", () =>
  withServer(async (run, { home, server }) => {
    const variant = variantsOf(run);
    await using thief = new TokenServer();
    server.next(
      "token",
      () => new Response(PASSWORD, { status: 500 }),
      () => new Response(`<h1>${PASSWORD}</h1>`),
      () => Response.json({ error: PASSWORD }, { status: 400 }),
      () =>
        new Response(null, {
          status: 307,
          headers: { location: `${thief.url}/api/v1/token/` },
        }),
    );
    for (let i = 0; i < 4; i++) {
      const { code, stderr } = await variant(login(server), {
        stdin: PASSWORD,
      });
      strictEqual(code, 69, stderr);
    }
    strictEqual(server.asked.length, 4);
    strictEqual(thief.asked.length, 0);
    await server[Symbol.asyncDispose]();
    const gone = await variant(login(server), { stdin: PASSWORD });
    strictEqual(gone.code, 69, gone.stderr);
    strictEqual((await status(run.here)).authenticated, false);
    await Deno.stat(`${home}/credentials`).then(() => ok(false), () => {});
  }));

Deno.test("auth login: an address that is none, plain http to elsewhere -> 78; none at all, no user, an empty one -> 64", () =>
  withServer(async (run, { server }) => {
    const variant = variantsOf(run);
    const codeOf = async (...words: string[]) =>
      (await variant(["auth", "login", ...words], { stdin: PASSWORD })).code;
    const ada = ["--username", "ada"];
    for (
      const url of ["example", "http://a.example", `${server.url}/x`, "ftp://a"]
    ) {
      strictEqual(await codeOf("--server", url, ...ada), 78, url);
    }
    strictEqual(await codeOf(...ada), 64);
    strictEqual(await codeOf("--server", server.url), 64);
    strictEqual(await codeOf("--server", server.url, "--username", ""), 64);
    for (const team of ["", "local"]) {
      const words = ["--server", server.url, ...ada, "--team", team];
      strictEqual(await codeOf(...words), 64);
    }
    strictEqual(
      await codeOf("--server", server.url, ...ada, "--password", PASSWORD),
      64,
    );
    strictEqual(server.asked.length, 0);
  }));

Deno.test("auth login: an address that cannot be used -> named with where it stands, unless it may hold a secret", () =>
  withServer(async (run) => {
    const variant = variantsOf(run);
    const told = async (url: string, words = ["--server", url]) => {
      const env = words.length > 0 ? {} : { SPEC_KITTY_SERVER_URL: url };
      const { code, stderr } = await variant(
        ["auth", "login", "--username", "ada", ...words],
        { stdin: PASSWORD, env },
      );
      strictEqual(code, 78, stderr);
      return stderr;
    };
    match(await told("foo"), /--server "foo" is not a URL/);
    ok(!(await told("foo")).includes("SPEC_KITTY_SERVER_URL"));
    match(
      await told("http://a.example"),
      /"http:\/\/a\.example" is plain http/,
    );
    match(
      await told("foo", []),
      /address "foo" is not a URL[^]*SPEC_KITTY_SERVER_/,
    );
    for (
      const url of [
        "https://ada:hidden@a.example",
        "https://ada:hidden",
        "https://a.example/?key=hidden",
        "https://a.example/#hidden",
        `hidden${"x".repeat(100)}`,
      ]
    ) {
      ok(!(await told(url)).includes("hidden"), url);
    }
    const env = { SPEC_KITTY_SERVER_URL: "foo" };
    const { stdout, stderr } = await run(["auth", "status"], { env });
    match(stdout, /^server_url +none that can be used$/m);
    match(stderr, /"foo" is not a URL/);
    strictEqual((await status(run.here, env)).server_url, null);
  }));

Deno.test("auth login, auth logout: events without a team wait -> how many, and whose they will be; else nothing of it", () =>
  withServer(async (run, { server }) => {
    const variant = variantsOf(run);
    const told = async (words: string[], env: Record<string, string> = {}) => {
      const { code, stderr } = await variant(words, { stdin: PASSWORD, env });
      strictEqual(code, 0, stderr);
      return stderr.match(/^.*without a team.*$/m)?.[0];
    };
    const emit = (env = {}) =>
      run.here(["emit", "history-added", "WP01", "note", "x"], { env });
    strictEqual(await told(login(server)), undefined);
    await emit({ SPEC_KITTY_TEAM_SLUG: "acme" });
    strictEqual(await told(["auth", "logout"]), undefined);
    await emit();
    const one =
      "queued without a team: 1; sent as the team of the login at that time";
    strictEqual(await told(login(server, "--json")), one);
    strictEqual(await told(["auth", "logout"]), one);
    await emit();
    match((await told(login(server)))!, / a team: 2;/);
    strictEqual(await told([...login(server), "--quiet"]), undefined);
    // Then they are that team's.
    const env = { SPEC_KITTY_TEAM_SLUG: "acme" };
    strictEqual(await told(["auth", "logout"], env), undefined);
  }));

Deno.test("auth login: without --server -> the configured one", () =>
  withServer(async (run, { server }) => {
    const { code } = await run(["auth", "login", "--username", "ada"], {
      stdin: PASSWORD,
      env: { SPEC_KITTY_SERVER_URL: server.url },
    });
    strictEqual(code, 0);
    strictEqual((await status(run.here)).server_url, server.url);
  }));

Deno.test("auth login: as the hint after an ended login says it, with nothing more -> the same server and user; another server's user is not taken", () =>
  withServer(async (run, { home, server }) => {
    await run.here(login(server), { stdin: PASSWORD });
    const ended = (await textOf(home)).replaceAll(/(access|refresh)-1/g, "");
    await Deno.writeTextFile(`${home}/credentials`, ended);
    match(
      (await status(run.here)).stderr,
      /log in again: kitty-events auth login$/m,
    );
    const again = await run(["auth", "login", "--json"], { stdin: PASSWORD });
    strictEqual(again.code, 0, again.stderr);
    const { username, server_url } = documentsOf(again.stdout)[0];
    deepStrictEqual([username, server_url], ["ada", server.url]);
    await using other = new TokenServer();
    const words = ["auth", "login", "--server", other.url];
    const elsewhere = await run(words, { stdin: PASSWORD });
    strictEqual(elsewhere.code, 64);
    match(elsewhere.stderr, /who logs in\?/);
    const wrong = await run(["auth", "login"], { stdin: "swordfish\n" });
    strictEqual(wrong.code, 77);
    match(wrong.stderr, /does not know the user ada with this password/);
    match(wrong.stderr, /who was removed there/);
  }));

Deno.test("auth login: teams -> the one asked for, else the server's; of neither, a warning; not the last user's", () =>
  withServer(async (run, { server }) => {
    const variant = variantsOf(run);
    server.extra.team_slug = "acme";
    await variant(login(server, "--team", "crew"), { stdin: PASSWORD });
    strictEqual((await status(run.here)).team_slug, "crew");
    await variant(login(server), { stdin: PASSWORD });
    strictEqual((await status(run.here)).team_slug, "acme");
    delete server.extra.team_slug;
    const { code, stderr } = await variant(login(server), { stdin: PASSWORD });
    strictEqual(code, 0);
    match(stderr, /no team is known/);
    strictEqual((await status(run.here)).team_slug, null);
  }));

Deno.test("auth login: over damaged credentials -> set aside, and told", () =>
  withServer(async (run, { home, server }) => {
    await Deno.mkdir(home);
    await Deno.writeTextFile(`${home}/credentials`, 'access = "access-', {
      mode: 0o600,
    });
    const before = await status(run.here);
    strictEqual(before.authenticated, false);
    match(before.stderr, /not valid TOML/);
    const { code, stderr } = await run(login(server), { stdin: PASSWORD });
    strictEqual(code, 0);
    match(stderr, /credentials\.damaged-/);
    strictEqual((await status(run.here)).authenticated, true);
  }));

Deno.test("auth status: nobody, another server, an ended session -> all keys, and why on stderr", () =>
  withServer(async (run, { home, server }) => {
    const variant = variantsOf(run);
    const nobody = {
      authenticated: false,
      evidence: null,
      checked_at: null,
      username: null,
      team_slug: null,
      server_url: null,
      access_expires_at: null,
      refresh_expires_at: null,
    };
    const { stderr, ...document } = await status(variant);
    deepStrictEqual(document, nobody);
    match(stderr, /not logged in[^]*auth login/);

    await run.here(login(server, "--team", "acme"), { stdin: PASSWORD });
    const elsewhere = "https://other.example.org";
    const other = await status(variant, { SPEC_KITTY_SERVER_URL: elsewhere });
    ok(other.stderr.includes(server.url));
    deepStrictEqual(other, {
      ...nobody,
      server_url: elsewhere,
      stderr: other.stderr,
    });

    const ended = (await textOf(home)).replaceAll(/(access|refresh)-1/g, "");
    await Deno.writeTextFile(`${home}/credentials`, ended);
    const over = await status(variant);
    match(over.stderr, /session has ended/);
    deepStrictEqual(over, {
      ...nobody,
      username: "ada",
      team_slug: "acme",
      server_url: server.url,
      stderr: over.stderr,
    });
  }));

Deno.test("auth status: an ended access token -> authenticated while the refresh token is good; both ended -> not", () =>
  withServer(async (run, { home, server }) => {
    const variant = variantsOf(run);
    await run.here(login(server, "--team", "acme"), { stdin: PASSWORD });
    const past = "2001-02-03T04:05:06.123456+00:00";
    const first = (await textOf(home))
      .replace(/access_expires_at = ".*"/, `access_expires_at = "${past}"`);
    await Deno.writeTextFile(`${home}/credentials`, first);
    const half = await status(variant);
    strictEqual(half.authenticated, true);
    strictEqual(half.access_expires_at, "2001-02-03T04:05:06.123Z");
    const both = first
      .replace(/refresh_expires_at = ".*"/, `refresh_expires_at = "${past}"`);
    await Deno.writeTextFile(`${home}/credentials`, both);
    strictEqual((await status(variant)).authenticated, false);
    strictEqual(server.asked.length, 1);
  }));

Deno.test("auth status: tokens of the environment -> told as they are; a login then says that they win", () =>
  withServer(async (run, { server }) => {
    const env = {
      SPEC_KITTY_ACCESS_TOKEN: jwt({ team_slug: "crew" }),
      SPEC_KITTY_SERVER_URL: server.url,
    };
    const { stderr, ...document } = await status(run, env);
    strictEqual(stderr, "");
    deepStrictEqual(document, {
      authenticated: true,
      evidence: "token from the environment, not checked yet",
      checked_at: null,
      username: null,
      team_slug: "crew",
      server_url: server.url,
      access_expires_at: null,
      refresh_expires_at: null,
    });
    const text = await run(["auth", "status"], { env });
    match(
      text.stdout,
      /^evidence +token from the environment, not checked yet$/m,
    );
    const told = await run(login(server), { stdin: PASSWORD, env });
    match(told.stderr, /environment/);
    const out = await run(["auth", "logout"], { env });
    match(out.stderr, /logged out[^]*environment/);
  }));

Deno.test(needing(
  [UNIX],
  "auth status: credentials that others may read -> a warning",
  () =>
    withServer(async (run, { home, server }) => {
      await run.here(login(server, "--team", "acme"), { stdin: PASSWORD });
      await Deno.chmod(`${home}/credentials`, 0o644);
      match((await status(run)).stderr, /chmod 600/);
    }),
));

Deno.test("auth status: without --json -> a line for each field, control characters shown as ?", () =>
  withServer(async (run, { server }) => {
    await run.here(
      ["auth", "login", "--server", server.url, "--username", "a\u001b[2Jda"],
      { stdin: PASSWORD },
    );
    const { stdout } = await run(["auth", "status"]);
    match(stdout, /^authenticated +true$/m);
    match(stdout, /^username +a\?\[2Jda$/m);
    match(stdout, /^team_slug +none$/m);
    ok(!/ -$/m.test(stdout), stdout);
  }));

Deno.test("auth logout: logged in, damaged, nobody -> 0, the credentials gone, events still queued", () =>
  withServer(async (run, { home, server }) => {
    await run.here(["emit", "history-added", "WP01", "note", "kept"]);
    await run.here(login(server), { stdin: PASSWORD });
    const out = await run(["auth", "logout"]);
    strictEqual(out.code, 0);
    match(out.stderr, /logged out/);
    strictEqual(out.stdout, "");
    const again = await run(["auth", "logout", "--json"]);
    strictEqual(again.code, 0);
    match(again.stderr, /not logged in; nothing to do/);
    strictEqual(documentsOf(again.stdout)[0].authenticated, false);
    await Deno.writeTextFile(`${home}/credentials`, "[damaged");
    strictEqual((await run(["auth", "logout"])).code, 0);
    match((await status(run.here)).stderr, /^not logged in/);
    match((await run.here(["queue", "export"])).stdout, /kept/);
  }));

/** Answers the password's question on a terminal; what was shown, and the exit code. */
async function typed(
  server: TokenServer,
  home: string,
  keys: Answer["keys"],
) {
  const command =
    `kitty-events auth login --server ${server.url} --username ada`;
  const { shown, echo } = await onTerminal(
    typeof keys === "string" ? `${command}; echo "EXIT $?"` : `exec ${command}`,
    { SPEC_KITTY_HOME: home, NO_COLOR: "1" },
    { question: "password of ", keys },
  );
  holdsNoSecret({ stdout: shown, stderr: "" });
  return { shown, echo, code: Number(shown.match(/EXIT (\d+)/)?.[1]) };
}

Deno.test(needing(
  [PTY],
  "auth login: typed on a terminal -> not shown, corrections taken, the terminal as before",
  async () => {
    await using home = await tempHome();
    await using server = new TokenServer();
    const lines = [
      `${PASSWORD}\r`,
      `${PASSWORD}\n`,
      `wrong\u0015${PASSWORD}\r`,
      `${PASSWORD}xé🐎\u007f\u0008\u007f\r`,
      `${PASSWORD}\u001b[A\u001bOP\u001b[3~\r`,
      `\u001b[200~${PASSWORD}\u001b[201~\u0004`,
      `${PASSWORD}\rmore`,
    ];
    for (const keys of lines) {
      const { shown, echo, code } = await typed(server, home.path, keys);
      strictEqual(code, 0, JSON.stringify([keys, shown]));
      match(shown, /^password of ada: \r\n/);
      strictEqual(echo, "shown");
    }
    for (const { body } of server.asked) strictEqual(body.password, PASSWORD);
  },
));

Deno.test(needing(
  [PTY],
  "auth login: on a terminal Ctrl-C, nothing, SIGTERM -> 130, 64, ended; nobody is asked, the terminal as before",
  async () => {
    await using home = await tempHome();
    await using server = new TokenServer();
    const stopped = await typed(server, home.path, "swordfish\u0003");
    strictEqual(stopped.code, 130, stopped.shown);
    strictEqual(stopped.echo, "shown");
    for (const keys of ["\r", "\u0004"]) {
      const empty = await typed(server, home.path, keys);
      strictEqual(empty.code, 64, empty.shown);
      match(empty.shown, /password is empty/);
    }
    const killed = await typed(server, home.path, { signal: "SIGTERM" });
    strictEqual(killed.echo, "shown");
    strictEqual(server.asked.length, 0);
  },
));
