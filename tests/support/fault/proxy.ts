/**
 * A proxy on loopback between client and server that does to their connection
 * what networks, gateways and servers do. All chance comes from one seed.
 */

import {
  type Exchange,
  type Fault,
  type Injected,
  Injection,
  type InjectOptions,
} from "./fault.ts";
import { changed, exchangeOf, hasMore, readRequest, send } from "./exchange.ts";
import { type Answer, readAnswer } from "./http.ts";
import { Connection, ConnectionEnded, type Line } from "./line.ts";
import { connect } from "./pipe.ts";
import { relay } from "./socket.ts";
import { mulberry32 } from "../world.ts";

/** What went through. */
export interface LogEntry {
  readonly at: "request" | "answer";
  readonly method: string;
  readonly path: string;
  /** Names of the faults that met the request, joined by `+`. */
  readonly fault?: string;
  /** Of an answer; absent where the client got none. */
  readonly status?: number;
  /** Without its encoding; absent where it was not read. */
  readonly requestBody?: Uint8Array;
}

/** Where the proxy leads, and the seed of its chances. */
export interface FaultProxyOptions {
  readonly target: string | URL;
  readonly seed: number;
}

/** A proxy on a port of its own. */
export function startFaultProxy(options: FaultProxyOptions): FaultProxy {
  return new FaultProxy(options);
}

/** The proxy of one test. */
export class FaultProxy implements AsyncDisposable {
  readonly seed: number;
  /** What went through, in order. */
  readonly log: LogEntry[] = [];
  /** Where requests go from now on. */
  target: URL;
  readonly #random: () => number;
  readonly #connections = new Set<Connection>();
  readonly #work = new Set<Promise<void>>();
  readonly #problems: unknown[] = [];
  readonly #address: Deno.NetAddr;
  #injections: Injection[] = [];
  #listener: Deno.TcpListener | undefined;
  #accepting: Promise<void> = Promise.resolve();

  constructor({ target, seed }: FaultProxyOptions) {
    this.seed = seed;
    this.target = new URL(target);
    this.#random = mulberry32(seed);
    this.#address = this.#listen(0);
  }

  /** Where clients go. */
  get url(): string {
    return `http://127.0.0.1:${this.#address.port}`;
  }

  /** How many requests came on a path, whatever became of them. */
  requests(path: string): number {
    return this.log.filter((entry) =>
      entry.at === "request" && entry.path === path
    ).length;
  }

  /** Adds a fault; those injected before it come first. */
  inject(fault: Fault, options: InjectOptions = {}): Injected {
    if (fault.start && options.path !== undefined) {
      throw new Error(`${fault.name} comes before any path is known`);
    }
    const injection = new Injection(fault, options, this.#random, () => {
      this.#injections = this.#injections.filter((it) => it !== injection);
    });
    this.#injections.push(injection);
    return injection;
  }

  /** Takes out all faults, and listens again. */
  clear(): void {
    this.#injections = [];
    this.accept();
  }

  /** Refuses new connections, and ends those that are. */
  async refuse(): Promise<void> {
    this.#listener?.close();
    this.#listener = undefined;
    this.cutAll();
    // Until the last accept is over, the system still takes connections.
    await this.#accepting;
  }

  /** Listens again, on the same port. */
  accept(): void {
    if (!this.#listener) this.#listen(this.#address.port);
  }

  /** Ends all connections. */
  cutAll(): void {
    for (const connection of this.#connections) connection.end();
  }

  /** Resets all connections. */
  resetAll(): void {
    for (const connection of this.#connections) connection.reset();
  }

  /** All connections that are go silent, with their sockets open. */
  freeze(): void {
    for (const connection of this.#connections) connection.freeze();
  }

  /** Frozen connections go on. */
  thaw(): void {
    for (const connection of this.#connections) connection.thaw();
  }

  /** Ends all; throws where a fault itself failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse();
    while (this.#work.size > 0) await Promise.all(this.#work);
    if (this.#problems.length === 0) return;
    throw new AggregateError(
      this.#problems,
      `fault proxy, seed ${this.seed}: ${this.#problems.join("; ")}`,
    );
  }

  #listen(port: number): Deno.NetAddr {
    const listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.#listener = listener;
    this.#accepting = this.#acceptAll(listener);
    this.#track(this.#accepting);
    return listener.addr as Deno.NetAddr;
  }

  async #acceptAll(listener: Deno.TcpListener): Promise<void> {
    for await (const conn of listener) {
      // One that was on its way when the listener closed was refused too.
      if (this.#listener !== listener) conn.close();
      else this.#track(this.#serve(conn));
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch((error) => {
      if (!(error instanceof ConnectionEnded)) this.#problems.push(error);
    });
    this.#work.add(tracked);
    void tracked.finally(() => this.#work.delete(tracked));
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    const connection = new Connection();
    this.#connections.add(connection);
    try {
      const client = connection.adopt(conn, true);
      let mayGoOn = await this.#start(connection);
      while (mayGoOn) {
        mayGoOn = await this.#exchange(connection, client) &&
          await hasMore(client) && await this.#start(connection);
      }
    } catch (error) {
      throw connection.failure ?? error;
    } finally {
      connection.end();
      this.#connections.delete(connection);
    }
  }

  /** Before a request; whether the connection goes on. */
  async #start(connection: Connection): Promise<boolean> {
    const met = this.#injections.find(({ fault, meets }) =>
      fault.start && meets()
    );
    if (!met) return true;
    const { name, start } = met.fault;
    this.log.push({ at: "request", method: "", path: "", fault: name });
    await start!(connection);
    return false;
  }

  /** One request and its answer; whether the connection goes on. */
  async #exchange(connection: Connection, client: Line): Promise<boolean> {
    if (!await hasMore(client)) return false;
    const text = await client.until("\r\n\r\n");
    const exchange = exchangeOf(client, text, this.target, this.#random);
    const ending = this.#injections.find(({ fault, meets }) =>
      fault.head && meets(exchange)
    );
    if (ending) {
      this.#note("request", exchange, [ending.fault]);
      await ending.fault.head!(exchange);
      return false;
    }
    await readRequest(exchange);
    const faults: Fault[] = [];
    const passed = await this.#pass(exchange, faults);
    const answer = await changed(passed.answer, exchange, faults);
    this.#note("answer", exchange, faults, answer?.status);
    if (!answer || !await send(answer, exchange, faults)) return false;
    if (answer.status === 101 && passed.server) {
      const ends = { client, server: passed.server };
      const taps = faults.flatMap(({ tap }) => tap ? [tap(exchange)] : []);
      await relay(connection, ends, taps, this.#random);
    }
    passed.server?.close();
    return !answer.isLast &&
      exchange.head.headers.get("connection") !== "close";
  }

  /** Collects the faults that a request meets, up to one that answers, or the server's answer. */
  async #pass(
    exchange: Exchange,
    faults: Fault[],
  ): Promise<{ answer: Answer; server?: Line }> {
    const entry = this.#note("request", exchange, faults);
    for (const { fault, meets } of this.#injections) {
      if (fault.start || fault.head || !meets(exchange)) continue;
      faults.push(fault);
      entry.fault = namesOf(faults);
      const answer = await fault.request?.(exchange);
      if (answer) return { answer };
    }
    for (let left = exchange.deliveries;; left--) {
      const server = await connect(exchange.connection, exchange.target);
      await server.write(exchange.wire);
      const answer = await readAnswer(server, exchange.method);
      if (left <= 1) return { answer, server };
      server.close();
    }
  }

  #note(
    at: LogEntry["at"],
    { method, path, body }: Exchange,
    faults: readonly Fault[],
    status?: number,
  ): { fault?: string } {
    const entry = {
      at,
      method,
      path,
      ...faults.length > 0 && { fault: namesOf(faults) },
      ...status !== undefined && { status },
      ...body && at === "request" && { requestBody: body },
    };
    this.log.push(entry);
    return entry;
  }
}

function namesOf(faults: readonly Fault[]): string {
  return faults.map(({ name }) => name).join("+");
}
