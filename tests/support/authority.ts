/** A private certificate authority, and servers behind TLS that it vouches for. */

import { tempFolder } from "./home.ts";
import { outputOf } from "./needs.ts";

/** The name that its servers have, which no resolver knows. */
export const SERVER_NAME = "events.example.test";

/** The files of a certificate. */
export interface Issued {
  readonly certFile: string;
  readonly keyFile: string;
}

/** An authority of its own. */
export interface Authority extends AsyncDisposable {
  /** Its certificate, in PEM. */
  readonly caFile: string;
  /** Makes a certificate, for {@link NAMES} where none are given, good for two days or as many (negative: it has expired). */
  issue(
    options?: { names?: readonly string[]; days?: number },
  ): Promise<Issued>;
  /** A TLS proxy on a port of this machine, before a plain server. */
  before(url: string): TlsProxy;
}

/** A running TLS proxy. */
export interface TlsProxy extends Disposable {
  readonly port: number;
}

/** What its servers are called, where nothing else is said. */
const NAMES = ["IP:127.0.0.1", "DNS:localhost", `DNS:${SERVER_NAME}`];

/** Makes an authority, and a certificate for 127.0.0.1 and {@link SERVER_NAME}. */
export async function newAuthority(): Promise<Authority> {
  const folder = await tempFolder();
  const at = (name: string) => `${folder.path}/${name}`;
  const run = (...args: string[]) => outputOf("openssl", args);
  const key = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
  ];
  await run(
    ...["req", "-x509", ...key, "-days", "2", "-subj", "/CN=Test authority"],
    ...["-keyout", at("ca.key"), "-out", at("ca.pem")],
  );
  let count = 0;
  const issue: Authority["issue"] = async (
    { names = NAMES, days = 2 } = {},
  ) => {
    const name = `${++count}`;
    const [certFile, keyFile] = [at(`${name}.pem`), at(`${name}.key`)];
    await run(
      ...["req", ...key, "-subj", `/CN=${SERVER_NAME}`],
      ...["-keyout", keyFile, "-out", at("request")],
    );
    await Deno.writeTextFile(
      at("names"),
      `subjectAltName=${names.join(",")}\nbasicConstraints=CA:FALSE\n`,
    );
    await run(
      ...["x509", "-req", "-in", at("request"), "-days", `${days}`],
      ...["-extfile", at("names"), "-CA", at("ca.pem"), "-CAkey", at("ca.key")],
      ...["-CAcreateserial", "-out", certFile],
    );
    return { certFile, keyFile };
  };
  const { certFile, keyFile } = await issue();
  const [privateKey, cert] = await Promise.all(
    [keyFile, certFile].map((path) => Deno.readTextFile(path)),
  );
  return {
    caFile: at("ca.pem"),
    issue,
    before: (url) => tlsProxy(url, { key: privateKey!, cert: cert! }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

function tlsProxy(
  url: string,
  certificate: { readonly key: string; readonly cert: string },
): TlsProxy {
  const { hostname, port } = new URL(url);
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    ...certificate,
  });
  const carry = async (client: Deno.TlsConn) => {
    try {
      await client.handshake();
    } catch (error) {
      client.close();
      throw error;
    }
    const server = await Deno.connect({ hostname, port: Number(port) });
    await Promise.all([
      client.readable.pipeTo(server.writable),
      server.readable.pipeTo(client.writable),
    ]);
  };
  void (async () => {
    for await (const client of listener) void carry(client).catch(() => {});
  })().catch(() => {});
  return {
    port: listener.addr.port,
    [Symbol.dispose]: () => listener.close(),
  };
}
