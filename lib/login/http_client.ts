/**
 * The way that a request takes: straight to a server on this machine, and to any
 * that is asked without TLS; through the environment's proxy to all others; and
 * whose certificates it trusts.
 *
 * The runtime reads the proxies of the environment by itself, and sends what is
 * meant for this machine through them as well, whatever it is. So a server here
 * gets a client of its own, which comes before all that the environment says.
 *
 * @module
 */

import { KittyError, reasonOf } from "../base/errors.ts";
import { ifRegular } from "../base/files.ts";
import { CA_FILE_BYTES_MAX } from "../base/limits.ts";
import { isLoopback, PLAIN } from "./server_url.ts";

/** Clients keep connections open, so each way has one for as long as the process lives. */
const clients = new Map<string, Deno.HttpClient>();

/** Servers and certificates of a process change only where a person changes a setting. */
const CLIENTS_MAX = 16;

/** Whom requests may go to, and how. */
export interface Trust {
  /** File of certificates that are trusted besides the system's, in PEM. */
  readonly caFile?: string | undefined;
  /** Plain HTTP may go to other machines. */
  readonly insecureHttp?: boolean | undefined;
}

/**
 * The client for a request, or for a WebSocket.
 *
 * @returns undefined where the runtime's own goes the right way
 * @throws {KittyError} where the certificates cannot be used, and for plain
 *   HTTP to another machine where that is not allowed
 */
export async function clientFor(
  url: URL,
  { caFile, insecureHttp = false }: Trust,
): Promise<Deno.HttpClient | undefined> {
  const isPlain = url.protocol === "http:" || url.protocol === "ws:";
  const isHere = isLoopback(url.hostname);
  if (isPlain && !isHere && !insecureHttp) {
    throw new KittyError(
      "bad_server_url",
      `${url.host} is another machine, and plain HTTP would show it to others on the way`,
      { hint: PLAIN },
    );
  }
  const certificates = isPlain || caFile === undefined
    ? undefined
    : await readCertificates(caFile);
  // What TLS does not hide is shown to no proxy either.
  const isStraight = isHere || isPlain;
  if (!isStraight && certificates === undefined) return undefined;
  const key = `${isStraight ? url.origin : ""} ${certificates ?? ""}`;
  const known = clients.get(key);
  if (known) return known;
  // What is under way with an old one goes on; it is not closed.
  if (clients.size >= CLIENTS_MAX) clients.clear();
  const options = certificates === undefined ? {} : { caCerts: [certificates] };
  const client = isPlain
    ? Deno.createHttpClient({ proxy: straightTo(url) })
    : !isHere
    ? Deno.createHttpClient(options)
    : withoutProxy(() => Deno.createHttpClient(options));
  clients.set(key, client);
  return client;
}

/** Comes before the proxies of the environment; the runtime never speaks TLS over it. */
function straightTo({ hostname, port }: URL): Deno.Proxy {
  return {
    transport: "tcp",
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port) || 80,
  };
}

/**
 * Makes a client that leaves this machine's own addresses to no proxy. The
 * runtime reads the variable while it makes the client, which takes no turn of
 * the event loop, so no other code sees the change. Where a program that uses the
 * library may not set it, such a proxy is given a tunnel: it sees the address,
 * and not a word of what TLS hides.
 */
function withoutProxy(make: () => Deno.HttpClient): Deno.HttpClient {
  const variable = "NO_PROXY";
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  if (state !== "granted") return make();
  const given = Deno.env.get(variable);
  Deno.env.set(variable, "localhost,127.0.0.0/8,::1");
  try {
    return make();
  } finally {
    if (given === undefined) Deno.env.delete(variable);
    else Deno.env.set(variable, given);
  }
}

/**
 * Makes sure that certificates can be used, before a server is asked.
 *
 * @throws {KittyError} where they cannot
 */
export async function checkCertificates(
  caFile: string | undefined,
): Promise<void> {
  if (caFile !== undefined) await readCertificates(caFile);
}

/** The file as it is now: one that was exchanged counts from the next request on. */
async function readCertificates(path: string): Promise<string> {
  let text: string | undefined;
  try {
    text = await ifRegular(path, (path) => readBounded(path));
  } catch (error) {
    throw unusable(path, reasonOf(error));
  }
  if (text === undefined) throw unusable(path, "it is not a file");
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    throw unusable(path, "it holds no certificate in PEM");
  }
  try {
    Deno.createHttpClient({ caCerts: [text] }).close();
  } catch (error) {
    throw unusable(path, reasonOf(error));
  }
  return text;
}

async function readBounded(path: string): Promise<string> {
  const { size } = await Deno.stat(path);
  if (size > CA_FILE_BYTES_MAX) {
    throw new Error(`it is larger than ${CA_FILE_BYTES_MAX} bytes`);
  }
  return await Deno.readTextFile(path);
}

function unusable(path: string, why: string): KittyError {
  return new KittyError(
    "bad_ca_file",
    `cannot use the certificates in ${path}: ${why}`,
    {
      hint:
        "SPEC_KITTY_CA_FILE, or sync.ca_file in config.toml, names a file of certificates in PEM (-----BEGIN CERTIFICATE-----)",
    },
  );
}
