/** Which way requests take, and whose certificates they trust: real servers, proxies and programs. */

import {
  deepStrictEqual,
  match,
  ok,
  rejects,
  strictEqual,
} from "node:assert/strict";
import { ask } from "../../lib/login/http.ts";
import { clientFor } from "../../lib/login/http_client.ts";
import { draft, record, TestAgent } from "../support/agent.ts";
import { newAuthority, SERVER_NAME } from "../support/authority.ts";
import { ADA, TestCollector } from "../support/collector.ts";
import { ForwardProxy } from "../support/forward_proxy.ts";
import { tempHome } from "../support/home.ts";
import { runIn, runProgram, variantsOf } from "../support/program.ts";
import { IS_FULL, needing, OPENSSL } from "../support/needs.ts";

const VARIABLES = [
  "HTTP_PROXY",
  "http_proxy",
  "ALL_PROXY",
  "all_proxy",
  "HTTPS_PROXY",
  "https_proxy",
];

/** The runtime itself asks for news of itself where it is run from source. */
const QUIET = { DENO_NO_UPDATE_CHECK: "1" };

/** Runs each command that sends, once; all have to end well. */
async function sendEverything(
  home: string,
  server: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const at = { SPEC_KITTY_HOME: home, ...env };
  const run = async (words: string[], stdin = "") => {
    const { code, stdout, stderr } = await runProgram(words, at, { stdin });
    strictEqual(code, 0, `${words.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  };
  const login = ["auth", "login", "--username", ADA.name, "--server", server];
  await run(login, ADA.password);
  await record(home, 3);
  match(await run(["sync", "now"]), /^3 delivered/);
  await run(["doctor"]);
  await using agent = await TestAgent.connected(home, {
    args: ["--listen", "127.0.0.1:0"],
    env,
  });
  const one = JSON.stringify(draft(4));
  const waiting = ["emit", "--stdin", "--json", "--wait", "server"];
  strictEqual(
    JSON.parse(await run([...waiting, "--timeout", "20s"], one)).status,
    "delivered",
  );
  match(agent.listening, /^http:\/\/127\.0\.0\.1:/);
  match(await run(["sync", "now"]), /^0 delivered/);
  await agent.stop();
  await run(["auth", "logout"]);
}

/** What a program that does not look out sends through the proxy: proof that the proxy would see it. */
async function fetchAs(
  variable: string,
  proxy: string,
  url: string,
): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", `await fetch(${JSON.stringify(url)})`],
    env: { [variable]: proxy, ...QUIET },
  }).output();
  ok(success);
}

/** One variable after the other, where all is to be tried: one that is set might keep the next from being read. */
const SETS = IS_FULL
  ? [VARIABLES, ...VARIABLES.map((name) => [name])]
  : [VARIABLES, VARIABLES.slice(0, 1)];

for (const set of SETS) {
  Deno.test(`all commands that send: a server on this machine, and ${set.join(", ")} -> no proxy sees anything`, async () => {
    await using collector = await TestCollector.start();
    await using home = await tempHome();
    await using undo = new AsyncDisposableStack();
    const proxies = new Map(
      set.map((variable) => [variable, undo.use(new ForwardProxy())]),
    );
    const { port } = new URL(collector.url);
    for (const [variable, proxy] of proxies) {
      // Of HTTPS the runtime says nothing to such a proxy where the server is plain.
      if (!/https/i.test(variable)) {
        await fetchAs(variable, proxy.url, `${collector.url}/healthz`);
        strictEqual(proxy.requests.length, 1);
      }
      proxy.requests.length = 0;
      proxy.heard = "";
    }
    await sendEverything(home.path, `http://localhost:${port}`, {
      ...QUIET,
      ...Object.fromEntries(
        [...proxies].map(([variable, { url }]) => [variable, url]),
      ),
      // A list of the user's own, without this machine, changes nothing.
      ...set.join() === "HTTP_PROXY" && { NO_PROXY: "example.org" },
    });
    for (const [variable, { requests, heard }] of proxies) {
      deepStrictEqual(requests, [], variable);
      strictEqual(heard, "", variable);
    }
  });
}

Deno.test({
  name:
    "clientFor: names of this machine -> a way of its own, and the same one again",
  // They are kept for as long as the process lives.
  sanitizeResources: false,
  fn: clientsOfThisMachine,
});

async function clientsOfThisMachine(): Promise<void> {
  for (
    const url of [
      "http://127.0.0.1:9",
      "http://127.200.3.4:9",
      "http://localhost:9",
      "http://[::1]:9",
      "https://localhost",
      "ws://127.0.0.1:9",
      "wss://[::1]",
    ]
  ) {
    const client = await clientFor(new URL(url), {});
    ok(client, url);
    strictEqual(await clientFor(new URL(url), {}), client);
  }
  strictEqual(
    await clientFor(new URL("https://events.example.org"), {}),
    undefined,
  );
}

Deno.test("ask: plain HTTP to another machine -> refused before anything is sent", async () => {
  await using proxy = new ForwardProxy();
  const { port } = new URL(proxy.url);
  for (
    const host of ["events.example.org", "127.0.0.1.example.org", "10.1.2.3"]
  ) {
    const url = new URL(`http://${host}:${port}/`);
    await rejects(
      ask({ url, token: "secret", timeoutMs: 5_000 }),
      /is another machine, and plain HTTP would show it/,
    );
  }
  deepStrictEqual(proxy.requests, []);
});

/** Tries to log in and to deliver through TLS, by processes or but for an agent here. */
async function overTls(
  server: string,
  env: Readonly<Record<string, string>>,
  isHere = false,
): Promise<{ code: number; text: string }> {
  await using home = await tempHome();
  const any = runIn(home.path, env), run = isHere ? any.here : any;
  const login = ["auth", "login", "--username", ADA.name, "--server", server];
  const { code, stdout, stderr } = await run(login, { stdin: ADA.password });
  if (code !== 0) return { code, text: stdout + stderr };
  await record(home.path, 2);
  const sync = await run(["sync", "now"]);
  strictEqual(sync.code, 0, sync.stderr);
  match(sync.stdout, /^2 delivered/);
  // Its WebSocket goes the same way.
  await using _agent = await TestAgent.connected(home.path, { env });
  return { code, text: stdout };
}

Deno.test(needing(
  [OPENSSL],
  "SPEC_KITTY_CA_FILE, ca_file: a private authority -> batches and WebSockets; without it the error names them",
  async () => {
    await using collector = await TestCollector.start();
    await using authority = await newAuthority();
    using tls = authority.before(collector.url);
    for (const host of ["127.0.0.1", "localhost"]) {
      const server = `https://${host}:${tls.port}`;
      const isHere = host === "localhost";
      const without = await overTls(server, {}, isHere);
      strictEqual(without.code, 69);
      match(without.text, /SPEC_KITTY_CA_FILE, or sync\.ca_file/);
      const env = { SPEC_KITTY_CA_FILE: authority.caFile };
      strictEqual((await overTls(server, env, isHere)).code, 0);
    }
    await using home = await tempHome();
    await Deno.mkdir(home.path);
    await Deno.writeTextFile(
      `${home.path}/config.toml`,
      `[sync]\nca_file = ${JSON.stringify(authority.caFile)}\n`,
    );
    const { code, stderr } = await runProgram(
      [
        ...["auth", "login", "--username", ADA.name],
        ...["--server", `https://127.0.0.1:${tls.port}`],
      ],
      { SPEC_KITTY_HOME: home.path },
      { stdin: ADA.password },
    );
    strictEqual(code, 0, stderr);
  },
));

Deno.test("SPEC_KITTY_CA_FILE: missing, a folder, no certificate, a damaged one -> 78 and why, before anything is sent", async () => {
  await using home = await tempHome();
  await Deno.mkdir(home.path);
  const at = (name: string) => `${home.path}/${name}`;
  await Deno.writeTextFile(at("text"), "secret text");
  const bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  await Deno.writeTextFile(at("bad"), bad);
  const run = runIn(home.path);
  const logIn = variantsOf(run), visit = variantsOf(run);
  for (
    const [path, why] of [
      [at("none"), /none: .*not found|No such file/i],
      [home.path, /it is not a file/],
      [at("text"), /it holds no certificate in PEM/],
      [at("bad"), /BadEncoding/],
    ] as const
  ) {
    const env = { SPEC_KITTY_CA_FILE: path };
    const server = "https://127.0.0.1:9";
    const login = ["auth", "login", "--username", "ada", "--server", server];
    const { code, stderr } = await logIn(login, { env, stdin: "x" });
    strictEqual(code, 78);
    match(stderr, why);
    match(stderr, /SPEC_KITTY_CA_FILE, or sync\.ca_file in config\.toml/);
    ok(!stderr.includes("secret text"));
    const doctor = await visit(["doctor"], {
      env: { ...env, SPEC_KITTY_SERVER_URL: server },
    });
    // The table folds its lines.
    match(doctor.stdout.replace(/\s+/g, " "), why);
  }
});

Deno.test(needing(
  [OPENSSL],
  "HTTPS_PROXY, NO_PROXY: a server elsewhere -> a tunnel that shows nothing but its name; straight where NO_PROXY says so",
  async () => {
    await using collector = await TestCollector.start();
    await using authority = await newAuthority();
    using tls = authority.before(collector.url);
    const target = `${SERVER_NAME}:443`;
    await using proxy = new ForwardProxy({ routes: { [target]: tls } });
    const server = `https://${SERVER_NAME}`;
    const env = {
      SPEC_KITTY_CA_FILE: authority.caFile,
      ...QUIET,
      HTTPS_PROXY: proxy.url,
    };
    strictEqual((await overTls(server, env)).code, 0);
    deepStrictEqual(
      [...new Set(proxy.requests)],
      [`CONNECT ${target} HTTP/1.1`],
    );
    ok(!proxy.heard.includes(ADA.password));
    ok(!/bearer/i.test(proxy.heard));
    const count = proxy.requests.length;
    // On this machine TLS goes straight, too.
    const here = `https://127.0.0.1:${tls.port}`;
    const names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"];
    for (const set of IS_FULL ? names.map((name) => [name]) : [names]) {
      const around = {
        ...QUIET,
        SPEC_KITTY_CA_FILE: authority.caFile,
        NO_PROXY: "example.org",
        ...Object.fromEntries(set.map((name) => [name, proxy.url])),
      };
      strictEqual((await overTls(here, around)).code, 0);
    }
    strictEqual(proxy.requests.length, count);
    // Without the proxy nobody knows the name.
    const straight = await overTls(server, { ...env, NO_PROXY: SERVER_NAME });
    strictEqual(straight.code, 69);
    strictEqual(proxy.requests.length, count);
  },
));
