/**
 * Homes that go with their containers, an agent that is killed again and
 * again, and what is at the collector in the end.
 */

import { arrived, ask, draft, idsOf, logIn, type TestAgent } from "./agent.ts";
import { ADA, type TestCollector } from "./collector.ts";
import { handingTo, startElsewhere } from "./elsewhere.ts";
import { eventually } from "./eventually.ts";
import { namesIn, tempFolder, tempHome } from "./home.ts";
import { runTool } from "./needs.ts";
import { documentsOf, programScript } from "./program.ts";
import { mulberry32 } from "./world.ts";

/** What a trial is made of. */
export interface ShortLives {
  readonly collector: TestCollector;
  /** How many homes there are, and how many at once. */
  readonly homes: number;
  readonly atOnce: number;
  readonly seed: number;
  /** Where the agent listens. */
  readonly hostname: string;
  /** What stands before a home's command line, such as `ip netns exec NAME`. */
  readonly inside?: readonly string[];
  /** More of a home's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What came of a trial. */
export interface ShortLivesOutcome {
  /** Ids whose receipts said that the agent has them. */
  readonly handed: ReadonlySet<string>;
  /** Ids that lay in the spool of a home when it went; their receipts said so. */
  readonly gone: ReadonlySet<string>;
  /** Spooled at first, and handed over before their home went. */
  readonly rescued: number;
  /** Receipts by status. */
  readonly statuses: ReadonlyMap<string, number>;
  /** Why events were lost at once, if any were. */
  readonly lost: readonly string[];
  /** How often the agent was killed. */
  readonly kills: number;
  /** Ids at the collector, in order of arrival. */
  readonly stored: readonly string[];
  /** Dead letters of the agent. */
  readonly dead: number;
}

const EVENTS_PER_HOME = 5;

/** Lets homes live and go, and kills the agent meanwhile. */
export async function liveShortly(
  trial: ShortLives,
): Promise<ShortLivesOutcome> {
  await using there = await tempHome();
  await using folder = await tempFolder();
  const script = `${folder.path}/kitty-events`;
  await Deno.writeTextFile(script, programScript(), { mode: 0o755 });
  await logIn(there.path, trial.collector, ADA);
  const agent = new MortalAgent(there.path, trial);
  await agent.start("0");
  const statuses = new Map<string, number>();
  const handed = new Set<string>(), gone = new Set<string>();
  const spooled = new Set<string>(), lost: string[] = [];
  const live = async (n: number): Promise<void> => {
    const home = `${folder.path}/home-${n}`;
    const env = {
      ...agent.env,
      SPEC_KITTY_HOME: home,
      // Far more than a call takes on a busy machine: here nothing is to be lost for that.
      SPEC_KITTY_TIMEOUT: "20s",
      ...trial.env,
    };
    for (const receipt of await emitFive(script, n, env, trial.inside ?? [])) {
      const { status, via, event_id } = receipt;
      if (status === "lost") lost.push(receipt.warning);
      const label = via === undefined ? status : `${status} via the agent`;
      statuses.set(label, (statuses.get(label) ?? 0) + 1);
      if (via !== undefined) handed.add(event_id);
      else spooled.add(event_id);
    }
    for (const name of await namesIn(`${home}/spool`)) {
      gone.add(name.slice(0, 26));
    }
    await Deno.remove(home, { recursive: true }).catch(() => {});
  };
  const killing = agent.dieAgainAndAgain();
  let next = 0;
  await Promise.all(
    Array.from({ length: trial.atOnce }, async () => {
      while (next < trial.homes) await live(next++);
    }),
  );
  agent.stopDying();
  await killing;
  await eventually(
    "the agent's queue is empty",
    async () => (await ask(there.path, "sync", "status")).queued === 0,
    120_000,
  );
  const { dead } = await ask(there.path, "sync", "status");
  await agent.end();
  return {
    handed,
    gone,
    rescued: [...spooled].filter((id) => !gone.has(id)).length,
    statuses,
    lost,
    kills: agent.kills,
    stored: idsOf(await arrived(trial.collector, 0)) as string[],
    dead,
  };
}

/** Emits the events of a home: every other home one by one, the others in a stream. */
async function emitFive(
  script: string,
  n: number,
  env: Record<string, string>,
  inside: readonly string[],
) {
  const run = async (args: readonly string[], input?: string) => {
    const words = [...inside, script, ...args];
    const [command, ...rest] = input === undefined
      ? words
      : ["sh", "-c", 'printf %s "$INPUT" | "$@"', "sh", ...words];
    const { stdout, stderr } = await runTool(command!, {
      args: rest,
      env: { ...env, ...input !== undefined && { INPUT: input } },
    });
    const documents = documentsOf(new TextDecoder().decode(stdout));
    if (documents.length === 0) {
      throw new Error(new TextDecoder().decode(stderr));
    }
    return documents;
  };
  const numbers = Array.from(
    { length: EVENTS_PER_HOME },
    (_, i) => n * EVENTS_PER_HOME + i,
  );
  if (n % 2 === 0) {
    const lines = numbers.map((i) => `${JSON.stringify(draft(i))}\n`).join("");
    return await run(["emit", "--stdin"], lines);
  }
  const receipts = [];
  for (const i of numbers) {
    const words = ["history-added", "WP01", "note", `entry ${i}`, "--json"];
    receipts.push(...await run(["emit", ...words]));
  }
  return receipts;
}

/** An agent that is killed at moments of chance, and started again. */
class MortalAgent {
  readonly #home: string;
  readonly #trial: ShortLives;
  readonly #random: () => number;
  #agent!: TestAgent;
  #isOver = false;
  kills = 0;

  constructor(home: string, trial: ShortLives) {
    this.#home = home;
    this.#trial = trial;
    this.#random = mulberry32(trial.seed);
  }

  get env(): Record<string, string> {
    return handingTo(this.#agent.listening);
  }

  async start(port: string): Promise<void> {
    const address = `${this.#trial.hostname}:${port}`;
    this.#agent = await startElsewhere(this.#home, address);
  }

  async dieAgainAndAgain(): Promise<void> {
    const { port } = new URL(this.#agent.listening);
    const pause = (ms: number) =>
      new Promise((resolve) => setTimeout(resolve, ms));
    while (!this.#isOver) {
      await pause(200 + this.#random() * 1_200);
      const before = this.#agent;
      await before.stop("SIGKILL");
      this.kills += 1;
      // Most of these outages are longer than a call tries again.
      if (this.#random() < 0.5) await pause(this.#random() * 1_500);
      await this.start(port);
    }
  }

  stopDying(): void {
    this.#isOver = true;
  }

  async end(): Promise<void> {
    await this.#agent.stop();
  }
}
