/** Agents elsewhere, and homes that hand over to them; servers that are no agents. */

import { strictEqual } from "node:assert/strict";
import { TestAgent } from "./agent.ts";
import { runHere } from "./in_process.ts";
import { documentsOf, type RunOptions, runProgram } from "./program.ts";

/** What the agents of tests ask for. */
export const TOKEN = "some-token-0123456789abcdef";

/** Starts an agent that others reach, on a free port or at an address. */
export function startElsewhere(
  home: string,
  address = "127.0.0.1:0",
  env: Record<string, string> = {},
): Promise<TestAgent> {
  return TestAgent.start(home, {
    args: ["--listen", address],
    env: { SPEC_KITTY_AGENT_TOKEN: TOKEN, ...env },
  });
}

/** The environment of a program that hands over. */
export function handingTo(
  url: string,
  home?: string,
): Record<string, string> {
  return {
    SPEC_KITTY_AGENT_URL: url.startsWith("/") ? `unix:${url}` : url,
    SPEC_KITTY_AGENT_TOKEN: TOKEN,
    ...home !== undefined && { SPEC_KITTY_HOME: home },
  };
}

/** Emits a note, by a process or here; its receipt, and the rest of what was said. */
export async function emitNote(
  env: Record<string, string>,
  text: string,
  options: readonly string[] = [],
  isHere = false,
) {
  const { code, stdout, stderr } = await (isHere ? runHere : runProgram)(
    ["emit", "history-added", "WP01", "note", text, "--json", ...options],
    env,
  );
  const documents = documentsOf(stdout);
  strictEqual(documents.length, 1, stdout + stderr);
  return { code, receipt: documents[0], stderr };
}

/** Sends drafts through a stream; its receipts. */
export async function emitDrafts(
  env: Record<string, string>,
  drafts: readonly unknown[],
  args: readonly string[] = [],
  options: RunOptions = {},
) {
  const stdin = drafts.map((draft) => `${JSON.stringify(draft)}\n`).join("");
  const result = await runProgram(["emit", "--stdin", ...args], env, {
    ...options,
    stdin,
  });
  return { ...result, receipts: documentsOf(result.stdout) };
}

/** A server that does as it is told with each connection, and is no agent. */
export class Stranger implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  readonly #serving: Promise<void>;
  /** Connections that came. */
  count = 0;

  constructor(answer: (connection: Deno.Conn) => Promise<unknown>) {
    this.#serving = this.#serve(answer);
  }

  /** One that reads a request's head, and answers with a text. */
  static saying(text: string): Stranger {
    return new Stranger(async (connection) => {
      await connection.read(new Uint8Array(64 * 1024));
      await connection.write(new TextEncoder().encode(text));
      connection.close();
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}`;
  }

  async #serve(
    answer: (connection: Deno.Conn) => Promise<unknown>,
  ): Promise<void> {
    for await (const connection of this.#listener) {
      this.count += 1;
      this.#open.add(connection);
      void answer(connection).catch(() => {});
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) {
      try {
        connection.close();
      } catch {
        // It has ended already.
      }
    }
    await this.#serving.catch(() => {});
  }
}

/**
 * A relay to a server that hands on each request, and of the first `lost` answers
 * nothing: the server has done its work, and nobody hears of it.
 */
export function losingAnswers(
  url: string,
  lost: number,
): Stranger & { lost: number } {
  const { hostname, port } = new URL(url);
  const relay = new Stranger(async (client) => {
    using server = await Deno.connect({ hostname, port: Number(port) });
    const isLost = relay.lost-- > 0;
    const there = pump(client, server);
    const back = isLost ? firstBytes(server) : pump(server, client);
    await (isLost ? back : Promise.race([there, back])).catch(() => {});
    client.close();
    await there.catch(() => {});
  }) as Stranger & { lost: number };
  relay.lost = lost;
  return relay;
}

async function pump(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let n; (n = await from.read(buffer)) !== null;) {
    for (let at = 0; at < n;) at += await to.write(buffer.subarray(at, n));
  }
}

/** Waits for an answer to begin. */
async function firstBytes(server: Deno.Conn): Promise<void> {
  await server.read(new Uint8Array(64 * 1024));
}
