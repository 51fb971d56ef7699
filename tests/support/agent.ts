/** Real agents, each a process of its own, and homes that are logged in. */

import { ok, strictEqual } from "node:assert/strict";
import { holdCredentials } from "../../lib/login/credentials.ts";
import { REFUSED, requestTokens } from "../../lib/login/tokens.ts";
import { linesOf } from "./child.ts";
import {
  ADA,
  type CollectorClient,
  localCollector,
  type TestUser,
} from "./collector.ts";
import { eventually } from "./eventually.ts";
import { farDeadline, tempHome } from "./home.ts";
import { documentsOf, runIn, runProgram, spawnProgram } from "./program.ts";

/** Logs a user in, as `auth login` does, without a process. */
export async function logIn(
  home: string,
  { url }: Pick<CollectorClient, "url">,
  user: TestUser = ADA,
  caFile?: string,
): Promise<void> {
  const server = new URL(url);
  const nowMs = () => Date.now();
  const issued = await requestTokens(
    { server, nowMs, deadline: farDeadline(), trust: { caFile } },
    { username: user.name, password: user.password },
  );
  ok(issued !== REFUSED);
  await holdCredentials(home, farDeadline(), (held) =>
    held.write({
      serverUrl: server,
      username: user.name,
      teamSlug: issued.teamSlug,
      tokens: issued.tokens,
    }, nowMs()));
}

/** How an agent is started. */
export interface AgentOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A running agent. */
export class TestAgent implements AsyncDisposable {
  readonly home: string;
  readonly #child: Deno.ChildProcess;
  readonly #ending: Promise<number>;
  /** What it has logged so far. */
  log = "";
  /** The path of its socket, or its URL. */
  listening = "";

  private constructor(home: string, options: AgentOptions) {
    this.home = home;
    this.#child = spawnProgram(["agent", "run", ...options.args ?? []], {
      SPEC_KITTY_HOME: home,
      ...options.env,
    }, options);
    this.#ending = this.#follow();
  }

  #first = Promise.withResolvers<string>();

  async #follow(): Promise<number> {
    const reading = (async () => {
      for await (const line of linesOf(this.#child.stderr)) {
        this.log += `${line}\n`;
      }
    })();
    for await (const line of linesOf(this.#child.stdout)) {
      this.#first.resolve(line);
    }
    await reading;
    await this.#child.stdin.close().catch(() => {});
    const { code } = await this.#child.status;
    this.#first.reject(new Error(`the agent ended (${code}): ${this.log}`));
    return code;
  }

  /** Starts one, and waits until it listens. */
  static async start(
    home: string,
    options: AgentOptions = {},
  ): Promise<TestAgent> {
    const agent = new TestAgent(home, options);
    agent.#first.promise.catch(() => {});
    agent.listening = JSON.parse(await agent.#first.promise).listening;
    return agent;
  }

  /** Starts one in a home that is logged in, and waits until it is connected. */
  static async connected(
    home: string,
    options?: AgentOptions,
  ): Promise<TestAgent> {
    const agent = await TestAgent.start(home, options);
    await agent.is("Connected");
    return agent;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Its exit code, once it has ended by itself. */
  get ended(): Promise<number> {
    return this.#ending;
  }

  /** Waits until it says that it is so. */
  is(state: string): Promise<unknown> {
    return eventually(
      `agent.json says ${state}`,
      async () => (await stateOf(this.home))?.state === state,
    );
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /**
   * Makes it stand still, and waits until all of it does, where that can be
   * seen: a thread that waits for a lock may still be given it before.
   */
  async halt(): Promise<void> {
    this.signal("SIGSTOP");
    if (Deno.build.os !== "linux") return;
    const threads = `/proc/${this.#child.pid}/task`;
    await eventually("all threads stand still", async () => {
      for await (const { name } of Deno.readDir(threads)) {
        const stat = await Deno.readTextFile(`${threads}/${name}/stat`);
        if (!/\) T /.test(stat)) return false;
      }
      return true;
    });
  }

  /** Ends it; its exit code. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    try {
      this.signal(signal);
    } catch {
      // It has ended already.
    }
    return await this.#ending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }
}

/** The content of a home's `agent.json`. */
export async function stateOf(
  home: string,
): Promise<Record<string, unknown> | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(`${home}/agent.json`));
  } catch {
    return undefined;
  }
}

/** Runs a command with `--json` in the test's own process, which has to end well; its one document. */
export async function ask(
  home: string,
  ...words: string[]
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  const { code, stdout, stderr } = await runIn(home)
    .here([...words, "--json"]);
  strictEqual(code, 0, `${words.join(" ")}: ${stdout}${stderr}`);
  const documents = documentsOf(stdout);
  strictEqual(documents.length, 1);
  return documents[0];
}

/** Records notes from `first` on, in the test's own process; their ids. */
export async function record(
  home: string,
  count: number,
  options: { first?: number; team?: string } = {},
): Promise<string[]> {
  const { first = 1, team } = options;
  const drafts = Array.from(
    { length: count },
    (_, i) => JSON.stringify(draft(first + i, team)),
  );
  const { code, stdout, stderr } = await runIn(home).here(
    ["emit", "--stdin", "--json"],
    { stdin: drafts.join("\n") },
  );
  strictEqual(code, 0, stderr);
  return documentsOf(stdout).map(({ status, event_id }) => {
    strictEqual(status, "queued");
    return event_id;
  });
}

/** The n-th draft. */
export function draft(n: number, team?: string): Record<string, unknown> {
  return {
    event_type: "HistoryAdded",
    payload: { wp_id: "WP01", entry_type: "note", entry_content: `entry ${n}` },
    ...team !== undefined && { team_slug: team },
  };
}

/** Waits until a collector has so many events of a user's team, and gives them in order of arrival. */
export async function arrived(
  collector: CollectorClient,
  count: number,
  user: TestUser = ADA,
): Promise<Record<string, unknown>[]> {
  const { access } = await collector.logIn(user);
  let last = -1;
  return await eventually(`${count} events at the server`, async () => {
    const events = await collector.events(access);
    last = events.length;
    return last >= count && events;
  }).catch((error) => {
    throw new Error(`${error.message}; there are ${last}`);
  });
}

/** The ids of events. */
export function idsOf(events: readonly Record<string, unknown>[]): unknown[] {
  return events.map(({ event_id }) => event_id);
}

/** Asks over an agent's socket, or its URL. */
export async function request(
  listening: string,
  path: string,
  options: RequestInit = {},
  // deno-lint-ignore no-explicit-any
): Promise<{ status: number; headers: Headers; text: string; json: any }> {
  const isUrl = listening.startsWith("http");
  using client = isUrl ? undefined : Deno.createHttpClient({
    proxy: { transport: "unix", path: listening },
  });
  const response = await fetch(`${isUrl ? listening : "http://agent"}${path}`, {
    ...options,
    ...client && { client },
  });
  const text = await response.text();
  const { status, headers } = response;
  const isJson = headers.get("content-type") === "application/json";
  return { status, headers, text, json: isJson ? JSON.parse(text) : undefined };
}

/** A server, and a home that is logged in there. */
export async function withLogin(
  work: (
    at: { home: string; client: CollectorClient; sync: Sync },
  ) => Promise<void>,
): Promise<void> {
  await using collector = await localCollector();
  await using home = await tempHome();
  const { client } = collector;
  await logIn(home.path, client);
  await work({ home: home.path, client, sync: syncIn(home.path) });
}

/** Runs `sync now`. */
export type Sync = ReturnType<typeof syncIn>;

/** Runs `sync now` in a home. */
export function syncIn(home: string) {
  return async (words: string[] = [], env: Record<string, string> = {}) => {
    const result = await runProgram(["sync", "now", ...words], {
      SPEC_KITTY_HOME: home,
      ...env,
    });
    const documents = words.includes("--json") && result.code !== 64
      ? documentsOf(result.stdout)
      : [{}];
    strictEqual(documents.length, 1, result.stdout);
    return { ...result, summary: documents[0] };
  };
}
