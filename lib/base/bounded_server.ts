/**
 * An HTTP server that idle strangers cannot bring to its end.
 *
 * The runtime's own server takes any number of connections, waits for their
 * headers for as long as they like, and ends the process when it has no file
 * descriptor left. So connections are accepted here, up to a bound that leaves
 * a reserve. One is handed on to the runtime's server, over a private socket,
 * when its first request's head is there, and has little time until then. It
 * costs one descriptor meanwhile, but for the first few, whose way on is made
 * at once. Who gives his place where all are taken: `net/places.ts`.
 *
 * @module
 */

import { arrivalOf, BoundedConnection } from "./bounded_connection.ts";
import { pause } from "./deadline.ts";
import { reasonOf } from "./errors.ts";
import type { Log } from "./log.ts";
import { AddressSet } from "./net/addresses.ts";
import { closeQuietly } from "./net/carrying.ts";
import { isNoRoom, placesFor } from "./net/descriptors.ts";
import type { KeyPairKeeper } from "./net/key_pair.ts";
import { Places } from "./net/places.ts";
import { mayUpgrade } from "./net/request_stream.ts";
import { type Origin, originOf } from "./net/proxies.ts";
import { TlsDoor } from "./net/tls_door.ts";
import { serveAtSocket } from "./socket_path.ts";
import type { World } from "./world.ts";

/** Where to listen. */
export type BoundedAddress =
  | { readonly hostname: string; readonly port: number }
  | { readonly path: string };

/** What a server is made of. */
export interface BoundedServerParts {
  readonly world: World;
  readonly log: Log;
  readonly listen: BoundedAddress;
  /** A folder of this user alone, for the private socket; undefined where nothing may be written. */
  readonly folder: string | undefined;
  /** Name of that socket, where another server of the folder has one already. */
  readonly innerName?: string;
  /** Connections at once, where the process may have descriptors for so many. */
  readonly connectionsMax: number;
  /** Certificate and key, for TLS; not on a socket. */
  readonly keyPair?: KeyPairKeeper | undefined;
  /** Proxies that are believed what they say of clients. */
  readonly proxies?: AddressSet | undefined;
  /** Never rejects. */
  readonly handler: (request: Request) => Promise<Response>;
}

/** How long a connection may take to send a request's head, TLS before it included: clients send it at once. */
const REQUEST_HEAD_MS_MAX = 10_000;

/** How long a connection that was not vouched for may be silent, or take for a body: longer than a body may take. */
const STRANGER_IDLE_MS = 75_000;

/** How long what is under way may take at the end. */
const STOP_MS_MAX = 5_000;

/** How often connections are looked at, and how long is waited after trouble. */
const LOOK_MS = 1_000;
const TROUBLE_MS = 50;

/** Connections in a row that may be gone before they are taken, until others of this process have their turn. */
const FAILED_IN_A_TURN = 32;

/** The connections that have their way to the runtime's server before they ask, so that they are answered sooner. */
const AHEAD_MAX = 8;

const INNER_NAME = ".requests.sock";

/** A running server. */
export class BoundedServer {
  readonly #parts: BoundedServerParts;
  readonly #listener: Deno.Listener;
  readonly #connections = new Map<string, BoundedConnection>();
  readonly #places: Places<BoundedConnection>;
  readonly #connectionsMax: number;
  readonly #proxies: AddressSet;
  readonly #door: TlsDoor | undefined;
  readonly #carrying = new Set<Promise<void>>();
  readonly #over = new AbortController();
  #inner!: Deno.HttpServer<Deno.Addr>;
  #isInTrouble = false;
  #hasNotedProxy = false;

  private constructor(parts: BoundedServerParts, listener: Deno.Listener) {
    this.#parts = parts;
    this.#listener = listener;
    const hasTls = parts.keyPair !== undefined;
    this.#connectionsMax = placesFor({ ...parts, hasTls });
    this.#places = new Places(this.#connectionsMax);
    this.#proxies = parts.proxies ?? new AddressSet([]);
    const { keyPair } = parts;
    if (!keyPair) return;
    const door = this.#door = new TlsDoor(keyPair.current);
    keyPair.onChange((pair) => door.renew(pair));
    void keyPair.watch(this.#over.signal);
  }

  /** @throws {Error} where the address is taken, or the private socket cannot be made */
  static async start(parts: BoundedServerParts): Promise<BoundedServer> {
    const { listen } = parts;
    const listener = "path" in listen
      ? Deno.listen({ transport: "unix", path: listen.path })
      : Deno.listen({ ...listen });
    const server = new BoundedServer(parts, listener);
    try {
      await server.#serveInner();
    } catch (error) {
      server.#close();
      throw error;
    }
    void server.#accept();
    void server.#sweep();
    return server;
  }

  /** Where it listens. */
  get addr(): Deno.Addr {
    return this.#listener.addr;
  }

  /** Connections now. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Connections at once. */
  get connectionsMax(): number {
    return this.#connectionsMax;
  }

  /** Vouches for the sender of a request: its connection keeps its place. */
  vouch(request: Request): void {
    const arrival = arrivalOf(request);
    if (arrival) this.#connections.get(arrival.connection)?.vouch();
  }

  /** Who made a request, and whether on his way nobody could read it. */
  originOf(request: Request): Origin {
    const { headers } = request;
    const peer = arrivalOf(request)?.address;
    const isClaimed = headers.has("x-forwarded-for") ||
      headers.has("x-forwarded-proto");
    if (isClaimed && peer !== undefined && !this.#proxies.has(peer)) {
      this.#noteProxy(peer);
    }
    const isEncrypted = this.#door !== undefined;
    return originOf({ peer, isEncrypted, headers }, this.#proxies);
  }

  /** Says it once: it is either a setting that was forgotten, or somebody who lies. */
  #noteProxy(address: string): void {
    if (this.#hasNotedProxy) return;
    this.#hasNotedProxy = true;
    this.#parts.log.warn(
      "what a request says of the client behind it is not believed; if it came from a proxy of yours: --trust-proxy ADDRESS",
      { address },
    );
  }

  /** Takes no more connections; resolves when what is under way has been answered. */
  async shutdown(): Promise<void> {
    this.#close();
    for (const connection of this.#connections.values()) {
      if (connection.isWaiting) connection.close();
    }
    await this.#inner.shutdown();
    // Answers and farewells are still on their way.
    await Promise.race([Promise.all(this.#carrying), pause(STOP_MS_MAX)]);
    this.#connections.forEach((connection) => connection.close());
    const { addr } = this.#inner;
    if (addr.transport === "unix") await Deno.remove(addr.path).catch(() => {});
  }

  #close(): void {
    this.#over.abort();
    this.#listener.close();
    this.#door?.close();
  }

  async #accept(): Promise<void> {
    let failed = 0;
    while (!this.#over.signal.aborted) {
      let accepted: Deno.Conn | undefined;
      try {
        accepted = await this.#listener.accept();
        this.#admit(accepted);
        this.#isInTrouble = false;
        failed = 0;
      } catch (error) {
        if (accepted) closeQuietly(accepted);
        if (this.#over.signal.aborted) return;
        failed += 1;
        if (isNoRoom(error)) await this.#makeRoom(error);
        // It was gone before it was taken, and nobody else waits for that.
        else if (failed % FAILED_IN_A_TURN === 0) {
          this.#note("connections end before they are accepted", error);
          await pause(0);
        }
      }
    }
  }

  /** Sends one away; there is no descriptor left for the next. */
  async #makeRoom(error: unknown): Promise<void> {
    this.#note("a connection was not accepted", error);
    const least = this.#places.least(this.#parts.world.elapsedMs());
    if (least) this.#sendAway(least);
    await pause(TROUBLE_MS, this.#over.signal);
  }

  #admit(accepted: Deno.Conn): void {
    const { elapsedMs } = this.#parts.world;
    // An answer in two pieces would wait for the client's receipt of the first.
    if ("setNoDelay" in accepted) (accepted as Deno.TcpConn).setNoDelay();
    const connection = new BoundedConnection({
      accepted,
      elapsedMs,
      door: this.#door,
      proxies: this.#proxies,
    });
    const before = this.#places.before(connection, elapsedMs());
    if (before === false) return void connection.refuse();
    if (before) this.#sendAway(before);
    this.#connections.set(connection.id, connection);
    this.#places.add(connection);
    const isAhead = this.#connections.size <= AHEAD_MAX;
    const carrying = connection.carry(() => this.#connect(), isAhead)
      .catch((error) => this.#note("a connection was given up", error))
      .finally(() => {
        this.#forget(connection);
        this.#carrying.delete(carrying);
      });
    this.#carrying.add(carrying);
  }

  #sendAway(connection: BoundedConnection): void {
    connection.close();
    this.#forget(connection);
  }

  #forget(connection: BoundedConnection): void {
    this.#connections.delete(connection.id);
    this.#places.remove(connection);
  }

  async #sweep(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await pause(LOOK_MS, this.#over.signal);
      const nowMs = this.#parts.world.elapsedMs();
      for (const connection of [...this.#connections.values()]) {
        const { isWaiting, isReceiving, isKnown, waitingMs, activeMs } =
          connection;
        const sinceMs = isReceiving ? waitingMs : activeMs;
        const isLate = isWaiting
          ? nowMs - waitingMs > REQUEST_HEAD_MS_MAX
          : !isKnown && nowMs - sinceMs > STRANGER_IDLE_MS;
        if (isLate) connection.close();
      }
    }
  }

  /** Starts the runtime's server, and again where trouble has ended it. */
  async #serveInner(): Promise<void> {
    const handler = (request: Request) => this.#handle(request);
    const options = { onListen() {} };
    const { folder, world, innerName = INNER_NAME } = this.#parts;
    const atSocket = folder === undefined ? undefined : await serveAtSocket(
      folder,
      innerName,
      world,
      (path) => Deno.serve({ ...options, path }, handler),
    );
    const inner: Deno.HttpServer<Deno.Addr> = atSocket ??
      Deno.serve({ ...options, hostname: "127.0.0.1", port: 0 }, handler);
    this.#inner = inner;
    inner.finished.catch(async (error) => {
      this.#note("the server is started again", error);
      await pause(TROUBLE_MS, this.#over.signal);
      if (this.#over.signal.aborted) return;
      await this.#serveInner()
        .catch((error) => this.#parts.log.error("no server", error));
    });
  }

  /** Where nobody can tell how a request came, it is not answered: it hid behind another one. */
  async #handle(request: Request): Promise<Response> {
    if (arrivalOf(request)) {
      const response = await this.#parts.handler(request);
      const isRefused = mayUpgrade(request.headers.get("upgrade")) &&
        response.status !== 101;
      return isRefused ? lastOf(response) : response;
    }
    return Response.json({
      error: "only requests of HTTP/1.1 are answered, framed beyond doubt",
    }, { status: 400, headers: { connection: "close" } });
  }

  #connect(): Promise<Deno.Conn> {
    const { addr } = this.#inner;
    if (addr.transport === "unix") {
      return Deno.connect({ transport: "unix", path: addr.path });
    }
    const { hostname, port } = addr as Deno.NetAddr;
    return Deno.connect({ hostname, port });
  }

  /** Says it once until connections come again: it may happen a thousand times a second. */
  #note(what: string, error: unknown): void {
    if (this.#isInTrouble) return;
    this.#isInTrouble = true;
    this.#parts.log.warn(what, {
      reason: reasonOf(error),
      connections: this.#connections.size,
    });
  }
}

/** What comes behind a request to change the protocol is not followed, so there must be no other request. */
function lastOf({ body, status, statusText, headers }: Response): Response {
  const all = new Headers(headers);
  all.set("connection", "close");
  return new Response(body, { status, statusText, headers: all });
}
