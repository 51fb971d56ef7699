/** A real forward proxy on a loopback address of its own, which keeps all that it could read. */

/** How a proxy is set up. */
export interface ForwardProxyOptions {
  /** Where names lead that nobody else knows, such as `events.example.test:443`. */
  readonly routes?: Readonly<Record<string, { readonly port: number }>>;
}

/** A proxy for plain HTTP (whole URLs) and for tunnels (CONNECT). */
export class ForwardProxy implements AsyncDisposable {
  /** First lines of requests. */
  readonly requests: string[] = [];
  /** All bytes that clients sent, as Latin-1. */
  heard = "";
  readonly #listener: Deno.TcpListener;
  readonly #routes: NonNullable<ForwardProxyOptions["routes"]>;
  readonly #connections = new Set<Deno.Conn>();

  constructor({ routes = {} }: ForwardProxyOptions = {}) {
    this.#listener = Deno.listen({ hostname: "127.0.0.2", port: 0 });
    this.#routes = routes;
    void this.#serve();
  }

  get url(): string {
    return `http://127.0.0.2:${this.#listener.addr.port}`;
  }

  async #serve(): Promise<void> {
    for await (const connection of this.#listener) {
      void this.#carry(connection).catch(() => {});
    }
  }

  async #carry(client: Deno.Conn): Promise<void> {
    using _client = this.#kept(client);
    const head = await this.#read(client);
    if (head === undefined) return;
    const [line = ""] = head.split("\r\n");
    this.requests.push(line);
    const [method, target = ""] = line.split(" ");
    const isTunnel = method === "CONNECT";
    const { hostname, port } = new URL(isTunnel ? `http://${target}` : target);
    const route = this.#routes[target] ?? { port: Number(port || 80) };
    const server = await Deno.connect({
      hostname: this.#routes[target] ? "127.0.0.1" : hostname,
      port: route.port,
    });
    using _server = this.#kept(server);
    const first = isTunnel ? "HTTP/1.1 200 OK\r\n\r\n" : head;
    await write(isTunnel ? client : server, first);
    await Promise.race([
      (async () => {
        for (;;) {
          const text = await this.#read(client);
          if (text === undefined) return;
          await write(server, text);
        }
      })(),
      server.readable.pipeTo(client.writable),
    ]);
  }

  async #read(connection: Deno.Conn): Promise<string | undefined> {
    const buffer = new Uint8Array(16 * 1024);
    const count = await connection.read(buffer);
    if (count === null) return undefined;
    const text = latin1.decode(buffer.subarray(0, count));
    this.heard += text;
    return text;
  }

  #kept(connection: Deno.Conn): Disposable {
    this.#connections.add(connection);
    return {
      [Symbol.dispose]: () => {
        this.#connections.delete(connection);
        closeQuietly(connection);
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.#connections.forEach(closeQuietly);
    return Promise.resolve();
  }
}

// The label "latin1" of the standard is another encoding; this keeps every byte.
const latin1 = {
  decode: (bytes: Uint8Array) => String.fromCharCode(...bytes),
  encode: (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0)),
};

async function write(connection: Deno.Conn, text: string): Promise<void> {
  for (let rest = latin1.encode(text); rest.length > 0;) {
    rest = rest.subarray(await connection.write(rest));
  }
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}
