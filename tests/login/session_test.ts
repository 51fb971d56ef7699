/** Sessions against a real server: renewing, sharing, losing and ending them. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Deadline, pause } from "../../lib/base/deadline.ts";
import {
  type Credentials,
  holdCredentials,
  readCredentials,
} from "../../lib/login/credentials.ts";
import {
  NotAuthenticatedError,
  ServerTroubleError,
  Session,
} from "../../lib/login/session.ts";
import { type NoSession, openSession } from "../../lib/login/open_session.ts";
import type { Tokens } from "../../lib/login/tokens.ts";
import { linesOf, spawnCode } from "../support/child.ts";
import { farDeadline, tempHome } from "../support/home.ts";
import { brokenAnswer, jwt, TokenServer } from "../support/token_server.ts";
import { holder } from "../support/trouble.ts";
import { TestWorld } from "../support/world.ts";

const MINUTE_MS = 60_000;

/** A server, a home, and a machine in them. */
async function setUp() {
  const home = await tempHome();
  const server = new TokenServer();
  const world = new TestWorld();
  const warnings: string[] = [];
  return {
    home: home.path,
    server,
    world,
    warnings,
    open: (settings: { serverUrl?: string; teamSlug?: string } = {}) =>
      openSession(
        home.path,
        { serverUrl: undefined, teamSlug: "local", ...settings },
        world,
        (text) => warnings.push(text),
      ),
    /** Stores a login whose access token ends in so many minutes, like the server's first pair. */
    async logIn(minutes: number, changes: Partial<Tokens> = {}) {
      const { access, refresh } = await server.issue().json();
      await put(home.path, {
        serverUrl: new URL(server.url),
        username: "ada",
        teamSlug: "acme",
        tokens: {
          access,
          refresh,
          accessExpiresAtMs: world.timeMs + minutes * MINUTE_MS,
          refreshExpiresAtMs: world.timeMs + 10_000 * MINUTE_MS,
          ...changes,
        },
      });
    },
    textOf: () => Deno.readTextFile(`${home.path}/credentials`),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
}

async function put(home: string, credentials: Credentials): Promise<void> {
  await holdCredentials(
    home,
    farDeadline(),
    (held) => held.write(credentials, 0),
  );
}

async function stored(home: string): Promise<Credentials> {
  const finding = await readCredentials(home);
  ok(finding.kind === "found");
  return finding.credentials;
}

function isOpen(session: Session | NoSession): Session {
  ok(session instanceof Session, JSON.stringify(session));
  return session;
}

function isClosed(session: Session | NoSession): NoSession {
  ok(!(session instanceof Session));
  return session;
}

/** The error that a call has to end with. */
async function failureOf<E extends Error>(
  call: Promise<unknown>,
  // deno-lint-ignore no-explicit-any
  type: new (...args: any[]) => E,
): Promise<E> {
  const error = await call.then(() => undefined, (error) => error);
  ok(error instanceof type, `${error}`);
  return error;
}

Deno.test("openSession: nobody logged in -> why, and what is known", async () => {
  await using at = await setUp();
  const none = isClosed(await at.open({ teamSlug: "crew" }));
  strictEqual(none.reason, "logged_out");
  strictEqual(none.error.exit, 77);
  strictEqual(none.teamSlug, "crew");
  strictEqual(none.serverUrl, undefined);
});

Deno.test("openSession: a login -> its server, user and team; a configured team wins unless it is local", async () => {
  await using at = await setUp();
  await at.logIn(15);
  const session = isOpen(await at.open());
  strictEqual(session.serverUrl.origin, at.server.url);
  strictEqual(session.username, "ada");
  strictEqual(session.teamSlug, "acme");
  strictEqual(session.isGood, true);
  strictEqual(isOpen(await at.open({ teamSlug: "crew" })).teamSlug, "crew");
  strictEqual(at.server.asked.length, 0);
});

Deno.test("openSession: another server configured -> no session, nothing of the login; the same in other letters -> one", async () => {
  await using at = await setUp();
  await at.logIn(15);
  const other = isClosed(
    await at.open({ serverUrl: "https://other.example.org" }),
  );
  strictEqual(other.reason, "other_server");
  strictEqual(other.serverUrl?.origin, "https://other.example.org");
  strictEqual(other.username, undefined);
  ok(other.error.message.includes(at.server.url));
  isOpen(await at.open({ serverUrl: `${at.server.url}/` }));
  isOpen(await at.open({ serverUrl: at.server.url.replace("http", "HTTP") }));
});

Deno.test("openSession: an address that is none, or plain http to elsewhere -> no session, exit 78", async () => {
  await using at = await setUp();
  await at.logIn(15);
  for (const serverUrl of ["example", "http://events.example.org", "ftp://x"]) {
    const none = isClosed(await at.open({ serverUrl }));
    strictEqual(none.reason, "bad_server", serverUrl);
    strictEqual(none.error.exit, 78);
  }
});

Deno.test("access: a good token -> as it is, and nobody is asked", async () => {
  await using at = await setUp();
  await at.logIn(15);
  const session = isOpen(await at.open());
  strictEqual(await session.access(farDeadline()), "access-1");
  at.world.timeMs += 14 * MINUTE_MS;
  strictEqual(await session.access(farDeadline()), "access-1");
  strictEqual(at.server.asked.length, 0);
});

Deno.test("access: a token without a known end -> used until a 401", async () => {
  await using at = await setUp();
  await at.logIn(0, { accessExpiresAtMs: undefined });
  const session = isOpen(await at.open());
  at.world.timeMs += 1e9;
  strictEqual(await session.access(farDeadline()), "access-1");
  strictEqual(at.server.asked.length, 0);
});

Deno.test("access: ended, or about to -> renewed once, stored with its new ends, user and team kept", async () => {
  for (const minutes of [-5, 0.1]) {
    await using at = await setUp();
    await at.logIn(minutes);
    const session = isOpen(await at.open());
    strictEqual(await session.access(farDeadline()), "access-2");
    strictEqual(await session.access(farDeadline()), "access-2");
    deepStrictEqual(at.server.asked, [{
      path: "/api/v1/token/refresh/",
      authorization: null,
      body: { refresh: "refresh-1" },
    }]);
    deepStrictEqual(await stored(at.home), {
      serverUrl: new URL(at.server.url),
      username: "ada",
      teamSlug: "acme",
      tokens: {
        access: "access-2",
        refresh: "refresh-2",
        accessExpiresAtMs: at.world.timeMs + 15 * MINUTE_MS,
        refreshExpiresAtMs: at.world.timeMs + 604_800_000,
      },
    });
  }
});

Deno.test("access: the refresh token ended by this clock -> tried all the same: the clock may be wrong", async () => {
  await using at = await setUp();
  await at.logIn(-5, { refreshExpiresAtMs: 0 });
  const session = isOpen(await at.open());
  strictEqual(session.isGood, false);
  strictEqual(await session.access(farDeadline()), "access-2");
});

Deno.test("access: an ended token and nothing to renew it with -> used, the server decides", async () => {
  await using at = await setUp();
  await at.logIn(-5, { refresh: "" });
  const session = isOpen(await at.open());
  strictEqual(await session.access(farDeadline()), "access-1");
  const over = await failureOf(
    session.renew("access-1", farDeadline()),
    NotAuthenticatedError,
  );
  strictEqual(over.reason, "expired");
  strictEqual(at.server.asked.length, 0);
});

Deno.test("access: lifetimes that the server does not name -> from the token's own span, whatever its clock; else not known", async () => {
  await using at = await setUp();
  const now = at.world.timeMs;
  const cases: [Record<string, unknown>, number | undefined][] = [
    // Its maker's clock is three hours behind: the span counts.
    [{ iat: now / 1000 - 10_800, exp: now / 1000 - 10_500 }, now + 300_000],
    [{ exp: now / 1000 + 600 }, now + 600_000],
    // Past already, although it is new: says nothing.
    [{ exp: now / 1000 - 600 }, undefined],
    [{ exp: "soon" }, undefined],
    [{}, undefined],
  ];
  at.server.extra = {};
  for (const [claims, expected] of cases) {
    await at.logIn(-5);
    const access = jwt({ ...claims, name: "Ünï" });
    at.server.next(
      "refresh",
      () => Response.json({ access, refresh: "refresh-n" }),
    );
    await isOpen(await at.open()).access(farDeadline());
    const { tokens } = await stored(at.home);
    strictEqual(tokens?.accessExpiresAtMs, expected, JSON.stringify(claims));
    strictEqual(tokens?.refreshExpiresAtMs, undefined);
  }
});

Deno.test("access: a lifetime that is none -> not known", async () => {
  await using at = await setUp();
  for (const access_lifetime of ["900", -1, 0, null, 1e300]) {
    await at.logIn(-5);
    at.server.extra = { access_lifetime };
    await isOpen(await at.open()).access(farDeadline());
    const { tokens } = await stored(at.home);
    strictEqual(tokens?.accessExpiresAtMs, undefined, `${access_lifetime}`);
  }
});

Deno.test("access: logged out, or logged in elsewhere meanwhile -> over, and no token is sent", async () => {
  await using at = await setUp();
  await at.logIn(15);
  const session = isOpen(await at.open());
  const before = await stored(at.home);
  await put(at.home, {
    ...before,
    serverUrl: new URL("https://b.example.org"),
  });
  const other = await failureOf(
    session.access(farDeadline()),
    NotAuthenticatedError,
  );
  strictEqual(other.reason, "other_server");
  await failureOf(
    session.renew("access-1", farDeadline()),
    NotAuthenticatedError,
  );
  await Deno.remove(`${at.home}/credentials`);
  const out = await failureOf(
    session.access(farDeadline()),
    NotAuthenticatedError,
  );
  strictEqual(out.reason, "logged_out");
  strictEqual(at.server.asked.length, 0);
});

Deno.test("renew: another program has renewed meanwhile -> its token, and nobody is asked", async () => {
  await using at = await setUp();
  await at.logIn(15);
  const session = isOpen(await at.open());
  await at.logIn(15);
  strictEqual(await session.renew("access-1", farDeadline()), "access-2");
  strictEqual(at.server.asked.length, 0);
});

Deno.test("renew: many calls of one process at once -> one request", async () => {
  await using at = await setUp();
  await at.logIn(15);
  const session = isOpen(await at.open());
  const tokens = await Promise.all(
    Array.from({ length: 10 }, () => session.renew("access-1", farDeadline())),
  );
  deepStrictEqual([...new Set(tokens)], ["access-2"]);
  strictEqual(at.server.of("refresh").length, 1);
});

const CHILD = `
  const { openSession } = await import(lib + "login/open_session.ts");
  const { Deadline } = await import(lib + "base/deadline.ts");
  const { realWorld } = await import(lib + "base/world.ts");
  const [home, go] = args as [string, string];
  const settings = { serverUrl: undefined, teamSlug: "local" };
  const session = await openSession(home, settings, realWorld(), (text) => { throw new Error(text); });
  console.log("ready");
  while (!(await Deno.stat(go).catch(() => null))) await new Promise((done) => setTimeout(done, 1));
  console.log(await session.access(Deadline.in(() => performance.now(), 60_000)));`;

Deno.test("access: 8 processes with an ended token at once -> one refresh request, one token for all", async () => {
  await using at = await setUp();
  await at.logIn(15, { accessExpiresAtMs: 0 });
  at.server.next("refresh", async () => {
    await pause(100);
    return at.server.issue();
  });
  const go = `${at.home}/go`;
  const children = Array.from(
    { length: 8 },
    () => spawnCode(CHILD, { args: [at.home, go] }),
  );
  const outputs = children.map(({ stdout }) => linesOf(stdout));
  for (const lines of outputs) {
    strictEqual((await lines.next()).value, "ready");
  }
  await Deno.writeTextFile(go, "");
  const tokens: string[] = [];
  for (const lines of outputs) {
    for await (const line of lines) tokens.push(line);
  }
  for (const { stderr, status } of children) {
    await stderr.cancel();
    strictEqual((await status).code, 0);
  }
  deepStrictEqual(tokens, Array(8).fill("access-2"));
  strictEqual(at.server.of("refresh").length, 1);
});

Deno.test("renew: a process killed in the middle of it -> the next one goes on", async () => {
  await using at = await setUp();
  await at.logIn(15, { accessExpiresAtMs: 0 });
  const go = `${at.home}/go`;
  await Deno.writeTextFile(go, "");
  const arrived = Promise.withResolvers<void>();
  const killed = Promise.withResolvers<void>();
  at.server.next("refresh", async () => {
    const answer = at.server.issue();
    arrived.resolve();
    await killed.promise;
    return answer;
  });
  const child = spawnCode(CHILD, { args: [at.home, go] });
  await arrived.promise;
  child.kill("SIGKILL");
  await child.status;
  killed.resolve();
  await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
  const session = isOpen(await at.open());
  strictEqual(await session.access(farDeadline()), "access-2");
});

Deno.test("renew: the answer is lost -> asked again with the same token, and the session lives", async () => {
  await using at = await setUp();
  await at.logIn(-5);
  at.server.next("refresh", () => {
    at.server.issue();
    return brokenAnswer();
  });
  const session = isOpen(await at.open());
  strictEqual(await session.access(farDeadline()), "access-2");
  deepStrictEqual(at.server.of("refresh").map(({ body }) => body.refresh), [
    "refresh-1",
    "refresh-1",
  ]);
});

Deno.test("renew: no answer in time, twice -> trouble, the file as it was; the next try gets the pair again", async () => {
  await using at = await setUp();
  await at.logIn(-5);
  const before = await at.textOf();
  const late = Promise.withResolvers<void>();
  const silent = async () => {
    await late.promise;
    return at.server.issue();
  };
  at.server.next("refresh", silent, silent);
  const session = isOpen(await at.open());
  const soon = Deadline.in(() => performance.now(), 200);
  await failureOf(session.access(soon), ServerTroubleError);
  strictEqual(await at.textOf(), before);
  late.resolve();
  await pause(20);
  // Both late requests have used it up: the server would take a third for theft.
  at.server.next("refresh", () => at.server.issue());
  ok((await session.access(farDeadline())).startsWith("access-"));
});

Deno.test("renew: the server is gone -> trouble, exit 69, the file as it was", async () => {
  await using at = await setUp();
  await at.logIn(-5);
  const before = await at.textOf();
  const session = isOpen(await at.open());
  await at.server[Symbol.asyncDispose]();
  const error = await failureOf(
    session.access(farDeadline()),
    ServerTroubleError,
  );
  strictEqual(error.exit, 69);
  strictEqual(await at.textOf(), before);
});

Deno.test("renew: any answer but 200 with tokens and 401 -> trouble, asked once, the file as it was", async () => {
  await using at = await setUp();
  await using thief = new TokenServer();
  await at.logIn(-5);
  const before = await at.textOf();
  const session = isOpen(await at.open());
  const html = { headers: { "content-type": "text/html" } };
  const to = { location: `${thief.url}/api/v1/token/refresh/` };
  const answers: [string, () => Response][] = [
    ["500", () => new Response("no", { status: 500 })],
    [
      "503 with a time",
      () => new Response("", { status: 503, headers: { "retry-after": "7" } }),
    ],
    ["403", () => Response.json({}, { status: 403 })],
    ["404", () => new Response("<h1>404</h1>", { status: 404, ...html })],
    ["200 with HTML", () => new Response("<h1>Log in</h1>", html)],
    ["200, nothing in it", () => new Response("")],
    ["200, null", () => Response.json(null)],
    ["200, no refresh token", () => Response.json({ access: "a" })],
    [
      "200, tokens that are none",
      () => Response.json({ access: "a\r\nx: y", refresh: "r" }),
    ],
    ["200, numbers", () => Response.json({ access: 1, refresh: 2 })],
    ["201", () => Response.json({}, { status: 201 })],
    ...[301, 302, 303, 307, 308].map((status): [string, () => Response] => [
      `${status}`,
      () => new Response(null, { status, headers: to }),
    ]),
  ];
  for (const [name, answer] of answers) {
    const count = at.server.asked.length;
    at.server.next("refresh", answer);
    const error = await failureOf(
      session.access(farDeadline()),
      ServerTroubleError,
    );
    strictEqual(at.server.asked.length, count + 1, name);
    strictEqual(
      error.retryAfterMs,
      name === "503 with a time" ? 7_000 : undefined,
    );
    ok(!error.message.includes("refresh-1"), error.message);
    strictEqual(await at.textOf(), before, name);
  }
  strictEqual(thief.asked.length, 0);
  strictEqual(await session.access(farDeadline()), "access-2");
});

Deno.test("renew: 401 -> the session is over: tokens forgotten, user, server and team kept", async () => {
  await using at = await setUp();
  await at.logIn(15, { refresh: "stolen" });
  const session = isOpen(await at.open());
  const over = await failureOf(
    session.renew("access-1", farDeadline()),
    NotAuthenticatedError,
  );
  strictEqual(over.reason, "expired");
  strictEqual(over.exit, 77);
  const { tokens, ...rest } = await stored(at.home);
  strictEqual(tokens, undefined);
  deepStrictEqual(rest, {
    serverUrl: new URL(at.server.url),
    username: "ada",
    teamSlug: "acme",
  });
  const none = isClosed(await at.open());
  strictEqual(none.reason, "expired");
  strictEqual(none.username, "ada");
  strictEqual(none.teamSlug, "acme");
  strictEqual(none.serverUrl?.origin, at.server.url);
  await failureOf(session.access(farDeadline()), NotAuthenticatedError);
  strictEqual(at.server.asked.length, 1);
});

Deno.test("renew: 401, but another program has renewed meanwhile -> its token, and its login stays", async () => {
  await using at = await setUp();
  await at.logIn(-5);
  at.server.next("refresh", async () => {
    // The Python command line renews without the lock, and saves under it.
    const text = (await at.textOf()).replaceAll("-1", "-p")
      .replace(/access_expires_at = ".*"/, 'access_expires_at = ""');
    await Deno.writeTextFile(`${at.home}/credentials`, text);
    return Response.json({}, { status: 401 });
  });
  const session = isOpen(await at.open());
  strictEqual(await session.access(farDeadline()), "access-p");
  strictEqual((await stored(at.home)).tokens?.refresh, "refresh-p");
  strictEqual(at.server.of("refresh").length, 1);
});

Deno.test("renew: 401, and another program has stored a newer pair that has ended, too -> that one is renewed", async () => {
  await using at = await setUp();
  await at.logIn(-5);
  at.server.next("refresh", async () => {
    const { tokens, ...rest } = await stored(at.home);
    const { refresh } = await at.server.issue().json();
    await Deno.writeTextFile(
      `${at.home}/credentials`,
      (await at.textOf()).replace(tokens!.refresh, refresh),
    );
    ok(rest.username);
    return Response.json({}, { status: 401 });
  });
  const session = isOpen(await at.open());
  strictEqual(await session.access(farDeadline()), "access-3");
});

Deno.test("renew: others hold the credentials for longer -> trouble, and nothing is sent", async () => {
  await using at = await setUp();
  await at.logIn(-5);
  const session = isOpen(await at.open());
  await using _other = await holder(
    `const file = await Deno.open(args[0] + "/credentials.lock", { write: true, create: true });
    await file.lock(true);`,
    [at.home],
  );
  const soon = Deadline.in(() => performance.now(), 50);
  await failureOf(session.access(soon), ServerTroubleError);
  strictEqual(at.server.asked.length, 0);
});

Deno.test("renew: new tokens that the disk does not take -> used and renewed in this process, with a warning", async () => {
  await using at = await setUp();
  await at.logIn(-5);
  const session = isOpen(await at.open());
  // A folder in the way of the temporary file.
  const obstacle = `${at.home}/.credentials.tmp`;
  await Deno.mkdir(`${obstacle}/x`, { recursive: true });
  const before = await at.textOf();
  strictEqual(await session.access(farDeadline()), "access-2");
  strictEqual(await session.access(farDeadline()), "access-2");
  strictEqual(await at.textOf(), before);
  strictEqual(at.warnings.length, 1);
  ok(!at.warnings[0]!.includes("access-2"), at.warnings[0]!);
  await Deno.remove(obstacle, { recursive: true });
  strictEqual(await session.renew("access-2", farDeadline()), "access-3");
  strictEqual((await stored(at.home)).tokens?.refresh, "refresh-3");
});

Deno.test("renew: a lock that cannot be had -> trouble, and nothing is sent", async () => {
  await using at = await setUp();
  await at.logIn(-5);
  const before = await at.textOf();
  await Deno.remove(`${at.home}/credentials.lock`);
  await Deno.mkdir(`${at.home}/credentials.lock`);
  const session = isOpen(await at.open());
  await failureOf(session.access(farDeadline()), ServerTroubleError);
  strictEqual(at.server.asked.length, 0);
  strictEqual(await at.textOf(), before);
});

Deno.test("socketToken: a good access token, an ended one, one that the server refuses -> a token for the socket", async () => {
  await using at = await setUp();
  await at.logIn(15);
  const session = isOpen(await at.open());
  strictEqual(await session.socketToken(farDeadline()), "socket-1");
  at.world.timeMs += 20 * MINUTE_MS;
  strictEqual(await session.socketToken(farDeadline()), "socket-2");
  at.server.issue();
  strictEqual(await session.socketToken(farDeadline()), "socket-3");
  deepStrictEqual(
    at.server.of("socketToken").map(({ authorization }) => authorization),
    ["access-1", "access-2", "access-2", "access-3"].map((token) =>
      `Bearer ${token}`
    ),
  );
});

Deno.test("socketToken: the server refuses the new token, too; HTML; a redirect -> trouble, and the session goes on", async () => {
  await using at = await setUp();
  await using thief = new TokenServer();
  await at.logIn(15);
  const session = isOpen(await at.open());
  const no = () => Response.json({}, { status: 401 });
  at.server.next("socketToken", no, no);
  await failureOf(session.socketToken(farDeadline()), ServerTroubleError);
  at.server.next("socketToken", () => new Response("<h1>hello</h1>"));
  await failureOf(session.socketToken(farDeadline()), ServerTroubleError);
  at.server.next("socketToken", () => Response.redirect(`${thief.url}/x`));
  await failureOf(session.socketToken(farDeadline()), ServerTroubleError);
  strictEqual(thief.asked.length, 0);
  strictEqual(await session.socketToken(farDeadline()), "socket-2");
});

Deno.test("environment: tokens there -> before the home's, for the configured server only, never stored", async () => {
  await using at = await setUp();
  await at.logIn(15);
  const before = await at.textOf();
  await using server = new TokenServer();
  const { access, refresh } = await server.issue().json();
  at.world.vars.set("SPEC_KITTY_ACCESS_TOKEN", `${access}\n`);
  at.world.vars.set("SPEC_KITTY_REFRESH_TOKEN", refresh);
  const lost = isClosed(await at.open());
  strictEqual(lost.reason, "no_server");
  const session = isOpen(await at.open({ serverUrl: server.url }));
  strictEqual(session.username, undefined);
  strictEqual(session.teamSlug, undefined);
  strictEqual(await session.access(farDeadline()), "access-1");
  const both = [1, 2].map(() => session.renew("access-1", farDeadline()));
  deepStrictEqual(await Promise.all(both), ["access-2", "access-2"]);
  strictEqual(server.of("refresh").length, 1);
  strictEqual(at.server.asked.length, 0);
  strictEqual(await at.textOf(), before);
});

Deno.test("environment: refused there -> over, and the home's login stays", async () => {
  await using at = await setUp();
  await at.logIn(15);
  const before = await at.textOf();
  at.world.vars.set("SPEC_KITTY_ACCESS_TOKEN", "old");
  const session = isOpen(await at.open({ serverUrl: at.server.url }));
  await failureOf(session.renew("old", farDeadline()), NotAuthenticatedError);
  await failureOf(session.access(farDeadline()), NotAuthenticatedError);
  at.world.vars.set("SPEC_KITTY_REFRESH_TOKEN", "older");
  const other = isOpen(await at.open({ serverUrl: at.server.url }));
  await failureOf(other.renew("old", farDeadline()), NotAuthenticatedError);
  strictEqual(await at.textOf(), before);
});

Deno.test("environment: only a refresh token -> an access token is got first", async () => {
  await using at = await setUp();
  const { refresh } = await at.server.issue().json();
  at.world.vars.set("SPEC_KITTY_REFRESH_TOKEN", refresh);
  const session = isOpen(await at.open({ serverUrl: at.server.url }));
  strictEqual(await session.access(farDeadline()), "access-2");
});

Deno.test("environment: a JWT's own team and end -> used where nothing else is known", async () => {
  await using at = await setUp();
  const end = at.world.timeMs / 1000 + 60;
  const access = jwt({ team_slug: "crew", exp: end });
  at.world.vars.set("SPEC_KITTY_ACCESS_TOKEN", access);
  const settings = { serverUrl: at.server.url };
  const session = isOpen(await at.open(settings));
  strictEqual(session.teamSlug, "crew");
  strictEqual(session.expiresAtMs.access, end * 1000);
  strictEqual(session.isGood, true);
  at.world.timeMs += 2 * MINUTE_MS;
  strictEqual(session.isGood, false);
  strictEqual(await session.access(farDeadline()), access);
  const named = isOpen(await at.open({ ...settings, teamSlug: "acme" }));
  strictEqual(named.teamSlug, "acme");
});

Deno.test("environment: a text that is not a token -> no session, and it is not quoted", async () => {
  await using at = await setUp();
  for (const text of ["two words", "a\nb", "schlüssel"]) {
    at.world.vars.set("SPEC_KITTY_ACCESS_TOKEN", text);
    const none = isClosed(await at.open({ serverUrl: at.server.url }));
    strictEqual(none.reason, "unusable");
    ok(!none.error.message.includes(text), none.error.message);
  }
});

Deno.test("openSession: a user without a home -> logged out, or the environment's tokens", async () => {
  const world = new TestWorld();
  const settings = { serverUrl: "https://a.example.org", teamSlug: "acme" };
  const none = await openSession(undefined, settings, world, () => {});
  strictEqual(isClosed(none).reason, "logged_out");
  world.vars.set("SPEC_KITTY_ACCESS_TOKEN", "token");
  isOpen(await openSession(undefined, settings, world, () => {}));
});
