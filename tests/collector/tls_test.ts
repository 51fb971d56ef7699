/** TLS in a collector: real certificates, `openssl` and `curl` as clients, and certificates that change meanwhile. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { PATHS } from "../../lib/base/wire.ts";
import { record } from "../support/agent.ts";
import { newAuthority } from "../support/authority.ts";
import { pause } from "../../lib/base/deadline.ts";
import {
  ADA,
  CollectorClient,
  TestCollector,
  type TestSocket,
} from "../support/collector.ts";
import { eventOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { tempFolder, tempHome } from "../support/home.ts";
import {
  CURL,
  IS_FULL,
  needing,
  OPENSSL,
  outputOf,
  runTool,
  UNIX,
} from "../support/needs.ts";
import {
  documentsOf,
  type RunHere,
  runIn,
  variantsOf,
} from "../support/program.ts";
import {
  handshake,
  livePair,
  shows,
  tlsCollector,
  trusting,
} from "../support/tls.ts";

Deno.test(needing(
  [OPENSSL, CURL],
  "collector run --tls-cert: openssl, curl, fetch, a WebSocket -> TLS 1.2 and 1.3, HTTP/1.1, the certificate proved; plain HTTP is told",
  async () => {
    await using at = await tlsCollector();
    const { collector, authority, pair } = at;
    match(collector.url, /^https:\/\/127\.0\.0\.1:\d+$/);
    for (const version of ["1_2", "1_3"]) {
      const { isGood, text } = await handshake(collector.url, authority, [
        ...[`-tls${version}`, "-alpn", "h2,http/1.1"],
      ]);
      ok(isGood, text);
      match(text, /Verify return code: 0 \(ok\)/);
      match(text, /ALPN protocol: http\/1\.1/);
    }
    ok(await shows(collector.url, authority, pair));
    for (const version of ["-tls1", "-tls1_1"]) {
      const { isGood } = await handshake(collector.url, authority, [version]);
      strictEqual(isGood, false, version);
    }
    const { port } = new URL(collector.url);
    for (const host of ["127.0.0.1", "localhost"]) {
      strictEqual(
        await outputOf("curl", [
          ...["--silent", "--show-error", "--cacert", authority.caFile],
          `https://${host}:${port}/healthz`,
        ]),
        '{"status":"ok"}',
      );
    }
    // Trusting the system's authorities alone.
    const stranger = await runTool("curl", {
      args: ["--silent", `${collector.url}/healthz`],
    });
    strictEqual(stranger.code, 60);
    const plain = await fetch(`http://127.0.0.1:${port}/healthz`);
    strictEqual(plain.status, 400);
    match((await plain.json()).error, /https/);
    const { access } = await collector.logIn();
    await using socket = await collector.connect(access);
    await socket.nextOf("snapshot");
    const { status } = await collector.send(access, [
      eventOf(1, { team: "acme" }).envelope,
    ]);
    strictEqual(status, 200);
    strictEqual((await socket.nextOf("event")).event.lamport_clock, 1);
    strictEqual((await collector.events(access)).length, 1);
  },
));

Deno.test(needing(
  [OPENSSL],
  "collector with TLS: a login of the page -> its cookie goes over TLS only; another origin is refused",
  async () => {
    await using at = await tlsCollector();
    const { collector } = at;
    const enter = (origin: string) =>
      collector.ask(PATHS.session, {
        json: { username: ADA.name, password: ADA.password },
        headers: { origin },
      });
    const { status, headers } = await enter(collector.url);
    strictEqual(status, 200);
    match(headers.get("set-cookie")!, /; Secure$/);
    strictEqual(
      (await enter(collector.url.replace("https", "http"))).status,
      403,
    );
  },
));

/** Asks until it is told to stop; how often, and what went wrong. */
class Load {
  readonly #over = new AbortController();
  readonly #asking: Promise<unknown>;
  count = 0;
  readonly failures: string[] = [];

  constructor(askers: readonly (() => Promise<void>)[]) {
    this.#asking = Promise.all(askers.map(async (ask) => {
      while (!this.#over.signal.aborted) {
        await ask().catch((error) =>
          this.failures.push(`${error} ${error.cause ?? ""}`)
        );
        this.count += 1;
        // Some are under way at any moment; more would only keep the machine busy.
        await pause(40);
      }
    }));
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#asking;
  }
}

/** What a collector has said so far of certificates that it began to use. */
const uses = ({ log }: TestCollector) =>
  log.match(/a new certificate is used/g) ?? [];

/** Half of them are told by a signal; each of two pairs comes both ways. */
const CHANGES = IS_FULL ? 6 : 4;

Deno.test(needing(
  [OPENSSL, CURL, UNIX],
  "certificates that change under load, by SIGHUP and by their files alone -> no request fails, no WebSocket closes, all new connections get the new one",
  async () => {
    await using at = await tlsCollector();
    const { collector, authority, pair, client } = at;
    const pairs = [await authority.issue(), await authority.issue()];
    const { access } = await collector.logIn();
    const sockets: TestSocket[] = [];
    let closed = 0;
    for (let i = 0; i < 5; i++) {
      const socket = await collector.connect(access);
      void socket.closed.then(() => closed += 1);
      await socket.nextOf("snapshot");
      sockets.push(socket);
    }
    let number = 0;
    const send = async (by: Deno.HttpClient) => {
      const from = new CollectorClient(collector.url, by);
      const { status } = await from.send(access, [
        eventOf(++number, { team: "acme" }).envelope,
      ]);
      strictEqual(status, 200);
    };
    const curl = () =>
      outputOf("curl", [
        ...["--silent", "--show-error", "--fail", "--cacert"],
        ...[authority.caFile, `${collector.url}/healthz`],
      ]).then(() => {});
    const fresh = async () => {
      using own = await trusting(authority);
      await send(own);
    };
    const load = new Load([
      ...[() => send(client), () => send(client), fresh, fresh, fresh],
      ...IS_FULL ? [curl, curl] : [curl],
    ]);
    try {
      for (let i = 0; i < CHANGES; i++) {
        const next = pairs[i % 2]!;
        const before = load.count;
        await pair.put(next);
        if (i < CHANGES / 2) collector.reload();
        await eventually("it is told", () => uses(collector).length > i);
        await eventually(
          "the new certificate is shown",
          () => shows(collector.url, authority, next),
        );
        await eventually("requests go on", () => load.count > before + 20);
      }
    } finally {
      await load.stop();
    }
    deepStrictEqual(load.failures, []);
    strictEqual(closed, 0);
    strictEqual(uses(collector).length, CHANGES);
    // They are the same connections, and still of use.
    sockets.forEach((socket) => socket.takeRest());
    await send(client);
    for (const socket of sockets) {
      strictEqual((await socket.nextOf("event")).event.lamport_clock, number);
      await socket.close();
    }
    strictEqual((await collector.events(access)).length, number);
  },
));

Deno.test(needing(
  [OPENSSL, UNIX],
  "certificates that change to what cannot be used -> told, and the one before goes on; then to a good one -> taken",
  async () => {
    await using at = await tlsCollector();
    const { collector, authority, pair } = at;
    const before = { ...await authority.issue() };
    await pair.put(before);
    collector.reload();
    await eventually(
      "it is shown",
      () => shows(collector.url, authority, before),
    );
    const next = await authority.issue();
    await Deno.copyFile(next.certFile, pair.certFile);
    collector.reload();
    await eventually(
      "it is told",
      () => /"level":"error".*is not that of the first/.test(collector.log),
    );
    await Deno.remove(pair.certFile);
    collector.reload();
    await eventually(
      "it is told",
      () => /"level":"error".*there is no file/.test(collector.log),
    );
    ok(await shows(collector.url, authority, before));
    await pair.put(next);
    await eventually("it is told", () => uses(collector).length > 1);
    await eventually(
      "it is shown",
      () => shows(collector.url, authority, next),
    );
  },
));

Deno.test(needing(
  [OPENSSL],
  "collector run --tls-*: half of a pair -> 64; missing, of another pair -> 78, and which; expired, of another name -> a warning",
  async () => {
    await using authority = await newAuthority();
    await using home = await tempHome();
    const good = await authority.issue(), other = await authority.issue();
    const run = variantsOf(runIn(home.path));
    const refused = async (
      words: readonly string[],
      env: Record<string, string> = {},
    ) => {
      const { code, stdout } = await run(
        ["collector", "run", "--listen", "127.0.0.1:0", "--json", ...words],
        { env },
      );
      const [document] = documentsOf(stdout);
      return { ...document.error, code };
    };
    const cert = ["--tls-cert", good.certFile];
    const key = ["--tls-key", good.keyFile];
    const half = await refused(cert);
    deepStrictEqual([half.code, half.try.includes("--tls-key")], [64, true]);
    strictEqual((await refused(key)).code, 64);
    strictEqual(
      (await refused([], { SPEC_KITTY_TLS_CERT: good.certFile })).code,
      64,
    );
    const missing = await refused(["--tls-cert", `${home.path}/x`, ...key]);
    strictEqual(missing.code, 78);
    match(missing.message, /no file .*\/x for the certificate/);
    const wrong = await refused([...cert, "--tls-key", other.keyFile]);
    strictEqual(wrong.code, 78);
    match(wrong.message, /is not that of the first certificate/);
    strictEqual((await refused(["--trust-proxy", "proxy.example"])).code, 64);
    for (
      const [options, flaw] of [
        [{ days: -1 }, /has expired/],
        [
          { names: ["DNS:a.example"] },
          /is not for 127\.0\.0\.1, but for a\.ex/,
        ],
      ] as const
    ) {
      const { certFile, keyFile } = await authority.issue(options);
      await using collector = await TestCollector.start([], {
        args: ["--tls-cert", certFile, "--tls-key", keyFile],
      });
      await eventually("it is told", () => flaw.test(collector.log));
    }
  },
));

Deno.test(needing(
  [OPENSSL],
  "auth login, sync now, doctor: a certificate that is expired, of another name, of nobody known, an authority's own -> what is wrong, and what to do",
  async () => {
    await using at = await tlsCollector();
    const { collector, authority, pair, client } = at;
    await using folder = await tempFolder();
    const own = await livePair(folder.path, pair);
    await outputOf("openssl", [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"],
      ...["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
      ...["-keyout", own.keyFile, "-out", own.certFile],
    ]);
    await using home = await tempHome();
    await record(home.path, 1);
    const trusted = { SPEC_KITTY_CA_FILE: authority.caFile };
    const run = runIn(home.path), runs = new Map<string, RunHere>();
    const login = [
      ...["auth", "login", "--server", collector.url, "--username", ADA.name],
    ];
    // By a process: nothing that is run here later has a connection already.
    const first = await run(login, { env: trusted, stdin: ADA.password });
    strictEqual(first.code, 0, first.stderr);
    const cases = [
      [
        await authority.issue({ days: -1 }),
        trusted,
        /its certificate has expired/,
        /needs a new one/,
      ],
      [
        await authority.issue({ names: ["DNS:a.example"] }),
        trusted,
        /not valid for name.*a\.example/,
        /a name that is in its certificate/,
      ],
      [
        await authority.issue(),
        {},
        /nobody who is trusted here/,
        /SPEC_KITTY_CA_FILE/,
      ],
      [
        own,
        { SPEC_KITTY_CA_FILE: own.certFile },
        /certificate of an authority as its own/,
        /CA:FALSE/,
      ],
    ] as const;
    for (const [issued, trust, what, advice] of cases) {
      await pair.put(issued);
      collector.reload();
      await eventually(
        "it is shown",
        () => shows(collector.url, authority, issued),
      );
      for (
        const words of [
          login,
          ["sync", "now"],
          ["doctor"],
        ]
      ) {
        // Each of them once as a process.
        const one = runs.get(words[0]!) ?? variantsOf(run);
        runs.set(words[0]!, one);
        const { code, stdout, stderr } = await one(words, {
          env: trust,
          stdin: ADA.password,
        });
        // The table folds its lines.
        const said = `${stdout} ${stderr}`.replace(/\s+/g, " ");
        strictEqual(code, 69, said);
        match(said, what);
        match(said, advice);
        ok(!said.includes(ADA.password));
      }
    }
    await pair.put(await authority.issue());
    collector.reload();
    await eventually("all is well", async () => {
      const { stdout, code } = await run.here(["doctor", "--json"], {
        env: trusted,
      });
      const { checks } = JSON.parse(stdout);
      const found = (name: string) =>
        checks.find((check: { name: string }) => check.name === name);
      return code === 0 && found("server").status === "ok" &&
        // Of two days: that is soon.
        /expires on/.test(found("server_tls").found);
    });
    strictEqual(
      (await fetch(`${collector.url}/healthz`, { client })).status,
      200,
    );
  },
));
