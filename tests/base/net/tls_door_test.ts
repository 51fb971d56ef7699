/** Strangers at a door of TLS, and behind it: none ends it, none stays, and clients come through. */

import { ok, rejects, strictEqual } from "node:assert/strict";
import { BoundedServer } from "../../../lib/base/bounded_server.ts";
import { pause } from "../../../lib/base/deadline.ts";
import { jsonLog } from "../../../lib/base/log.ts";
import { KeyPairKeeper, readKeyPair } from "../../../lib/base/net/key_pair.ts";
import { TlsDoor } from "../../../lib/base/net/tls_door.ts";
import { RawConnection } from "../../support/fault/reset.ts";
import { newAuthority } from "../../support/authority.ts";
import { eventually } from "../../support/eventually.ts";
import { tempFolder } from "../../support/home.ts";
import { LINUX, needing, OPENSSL } from "../../support/needs.ts";
import { trusting } from "../../support/tls.ts";
import { TestWorld } from "../../support/world.ts";

/** What a client begins with, as the runtime does. */
async function helloOfClient(): Promise<Uint8Array> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const trying = Deno.connectTls({ hostname: "127.0.0.1", port })
    .then(async (client) => {
      await client.handshake().catch(() => {});
      client.close();
    });
  using client = await listener.accept();
  const buffer = new Uint8Array(4096);
  const count = await client.read(buffer) ?? 0;
  client.close();
  await trying;
  return buffer.slice(0, count);
}

/** Waits for an answer, and not for long. */
async function impatient(connection: Deno.Conn): Promise<void> {
  await Promise.race([
    connection.read(new Uint8Array(4096)).catch(() => {}),
    pause(20),
  ]);
}

/** Ways to begin, and not to go on. */
const STRANGERS: readonly ((
  connection: Deno.TcpConn,
  hello: Uint8Array,
  random: () => number,
) => Promise<unknown>)[] = [
  (connection, hello) => connection.write(hello),
  (connection, hello, random) =>
    connection.write(hello.subarray(0, Math.floor(random() * hello.length))),
  async (connection, hello, random) => {
    const changed = hello.slice();
    for (let i = 0; i < 4; i++) {
      const at = 5 + Math.floor(random() * (hello.length - 5));
      changed[at] = Math.floor(random() * 256);
    }
    await connection.write(changed);
    await impatient(connection);
  },
  async (connection, hello) => {
    await connection.write(hello);
    await impatient(connection);
    await connection.write(new Uint8Array(300).fill(0x17));
    await impatient(connection);
  },
  async (connection, hello) => {
    await connection.write(hello);
    await connection.closeWrite();
    await impatient(connection);
  },
  (connection) =>
    connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")),
  (connection) => connection.write(new Uint8Array([0x16, 3, 1, 0xff, 0xff])),
  () => Promise.resolve(),
];

Deno.test(needing(
  [OPENSSL],
  "TlsDoor: 400 strangers of every kind, with clients between -> each client is served, and no connection stays",
  async () => {
    await using authority = await newAuthority();
    await using folder = await tempFolder();
    const world = new TestWorld();
    const log = jsonLog(world.nowMs, () => {});
    const keyPair = await KeyPairKeeper.open({
      ...await authority.issue(),
      ...{ world, log, host: undefined },
    });
    const server = await BoundedServer.start({
      ...{ world, log, keyPair, folder: folder.path, connectionsMax: 100 },
      listen: { hostname: "127.0.0.1", port: 0 },
      handler: () => Promise.resolve(new Response("served")),
    });
    const { port } = server.addr as Deno.NetAddr;
    const hello = await helloOfClient();
    const random = () => world.randomBytes(1)[0]! / 256;
    const stranger = async (i: number) => {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await STRANGERS[i % STRANGERS.length]!(connection, hello, random)
        .catch(() => {});
    };
    const client = async () => {
      using own = await trusting(authority);
      const response = await fetch(`https://127.0.0.1:${port}/`, {
        client: own,
      });
      strictEqual(await response.text(), "served");
    };
    try {
      for (let round = 0; round < 10; round++) {
        await Promise.all([
          ...Array.from({ length: 40 }, (_, i) => stranger(i)),
          ...[client(), client()],
        ]);
      }
      await eventually("none stays", () => server.connections === 0);
    } finally {
      await server.shutdown();
    }
  },
));

/** Ports that something listens on. */
async function listeningPorts(): Promise<Set<number>> {
  const table = await Deno.readTextFile("/proc/net/tcp");
  const LISTENING = "0A";
  return new Set(
    table.split("\n").slice(1).map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === LISTENING)
      .map(([, local]) => parseInt(local!.split(":")[1]!, 16)),
  );
}

Deno.test(needing(
  [OPENSSL, LINUX],
  "TlsDoor: another program calls behind the door, a hundred times -> those who come by the door are not taken for it",
  async () => {
    await using authority = await newAuthority();
    const before = await listeningPorts();
    const door = new TlsDoor(await readKeyPair(await authority.issue()));
    const ports = [...await listeningPorts()].filter((port) =>
      !before.has(port)
    );
    const strangers = await Promise.all(
      ports.flatMap((port) =>
        Array.from(
          { length: 100 },
          () => Deno.connect({ hostname: "127.0.0.1", port }),
        )
      ),
    );
    ok(strangers.length >= 100);
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const calling = Deno.connectTls({
      hostname: "127.0.0.1",
      port: listener.addr.port,
      caCerts: [await Deno.readTextFile(authority.caFile)],
    });
    const entering = door.enter(await listener.accept());
    using client = await calling;
    await client.handshake();
    const entered = await entering;
    await client.write(new TextEncoder().encode("hello"));
    const buffer = new Uint8Array(16);
    strictEqual(await entered!.connection.read(buffer), 5);
    for (const stranger of strangers) stranger.close();
    entered!.close();
    door.close();
    await rejects(door.enter(await connected()));
  },
));

Deno.test(needing(
  [OPENSSL, LINUX],
  "TlsDoor: calls behind the door from one port of several addresses, and twice from the same place -> no descriptor stays",
  async () => {
    await using authority = await newAuthority();
    const descriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = await listeningPorts();
    const door = new TlsDoor(await readKeyPair(await authority.issue()));
    const [inner] = [...await listeningPorts()].filter((port) =>
      !before.has(port)
    );
    const held = descriptors();
    for (let i = 0; i < 30; i++) {
      // A free one.
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = listener.addr;
      for (const hostname of ["127.0.0.2", "127.0.0.3", "127.0.0.2"]) {
        const stranger = new RawConnection(inner!, { hostname, port });
        await pause(2);
        stranger.reset();
      }
    }
    // Some may be held until nobody can claim them.
    await eventually("none stays", () => descriptors() <= held);
    door.close();
  },
));

/** A connection on which a handshake begins. */
async function connected(): Promise<Deno.Conn> {
  const hello = await helloOfClient();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const client = await Deno.connect({ hostname: "127.0.0.1", port });
  const accepted = await listener.accept();
  await client.write(hello);
  client.close();
  return accepted;
}
