/** Streams over disks that fail now and then, or are full: is each receipt true? */

import { logIn } from "../support/agent.ts";
import { ADA, TestCollector } from "../support/collector.ts";
import type { Failing } from "../support/failing_disk.ts";
import { documentsOf, type Run, runIn } from "../support/program.ts";
import { compare, tell, type Told, type Untrue } from "../support/stored.ts";
import { smallDisk } from "../support/trouble.ts";
import { type Findings, noFindings } from "./findings.ts";

/** Drafts of about the size of real ones. */
export function draftsOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      event_type: "HistoryAdded",
      payload: {
        wp_id: "WP01",
        entry_type: "note",
        entry_content: `${i} `.padEnd(100 + i % 200, "x"),
      },
    }));
}

/**
 * Runs command lines in a home. What is under way at a deadline cannot be told
 * truly, and is not what is tried here: so there is time.
 */
export function runPatiently(home: string): Run {
  return runIn(home, { SPEC_KITTY_TIMEOUT: "60s" });
}

/** All events of a home; throws where they cannot be exported. */
export async function exported(run: Run) {
  const { code, stdout, stderr } = await run.here(["queue", "export"]);
  if (code !== 0) throw new Error(`export: exit ${code}: ${stderr}`);
  return documentsOf(stdout);
}

/** What one trial came to. */
export interface DiskTrial {
  readonly told: Told;
  readonly untrue: Untrue;
  /** What `queue check` said on the sound disk. */
  readonly check: unknown;
}

/** One stream over a disk that fails, and a look at what is there once it is sound. */
export async function failingDiskTrial(
  home: string,
  env: Record<string, string>,
  drafts: readonly string[],
): Promise<DiskTrial> {
  const run = runPatiently(home);
  const told = await tell(run, drafts, { env });
  const check = JSON.parse(
    (await run.here(["queue", "check", "--json"])).stdout,
  );
  const untrue = compare(told, drafts.length, await exported(run));
  return { told, untrue, check };
}

/** The same as findings. */
export function findingsOf({ untrue, check }: DiskTrial): Findings {
  return {
    ...noFindings(),
    lost: untrue.missing,
    doubled: untrue.doubled,
    untrue: untrue.untold + untrue.otherClock + untrue.unanswered,
    other: (check as { ok?: boolean }).ok ? 0 : 1,
  };
}

/** A way of failing for each number, so that trials go through all of them. */
export function wayOf(
  n: number,
  seed: number,
  calls: readonly string[],
): Failing {
  const errors = ["EIO", "ENOSPC"] as const, shares = [0.02, 0.3];
  return {
    seed,
    calls: calls[n % calls.length]!,
    error: errors[Math.floor(n / calls.length) % 2]!,
    share: shares[Math.floor(n / calls.length / 2) % 2]!,
  };
}

/** A home on a small disk that a stream has filled, with a collector to deliver to. */
export interface FullDisk {
  readonly run: Run;
  readonly told: Told;
  readonly home: string;
  /** Drafts of the stream. */
  readonly drafts: number;
}

/** Fills a disk of this size, and does work on it. */
export async function onFullDisk(
  kib: number,
  work: (disk: FullDisk) => Promise<void>,
): Promise<void> {
  await using disk = await smallDisk(kib);
  const home = `${disk.path}/home`;
  await using collector = await TestCollector.start([ADA]);
  await Deno.mkdir(home);
  await logIn(home, collector);
  const run = runPatiently(home);
  // A third more than there is room for.
  const drafts = draftsOf(Math.ceil(kib * 0.55));
  const told = await tell(run, drafts);
  await work({ run, told, home, drafts: drafts.length });
}
