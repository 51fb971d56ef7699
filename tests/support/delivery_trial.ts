/**
 * Trials of delivery: the program's own processes in one home, a proxy that
 * makes faults, a real collector, and a ledger of what was recorded. Whatever
 * happened in between, the same properties have to hold.
 */

import { IS_FULL } from "./needs.ts";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { logIn } from "./agent.ts";
import { ADA, addUsers, TestCollector, type TestUser } from "./collector.ts";
import { PATHS } from "../../lib/base/wire.ts";
import { eventually } from "./eventually.ts";
import { type FaultProxy, startFaultProxy } from "./fault/proxy.ts";
import { tempHome } from "./home.ts";
import { runHere } from "./in_process.ts";
import {
  documentsOf,
  runProgram,
  type RunResult,
  spawnProgram,
} from "./program.ts";

/** Far more than a program may take that was told to end after a few seconds. */
const OUTLIVED_MS = 20_000;

/** Reads `--name=N` of the test's arguments. */
export function numberOption(name: string): number | undefined {
  const given = Deno.args.find((arg) => arg.startsWith(`--${name}=`));
  return given === undefined ? undefined : Number(given.split("=")[1]);
}

/** The seed of all chance in a test file. */
export const SEED = numberOption("seed") ?? Math.floor(Math.random() * 2 ** 31);

/** What the ledger knows of an event. */
interface Recorded {
  readonly lamport_clock: number;
  readonly payload: Record<string, unknown>;
}

/** What `sync now` came to. */
export interface Synced {
  readonly code: number;
  // deno-lint-ignore no-explicit-any
  readonly summary: any;
  readonly stderr: string;
}

/** Where the events are. */
export interface Standing {
  readonly queued: readonly string[];
  // deno-lint-ignore no-explicit-any
  readonly dead: readonly any[];
  /** Left the queue as delivered. */
  readonly acknowledged: readonly string[];
  readonly held: readonly string[];
  // deno-lint-ignore no-explicit-any
  readonly status: any;
}

/** How a program was run to its end. */
export interface Bounded extends RunResult {
  readonly ms: number;
}

/** Runs the program, and fails where it does not end by itself. */
export async function runBounded(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Bounded> {
  const startedMs = performance.now();
  const child = spawnProgram(args, env);
  let isKilled = false;
  const guard = setTimeout(() => {
    isKilled = true;
    child.kill("SIGKILL");
  }, OUTLIVED_MS);
  await child.stdin.close();
  const { code, signal, stdout, stderr } = await child.output();
  clearTimeout(guard);
  const decoder = new TextDecoder();
  const result = {
    code,
    signal,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
    ms: performance.now() - startedMs,
  };
  ok(!isKilled, `${args.join(" ")} outlived its time: ${result.stderr}`);
  return result;
}

/** What one home has recorded, and whether the server has it. */
export class Ledger {
  readonly recorded = new Map<string, Recorded>();
  #contents = 0;
  /** The newest token with which the collector was asked what it holds. */
  protected access = "";

  constructor(
    readonly home: string,
    readonly user: TestUser,
    readonly env: Readonly<Record<string, string>> = {},
  ) {}

  /** Records events, by one call. */
  async emit(
    count: number,
    textOf: (n: number) => string = (n) => `entry ${n}`,
  ): Promise<string[]> {
    const payloads = Array.from({ length: count }, () => ({
      wp_id: "WP01",
      entry_type: "note",
      entry_content: textOf(++this.#contents),
    }));
    const stdin = payloads
      .map((payload) => JSON.stringify({ event_type: "HistoryAdded", payload }))
      .join("\n");
    const { code, stdout, stderr } = await runHere(
      ["emit", "--stdin", "--json"],
      this.#env,
      stdin,
    );
    strictEqual(code, 0, stderr);
    return documentsOf(stdout).map((receipt, i) => {
      const { status, event_id, lamport_clock } = receipt;
      strictEqual(status, "queued");
      const payload = { ...payloads[i], author: "user" };
      this.recorded.set(event_id, { lamport_clock, payload });
      return event_id;
    });
  }

  /** Runs a command in the home, in its own process. */
  run(args: readonly string[], stdin = ""): Promise<RunResult> {
    return runProgram(args, this.#env, { stdin });
  }

  get #env(): Readonly<Record<string, string>> {
    return { SPEC_KITTY_HOME: this.home, ...this.env };
  }

  /** Looks at the home by a command that has to end well; its documents. */
  // deno-lint-ignore no-explicit-any
  async ask(...args: string[]): Promise<any[]> {
    const { code, stdout, stderr } = await runHere(args, this.#env);
    strictEqual(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
    return documentsOf(stdout);
  }

  /** Drains, in a process of its own. */
  async sync(
    timeout = "15s",
    env: Readonly<Record<string, string>> = {},
  ): Promise<Synced> {
    const { code, stdout, stderr } = await runBounded(
      ["sync", "now", "--json", "--timeout", timeout],
      { ...this.#env, ...env },
    );
    const [summary] = documentsOf(stdout);
    return { code, summary, stderr };
  }

  /** The same here, for a fault that leaves all connections whole. */
  async syncHere(timeout = "15s"): Promise<Synced> {
    const startedMs = performance.now();
    const words = ["sync", "now", "--json", "--timeout", timeout];
    const { code, stdout, stderr } = await runHere(words, this.#env);
    ok(performance.now() - startedMs < OUTLIVED_MS, "it outlived its time");
    const [summary] = documentsOf(stdout);
    return { code, summary, stderr };
  }

  /**
   * Compares the home, the collector and the ledger: nothing acknowledged is
   * missing at the collector, nothing there was not recorded, or differs, or
   * is there twice, and the totals balance.
   */
  async verify(collector: TestCollector): Promise<Standing> {
    const [queuedEvents, dead, [status]] = await Promise.all([
      this.ask("queue", "export"),
      this.ask("queue", "dead", "list", "--json", "--limit", "100000"),
      this.ask("sync", "status", "--json"),
    ]);
    const queued = queuedEvents.map(({ event_id }) => event_id);
    const kept = new Set([
      ...queued,
      ...dead.map(({ event }) => event.event_id),
    ]);
    strictEqual(kept.size, queued.length + dead.length, "kept twice");
    for (const id of kept) ok(this.recorded.has(id), `${id} was not recorded`);
    const acknowledged = [...this.recorded.keys()].filter((id) =>
      !kept.has(id)
    );
    const { totals } = status;
    deepStrictEqual(
      {
        queued: status.queued,
        dead: status.dead,
        accepted: totals.accepted,
        delivered: totals.delivered,
        dropped: totals.dropped,
      },
      {
        queued: queued.length,
        dead: dead.length,
        accepted: this.recorded.size,
        delivered: acknowledged.length,
        dropped: 0,
      },
    );
    const held = await this.#verifyHeld(collector);
    const missing = acknowledged.filter((id) => !held.has(id));
    deepStrictEqual(missing, [], "acknowledged, but not at the collector");
    return { queued, dead, acknowledged, held: [...held], status };
  }

  async #verifyHeld(collector: TestCollector): Promise<Set<string>> {
    const { access } = await collector.logIn(this.user);
    this.access = access;
    const events = await collector.events(access);
    const held = new Set<string>();
    for (const { event_id, lamport_clock, payload, team_slug } of events) {
      const id = event_id as string;
      ok(!held.has(id), `${id} is twice at the collector`);
      held.add(id);
      deepStrictEqual({ lamport_clock, payload }, this.recorded.get(id));
      strictEqual(team_slug, this.user.team);
    }
    return held;
  }
}

/** Trials so far, for names of their own. */
let trials = 0;

/** One home that is logged in at a collector, through a proxy. */
export class Trial extends Ledger implements AsyncDisposable {
  readonly #undo: AsyncDisposable;

  private constructor(
    home: string,
    user: TestUser,
    readonly collector: TestCollector,
    readonly proxy: FaultProxy,
    undo: AsyncDisposable,
  ) {
    super(home, user);
    this.#undo = undo;
  }

  /** @param shared a collector that other trials have too, each in a team of its own */
  static async start(seed = SEED, shared?: TestCollector): Promise<Trial> {
    await using undo = new AsyncDisposableStack();
    const { path } = undo.use(await tempHome());
    const collector = shared ?? undo.use(await TestCollector.start([]));
    const name = `trial-${++trials}`;
    const user = shared ? { ...ADA, name, team: name } : ADA;
    await addUsers(collector.home, [user]);
    const proxy = undo.use(startFaultProxy({ target: collector.url, seed }));
    const trial = new Trial(path, user, collector, proxy, undo.move());
    await trial.logIn();
    return trial;
  }

  logIn(): Promise<void> {
    return logIn(this.home, this.proxy, this.user);
  }

  stand(): Promise<Standing> {
    return this.verify(this.collector);
  }

  /** Everything goes well again: one more event, and all that is left arrives. */
  async recover(): Promise<Standing> {
    this.proxy.clear();
    const [fresh] = await this.emit(1);
    const [summary] = await this.ask("sync", "now", "--json");
    strictEqual(summary.remaining, 0);
    const standing = await this.stand();
    ok(standing.held.includes(fresh!), "the fresh event did not get through");
    const dead = standing.dead.map(({ event }) => event.event_id);
    deepStrictEqual(
      new Set([...standing.held, ...dead]),
      new Set(this.recorded.keys()),
    );
    await this.#tellsAll(standing);
    return standing;
  }

  /** The collector knows how many events it has not got. Over a WebSocket it is told, and nobody waits for it. */
  async #tellsAll({ held }: Standing): Promise<void> {
    const token = this.access;
    const missing = this.recorded.size - held.length;
    await eventually("the collector knows what is missing", async () => {
      const { json } = await this.collector.ask(PATHS.nodes, { token });
      strictEqual(json.nodes.length, 1);
      const [node] = json.nodes;
      strictEqual(node.events, held.length);
      return node.missing === missing && node.never === missing;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo[Symbol.asyncDispose]();
  }
}

/** Does work in a trial; says the seed where it fails. */
export async function inTrial(
  work: (trial: Trial) => Promise<void>,
  seed = SEED,
  shared?: TestCollector,
): Promise<void> {
  try {
    await using trial = await Trial.start(seed, shared);
    await work(trial);
  } catch (error) {
    console.log(`the same again: --seed=${SEED}`);
    throw error;
  }
}

/** `inTrial` at one collector for all tests of a file: it is started before the first that is run, and ended behind the last. */
export function trialsAtOne(): (
  work: (trial: Trial) => Promise<void>,
) => Promise<void> {
  let collector: TestCollector | undefined;
  Deno.test.beforeEach(async () => {
    collector ??= await TestCollector.start([]);
  });
  Deno.test.afterAll(async () => await collector?.[Symbol.asyncDispose]());
  return (work) => inTrial(work, SEED, collector);
}

/** Every second row of a table, these or those by the seed; all of them where all is to be tried. */
export function someOf<Row>(table: readonly Row[]): readonly Row[] {
  return IS_FULL ? table : table.filter((_, i) => i % 2 === SEED % 2);
}

/** Trials that run at the same time: each waits most of its own. */
const AT_ONCE = 5;

/** Has all rows of a table tried at one collector, each in a trial and a step of its own. */
export async function sideBySide<Row extends { readonly name: string }>(
  t: Deno.TestContext,
  table: readonly Row[],
  work: (trial: Trial, row: Row) => Promise<void>,
): Promise<void> {
  await using collector = await TestCollector.start([]);
  const rows = table.values();
  const one = async () => {
    for (const row of rows) {
      await t.step({
        name: row.name,
        fn: () => inTrial((trial) => work(trial, row), SEED, collector),
        // Steps that run side by side cannot be looked after one by one.
        sanitizeOps: false,
        sanitizeResources: false,
        sanitizeExit: false,
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}
