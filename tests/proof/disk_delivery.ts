/**
 * Deliveries over disks that fail now and then: whatever of client, agent or
 * collector could not write, what was acknowledged is at the collector, once,
 * and what was not is still queued.
 */

import { ok } from "node:assert/strict";
import { EXIT } from "../../lib/base/errors.ts";
import { PATHS } from "../../lib/base/wire.ts";
import { TestAgent } from "../support/agent.ts";
import type { Trial } from "../support/delivery_trial.ts";
import { eventually } from "../support/eventually.ts";
import type { Failing } from "../support/failing_disk.ts";
import { limitEvents } from "../support/fault/answers.ts";
import { mulberry32 } from "../support/world.ts";
import type { Victim } from "./delivery_kills.ts";
import { findingOf, type Findings, noFindings } from "./findings.ts";

/** Small batches, so that a drain writes often. */
const BATCH_EVENTS = 25;

/** How long an agent may try to drain on a disk that fails. */
const AGENT_MS = 3_000;

/** How a drain may end where a disk fails. */
const CODES: readonly number[] = [EXIT.ok, EXIT.unavailable, EXIT.notStored];

/** Makes the environment of a process for which files below a folder fail. */
type Failure = (below: string, how: Failing) => Record<string, string>;

/** Drains in one home with its collector, of which one has a failing disk. */
export class DiskDelivery {
  readonly counts = { rounds: 0, "drained at once": 0 };
  readonly #trial: Trial;
  readonly #victim: Victim;
  readonly #failing: Failure;
  readonly #random: () => number;

  constructor(trial: Trial, victim: Victim, failing: Failure, seed: number) {
    trial.proxy.inject(limitEvents(BATCH_EVENTS), { path: PATHS.batch });
    this.#trial = trial;
    this.#victim = victim;
    this.#failing = failing;
    this.#random = mulberry32(seed);
  }

  /** One drain while the disk fails; then, on the sound one, a look at all that is there. */
  async round(how: Failing): Promise<Findings> {
    this.counts.rounds += 1;
    await this.#trial.emit(50 + Math.floor(this.#random() * 150));
    try {
      await this.#drain(how);
      const { queued, dead } = await this.#trial.stand();
      if (queued.length === 0) this.counts["drained at once"] += 1;
      return { ...noFindings(), other: dead.length };
    } catch (error) {
      console.error(JSON.stringify(how), String(error));
      return findingOf(error);
    }
  }

  /** All is well again: all that is left arrives. */
  async recover(): Promise<Findings> {
    try {
      const { dead } = await this.#trial.recover();
      return { ...noFindings(), other: dead.length };
    } catch (error) {
      console.error(String(error));
      return findingOf(error);
    }
  }

  async #drain(how: Failing): Promise<void> {
    const { home, collector } = this.#trial;
    if (this.#victim === "client") {
      return await this.#sync(this.#failing(home, how));
    }
    if (this.#victim === "agent") return await this.#runAgent(how);
    await collector.stop();
    const isUp = await collector.restart(this.#failing(collector.home, how))
      .then(() => true, () => false);
    if (isUp) await this.#sync();
    await collector.stop("SIGKILL");
    await collector.restart();
  }

  async #sync(env: Record<string, string> = {}): Promise<void> {
    const { code, stderr } = await this.#trial.sync("5s", env);
    ok(CODES.includes(code), `exit ${code}: ${stderr}`);
  }

  async #runAgent(how: Failing): Promise<void> {
    const { home } = this.#trial;
    const env = this.#failing(home, how);
    const args = ["--batch-interval", "20ms"];
    let agent: TestAgent;
    try {
      agent = await TestAgent.start(home, { args, env });
    } catch {
      // It cannot even say where it listens.
      return;
    }
    await using running = agent;
    await eventually("drained", async () => {
      const [{ queued }] = await this.#trial.ask("sync", "status", "--json");
      return queued === 0;
    }, AGENT_MS).catch(() => {});
    await running.stop();
  }
}
