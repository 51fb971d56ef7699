/**
 * Timing whole processes against each other.
 *
 * @module
 */

import { LineReader } from "../lib/base/lines.ts";

/** A file of the checkout, by its path from this folder. */
export function fileOf(path: string): string {
  return decodeURIComponent(new URL(path, import.meta.url).pathname);
}

/** The value of `--name=VALUE`; undefined where it is not given. */
export function valueAsked(name: string): string | undefined {
  return Deno.args.find((arg) => arg.startsWith(`--${name}=`))?.split("=")[1];
}

/** How many runs `--runs=N` asks for. */
export function runsAsked(absent: number): number {
  return Number(valueAsked("runs") ?? absent);
}

/** Says what the figures are of. */
export function sayWhere(runs: number): void {
  console.log(
    `Deno ${Deno.version.deno}, ${Deno.build.target}, ${navigator.hardwareConcurrency} cores, ${runs} runs, medians\n`,
  );
}

/** A command line to time. */
export interface Subject {
  readonly name: string;
  /** The program; without it, this runtime. */
  readonly command?: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A file for standard input. */
  readonly stdin?: string;
}

/**
 * Runs subjects in turn, A B A B, so that all of them meet the same noise.
 *
 * @returns wall times in milliseconds, a list for each subject
 */
export async function wallTimes(
  subjects: readonly Subject[],
  runs: number,
): Promise<number[][]> {
  const WARM_UPS = 2;
  const times: number[][] = subjects.map(() => []);
  for (let run = -WARM_UPS; run < runs; run++) {
    for (const [i, subject] of subjects.entries()) {
      const ms = (await runOnce(subject)).ms;
      if (run >= 0) times[i]!.push(ms);
    }
  }
  return times;
}

/** Runs one subject to its end; its wall time in milliseconds. */
export async function runOnce(subject: Subject): Promise<{ ms: number }> {
  const startedMs = performance.now();
  await ended(subject, spawn(subject));
  return { ms: performance.now() - startedMs };
}

/**
 * Peak memory of one run in MiB. A run of its own, because looking at it often
 * slows it down. Only Linux tells it.
 */
export async function peakMemory(
  subject: Subject,
): Promise<number | undefined> {
  const child = spawn(subject);
  const watching = watchPeak(child);
  await ended(subject, child);
  return await watching;
}

function spawn(subject: Subject): Deno.ChildProcess {
  // A shell opens the input, as a caller's would: a pipe fed from here would be what is measured.
  const redirected = subject.stdin !== undefined;
  const [command, args] = redirected
    ? ["sh", [
      ...["-c", 'exec "$0" "$@" < "$INPUT"'],
      subject.command ?? Deno.execPath(),
      ...subject.args,
    ]]
    : [subject.command ?? Deno.execPath(), [...subject.args]];
  return new Deno.Command(command, {
    args,
    env: { ...subject.env, ...redirected && { INPUT: subject.stdin! } },
    ...subject.cwd !== undefined && { cwd: subject.cwd },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

async function ended(
  { name }: Subject,
  child: Deno.ChildProcess,
): Promise<void> {
  const { code, stderr } = await child.output();
  if (code !== 0) {
    throw new Error(`${name}: ${new TextDecoder().decode(stderr)}`);
  }
}

/** Follows a process's peak memory until it ends. */
async function watchPeak(
  child: Deno.ChildProcess,
): Promise<number | undefined> {
  const POLL_MS = 2;
  let isRunning = true, peakMiB: number | undefined;
  child.status.then(() => isRunning = false);
  while (isRunning) {
    const status = await Deno.readTextFile(`/proc/${child.pid}/status`)
      .catch(() => "");
    const kib = status.match(/VmHWM:\s+(\d+) kB/)?.[1];
    if (kib !== undefined) peakMiB = Number(kib) / 1024;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return peakMiB;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The first line that a process writes. */
export async function firstLine(child: Deno.ChildProcess): Promise<string> {
  const reader = child.stdout.getReader();
  const lines = new LineReader(async (buffer) => {
    const { value, done } = await reader.read();
    if (done) return null;
    buffer.set(value);
    return value.length;
  });
  for (;;) {
    const some = await lines.next();
    if (!some) throw new Error("it ended without a line");
    if (some[0]?.bytes) return new TextDecoder().decode(some[0].bytes);
  }
}
