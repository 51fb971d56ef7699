/** Real collectors: a process of its own, or one inside of the test whose time it sets. */

import { ok, strictEqual } from "node:assert/strict";
import { startCollector } from "../../lib/collector/collector.ts";
import { jsonLog } from "../../lib/base/log.ts";
import { AddressSet } from "../../lib/base/net/addresses.ts";
import { AccountStore } from "../../lib/collector/accounts/account_store.ts";
import { KeyStore, type NewKey } from "../../lib/collector/accounts/keys.ts";
import { addUser } from "../../lib/collector/accounts/users.ts";
import { PATHS, type TokenAnswer } from "../../lib/base/wire.ts";
import { eventsPath } from "../../lib/collector/folder.ts";
import { openSettings } from "../../lib/collector/place.ts";
import type { Records } from "../../lib/collector/records/records.ts";
import { linesOf } from "./child.ts";
import { type TempFolder, tempHome } from "./home.ts";
import { placeIn } from "./places.ts";
import { spawnProgram } from "./program.ts";
import type { World } from "../../lib/base/world.ts";
import { TestWorld } from "./world.ts";

/** A user of a collector under test. */
export interface TestUser {
  readonly name: string;
  readonly team: string;
  readonly password: string;
  readonly role?: "writer" | "viewer" | "admin";
}

/** Two of one team and one of another. */
export const ADA: TestUser = { name: "ada", team: "acme", password: "pass-a" };
export const BOB: TestUser = { name: "bob", team: "acme", password: "pass-b" };
export const EVE: TestUser = { name: "eve", team: "evil", password: "pass-e" };

/** Adds or changes one user of the collector of a home. */
export async function putUser(
  home: string,
  world: World,
  user: Parameters<typeof addUser>[2],
): Promise<void> {
  await using opened = await openSettings(await placeIn(home), world);
  await addUser(new AccountStore(opened.settings), world, user);
}

/** Adds users to the collector of a home, with a hash that costs no time. */
export async function addUsers(
  home: string,
  users: readonly TestUser[] = [ADA, BOB, EVE],
): Promise<void> {
  const world = new TestWorld();
  await using opened = await openSettings(await placeIn(home), world);
  await addUsersTo(opened.settings, users);
}

/** The same, wherever the settings lie. */
export async function addUsersTo(
  settings: Records,
  users: readonly TestUser[],
): Promise<void> {
  for (const user of users) {
    await addUser(new AccountStore(settings), new TestWorld(), {
      ...user,
      rounds: 10,
    });
  }
}

/** Makes a key at the collector of a home. @returns the key itself */
export async function addKey(
  home: string,
  options: Partial<NewKey> = {},
  world: World = new TestWorld(),
): Promise<string> {
  await using opened = await openSettings(await placeIn(home), world);
  const { settings } = opened;
  const usual = { name: "ci", team: ADA.team, role: "writer" } as const;
  const { text } = await new KeyStore(settings)
    .create({ ...usual, ...options }, world);
  return text;
}

/** How to talk to a collector. */
export class CollectorClient {
  /** @param client whose certificates it trusts, where the runtime's own will not do */
  constructor(readonly url: string, readonly client?: Deno.HttpClient) {}

  /** The address that a trusted proxy tells of this client. */
  from: string | undefined;

  /** Asks, and reads the answer. */
  async ask(
    path: string,
    options: {
      method?: string;
      token?: string;
      json?: unknown;
      body?: BodyInit;
      headers?: Record<string, string>;
    } = {},
    // deno-lint-ignore no-explicit-any
  ): Promise<{ status: number; headers: Headers; text: string; json: any }> {
    const { token, json } = options;
    const body = json === undefined ? options.body : JSON.stringify(json);
    const response = await fetch(this.url + path, {
      method: options.method ?? (body === undefined ? "GET" : "POST"),
      headers: {
        ...token !== undefined && { authorization: `Bearer ${token}` },
        ...this.from !== undefined && { "x-forwarded-for": this.from },
        ...options.headers,
      },
      ...body !== undefined && { body },
      ...this.client && { client: this.client },
    });
    const text = await response.text();
    const { status, headers } = response;
    const isJson = headers.get("content-type") === "application/json";
    return { status, headers, text, json: isJson ? JSON.parse(text) : null };
  }

  /** Logs a user in. */
  async logIn({ name, password }: TestUser = ADA): Promise<TokenAnswer> {
    const { status, json } = await this.ask(PATHS.token, {
      json: { username: name, password },
    });
    strictEqual(status, 200);
    return json;
  }

  /** Sends a batch. */
  send(token: string, events: readonly unknown[]) {
    return this.ask(PATHS.batch, { token, json: { events } });
  }

  /** All events of the token's team, in order of arrival. */
  async events(token: string): Promise<Record<string, unknown>[]> {
    const { status, text } = await this.ask(PATHS.export, { token });
    strictEqual(status, 200);
    return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  }

  /** Gets a token for one WebSocket. */
  async socketToken(access: string): Promise<string> {
    const { status, json } = await this.ask(PATHS.socketToken, {
      method: "POST",
      token: access,
    });
    strictEqual(status, 200);
    return json.ws_token;
  }

  /** Opens a WebSocket with a new token. */
  async connect(access: string): Promise<TestSocket> {
    const token = await this.socketToken(access);
    const socket = new TestSocket(this.url, token, this.client);
    await socket.opened;
    return socket;
  }
}

/** A connection that nobody reads from but the test. */
export interface RawAnswer extends Disposable {
  /** Status of the answer. */
  readonly status: number;
}

/** Asks with headers that `fetch` lets nobody set, and reads no more than the answer's head. */
export async function rawAsk(
  { url }: CollectorClient,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<RawAnswer> {
  const { hostname, port, host } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const lines = Object.entries({ Host: host, ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
  await connection.write(new TextEncoder().encode(head));
  const buffer = new Uint8Array(512);
  const length = await connection.read(buffer) ?? 0;
  const text = new TextDecoder().decode(buffer.subarray(0, length));
  return {
    status: Number(text.split(" ")[1]),
    [Symbol.dispose]: () => connection.close(),
  };
}

/** Asks for a WebSocket and never reads from it; status 101 where it is open. */
export function rawUpgrade(
  client: CollectorClient,
  token?: string,
): Promise<RawAnswer> {
  return rawAsk(client, PATHS.socket, {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...token !== undefined && { Authorization: `Bearer ${token}` },
  });
}

/** A WebSocket, and what came over it. */
export class TestSocket implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly opened: Promise<void>;
  /** The code with which it was closed; 0 where it was never open. */
  readonly closed: Promise<number>;
  readonly #messages: unknown[] = [];
  #wake = () => {};

  constructor(url: string, token: string, client?: Deno.HttpClient) {
    const options = {
      headers: { authorization: `Bearer ${token}` },
      ...client && { client },
    };
    this.#socket = new WebSocket(
      url.replace("http", "ws") + PATHS.socket,
      options as unknown as string[],
    );
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.opened = promise;
    promise.catch(() => {});
    this.#socket.onopen = () => resolve();
    this.closed = new Promise((closed) => {
      this.#socket.onclose = ({ code }) => {
        reject(new Error(`closed with ${code}`));
        closed(code);
        this.#wake();
      };
    });
    this.#socket.onmessage = ({ data }) => {
      this.#messages.push(JSON.parse(data));
      this.#wake();
    };
  }

  /** Sends a document, or text and bytes as they are. */
  send(message: unknown): void {
    const isRaw = typeof message === "string" || message instanceof Uint8Array;
    this.#socket.send(
      isRaw ? message as string : JSON.stringify(message),
    );
  }

  /** The next message; rejects where the socket is closed before. */
  // deno-lint-ignore no-explicit-any
  async next(): Promise<any> {
    while (this.#messages.length === 0) {
      ok(
        this.#socket.readyState <= WebSocket.OPEN,
        "closed without a further message",
      );
      await new Promise<void>((wake) => this.#wake = wake);
    }
    return this.#messages.shift();
  }

  /** The next message of a type; those before it are dropped. */
  // deno-lint-ignore no-explicit-any
  async nextOf(type: string): Promise<any> {
    for (;;) {
      const message = await this.next();
      if (message.type === type) return message;
    }
  }

  /** All messages that have come and were not looked at. */
  // deno-lint-ignore no-explicit-any
  takeRest(): any[] {
    return this.#messages.splice(0);
  }

  /** Closes it, and waits until it is closed. */
  async close(): Promise<number> {
    this.#socket.close();
    return await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** How a collector is started. */
export interface CollectorOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly listen?: string;
  /** Whose certificates its client trusts. */
  readonly client?: Deno.HttpClient;
}

/** A collector in a process of its own. */
export class TestCollector extends CollectorClient implements AsyncDisposable {
  readonly home: string;
  readonly #folder: TempFolder;
  readonly #process: CollectorProcess;

  private constructor(
    folder: TempFolder,
    process: CollectorProcess,
    client: Deno.HttpClient | undefined,
  ) {
    super(process.url, client);
    this.home = folder.path;
    this.#folder = folder;
    this.#process = process;
  }

  /** Starts one in a new home, on a free port. */
  static async start(
    users: readonly TestUser[] = [ADA, BOB, EVE],
    options: CollectorOptions = {},
  ): Promise<TestCollector> {
    const folder = await tempHome();
    try {
      await addUsers(folder.path, users);
      const process = await CollectorProcess.start(folder.path, options);
      return new TestCollector(folder, process, options.client);
    } catch (error) {
      await folder[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Asks it to read its certificate again. */
  reload(): void {
    Deno.kill(this.pid, "SIGHUP");
  }

  /** What it has logged so far. */
  get log(): string {
    return this.#process.log;
  }

  /** Ends it: by SIGTERM in good order, by SIGKILL at once. Returns its exit code. */
  stop(signal: "SIGTERM" | "SIGINT" | "SIGKILL" = "SIGTERM"): Promise<number> {
    return this.#process.stop(signal);
  }

  /** Its exit code, once it has ended by itself. */
  get ended(): Promise<number> {
    return this.#process.ended;
  }

  /** Starts it again, after its end, with the same home and address. */
  async restart(env?: Readonly<Record<string, string>>): Promise<void> {
    await this.#process.run(new URL(this.url).host, env);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** The process, as often as it is started. */
export class CollectorProcess {
  readonly #home: string;
  #child: Deno.ChildProcess | undefined;
  #ending: Promise<number> | undefined;
  url = "";
  log = "";

  readonly #args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;

  private constructor(home: string, { args = [], env = {} }: CollectorOptions) {
    this.#home = home;
    this.#args = args;
    this.#env = env;
  }

  static async start(
    home: string,
    options: CollectorOptions,
  ): Promise<CollectorProcess> {
    const process = new CollectorProcess(home, options);
    await process.run(options.listen ?? "127.0.0.1:0");
    return process;
  }

  get pid(): number {
    return this.#child!.pid;
  }

  get ended(): Promise<number> {
    return this.#ending!;
  }

  async run(
    listen: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const { store } = await placeIn(this.#home);
    const child = spawnProgram(
      ["collector", "run", "--listen", listen, ...this.#args],
      {
        SPEC_KITTY_HOME: this.#home,
        ...store !== undefined && { SPEC_KITTY_STORE_URL: store },
        ...this.#env,
        ...env,
      },
    );
    const lines = linesOf(child.stdout);
    const logging = this.#readLog(child.stderr);
    this.#child = child;
    const first = await lines.next();
    this.#ending = (async () => {
      for await (const _ of lines);
      await logging;
      await child.stdin.close().catch(() => {});
      return (await child.status).code;
    })();
    if (first.done) {
      await this.#ending;
      throw new Error(`the collector did not start: ${this.log}`);
    }
    this.url = JSON.parse(first.value).listening;
  }

  async #readLog(stderr: ReadableStream<Uint8Array>): Promise<void> {
    for await (const line of linesOf(stderr)) this.log += line + "\n";
  }

  async stop(signal: Deno.Signal): Promise<number> {
    try {
      this.#child!.kill(signal);
    } catch {
      // It has ended already.
    }
    return await this.#ending!;
  }
}

/** A collector inside of the test, whose time the test sets. */
export interface LocalCollector extends AsyncDisposable {
  readonly client: CollectorClient;
  readonly world: TestWorld;
  readonly home: string;
  readonly logged: string[];
}

/** Starts one in a new home, on a free port. */
export async function localCollector(
  options: {
    pingMs?: number;
    users?: readonly TestUser[];
    /** Addresses of proxies that are trusted. */
    proxies?: readonly string[];
  } = {},
): Promise<LocalCollector> {
  const folder = await tempHome();
  const world = new TestWorld();
  const logged: string[] = [];
  await addUsers(folder.path, options.users);
  const { pingMs } = options;
  const collector = await startCollector({
    world,
    ...await placeIn(folder.path),
    listen: { hostname: "127.0.0.1", port: 0 },
    log: jsonLog(world.nowMs, (line) => logged.push(line)),
    ...pingMs !== undefined && { pingMs },
    proxies: new AddressSet(options.proxies ?? []),
  });
  return {
    client: new CollectorClient(collector.url),
    world,
    home: folder.path,
    logged,
    async [Symbol.asyncDispose]() {
      await collector.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Does work in the file of events of a collector's folder that no collector has open. */
export async function inEventsFile<T>(
  folder: string,
  work: (kv: Deno.Kv) => Promise<T>,
): Promise<T> {
  const kv = await Deno.openKv(eventsPath(folder));
  try {
    return await work(kv);
  } finally {
    kv.close();
  }
}
