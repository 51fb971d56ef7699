/**
 * An HTTP server that idle strangers cannot bring to its end.
 *
 * The runtime's own server takes any number of connections, waits for their
 * headers for as long as they like, and ends the process when it has no file
 * descriptor left. So connections are accepted here, up to a bound that leaves
 * a reserve. One is handed on to the runtime's server, over a private socket,
 * when its first request's head is there; until then it costs one descriptor
 * and has little time. Where all places are taken, the one that has shown the least
 * goes first: those without a head, then strangers, never a client that was
 * vouched for and is at work.
 *
 * @module
 */

import { BoundedConnection, IDENTITY } from "./bounded_connection.ts";
import { pause } from "./deadline.ts";
import { reasonOf } from "./errors.ts";
import type { Log } from "./log.ts";
import { shortSocketPath, socketPathIn } from "./socket_path.ts";
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
  /** Never rejects. */
  readonly handler: (request: Request) => Promise<Response>;
}

/** Descriptors that one connection may take: its own, and both ends of the way to the server behind. */
const CONNECTION_DESCRIPTORS = 3;

/** Descriptors that connections never take: files, locks and Deno KV need some, and must not fail. */
const DESCRIPTORS_KEPT = 64;

/** Connections that are accepted at least, however few descriptors there are. */
const CONNECTIONS_MIN = 4;

/** How long a connection may take to send its first request's head: clients send it at once. */
const REQUEST_HEAD_MS_MAX = 10_000;

/** How long a connection that was not vouched for may be silent: longer than a body may take. */
const STRANGER_IDLE_MS = 75_000;

/** A connection that was vouched for gives its place to another after so long a silence, where all are taken. */
const KNOWN_IDLE_MS = 10 * 60_000;

/** How long what is under way may take at the end. */
const STOP_MS_MAX = 5_000;

/** How often connections are looked at, and how long is waited after trouble. */
const LOOK_MS = 1_000;
const TROUBLE_MS = 50;

const INNER_NAME = ".requests.sock";

/** A running server. */
export class BoundedServer {
  readonly #parts: BoundedServerParts;
  readonly #listener: Deno.Listener;
  readonly #connections = new Map<string, BoundedConnection>();
  readonly #connectionsMax: number;
  readonly #carrying = new Set<Promise<void>>();
  readonly #over = new AbortController();
  #inner!: Deno.HttpServer<Deno.Addr>;
  #isInTrouble = false;

  private constructor(parts: BoundedServerParts, listener: Deno.Listener) {
    this.#parts = parts;
    this.#listener = listener;
    this.#connectionsMax = placesFor(parts);
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
      listener.close();
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

  /** Connections at once. */
  get connectionsMax(): number {
    return this.#connectionsMax;
  }

  /** Vouches for the sender of a request: its connection keeps its place. */
  vouch(request: Request): void {
    const id = request.headers.get(IDENTITY);
    if (id !== null) this.#connections.get(id)?.vouch();
  }

  /** Takes no more connections; resolves when what is under way has been answered. */
  async shutdown(): Promise<void> {
    this.#over.abort();
    this.#listener.close();
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

  async #accept(): Promise<void> {
    while (!this.#over.signal.aborted) {
      let accepted: Deno.Conn | undefined;
      try {
        accepted = await this.#listener.accept();
        this.#isInTrouble = false;
      } catch (error) {
        if (this.#over.signal.aborted) return;
        // No descriptor is left, or the connection was gone before it was taken.
        this.#note("a connection was not accepted", error);
        this.#makeRoom();
        await pause(TROUBLE_MS, this.#over.signal);
        continue;
      }
      this.#admit(accepted);
    }
  }

  #admit(accepted: Deno.Conn): void {
    const { elapsedMs } = this.#parts.world;
    // An answer in two pieces would wait for the client's receipt of the first.
    if ("setNoDelay" in accepted) (accepted as Deno.TcpConn).setNoDelay();
    const connection = new BoundedConnection(accepted, elapsedMs);
    const hasPlace = this.#connections.size < this.#connectionsMax ||
      this.#makeRoom();
    if (!hasPlace) return void connection.refuse();
    this.#connections.set(connection.id, connection);
    const carrying = connection.carry(() => this.#connect())
      .catch((error) => this.#note("a connection was given up", error))
      .finally(() => {
        this.#connections.delete(connection.id);
        this.#carrying.delete(carrying);
      });
    this.#carrying.add(carrying);
  }

  /** Sends away the connection that has shown the least. False: all are known, and at work. */
  #makeRoom(): boolean {
    const all = [...this.#connections.values()];
    const nowMs = this.#parts.world.elapsedMs();
    const least = all.find(({ isWaiting }) => isWaiting) ??
      longestIdle(all.filter(({ isKnown }) => !isKnown)) ??
      longestIdle(
        all.filter(({ activeMs }) => nowMs - activeMs > KNOWN_IDLE_MS),
      );
    if (!least) return false;
    least.close();
    this.#connections.delete(least.id);
    return true;
  }

  async #sweep(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await pause(LOOK_MS, this.#over.signal);
      const nowMs = this.#parts.world.elapsedMs();
      for (const connection of [...this.#connections.values()]) {
        const { isWaiting, isKnown, sinceMs, activeMs } = connection;
        const isLate = isWaiting
          ? nowMs - sinceMs > REQUEST_HEAD_MS_MAX
          : !isKnown && nowMs - activeMs > STRANGER_IDLE_MS;
        if (isLate) connection.close();
      }
    }
  }

  /** Starts the runtime's server, and again where trouble has ended it. */
  async #serveInner(): Promise<void> {
    const { handler } = this.#parts;
    const options = { onListen() {} };
    const inner = await this.#listenInner((path) =>
      path === undefined
        ? Deno.serve({ ...options, hostname: "127.0.0.1", port: 0 }, handler)
        : Deno.serve({ ...options, path }, handler)
    );
    this.#inner = inner;
    inner.finished.catch(async (error) => {
      this.#note("the server is started again", error);
      await pause(TROUBLE_MS, this.#over.signal);
      if (this.#over.signal.aborted) return;
      await this.#serveInner()
        .catch((error) => this.#parts.log.error("no server", error));
    });
  }

  /** In the folder, else where it is short, else on TCP: not every disk can hold a socket. */
  async #listenInner(
    serve: (path?: string) => Deno.HttpServer<Deno.Addr>,
  ): Promise<Deno.HttpServer<Deno.Addr>> {
    const { folder, world, innerName = INNER_NAME } = this.#parts;
    if (Deno.build.os === "windows" || folder === undefined) return serve();
    for (const find of [socketPathIn, shortSocketPath]) {
      try {
        const path = await find(folder, innerName, world);
        // Left by one that was killed: only one at a time has the folder.
        await Deno.remove(path).catch(() => {});
        const server = serve(path);
        await Deno.chmod(path, 0o600);
        return server;
      } catch {
        // The next way.
      }
    }
    return serve();
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

function longestIdle(
  connections: readonly BoundedConnection[],
): BoundedConnection | undefined {
  return connections.toSorted((a, b) => a.activeMs - b.activeMs)[0];
}

/**
 * Connections that there are descriptors for. The limit can be read nowhere
 * that a program with few rights may look, so it is tried out, once.
 */
function placesFor(
  { folder, connectionsMax }: BoundedServerParts,
): number {
  if (Deno.build.os === "windows") return connectionsMax;
  const opened: Deno.FsFile[] = [];
  const wanted = connectionsMax * CONNECTION_DESCRIPTORS + DESCRIPTORS_KEPT;
  try {
    while (opened.length < wanted) {
      opened.push(Deno.openSync(folder ?? "/", { read: true }));
    }
  } catch {
    // So many there are.
  }
  opened.forEach((file) => file.close());
  const places = Math.floor(
    (opened.length - DESCRIPTORS_KEPT) / CONNECTION_DESCRIPTORS,
  );
  return Math.max(CONNECTIONS_MIN, places);
}
