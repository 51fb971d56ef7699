/** `board` in a process of its own. */

import { strictEqual } from "node:assert/strict";
import { PATHS } from "../../lib/base/wire.ts";
import { linesOf } from "./child.ts";
import { CollectorClient } from "./collector.ts";
import { spawnProgram } from "./program.ts";

/** A board that runs, and its session. */
export class RunningBoard implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #told: Promise<string>;
  client!: CollectorClient;
  link = "";
  cookie = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#told = new Response(child.stderr).text();
  }

  static async start(
    args: readonly string[],
    env: Record<string, string>,
    cwd?: string,
  ): Promise<RunningBoard> {
    const child = spawnProgram(["board", "--json", ...args], env, {
      ...cwd !== undefined && { cwd },
    });
    const board = new RunningBoard(child);
    const lines = linesOf(child.stdout);
    const { value, done } = await lines.next();
    if (done) throw new Error(await board.#told);
    board.link = JSON.parse(value).link;
    board.client = new CollectorClient(new URL(board.link).origin);
    void (async () => {
      for await (const _ of lines);
    })();
    return board;
  }

  get ticket(): string {
    return this.link.split("#ticket=")[1]!;
  }

  enter() {
    return this.client.ask(PATHS.session, { json: { ticket: this.ticket } });
  }

  async open(): Promise<void> {
    const { status, headers } = await this.enter();
    strictEqual(status, 200);
    this.cookie = headers.get("set-cookie")!.split(";")[0]!;
  }

  // deno-lint-ignore no-explicit-any
  async get(path: string): Promise<any> {
    const { cookie } = this;
    const { json, status } = await this.client.ask(path, {
      headers: { cookie },
    });
    strictEqual(status, 200, path);
    return json;
  }

  /** Ends it as Ctrl-C does. */
  async stop(): Promise<{ code: number; told: string }> {
    this.#child.kill("SIGINT");
    await this.#child.stdin.close().catch(() => {});
    const { code } = await this.#child.status;
    return { code, told: await this.#told };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.stdin.close().catch(() => {});
    await this.#child.status;
    await this.#told;
  }
}
