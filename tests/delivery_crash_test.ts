/**
 * Kill -9 of the client, the collector and the agent at random moments of a
 * drain. Afterwards ledger, home and collector have to agree.
 *
 * More rounds, or the same again:
 *     deno test --allow-all --no-check tests/delivery_crash_test.ts -- --rounds=500 --seed=42
 */

import { ok, strictEqual } from "node:assert/strict";
import { pause } from "../lib/deadline.ts";
import { PATHS } from "../lib/wire.ts";
import { TestAgent } from "./support/agent.ts";
import {
  inTrial,
  numberOption,
  SEED,
  type Trial,
} from "./support/delivery_trial.ts";
import { eventually } from "./support/eventually.ts";
import { limitEvents } from "./support/fault_answers.ts";
import { spawnProgram } from "./support/program.ts";
import { mulberry32 } from "./support/world.ts";

/** In all; each victim has its share. */
const ROUNDS = numberOption("rounds") ?? 24;
const VERIFY_EVERY = 5;
/** Small batches, so that a drain has many moments. */
const BATCH_EVENTS = 25;

const VICTIMS = ["client", "collector", "agent"] as const;
type Victim = typeof VICTIMS[number];

for (const victim of VICTIMS) {
  const rounds = Math.ceil(ROUNDS / VICTIMS.length);
  Deno.test(`delivery: the ${victim} killed at ${rounds} random moments of a drain -> nothing acknowledged is lost, nothing is doubled`, async () => {
    console.log(`seed ${SEED}`);
    await inTrial(async (trial) => {
      trial.proxy.inject(limitEvents(BATCH_EVENTS), { path: PATHS.batch });
      const crash = new Crash(trial, victim);
      try {
        await crash.measure();
        for (let round = 1; round <= rounds; round++) {
          await crash.round();
          if (round % VERIFY_EVERY === 0) await crash.verify();
        }
        const { dead } = await trial.recover();
        strictEqual(dead.length, 0);
      } finally {
        console.log({ ...crash.counts, events: trial.recorded.size });
      }
      const { killed, halfway } = crash.counts;
      ok(killed > rounds / 4, "most drains ended before the kill");
      ok(halfway > 0, "no kill fell in the middle of a drain");
    });
  });
}

class Crash {
  readonly counts = { rounds: 0, killed: 0, halfway: 0 };
  readonly #trial: Trial;
  readonly #victim: Victim;
  readonly #random = mulberry32(SEED);
  /** How long a drain takes that nobody disturbs, its process included. */
  #drainMs = 0;

  constructor(trial: Trial, victim: Victim) {
    this.#trial = trial;
    this.#victim = victim;
  }

  async measure(): Promise<void> {
    const trial = this.#trial;
    await this.#emit();
    if (this.#victim !== "agent") {
      const startedMs = performance.now();
      strictEqual((await trial.sync()).code, 0);
      this.#drainMs = performance.now() - startedMs;
      return;
    }
    await using agent = await this.#startAgent();
    const startedMs = performance.now();
    await eventually("drained", async () => await this.#queued() === 0);
    this.#drainMs = performance.now() - startedMs;
    strictEqual(await agent.stop(), 143);
  }

  async round(): Promise<void> {
    this.counts.rounds += 1;
    await this.#emit();
    const before = await this.#queued();
    const unanswered = this.#unanswered;
    switch (this.#victim) {
      case "client":
        await this.#killClient();
        break;
      case "collector":
        await this.#killCollector(this.#trial.sync());
        break;
      case "agent":
        await this.#killAgent();
    }
    const after = await this.#queued();
    const isHalf = after > 0 && after < before;
    if (isHalf || this.#unanswered > unanswered) this.counts.halfway += 1;
  }

  /** Batches that never got an answer: the kill fell in the middle of them. */
  get #unanswered(): number {
    const { log } = this.#trial.proxy;
    const of = (at: string) => log.filter((entry) => entry.at === at).length;
    return of("request") - of("answer");
  }

  async verify(): Promise<void> {
    const { dead } = await this.#trial.stand();
    strictEqual(dead.length, 0);
  }

  async #killClient(): Promise<void> {
    const child = spawnProgram(["sync", "now"], {
      SPEC_KITTY_HOME: this.#trial.home,
    });
    await child.stdin.close();
    const over = child.output();
    await Promise.race([over, this.#moment()]);
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    if ((await over).signal === "SIGKILL") this.counts.killed += 1;
  }

  /** Kills the server of a drain, and starts it again while the drain goes on. */
  async #killCollector(
    syncing: Promise<{ readonly code: number; readonly stderr: string }>,
  ): Promise<void> {
    const { collector } = this.#trial;
    await this.#moment();
    await collector.stop("SIGKILL");
    await collector.restart();
    this.counts.killed += 1;
    const { code, stderr } = await syncing;
    ok([0, 69].includes(code), `exit ${code}: ${stderr}`);
  }

  /** Kills an agent in its drain, every other time with the server. */
  async #killAgent(): Promise<void> {
    const { collector } = this.#trial;
    await using agent = await this.#startAgent();
    const isBoth = this.#random() < 0.5;
    await this.#moment();
    if (isBoth) await collector.stop("SIGKILL");
    await agent.stop("SIGKILL");
    this.counts.killed += 1;
    if (isBoth) await collector.restart();
  }

  #startAgent(): Promise<TestAgent> {
    const args = ["--batch-interval", "20ms"];
    return TestAgent.start(this.#trial.home, { args });
  }

  async #emit(): Promise<void> {
    await this.#trial.emit(50 + Math.floor(this.#random() * 250));
  }

  async #queued(): Promise<number> {
    const [{ queued }] = await this.#trial.ask("sync", "status", "--json");
    return queued;
  }

  /** A moment of the drain: after a random part of its length, or of its batches. */
  async #moment(): Promise<void> {
    const isBatches = this.#victim !== "agent" && this.#random() < 0.5;
    if (isBatches) {
      const { proxy } = this.#trial;
      const seen = proxy.log.length + 4 + this.#random() * BATCH_EVENTS;
      const endMs = performance.now() + this.#drainMs;
      while (proxy.log.length < seen && performance.now() < endMs) {
        await pause(1);
      }
    }
    const share = isBatches ? 1 / BATCH_EVENTS : 1;
    await pause(this.#random() * this.#drainMs * share);
  }
}
