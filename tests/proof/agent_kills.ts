/**
 * An agent to which homes elsewhere hand over, in a home in which others record
 * too, killed with -9 again and again.
 */

import { TestAgent } from "../support/agent.ts";
import { handingTo, TOKEN } from "../support/elsewhere.ts";
import { documentsOf, type Run, runIn } from "../support/program.ts";
import { compare, type Told } from "../support/stored.ts";
import { exported, findingsOf, runPatiently } from "./disk_trials.ts";
import type { Findings, Series } from "./findings.ts";

/** Homes that hand over, and events of each in a round. */
const HOMES = 2, HANDED = 4;

/** Events that are recorded in the agent's own home meanwhile, by processes of their own. */
const OWN = 3;

/** When the agent is killed, at most this long after a round began; emits take some tenths of it. */
const KILL_MS_MAX = 700;

/** Kills at random moments, and what was told meanwhile. */
export class AgentKills implements Series, AsyncDisposable {
  readonly counts = { rounds: 0, killed: 0, handed: 0, own: 0, spooled: 0 };
  readonly #run: Run;
  readonly #receipts: Told["receipts"][number][] = [];
  #agent: TestAgent | undefined;

  /** @param folder what all homes lie in, and the agent's socket */
  constructor(
    readonly folder: string,
    readonly random: () => number,
  ) {
    this.#run = runPatiently(this.#home);
  }

  async round(): Promise<void> {
    this.#agent ??= await this.#start();
    this.counts.rounds += 1;
    const recording = Promise.all([
      ...Array.from({ length: HOMES }, (_, n) => this.#hand(n, HANDED)),
      this.#recordHere(),
    ]);
    await new Promise((resolve) =>
      setTimeout(resolve, this.random() * KILL_MS_MAX)
    );
    await this.#agent.stop("SIGKILL");
    this.counts.killed += 1;
    this.#agent = await this.#start();
    await recording;
  }

  async verify(): Promise<Findings> {
    this.#agent ??= await this.#start();
    // What was spooled goes first.
    for (let n = 0; n < HOMES; n++) await this.#hand(n, 1);
    await this.#agent.stop();
    this.#agent = undefined;
    const told = { receipts: this.#receipts, counts: {} };
    const { stdout } = await this.#run(["queue", "check", "--json"]);
    return findingsOf({
      told,
      untrue: compare(told, this.#receipts.length, await exported(this.#run)),
      check: documentsOf(stdout)[0],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent?.stop("SIGKILL");
  }

  get #home(): string {
    return `${this.folder}/agent`;
  }

  get #address(): string {
    return `unix:${this.folder}/agent.sock`;
  }

  #start(): Promise<TestAgent> {
    return TestAgent.start(this.#home, {
      args: ["--listen", this.#address],
      env: { SPEC_KITTY_AGENT_TOKEN: TOKEN },
    });
  }

  async #hand(n: number, count: number): Promise<void> {
    const home = `${this.folder}/${n}`;
    const run = runIn(home, {
      ...handingTo(this.#address),
      SPEC_KITTY_TIMEOUT: "20s",
    });
    for (let i = 0; i < count; i++) {
      const receipt = await this.#emit(run);
      this.counts.handed += 1;
      if (receipt.status === "spooled") this.counts.spooled += 1;
    }
  }

  async #recordHere(): Promise<void> {
    for (let i = 0; i < OWN; i++) await this.#emit(this.#run);
    this.counts.own += OWN;
  }

  async #emit(run: Run): Promise<Told["receipts"][number]> {
    const args = ["history-added", "WP01", "note", "x", "--json", "--quiet"];
    const { stdout } = await run(["emit", ...args]);
    const [receipt] = documentsOf(stdout);
    // The agent had it already, and its answer was lost.
    const { status } = receipt;
    const kept = status === "known"
      ? { ...receipt, status: "queued" }
      : receipt;
    this.#receipts.push(kept);
    return kept;
  }
}
