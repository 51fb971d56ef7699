/** The kinds of trials that a proof is made of, each with its seed. */

import { Trial } from "../support/delivery_trial.ts";
import { CALLS, FAILING_DISK, failingDisk } from "../support/failing_disk.ts";
import { tempFolder, tempHome } from "../support/home.ts";
import { MOUNT, type Need, UNIX } from "../support/needs.ts";
import { documentsOf } from "../support/program.ts";
import { compare, tell, type Told } from "../support/stored.ts";
import { Project } from "../support/project.ts";
import { mulberry32 } from "../support/world.ts";
import { AgentKills } from "./agent_kills.ts";
import { DeliveryKills, type Victim, VICTIMS } from "./delivery_kills.ts";
import {
  draftsOf,
  exported,
  failingDiskTrial,
  findingsOf,
  onFullDisk,
  runPatiently,
  wayOf,
} from "./disk_trials.ts";
import { DiskDelivery } from "./disk_delivery.ts";
import { EmitKills } from "./emit_kills.ts";
import { FollowKills } from "./follow_kills.ts";
import { addTo, type Findings, noFindings } from "./findings.ts";
import { Mixtures } from "./mixtures.ts";

/** What a series of rounds came to. */
export interface Outcome {
  readonly findings: Findings;
  /** What was done, by name. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A kind of trials. */
export interface Kind {
  readonly name: string;
  /** What is done and compared, in words. */
  readonly about: string;
  readonly needs: readonly Need[];
  /** Rounds in one home, which one seed decides. */
  readonly roundsAtOnce: number;
  /** Of all rounds of a proof, the share that is of this kind. */
  readonly share: number;
  run(seed: number, rounds: number): Promise<Outcome>;
}

async function emitKills(seed: number, rounds: number): Promise<Outcome> {
  await using home = await tempHome();
  const kills = new EmitKills(home.path, mulberry32(seed));
  for (let round = 1; round <= rounds; round++) await kills.round(round);
  return { findings: await kills.verify(), counts: kills.counts };
}

async function followKills(seed: number, rounds: number): Promise<Outcome> {
  await using home = await tempHome();
  await using project = await Project.make();
  const kills = new FollowKills(home.path, project, mulberry32(seed));
  for (let round = 1; round <= rounds; round++) await kills.round(round);
  return { findings: await kills.verify(), counts: kills.counts };
}

async function agentKills(seed: number, rounds: number): Promise<Outcome> {
  await using folder = await tempFolder();
  await using kills = new AgentKills(folder.path, mulberry32(seed));
  for (let round = 1; round <= rounds; round++) await kills.round();
  return { findings: await kills.verify(), counts: kills.counts };
}

function deliveryKills(victim: Victim): Kind["run"] {
  return async (seed, rounds) => {
    await using trial = await Trial.start(seed);
    const kills = new DeliveryKills(trial, victim, seed);
    await kills.measure();
    const findings = noFindings();
    for (let round = 1; round <= rounds; round++) await kills.round();
    addTo(findings, await kills.verify());
    addTo(findings, await kills.recover());
    const counts = { ...kills.counts, events: trial.recorded.size };
    return { findings, counts };
  };
}

async function failingDisks(seed: number, rounds: number): Promise<Outcome> {
  await using folder = await tempFolder();
  const failing = await failingDisk(folder.path);
  const drafts = draftsOf(1_000);
  const findings = noFindings();
  const counts: Record<string, number> = { rounds, drafts: 0 };
  for (let n = 0; n < rounds; n++) {
    const how = wayOf(seed + n, seed + n, CALLS);
    const home = `${folder.path}/${n}`;
    const trial = await failingDiskTrial(home, failing(home, how), drafts);
    addTo(findings, findingsOf(trial));
    counts.drafts! += drafts.length;
    for (const [status, count] of Object.entries(trial.told.counts)) {
      const key = `told ${status}`;
      counts[key] = (counts[key] ?? 0) + count;
    }
    await Deno.remove(home, { recursive: true });
  }
  return { findings, counts };
}

function diskDeliveries(victim: Victim): Kind["run"] {
  return async (seed, rounds) => {
    await using folder = await tempFolder();
    const failing = await failingDisk(folder.path);
    await using trial = await Trial.start(seed);
    const deliveries = new DiskDelivery(trial, victim, failing, seed);
    const findings = noFindings();
    for (let n = 0; n < rounds; n++) {
      const how = wayOf(seed + n, seed + n, CALLS);
      addTo(findings, await deliveries.round(how));
    }
    addTo(findings, await deliveries.recover());
    const counts = { ...deliveries.counts, events: trial.recorded.size };
    return { findings, counts };
  };
}

async function fullDisks(seed: number, rounds: number): Promise<Outcome> {
  const random = mulberry32(seed);
  const findings = noFindings();
  const counts = { rounds, "told queued": 0, delivered: 0, "told lost": 0 };
  for (let n = 0; n < rounds; n++) {
    const kib = 2_048 + Math.floor(random() * 14_336);
    await onFullDisk(kib, async ({ run, told, drafts }) => {
      const untrue = compare(told, drafts, await exported(run));
      const check = { ok: true };
      addTo(findings, findingsOf({ told, untrue, check }));
      const { stdout } = await run(["sync", "now", "--json"]);
      const [{ delivered = 0, remaining = -1 }] = documentsOf(stdout);
      if (remaining !== 0) findings.other += 1;
      counts["told queued"] += told.counts.queued ?? 0;
      counts["told lost"] += told.counts.lost ?? 0;
      counts.delivered += delivered;
    });
  }
  return { findings, counts };
}

async function mixtures(seed: number, rounds: number): Promise<Outcome> {
  await using trial = await Trial.start(seed);
  const series = new Mixtures(trial, mulberry32(seed));
  const findings = noFindings();
  for (let round = 1; round <= rounds; round++) {
    await series.round();
    addTo(findings, await series.verify());
  }
  addTo(findings, await series.recover());
  const counts = { ...series.counts, events: trial.recorded.size };
  return { findings, counts };
}

/** One-shots and streams at once; all are stored, each once, without a gap. */
async function crowds(seed: number, rounds: number): Promise<Outcome> {
  await using home = await tempHome();
  const run = runPatiently(home.path);
  const random = mulberry32(seed);
  const findings = noFindings();
  const counts = { rounds, processes: 0, events: 0 };
  const env = { SPEC_KITTY_TIMEOUT: "60s" };
  const earlier: Told["receipts"][number][] = [];
  for (let n = 0; n < rounds; n++) {
    const streams = Array.from(
      { length: 2 + Math.floor(random() * 3) },
      () => draftsOf(100 + Math.floor(random() * 400)),
    );
    const shots = 4 + Math.floor(random() * 8);
    const told = await Promise.all([
      ...streams.map((drafts) => tell(run, drafts, { env })),
      ...Array.from({ length: shots }, () => tell(run, draftsOf(1), { env })),
    ]);
    counts.processes += told.length;
    const receipts = told.flatMap((one) => one.receipts);
    const all = { receipts: [...earlier, ...receipts], counts: {} };
    earlier.push(...receipts);
    counts.events = earlier.length;
    const events = await exported(run);
    const untrue = compare(all, all.receipts.length, events);
    addTo(findings, findingsOf({ told: all, untrue, check: { ok: true } }));
    const highest = Math.max(...events.map((event) => event.lamport_clock));
    if (highest !== events.length) findings.other += 1;
  }
  return { findings, counts };
}

/** All kinds, by name. */
export const KINDS: readonly Kind[] = [
  {
    name: "emit",
    about:
      "one-shots, streams of 600 drafts and drops into the spool, killed with -9 at a random moment of the time that each usually takes; then the queue against all receipts and drops",
    needs: [],
    roundsAtOnce: 60,
    share: 0.5,
    run: emitKills,
  },
  {
    name: "follow",
    about:
      "`follow`, killed with -9 at a random moment while logs grow in pieces and are written anew in another order; then the queue against all lines",
    needs: [],
    roundsAtOnce: 60,
    share: 0.04,
    run: followKills,
  },
  {
    name: "agent",
    about:
      "an agent to which two homes hand over, one event a process, killed with -9 at a random moment while others record in its own home; then its queue against all receipts",
    needs: [UNIX],
    roundsAtOnce: 20,
    share: 0.02,
    run: agentKills,
  },
  ...VICTIMS.map((victim): Kind => ({
    name: `delivery-${victim}`,
    about:
      `the ${victim} killed with -9 in the middle of a drain in small batches; then home and collector against all that was recorded`,
    needs: [],
    roundsAtOnce: 12,
    share: 0.06,
    run: deliveryKills(victim),
  })),
  {
    name: "failing-disk",
    about:
      "a stream of 1,000 drafts over a disk on which 2 or 30 of a hundred writes, syncs or truncations end with EIO or ENOSPC; then, on the sound disk, what is there against all receipts",
    needs: FAILING_DISK,
    roundsAtOnce: 20,
    share: 0.15,
    run: failingDisks,
  },
  ...VICTIMS.map((victim): Kind => ({
    name: `failing-disk-${victim}`,
    about:
      `drains in small batches while the disk of the ${victim} fails in the same ways; then, on the sound disk, home and collector against all that was recorded`,
    needs: FAILING_DISK,
    roundsAtOnce: 10,
    share: 0.02,
    run: diskDeliveries(victim),
  })),
  {
    name: "full-disk",
    about:
      "a disk of 2 to 16 MiB filled by a stream; what is there against all receipts; then all of it delivered",
    needs: [MOUNT],
    roundsAtOnce: 2,
    share: 0.01,
    run: fullDisks,
  },
  {
    name: "proxy",
    about:
      "drains through a proxy with one to three faults at once, out of all that the tests know; then home and collector against all that was recorded",
    needs: [],
    roundsAtOnce: 10,
    share: 0.03,
    run: mixtures,
  },
  {
    name: "crowd",
    about:
      "two to four streams and four to eleven one-shots at once in one home; then the queue against all receipts, and the clock without a gap",
    needs: [],
    roundsAtOnce: 3,
    share: 0.01,
    run: crowds,
  },
];
