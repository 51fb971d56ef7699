/** Connections of one address that never ask, beside others that do; and what a server knows of who asks. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { BoundedServer } from "../../lib/base/bounded_server.ts";
import { jsonLog } from "../../lib/base/log.ts";
import { AddressSet } from "../../lib/base/net/addresses.ts";
import { KeyPairKeeper } from "../../lib/base/net/key_pair.ts";
import { newAuthority } from "../support/authority.ts";
import { tempFolder, tempHome } from "../support/home.ts";
import { DESCRIPTORS, Flood, startWithFew, tcp } from "../support/idlers.ts";
import {
  CURL,
  IS_FULL,
  LINUX,
  needing,
  OPENSSL,
  OUTER,
  OUTER_ADDRESS,
  outputOf,
  UNIX,
} from "../support/needs.ts";
import { TestWorld } from "../support/world.ts";

const FLOOD = 1_500;

const text = (words: string) => new TextEncoder().encode(words);

/** What the flood begins with. */
const BEGINNINGS: readonly [string, Uint8Array][] = [
  ["half requests", text("POST / HTTP/1.1\r\nHost: x\r\n")],
  ["nothing", new Uint8Array()],
  [
    "requests that are answered",
    text("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
  ],
  [
    "bodies that do not come",
    text(
      "POST /api/v1/events/batch/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
    ),
  ],
];

/** Asks again and again from another address than the flood. */
async function served(url: string, args: readonly string[]): Promise<void> {
  for (let i = 0; i < (IS_FULL ? 15 : 6); i++) {
    strictEqual(
      await outputOf("curl", [
        ...["--silent", "--show-error", "--interface", "127.0.0.2"],
        ...["--max-time", "10", ...args, `${url}/healthz`],
      ]),
      '{"status":"ok"}',
    );
  }
}

for (const [what, beginning] of BEGINNINGS) {
  Deno.test(needing(
    [UNIX, LINUX, CURL],
    `collector with few descriptors: 1,500 connections of one address and ever more, with ${what} -> another address is served, each time`,
    async () => {
      await using home = await tempHome();
      await using collector = await startWithFew(home.path, [
        ...["collector", "run", "--listen", "127.0.0.1:0"],
      ]);
      const url = collector.listening;
      await using flood = await Flood.of(FLOOD, tcp(url), beginning);
      await served(url, []);
      ok(flood.closedByServer > FLOOD - DESCRIPTORS, `${flood.closedByServer}`);
      strictEqual(collector.hasEnded(), false);
    },
  ));
}

/** The beginning of a handshake: a record that is announced, and does not come. */
const HALF_HELLO = new Uint8Array([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);

Deno.test(needing(
  [UNIX, LINUX, CURL, OPENSSL],
  "collector with TLS and few descriptors: 1,500 handshakes of one address that never end, and ever more -> another address is served, each time",
  async () => {
    await using home = await tempHome();
    await using authority = await newAuthority();
    const { certFile, keyFile } = await authority.issue();
    await using collector = await startWithFew(home.path, [
      ...["collector", "run", "--listen", "127.0.0.1:0"],
      ...["--tls-cert", certFile, "--tls-key", keyFile],
    ]);
    const url = collector.listening;
    await using flood = await Flood.of(FLOOD, tcp(url), HALF_HELLO);
    await served(url, ["--cacert", authority.caFile]);
    ok(flood.closedByServer > FLOOD - DESCRIPTORS, `${flood.closedByServer}`);
    strictEqual(collector.hasEnded(), false);
  },
));

Deno.test(needing(
  [UNIX, OUTER],
  "collector: an address of a network -> a quarter of the places for what shows nothing, though all others are free",
  async () => {
    await using home = await tempHome();
    await using collector = await startWithFew(home.path, [
      ...["collector", "run", "--listen", "0.0.0.0:0"],
    ]);
    const { port } = new URL(collector.listening);
    const [, half] = BEGINNINGS[0]!;
    const places = Math.floor((DESCRIPTORS - 64) / 3);
    await using flood = await Flood.of(
      100,
      tcp(`http://${OUTER_ADDRESS}:${port}`),
      half,
    );
    await flood.settled();
    ok(flood.held <= places / 4 + 1, `${flood.held} held`);
    ok(flood.held > places / 8, `${flood.held} held`);
    // This machine's own have no such share.
    await using own = await Flood.of(
      places / 2,
      tcp(`http://127.0.0.1:${port}`),
      half,
    );
    await own.settled();
    ok(own.held >= places / 2 - 1, `${own.held} held`);
  },
));

/** A server that says whom it takes a request for, whose time the test sets. */
async function inServer(
  options: { proxies?: readonly string[]; tls?: boolean },
  work: (
    at: {
      url: string;
      advance: (ms: number) => void;
      connect: () => Promise<Deno.Conn>;
      logged: string[];
      caFile: string;
    },
  ) => Promise<void>,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await tempFolder());
  const world = new TestWorld();
  let aheadMs = 0;
  world.elapsedMs = () => performance.now() + aheadMs;
  const logged: string[] = [];
  const log = jsonLog(world.nowMs, (line) => logged.push(line));
  const authority = options.tls ? stack.use(await newAuthority()) : undefined;
  const server: BoundedServer = await BoundedServer.start({
    world,
    log,
    listen: { hostname: "127.0.0.1", port: 0 },
    folder: folder.path,
    connectionsMax: 10,
    proxies: new AddressSet(options.proxies ?? []),
    keyPair: authority &&
      await KeyPairKeeper.open({
        ...await authority.issue(),
        ...{ world, log, host: undefined },
      }),
    handler: async (request) => {
      if (request.headers.get("authorization")) server.vouch(request);
      const body = await request.text().catch(() => "broken off");
      return Response.json({ ...server.originOf(request), body });
    },
  });
  stack.defer(() => server.shutdown());
  const { port } = server.addr as Deno.NetAddr;
  await work({
    url: `${authority ? "https" : "http"}://127.0.0.1:${port}`,
    advance: (ms) => void (aheadMs += ms),
    connect: () => Deno.connect({ hostname: "127.0.0.1", port }),
    logged,
    caFile: authority?.caFile ?? "",
  });
}

Deno.test(needing(
  [LINUX, CURL],
  "originOf: requests one after the other on a connection, from a proxy that is trusted and from anybody -> each told rightly, the lie once in the log",
  () =>
    inServer({ proxies: ["127.0.0.2"] }, async ({ url, logged }) => {
      const ask = async (from: string, headers: readonly string[]) => {
        const said = await outputOf("curl", [
          ...[
            "--silent",
            "--interface",
            from,
            "--write-out",
            "%{num_connects}",
          ],
          ...headers.flatMap((header) => ["--header", header]),
          ...[url, url, url],
        ]);
        const [, ...answers] = said.match(/({[^}]*})1({[^}]*})0({[^}]*})0/)!;
        return answers.map((answer) => {
          const { address, isEncrypted } = JSON.parse(answer);
          return `${address} ${isEncrypted}`;
        });
      };
      const lies = [
        "X-Forwarded-For: 127.0.0.2, 192.0.2.66",
        "X-Forwarded-Proto: https",
      ];
      const all = (told: string) => [told, told, told];
      deepStrictEqual(
        await ask("127.0.0.2", lies),
        all("192.0.2.66 true"),
      );
      deepStrictEqual(await ask("127.0.0.2", []), all("127.0.0.2 false"));
      deepStrictEqual(logged, []);
      deepStrictEqual(await ask("127.0.0.3", lies), all("127.0.0.3 false"));
      deepStrictEqual(await ask("127.0.0.1", lies), all("127.0.0.1 false"));
      strictEqual(logged.length, 1);
      match(logged[0]!, /--trust-proxy.*127\.0\.0\.3/);
    }),
));

/** All that comes, until the server ends the connection. */
async function restOf(connection: Deno.Conn): Promise<string> {
  let said = "";
  const buffer = new Uint8Array(4096);
  for (;;) {
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) return said;
    said += new TextDecoder().decode(buffer.subarray(0, count));
  }
}

Deno.test("requests that hide behind others -> none is answered as if it were somebody's", () =>
  inServer({}, async ({ connect }) => {
    const hidden = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";
    for (
      const odd of [
        `GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n`,
        `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n`,
        `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n`,
        `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
      ]
    ) {
      using connection = await connect();
      await connection.write(text(odd + hidden));
      await connection.closeWrite();
      const said = await restOf(connection);
      const [, ...behind] = said.split("HTTP/1.1 200 OK");
      ok(behind.length <= 1, said);
      // Where the server takes it for a request, it is told so.
      for (const answer of said.split(/(?=HTTP\/1\.1 )/)) {
        ok(!/hidden/.test(answer), answer);
      }
    }
  }));

Deno.test("time: half of a later head, a stranger's body that drips -> ended; those of a known client -> the head too, the body not", () =>
  inServer({}, async ({ connect, advance }) => {
    const whole = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n";
    const known = "Authorization: Bearer t\r\n";
    using later = await connect();
    using dripping = await connect();
    using patient = await connect();
    await later.write(text(`${whole}${known}\r\nab${whole}`));
    await dripping.write(text(`${whole}\r\n`));
    await patient.write(text(`${whole}${known}\r\nab${whole}\r\n`));
    const buffer = new Uint8Array(4096);
    for (const connection of [later, patient]) {
      ok(await connection.read(buffer) ?? 0 > 0);
    }
    advance(11_000);
    strictEqual(await restOf(later), "");
    await dripping.write(text("a"));
    advance(65_000);
    strictEqual(await restOf(dripping), "");
    await patient.write(text("ab"));
    const count = await patient.read(buffer) ?? 0;
    match(
      new TextDecoder().decode(buffer.subarray(0, count)),
      /^HTTP\/1\.1 200 /,
    );
  }));

Deno.test(needing(
  [OPENSSL],
  "time: a handshake that does not go on, one that is over and asks nothing -> ended after 10 s; one that asks -> not",
  () =>
    inServer({ tls: true }, async ({ url, connect, advance, caFile }) => {
      using half = await connect();
      await half.write(HALF_HELLO);
      const { port } = new URL(url);
      const agreed = () =>
        connect().then(async () =>
          await Deno.connectTls({
            hostname: "localhost",
            port: Number(port),
            caCerts: [await Deno.readTextFile(caFile)],
          })
        );
      using silent = await agreed();
      await silent.handshake();
      using asking = await agreed();
      const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
      await asking.write(text(request));
      const buffer = new Uint8Array(4096);
      ok(await asking.read(buffer) ?? 0 > 0);
      advance(11_000);
      strictEqual(await restOf(half), "");
      strictEqual(await restOf(silent), "");
      await asking.write(text(request));
      const count = await asking.read(buffer) ?? 0;
      match(
        new TextDecoder().decode(buffer.subarray(0, count)),
        /"address":"127\.0\.0\.1","isEncrypted":true/,
      );
    }),
));
