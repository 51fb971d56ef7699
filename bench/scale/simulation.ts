/**
 * Agents, collectors and stores, as far as speed goes: who waits for whom, and
 * for how long. What each step costs is handed in.
 *
 * @module
 */

import { Clockwork, randomOf, Station } from "./clockwork.ts";

/** What steps cost, in seconds. */
export interface Costs {
  /** Of a collector's core: for each batch, for each event. */
  readonly collectorBatch: number;
  readonly collectorEvent: number;
  /** Of a store's core: for each transaction, for each event. */
  readonly storeTransaction: number;
  readonly storeEvent: number;
}

/** A deployment, and what is asked of it. */
export interface Plan {
  readonly agents: number;
  /** Of all agents together. */
  readonly eventsPerS: number;
  readonly teams: number;
  /** 0: all teams alike; 1: the n-th team has a share in proportion to 1/n. */
  readonly skew: number;
  /** Processes of a core each. */
  readonly collectors: number;
  readonly shards: number;
  readonly coresPerShard: number;
  /** From the order to commit to its end: disk, and standby. */
  readonly commitS: number;
  /** How long an agent gathers events before it sends them. */
  readonly gatherS: number;
  /** Most events of a batch, and of a transaction. */
  readonly batchMax: number;
  /** There and back between an agent and a collector, a collector and a store. */
  readonly roundTripS: number;
  /** A part that is away for a while. */
  readonly outage?: {
    readonly of: "collector" | "shard";
    readonly fromS: number;
    readonly toS: number;
  };
}

/** What came of it. */
export interface Outcome {
  readonly storedPerS: number;
  /** From the recording of an event to its acknowledgement, in seconds. */
  readonly median: number;
  readonly p99: number;
  /** Shares of the time. */
  readonly collectorBusy: number;
  readonly storeBusy: number;
  /** Of the lock of the team that is asked most. */
  readonly hottestLockBusy: number;
  readonly eventsPerTransaction: number;
  /** Events that wait at the agents at the end, over the rate: seconds of work. */
  readonly behindS: number;
  /** After an outage: until no more waits than before, in seconds. */
  readonly caughtUpS: number | undefined;
}

interface Batch {
  readonly events: number;
  /** When its events were recorded: the first and the last. */
  readonly from: number;
  readonly to: number;
  readonly done: () => void;
}

interface Team {
  readonly lock: Station;
  readonly shard: number;
  /** Batches that wait at each collector for the transaction under way. */
  readonly waiting: Batch[][];
  readonly isUnderWay: boolean[];
}

/** Runs a plan for some seconds of its time. Figures are of the second half, without an outage. */
export function simulate(
  plan: Plan,
  costs: Costs,
  { seconds = 20, seed = 1 } = {},
): Outcome {
  return new Simulation(plan, costs, seconds, seed).run();
}

class Simulation {
  readonly #clock = new Clockwork();
  readonly #random: () => number;
  readonly #collectors: Station[];
  readonly #shards: Station[];
  readonly #teams: Team[];
  readonly #delays: { readonly s: number; readonly events: number }[] = [];
  #told = 0;
  #stored = 0;
  #behindBefore = 0;
  #transactions = 0;
  #caughtUp: number | undefined;

  constructor(
    readonly plan: Plan,
    readonly costs: Costs,
    readonly seconds: number,
    seed: number,
  ) {
    const { collectors, shards, coresPerShard, teams } = plan;
    this.#random = randomOf(seed);
    const stations = (count: number, servers: number) =>
      Array.from({ length: count }, () => new Station(this.#clock, servers));
    this.#collectors = stations(collectors, 1);
    this.#shards = stations(shards, coresPerShard);
    this.#teams = Array.from({ length: teams }, (_, n): Team => ({
      lock: new Station(this.#clock, 1),
      shard: n % shards,
      waiting: Array.from({ length: collectors }, () => []),
      isUnderWay: Array.from({ length: collectors }, () => false),
    }));
  }

  run(): Outcome {
    const { plan, seconds } = this;
    const shares = this.#sharesOfTeams();
    const half = seconds / 2;
    let before: Record<"stored" | "transactions", number> & {
      worked: number[];
    };
    this.#startAgents(shares);
    this.#watchOutage();
    this.#clock.after(half, () => {
      before = {
        stored: this.#stored,
        transactions: this.#transactions,
        worked: this.#worked(),
      };
      this.#delays.length = 0;
    });
    this.#clock.runUntil(seconds);
    const stored = this.#stored - before!.stored;
    const [collector, store, lock] = this.#worked()
      .map((worked, i) => (worked - before!.worked[i]!) / half);
    const [median, p99] = this.#quantiles(0.5, 0.99);
    return {
      storedPerS: stored / half,
      median: median!,
      p99: p99!,
      collectorBusy: collector! / plan.collectors,
      storeBusy: store! / (plan.shards * plan.coresPerShard),
      hottestLockBusy: lock!,
      eventsPerTransaction: stored /
        (this.#transactions - before!.transactions),
      behindS: this.#behindS(),
      caughtUpS: this.#caughtUp,
    };
  }

  #worked(): number[] {
    const sum = (stations: readonly Station[]) =>
      stations.reduce((all, { workedS }) => all + workedS, 0);
    return [
      sum(this.#collectors),
      sum(this.#shards),
      this.#teams[0]!.lock.workedS,
    ];
  }

  #sharesOfTeams(): number[] {
    const { teams, skew } = this.plan;
    const weights = Array.from({ length: teams }, (_, n) => (n + 1) ** -skew);
    const all = weights.reduce((a, b) => a + b, 0);
    return weights.map((weight) => weight / all);
  }

  /** Agents are dealt to teams by their shares, so that each has about the same rate. */
  #startAgents(shares: readonly number[]): void {
    const { agents, eventsPerS } = this.plan;
    let given = 0, upTo = 0;
    for (const [n, share] of shares.entries()) {
      upTo += share * agents;
      // The last of many small teams share an agent: each team has at least one where there are enough.
      const count = Math.max(Math.round(upTo) - given, 0);
      given += count;
      for (let i = 0; i < count; i++) {
        this.#startAgent(this.#teams[n]!, eventsPerS / agents);
      }
    }
  }

  /** An agent sends what it has, waits for the answer, gathers, and sends again. */
  #startAgent(team: Team, rate: number): void {
    const { gatherS, batchMax, roundTripS } = this.plan;
    let sent = 0;
    const born = this.#clock.now;
    const recordedAt = (n: number) => born + n / rate;
    const send = () => {
      const there = Math.floor((this.#clock.now - born) * rate + 1e-9);
      const events = Math.min(there - sent, batchMax);
      if (events < 1) {
        this.#clock.after(
          Math.max(recordedAt(sent + 1) - this.#clock.now, 1e-6),
          send,
        );
        return;
      }
      const from = recordedAt(sent + 1), to = recordedAt(sent + events);
      sent += events;
      this.#clock.after(roundTripS / 2, () =>
        this.#arrive(team, {
          events,
          from,
          to,
          done: () => {
            this.#clock.after(roundTripS / 2, () => {
              this.#acknowledged({ events, from, to });
              // Who is behind does not wait for more.
              const isBehind = (this.#clock.now - born) * rate - sent >=
                batchMax;
              this.#clock.after(isBehind ? 0 : gatherS, send);
            });
          },
        }));
    };
    this.#clock.after(this.#random() * (gatherS + 1 / rate), send);
  }

  #isAway(of: "collector" | "shard", n: number): boolean {
    const { outage } = this.plan;
    return outage !== undefined && outage.of === of && n === 0 &&
      this.#clock.now >= outage.fromS && this.#clock.now < outage.toS;
  }

  #arrive(team: Team, batch: Batch): void {
    let n = Math.floor(this.#random() * this.#collectors.length);
    // The balancer leaves out who does not answer.
    if (this.#isAway("collector", n)) n = (n + 1) % this.#collectors.length;
    const { collectorBatch, collectorEvent } = this.costs;
    const seconds = collectorBatch + collectorEvent * batch.events;
    this.#collectors[n]!.work(seconds, () => {
      team.waiting[n]!.push(batch);
      this.#store(team, n);
    });
  }

  /** One transaction of a team at a time for each collector, and one of all at the store. */
  #store(team: Team, n: number): void {
    if (team.isUnderWay[n] || team.waiting[n]!.length === 0) return;
    team.isUnderWay[n] = true;
    team.lock.enter((unlock) => {
      const again = () => {
        const { outage } = this.plan;
        if (this.#isAway("shard", team.shard)) {
          this.#clock.after(outage!.toS - this.#clock.now, again);
          return;
        }
        this.#transact(team, n, unlock);
      };
      again();
    });
  }

  #transact(team: Team, n: number, unlock: () => void): void {
    const { commitS, batchMax, roundTripS } = this.plan;
    const batches: Batch[] = [];
    let events = 0;
    for (const waiting = team.waiting[n]!; waiting.length > 0;) {
      if (events > 0 && events + waiting[0]!.events > batchMax) break;
      const batch = waiting.shift()!;
      events += batch.events;
      batches.push(batch);
    }
    const { storeTransaction, storeEvent } = this.costs;
    const seconds = storeTransaction + storeEvent * events;
    this.#shards[team.shard]!.work(seconds, () =>
      // The lock is held until the commit has ended, and for the statements' way.
      this.#clock.after(commitS + roundTripS, () => {
        unlock();
        team.isUnderWay[n] = false;
        this.#transactions++;
        this.#stored += events;
        for (const batch of batches) batch.done();
        this.#store(team, n);
      }));
  }

  #acknowledged({ events, from, to }: Omit<Batch, "done">): void {
    const { now } = this.#clock;
    this.#delays.push({ s: now - (from + to) / 2, events });
    this.#told += events;
  }

  /** Seconds of work that are recorded and not acknowledged. */
  #behindS(): number {
    return this.#clock.now - this.#told / this.plan.eventsPerS;
  }

  #watchOutage(): void {
    const { outage } = this.plan;
    if (!outage) return;
    const TICK_S = 0.1, NOISE_S = 0.05;
    this.#clock.after(outage.fromS, () => this.#behindBefore = this.#behindS());
    const look = () => {
      if (this.#behindS() <= this.#behindBefore + NOISE_S) {
        this.#caughtUp = this.#clock.now - outage.toS;
      } else {
        this.#clock.after(TICK_S, look);
      }
    };
    this.#clock.after(outage.toS + TICK_S, look);
  }

  #quantiles(...shares: number[]): number[] {
    const sorted = this.#delays.toSorted((a, b) => a.s - b.s);
    const all = sorted.reduce((sum, { events }) => sum + events, 0);
    return shares.map((share) => {
      let seen = 0;
      for (const { s, events } of sorted) {
        seen += events;
        if (seen >= share * all) return s;
      }
      return NaN;
    });
  }
}
