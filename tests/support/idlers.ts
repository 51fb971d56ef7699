/** Connections that are held without asking for anything, and programs that may have few descriptors. */

import { programScript } from "./program.ts";
import { linesOf } from "./child.ts";
import { startTool } from "./needs.ts";

/** The least that a process with so few descriptors must serve beside them. */
export const DESCRIPTORS = 256;
export const HALF_REQUESTS = 600;

const HALF = new TextEncoder().encode(
  "POST /v1/events HTTP/1.1\r\nHost: localhost\r\n",
);

/** A command of the program that may have few descriptors, and what it says when it listens. */
export async function startWithFew(
  home: string,
  words: readonly string[],
): Promise<
  AsyncDisposable & {
    listening: string;
    status: Promise<Deno.CommandStatus>;
    hasEnded: () => boolean;
    log: () => string;
  }
> {
  const script = `${home}.sh`;
  await Deno.writeTextFile(script, programScript());
  const child = startTool("sh", {
    args: [
      ...["-c", `ulimit -n ${DESCRIPTORS} && exec sh "$0" "$@"`],
      ...[script, ...words],
    ],
    env: { SPEC_KITTY_HOME: home },
  });
  let log = "", hasEnded = false;
  const logging = (async () => {
    for await (const line of linesOf(child.stderr)) log += `${line}\n`;
  })();
  const lines = linesOf(child.stdout);
  const first = await lines.next();
  const status = child.status.finally(() => hasEnded = true);
  if (first.done) {
    await logging;
    throw new Error(`did not start: ${log}`);
  }
  const reading = (async () => {
    for await (const _ of lines);
  })();
  return {
    listening: JSON.parse(first.value).listening,
    status,
    hasEnded: () => hasEnded,
    log: () => log,
    async [Symbol.asyncDispose]() {
      if (!hasEnded) child.kill("SIGKILL");
      await Promise.all([status, logging, reading]);
    },
  };
}

/** Connections that send half a request and are held. */
export class Idlers implements Disposable {
  readonly #connections: Deno.Conn[] = [];
  closedByServer = 0;

  static async hold(
    count: number,
    connect: () => Promise<Deno.Conn>,
  ): Promise<Idlers> {
    const idlers = new Idlers();
    for (let i = 0; i < count; i++) {
      const connection = await connect();
      idlers.#connections.push(connection);
      await connection.write(HALF).catch(() => {});
      void idlers.#watch(connection);
    }
    return idlers;
  }

  async #watch(connection: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(64);
    try {
      while (await connection.read(buffer) !== null);
    } catch {
      // Broken off.
    }
    this.closedByServer += 1;
  }

  get held(): number {
    return this.#connections.length - this.closedByServer;
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections) {
      try {
        connection.close();
      } catch {
        // It is closed already.
      }
    }
  }
}

export function tcp(url: string): () => Promise<Deno.Conn> {
  const { hostname, port } = new URL(url);
  return () => Deno.connect({ hostname, port: Number(port) });
}

/** Connections that are opened again whenever the server has closed one. */
export class Flood implements AsyncDisposable {
  readonly #connect: () => Promise<Deno.Conn>;
  readonly #beginning: Uint8Array;
  readonly #open = new Set<Deno.Conn>();
  readonly #holding: Promise<void>[] = [];
  #isOver = false;
  #changedMs = performance.now();
  closedByServer = 0;

  private constructor(
    connect: () => Promise<Deno.Conn>,
    beginning: Uint8Array,
  ) {
    this.#connect = connect;
    this.#beginning = beginning;
  }

  /** Begins with so many, and goes on: a few at once, which is more than any server of the test takes. */
  static async of(
    count: number,
    connect: () => Promise<Deno.Conn>,
    beginning: Uint8Array,
  ): Promise<Flood> {
    const flood = new Flood(connect, beginning);
    for (let i = 0; i < count; i++) await flood.#add();
    void flood.#goOn();
    return flood;
  }

  get held(): number {
    return this.#open.size;
  }

  /** Resolves when nothing has been closed for a while. */
  async settled(): Promise<void> {
    this.#isOver = true;
    while (performance.now() - this.#changedMs < 500) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #goOn(): Promise<void> {
    while (!this.#isOver) {
      await this.#add().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async #add(): Promise<void> {
    const connection = await this.#connect();
    this.#open.add(connection);
    this.#changedMs = performance.now();
    this.#holding.push(this.#hold(connection));
  }

  async #hold(connection: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(1024);
    try {
      await connection.write(this.#beginning);
      while (await connection.read(buffer) !== null);
    } catch {
      // Broken off.
    }
    if (this.#open.delete(connection)) connection.close();
    this.#changedMs = performance.now();
    this.closedByServer += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    for (const connection of this.#open) {
      this.#open.delete(connection);
      connection.close();
    }
    await Promise.all(this.#holding);
  }
}
