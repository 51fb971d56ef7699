/**
 * Kill -9 of client, agent or collector at random moments of a drain: what was
 * acknowledged is at the collector, once, and what was not is still queued.
 */

import { ok, strictEqual } from "node:assert/strict";
import { pause } from "../../lib/base/deadline.ts";
import { PATHS } from "../../lib/base/wire.ts";
import { TestAgent } from "../support/agent.ts";
import type { Trial } from "../support/delivery_trial.ts";
import { eventually } from "../support/eventually.ts";
import { limitEvents } from "../support/fault/answers.ts";
import { spawnProgram } from "../support/program.ts";
import { mulberry32 } from "../support/world.ts";

import {
  findingOf,
  type Findings,
  noFindings,
  type Series,
} from "./findings.ts";

/** Small batches, so that a drain has many moments. */
const BATCH_EVENTS = 25;

/** Who is killed. */
export const VICTIMS = ["client", "collector", "agent"] as const;
export type Victim = typeof VICTIMS[number];

/** Kills in the middle of drains, in one home with its collector. */
export class DeliveryKills implements Series {
  readonly counts = { rounds: 0, killed: 0, halfway: 0 };
  readonly #trial: Trial;
  readonly #victim: Victim;
  readonly #random: () => number;
  /** How long a drain takes that nobody disturbs, its process included. */
  #drainMs = 0;

  constructor(trial: Trial, victim: Victim, seed: number) {
    this.#random = mulberry32(seed);
    trial.proxy.inject(limitEvents(BATCH_EVENTS), { path: PATHS.batch });
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

  async verify(): Promise<Findings> {
    try {
      const { dead } = await this.#trial.stand();
      return { ...noFindings(), other: dead.length };
    } catch (error) {
      console.error(String(error));
      return findingOf(error);
    }
  }

  /** Everything goes well again: all that is left arrives. */
  async recover(): Promise<Findings> {
    try {
      const { dead } = await this.#trial.recover();
      return { ...noFindings(), other: dead.length };
    } catch (error) {
      console.error(String(error));
      return findingOf(error);
    }
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
    const isBoth = this.counts.rounds % 2 === 0;
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
