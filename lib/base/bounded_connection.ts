/**
 * One connection of a bounded server: from its first byte to the end of the
 * last answer.
 *
 * @module
 */

import { joined } from "./bytes.ts";
import { pause } from "./deadline.ts";
import {
  type AddressSet,
  isOwnAddress,
  ownerOf,
  readAddress,
} from "./net/addresses.ts";
import { closeQuietly, readAll, writeAll } from "./net/carrying.ts";
import type { Placed } from "./net/places.ts";
import { RequestStream } from "./net/request_stream.ts";
import { type Entered, RECORD_BYTES, type TlsDoor } from "./net/tls_door.ts";

/**
 * The header by which a request tells on which connection it came, and from
 * which address. Drawn anew by each process, so that no client can name another's.
 */
const IDENTITY = `x-connection-${crypto.randomUUID()}`;

/** How a request came. */
export interface Arrival {
  /** The `id` of its connection. */
  readonly connection: string;
  /** That of the other end; undefined for a socket. */
  readonly address: string | undefined;
}

/** How a request came; undefined where nobody can tell. */
export function arrivalOf({ headers }: Request): Arrival | undefined {
  const [connection, address] = headers.get(IDENTITY)?.split(" ") ?? [];
  if (connection === undefined) return undefined;
  return { connection, address: address === "-" ? undefined : address };
}

const BUSY = new TextEncoder().encode(
  "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-type: application/json\r\n" +
    'content-length: 40\r\n\r\n{"error":"all connections are in use"}  ',
);

/** How long a client may go on sending after its answer. */
const LINGER_MS_MAX = 1_000;

/** What a connection is made of. */
export interface ConnectionParts {
  readonly accepted: Deno.Conn;
  readonly elapsedMs: () => number;
  /** Where it gets its TLS; undefined: it has none. */
  readonly door: TlsDoor | undefined;
  /** Proxies, each of whose connections is that of another client. */
  readonly proxies: AddressSet;
}

/** A connection. */
export class BoundedConnection implements Placed {
  readonly id = crypto.randomUUID();
  /** The other end's address, in the one form; undefined for a socket. */
  readonly address: string | undefined;
  readonly owner: string | undefined;
  readonly isShared: boolean;
  readonly #accepted: Deno.Conn;
  readonly #elapsedMs: () => number;
  readonly #door: TlsDoor | undefined;
  readonly #requests: RequestStream;
  #entered: Entered | undefined;
  #server: Deno.Conn | undefined;
  #activeMs: number;
  /** Since when that is waited for which is waited for now. */
  #phaseMs: number;
  #isFirst = true;
  #isKnown = false;
  #isClosed = false;

  constructor(parts: ConnectionParts) {
    const { accepted, elapsedMs, door, proxies } = parts;
    this.#accepted = accepted;
    this.#elapsedMs = elapsedMs;
    this.#door = door;
    const { remoteAddr } = accepted;
    this.address = "hostname" in remoteAddr
      ? readAddress(remoteAddr.hostname)
      : undefined;
    const { address } = this;
    const isProxy = address !== undefined && proxies.has(address);
    this.owner = isProxy ? this.id : address && ownerOf(address);
    this.isShared = isProxy || address === undefined || isOwnAddress(address);
    this.#requests = new RequestStream(
      `${IDENTITY}: ${this.id} ${address ?? "-"}`,
    );
    this.#phaseMs = this.#activeMs = elapsedMs();
  }

  /** Whether it waits for a head: its first, or one that has begun. */
  get isWaiting(): boolean {
    return this.#isFirst || this.#requests.phase === "head";
  }

  /** Whether it waits for a body. */
  get isReceiving(): boolean {
    return this.#requests.phase === "body";
  }

  /** Since when it waits for that. */
  get waitingMs(): number {
    return this.#phaseMs;
  }

  /** Whether it was vouched for. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** When something last went over it. */
  get activeMs(): number {
    return this.#activeMs;
  }

  vouch(): void {
    this.#isKnown = true;
  }

  /** Ends it at once. */
  close(): void {
    this.#isClosed = true;
    this.#entered?.close();
    closeQuietly(this.#accepted);
    if (this.#server) closeQuietly(this.#server);
  }

  /** Says that there is no room; not where that takes a handshake first. */
  async refuse(): Promise<void> {
    const client = this.#door ? this.#entered?.connection : this.#accepted;
    if (client) await writeAll(client, BUSY).catch(() => {});
    await this.#end();
  }

  /**
   * Carries all that comes, both ways, until both have ended.
   *
   * @param connect opens the way to the server
   * @param isAhead whether it is opened at once, before there is a request
   */
  async carry(
    connect: () => Promise<Deno.Conn>,
    isAhead = false,
  ): Promise<void> {
    const ahead = isAhead ? connect() : undefined;
    ahead?.catch(() => {});
    try {
      const client = await this.#enter();
      if (!client) return;
      // What failed then may go well when it is wanted.
      await this.#exchange(client, () => ahead?.catch(connect) ?? connect());
    } finally {
      ahead?.then(closeQuietly, () => {});
      await this.#end();
    }
  }

  /** The connection without TLS; undefined where it comes to nothing. */
  async #enter(): Promise<Deno.Conn | undefined> {
    if (!this.#door) return this.#accepted;
    // Strangers try what a port may be; that is no trouble.
    this.#entered = await this.#door.enter(this.#accepted).catch(() =>
      undefined
    );
    if (!this.#isClosed) return this.#entered?.connection;
    this.#entered?.close();
    return undefined;
  }

  async #exchange(
    client: Deno.Conn,
    connect: () => Promise<Deno.Conn>,
  ): Promise<void> {
    let trouble: unknown;
    const connected = Promise.withResolvers<Deno.Conn | undefined>();
    const asking = readAll(client, async (bytes) => {
      const { phase, begun } = this.#requests;
      const pieces = this.#requests.take(bytes);
      this.#activeMs = this.#elapsedMs();
      // Where requests follow each other closely, one's phase may be the next one's too.
      if (this.#requests.phase !== phase || this.#requests.begun !== begun) {
        this.#phaseMs = this.#activeMs;
      }
      if (pieces.length === 0) return;
      this.#isFirst = false;
      if (!this.#server) {
        this.#server = await connect();
        // It may have been closed meanwhile, and then nothing else closes this one.
        if (this.#isClosed) closeQuietly(this.#server);
        connected.resolve(this.#server);
      }
      await writeAll(
        this.#server,
        joined(pieces),
      );
    }).catch((error) => {
      if (!this.#isFirst && !this.#server) trouble = error;
    }).finally(() => connected.resolve(undefined))
      // Also where it broke off: the server would wait for more.
      .then(() => this.#server?.closeWrite()).catch(() => {});
    const server = await connected.promise;
    if (trouble !== undefined) {
      await this.refuse();
      throw trouble;
    }
    if (!server) return;
    await readAll(server, (bytes) => {
      this.#activeMs = this.#elapsedMs();
      return writeAll(client, bytes);
    }, this.#door && RECORD_BYTES).then(() => client.closeWrite()).catch(() =>
      this.close()
    );
    // Closing while it still sends would take the answer away from it.
    await Promise.race([asking, pause(LINGER_MS_MAX)]);
  }

  /** Ends it when what is on its way has gone. */
  async #end(): Promise<void> {
    if (this.#entered && !this.#isClosed) {
      const { connection, flushed } = this.#entered;
      closeQuietly(connection);
      await Promise.race([flushed, pause(LINGER_MS_MAX)]);
    }
    this.close();
  }
}
