/**
 * Connections to the servers of a store, with TLS as the URL says.
 *
 * @module
 */

import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { pause } from "../../base/deadline.ts";
import { reasonOf } from "../../base/errors.ts";
import { CERTIFICATE, DistrustError, LostError } from "./trouble.ts";
import type { StoreHost, StoreUrl } from "./store_url.ts";

/** What asks a server whether it speaks TLS. */
const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);

const YES = 0x53;

/** Where TLS is tried, and certificates of whom are taken. */
export interface Secrecy {
  readonly url: StoreUrl;
  /** Certificates in PEM; undefined: those of the system. */
  readonly roots: string | undefined;
}

/**
 * Connects to one server.
 *
 * @throws {LostError}
 * @throws {DistrustError}
 */
export async function openSocket(
  host: StoreHost,
  secrecy: Secrecy,
): Promise<Socket> {
  const { connectMs, sslMode } = secrecy.url;
  const where = `${host.hostname} port ${host.port}`;
  const given = new AbortController();
  let socket = connect(host.port, host.hostname);
  const late = pause(connectMs, given.signal).then(() => {
    if (!given.signal.aborted) {
      socket.destroy(new Error(`no answer within ${connectMs / 1_000} s`));
    }
  });
  try {
    await happened(socket, "connect");
    socket.setNoDelay(true);
    if (sslMode !== "disable") {
      socket = await secured(socket, host, secrecy);
    }
    return socket;
  } catch (error) {
    socket.destroy();
    const reason = `${where}: ${reasonOf(error)}`;
    throw error instanceof DistrustError
      ? new DistrustError(reason)
      : new LostError(reason);
  } finally {
    given.abort();
    await late;
  }
}

/** Waits for an event of a socket, or for its end. */
function happened<T>(socket: Socket, name: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const settle = (work: () => void) => {
      socket.removeListener(name, right);
      socket.removeListener("error", wrong);
      socket.removeListener("close", closed);
      work();
    };
    const right = (value: T) => settle(() => resolve(value));
    const wrong = (error: Error) => settle(() => reject(error));
    const closed = () => settle(() => reject(new Error("it was closed")));
    socket.on(name, right);
    socket.on("error", wrong);
    socket.on("close", closed);
  });
}

async function secured(
  socket: Socket,
  { hostname }: StoreHost,
  { url, roots }: Secrecy,
): Promise<Socket> {
  const answer = happened<Uint8Array>(socket, "data");
  socket.write(SSL_REQUEST);
  if ((await answer)[0] !== YES) {
    if (url.sslMode === "prefer") return socket;
    throw new DistrustError(
      `the server has no TLS, and sslmode is ${url.sslMode}`,
    );
  }
  // As libpq has it: whoever names certificates wants them to be looked at.
  const isNamed = url.sslMode === "require" && roots !== undefined;
  const options: ConnectionOptions = {
    socket,
    rejectUnauthorized: isNamed || url.sslMode.startsWith("verify-"),
    ...!isIP(hostname) && { servername: hostname },
    ...isIP(hostname) && { host: hostname },
    ...roots !== undefined && { ca: roots },
    ...(isNamed || url.sslMode === "verify-ca") &&
      { checkServerIdentity: () => undefined },
  };
  const safe = connectTls(options);
  try {
    await happened(safe, "secureConnect");
    return safe;
  } catch (error) {
    const reason = reasonOf(error);
    throw CERTIFICATE.test(reason) ? new DistrustError(reason) : error;
  }
}
