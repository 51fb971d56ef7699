/**
 * A server that speaks the wire protocol on a real socket, whose answers tests
 * script. Without a script it takes every event, and knows it again.
 */

import { PATHS } from "../../lib/base/wire.ts";

/** Where it takes CloudEvents. */
export const SINK = "/sink";

/** An event as it came over the wire. */
// deno-lint-ignore no-explicit-any
export type SentEvent = Record<string, any>;

/** What the server says of one event; tests may say nonsense. */
export type SaidResult = Record<string, unknown>;

/** One request with events. */
export interface SentBatch {
  readonly events: readonly SentEvent[];
  readonly headers: Headers;
  /** Size of the decompressed body. */
  readonly bytes: number;
}

type Maybe<T> = T | undefined | Promise<T | undefined>;

/** The server. */
export class ScriptedServer implements AsyncDisposable {
  /** Requests with events, in their order. */
  readonly batches: SentBatch[] = [];
  /** Events in the order that they came, by whatever way. */
  readonly events: SentEvent[] = [];
  /** Connections in the order that they were opened. */
  readonly sockets: ServerSocket[] = [];
  /** Ids of the events that it has. */
  readonly taken = new Set<string>();
  /** How many requests a path has had. */
  readonly asked: Record<string, number> = {};
  /** What it says of events, in a batch or of the one in a message. */
  answer: (events: SentEvent[]) => SaidResult[] | Promise<SaidResult[]> = (
    events,
  ) => this.take(events);
  /** More fields of each answer and acknowledgement. */
  extra: Record<string, unknown> = {};
  /** Another answer to a request with events; undefined: the ordinary one. */
  onBatch: (batch: SentBatch) => Maybe<Response> = () => undefined;
  /** Another answer to one who wants a WebSocket. */
  onUpgrade: () => Maybe<Response> = () => undefined;
  /** Another answer to one who wants a token. */
  onToken: (path: string) => Maybe<Response> = () => undefined;
  /** Told of each connection that opens. */
  onOpen: (socket: ServerSocket) => void = () => {};
  #access = 1;
  readonly #socketTokens = new Set<string>();
  #http: Deno.HttpServer<Deno.NetAddr>;
  #dying = new AbortController();
  readonly #over = Promise.withResolvers<void>();

  constructor() {
    this.#http = this.#serve(0);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#http.addr.port}`;
  }

  /** The access token that is good now. */
  get access(): string {
    return `access-${this.#access}`;
  }

  /** Makes the tokens that were given so far invalid, but not the refresh token. */
  revoke(): void {
    this.#access += 1;
  }

  /** Takes events, and says so. */
  take(events: readonly SentEvent[]): SaidResult[] {
    return events.map(({ event_id }) => {
      const status = this.taken.has(event_id) ? "duplicate" : "success";
      this.taken.add(event_id);
      return { event_id, status };
    });
  }

  /** An answer that does not come before the server's end. */
  async silence(): Promise<never[]> {
    await this.#over.promise;
    return [];
  }

  /** Breaks off every connection; nobody listens until `rise`. */
  async die(): Promise<void> {
    this.#dying.abort();
    for (const socket of this.sockets) socket.drop();
    await this.#http.finished;
  }

  /** Listens again, at the same address. */
  rise(): void {
    this.#dying = new AbortController();
    this.#http = this.#serve(this.#http.addr.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.resolve();
    for (const socket of this.sockets) socket.drop();
    await Promise.all(this.sockets.map(({ closed }) => closed));
    await this.#http.shutdown();
  }

  #serve(port: number): Deno.HttpServer<Deno.NetAddr> {
    const options = {
      hostname: "127.0.0.1",
      port,
      signal: this.#dying.signal,
      onListen() {},
      onError: () => new Response("the test's server failed", { status: 500 }),
    };
    return Deno.serve(options, (request) => this.#reply(request));
  }

  async #reply(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    this.asked[path] = (this.asked[path] ?? 0) + 1;
    const authorization = request.headers.get("authorization");
    const isKnown = authorization === `Bearer ${this.access}`;
    switch (path) {
      case PATHS.batch:
        return await this.#batch(request, isKnown);
      case SINK:
        return await this.#sink(request);
      case PATHS.refresh:
        return await this.onToken(path) ??
          Response.json({ access: this.access, refresh: "refresh-1" });
      case PATHS.socketToken: {
        const said = await this.onToken(path);
        if (said) return said;
        if (!isKnown) return refusal();
        const token = `socket-${this.asked[path]}`;
        this.#socketTokens.add(token);
        return Response.json({ ws_token: token });
      }
      case PATHS.socket: {
        const said = await this.onUpgrade();
        if (said) return said;
        const token = authorization?.replace("Bearer ", "") ?? "";
        return this.#socketTokens.delete(token)
          ? this.#upgrade(request)
          : refusal();
      }
      default:
        return Response.json({ error: "not found" }, { status: 404 });
    }
  }

  async #batch(request: Request, isKnown: boolean): Promise<Response> {
    const body = await new Response(
      request.body!.pipeThrough(new DecompressionStream("gzip")),
    ).bytes();
    const { events }: { events: SentEvent[] } = JSON.parse(
      new TextDecoder().decode(body),
    );
    const { headers } = request;
    const batch = { events, headers, bytes: body.length };
    this.batches.push(batch);
    const said = await this.onBatch(batch);
    if (said) return said;
    if (!isKnown) return refusal();
    this.events.push(...events);
    const results = await this.answer(events);
    return Response.json({ results, ...this.extra });
  }

  /** As an endpoint for CloudEvents: it has one word for all of a request. */
  async #sink(request: Request): Promise<Response> {
    const body = await request.bytes();
    const given = JSON.parse(new TextDecoder().decode(body));
    const events: SentEvent[] = [given].flat().map((row) => ({
      ...row,
      event_id: row.id,
      lamport_clock: row.lamportclock,
    }));
    const batch = { events, headers: request.headers, bytes: body.length };
    this.batches.push(batch);
    const said = await this.onBatch(batch);
    if (said) return said;
    this.events.push(...events);
    this.take(events);
    return new Response(null, { status: 204 });
  }

  #upgrade(request: Request): Response {
    const { socket, response } = Deno.upgradeWebSocket(request, {
      idleTimeout: 0,
    });
    const connection = new ServerSocket(socket);
    this.sockets.push(connection);
    socket.addEventListener("open", () => this.onOpen(connection));
    socket.addEventListener("message", async ({ data }) => {
      const message = JSON.parse(data);
      connection.heard.push(message);
      if (message.event_type === undefined) return;
      this.events.push(message);
      for (const result of await this.answer([message])) {
        connection.say({ type: "ack", ...result, ...this.extra });
      }
    });
    return response;
  }
}

/** The server's end of a connection. */
export class ServerSocket {
  /** Messages of the client. */
  readonly heard: SentEvent[] = [];
  /** The code that the connection was closed with. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) =>
      socket.addEventListener("close", ({ code }) => resolve(code))
    );
    // The close event follows.
    socket.addEventListener("error", (event) => event.preventDefault());
  }

  /** Sends a message, or a text or bytes as they are. */
  say(message: unknown): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const isRaw = typeof message === "string" || message instanceof Uint8Array;
    this.#socket.send(
      isRaw ? message as string : JSON.stringify(message),
    );
  }

  close(code: number, reason = ""): void {
    this.#socket.close(code, reason);
  }

  /** Ends the connection, if it has not ended. */
  drop(): void {
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close();
  }
}

function refusal(): Response {
  return Response.json({ error: "token" }, { status: 401 });
}
