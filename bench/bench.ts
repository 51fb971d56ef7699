/**
 * The figures of the README, as ratios within one run:
 *
 *     deno task bench [--runs=N]
 *
 * @module
 */

import { COMMIT_EVENTS_MAX } from "../lib/base/limits.ts";
import {
  fileOf,
  median,
  peakMemory,
  runOnce,
  runsAsked,
  sayWhere,
  type Subject,
  wallTimes,
} from "./measure.ts";

const HISTORY = fileOf("../../shared/data/work-history.ndjson");
const MAIN = fileOf("../main.ts");
const EMPTY = fileOf("./empty.ts");
const FLOOR = fileOf("./floor.ts");
const RAW_KV = fileOf("./raw_kv.ts");
const FLAGS = ["run", "--allow-all", "--no-check", "--quiet"];
const EVENT = ["wp-status-changed", "WP01", "planned", "doing"];

const runs = runsAsked(40);

function program(
  name: string,
  home: string,
  args: readonly string[],
  more: Partial<Subject> = {},
): Subject {
  return {
    name,
    args: [...FLAGS, MAIN, ...args],
    env: { SPEC_KITTY_HOME: home },
    ...more,
  };
}

const folder = await Deno.makeTempDir({ prefix: "kitty-events-bench-" });
try {
  sayWhere(runs);
  await oneShot();
  await stream();
  await growth();
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** One-shot `emit` against an empty script, outside and inside a project. */
async function oneShot(): Promise<void> {
  const project = `${folder}/project`;
  await Deno.mkdir(`${project}/.kittify`, { recursive: true });
  await Deno.writeTextFile(
    `${project}/.kittify/config.yaml`,
    "project:\n  uuid: 3f2504e0-4f89-41d3-9a0c-0305e82c3301\n  slug: bench\n",
  );
  const empty = { name: "empty", args: [...FLAGS, EMPTY], cwd: folder };
  const emit = (cwd: string) =>
    program("emit", `${folder}/one-shot`, ["emit", ...EVENT, "--strict"], {
      cwd,
    });
  await Deno.mkdir(`${folder}/floor`);
  const floor = {
    name: "floor",
    args: [...FLAGS, "--unstable-kv", FLOOR, `${folder}/floor`],
    cwd: folder,
  };
  const [base, least, outside, inside] = await wallTimes(
    [empty, floor, emit(folder), emit(project)],
    runs,
  ) as [number[], number[], number[], number[]];
  report("empty script", `${median(base).toFixed(1)} ms`);
  report("floor: lock, clock and commit alone / empty", ratio(least, base));
  report("one-shot emit / empty script", ratio(outside, base));
  report("one-shot emit in a project / empty script", ratio(inside, base));
}

/**
 * The stream of a real history against a script that only commits the same
 * values, in the same group sizes. Both as whole processes that read a file;
 * beside it the rate of the script's commits alone.
 */
async function stream(): Promise<void> {
  const STREAMS = 15;
  const ours: number[] = [], raw: number[] = [], commits: number[] = [];
  const peaks: (number | undefined)[] = [], emptyPeaks: typeof peaks = [];
  let events = 0;
  for (let i = 0; i < STREAMS; i++) {
    const home = `${folder}/stream-${i}`;
    const args = ["emit", "--stdin", "--quiet"];
    const stream = program("stream", home, args, { stdin: HISTORY });
    ours.push((await runOnce(stream)).ms);
    const exported = `${folder}/export.ndjson`;
    await capture(program("export", home, ["queue", "export"]), exported);
    const rawArgs = [exported, `${folder}/raw-${i}.kv`, `${COMMIT_EVENTS_MAX}`];
    const startedMs = performance.now();
    const printed = await capture({
      name: "raw",
      args: [...FLAGS, "--unstable-kv", RAW_KV, ...rawArgs],
    });
    raw.push(performance.now() - startedMs);
    const result = JSON.parse(printed);
    events = result.events;
    commits.push(result.seconds * 1000);
    const elsewhere = program("stream", `${home}-again`, args, {
      stdin: HISTORY,
    });
    peaks.push(await peakMemory(elsewhere));
    emptyPeaks.push(
      await peakMemory({ name: "empty", args: [...FLAGS, EMPTY] }),
    );
  }
  const rate = (ms: readonly number[]) =>
    `${Math.round(events / median(ms) * 1000)} events/s`;
  report("stream of the real history", rate(ours));
  report("raw Deno KV script", rate(raw));
  report("raw Deno KV commits alone", rate(commits));
  report("stream / raw script", ratio(raw, ours));
  report("stream / raw commits alone", ratio(commits, ours));
  const mib = (values: typeof peaks) => {
    const known = values.flatMap((value) => value ?? []);
    // Who looks now and then may miss a peak, never see one too many.
    return known.length > 0
      ? `${Math.max(...known).toFixed(0)} MiB`
      : "not told";
  };
  report("peak memory of the stream", mib(peaks));
  report("peak memory of an empty script", mib(emptyPeaks));
}

/** The same calls with 1,000 and with 100,000 events in the queue. */
async function growth(): Promise<void> {
  const homes: string[] = [];
  for (const events of [1_000, 100_000]) {
    const home = `${folder}/growth-${events}`;
    const drafts = `${folder}/drafts-${events}.ndjson`;
    const draft = JSON.stringify({
      event_type: "WPStatusChanged",
      payload: { wp_id: "WP01", previous_status: "doing", new_status: "done" },
    });
    await Deno.writeTextFile(drafts, `${draft}\n`.repeat(events));
    await runOnce(
      program("fill", home, ["emit", "--stdin", "--quiet", "--strict"], {
        stdin: drafts,
        env: { SPEC_KITTY_HOME: home, SPEC_KITTY_MAX_QUEUE_SIZE: "1000000" },
      }),
    );
    homes.push(home);
  }
  const commands = {
    "one-shot emit": ["emit", ...EVENT],
    "queue stats": ["queue", "stats"],
  };
  for (const [name, args] of Object.entries(commands)) {
    const [small, large] = await wallTimes(
      homes.map((home) =>
        program(name, home, args, {
          env: { SPEC_KITTY_HOME: home, SPEC_KITTY_MAX_QUEUE_SIZE: "1000000" },
        })
      ),
      runs,
    ) as [number[], number[]];
    report(`${name}, 100,000 queued / 1,000 queued`, ratio(large, small));
  }
}

/** Runs a subject for its standard output, or to write that to a file. */
async function capture(subject: Subject, to?: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...subject.args],
    env: { ...subject.env },
    stdin: "null",
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  if (to !== undefined) await Deno.writeFile(to, stdout);
  return to === undefined ? new TextDecoder().decode(stdout) : "";
}

/** Median of A, of B, and of the ratios pair by pair. */
function ratio(a: readonly number[], b: readonly number[]): string {
  return `${median(a.map((value, i) => value / b[i]!)).toFixed(2)}x`;
}

function report(name: string, value: string): void {
  console.log(`${name.padEnd(48)} ${value}`);
}
