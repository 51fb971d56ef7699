/** Servers of which a test knows all that ever reached them, and every token that they gave. */

import { match, strictEqual } from "node:assert/strict";
import { ADA, EVE, TestCollector, type TestUser } from "./collector.ts";
import type { Fault } from "./fault/fault.ts";
import { textOf } from "./fault/frames.ts";
import { decoded, jsonOf } from "./fault/http.ts";
import { type FaultProxy, startFaultProxy } from "./fault/proxy.ts";
import { tempHome } from "./home.ts";
import { documentsOf, type Run, type RunHere, runIn } from "./program.ts";

/** Words that are part of no other. */
export const PASSWORD = "marker-password-6Jq2";
export const TEXT = "marker-payload-w8Zk";
export const HOLDER: TestUser = {
  name: "holder",
  team: "acme",
  password: PASSWORD,
};

const TOKENS = ["access", "refresh", "ws_token"];

/** A real collector behind a proxy that writes down what comes. */
export class RecordedSite implements AsyncDisposable {
  /** Heads, bodies and messages, as text. */
  readonly received: string[] = [];
  /** All tokens that clients have got. */
  readonly tokens = new Set<string>();

  private constructor(
    readonly collector: TestCollector,
    readonly proxy: FaultProxy,
  ) {
    this.#record();
  }

  static async start(users: readonly TestUser[]): Promise<RecordedSite> {
    const collector = await TestCollector.start(users);
    const proxy = startFaultProxy({ target: collector.url, seed: 1 });
    return new RecordedSite(collector, proxy);
  }

  get url(): string {
    return this.proxy.url;
  }

  /** Everything that came, in one text. */
  get text(): string {
    return this.received.join("\n");
  }

  /** A user's events, as the collector has them. */
  async events(user: TestUser): Promise<Record<string, unknown>[]> {
    const { access } = await this.collector.logIn(user);
    return await this.collector.events(access);
  }

  #record(): void {
    const fault: Fault = {
      name: "record",
      request: ({ head, body }) => {
        this.received.push(head.wire + new TextDecoder().decode(body));
      },
      answer: async (answer) => {
        const { headers, content } = answer;
        const json = jsonOf(await decoded(headers, content));
        for (const name of TOKENS) {
          const token = (json as Record<string, unknown> | undefined)?.[name];
          if (typeof token !== "string") continue;
          match(token, /^\S{16,}$/);
          this.tokens.add(token);
        }
        return answer;
      },
      tap: () => ({
        message: (message, direction, emit) => {
          if (direction === "up") this.received.push(textOf(message));
          emit(message);
        },
      }),
    };
    this.proxy.inject(fault);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.proxy[Symbol.asyncDispose]();
    } finally {
      await this.collector[Symbol.asyncDispose]();
    }
  }
}

/** A home and two servers. */
export interface Machine {
  readonly home: string;
  readonly a: RecordedSite;
  readonly b: RecordedSite;
  readonly run: Run;
}

/** Server A has Ada and another of `acme`; server B has Eve of `evil`, and an Ada of another team. */
export async function onMachine(
  work: (machine: Machine) => Promise<void>,
): Promise<void> {
  await using home = await tempHome();
  await using a = await RecordedSite.start([ADA, HOLDER]);
  await using b = await RecordedSite.start([EVE, { ...ADA, team: "other" }]);
  await work({ home: home.path, a, b, run: runIn(home.path) });
}

/** Logs in by `auth login`. */
export function logInAt(run: RunHere, { url }: RecordedSite, user: TestUser) {
  const { name, password } = user;
  return run(
    ["auth", "login", "--server", url, "--username", name, "--password-stdin"],
    { stdin: `${password}\n` },
  );
}

/** A draft that holds the text. */
export function draftWith(payload: Record<string, unknown>) {
  return {
    event_type: "HistoryAdded",
    payload: {
      wp_id: "WP01",
      entry_type: "note",
      entry_content: TEXT,
      ...payload,
    },
  };
}

/** Records notes; their ids. */
export async function note(
  run: Run,
  count: number,
  team?: string,
): Promise<string[]> {
  const { code, stdout, stderr } = await run.here(
    ["emit", "--stdin", "--json"],
    {
      stdin: `${JSON.stringify(draftWith({}))}\n`.repeat(count),
      ...team !== undefined && { env: { SPEC_KITTY_TEAM_SLUG: team } },
    },
  );
  strictEqual(code, 0, stderr);
  return documentsOf(stdout).map(({ event_id }) => event_id);
}
