/**
 * Following a large project, from source:
 *
 *     deno task bench:follow [--runs=N]
 *
 * @module
 */

import { sampleId } from "../lib/api/samples.ts";
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

const LOGS = 400, LINES = 250;
const FLAGS = ["run", "--allow-all", "--no-check", "--quiet"];

const runs = runsAsked(5);

const folder = await Deno.makeTempDir({ prefix: "kitty-events-bench-" });
try {
  sayWhere(runs);
  await writeProject();
  await bench();
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** Missions whose lines are as those of real logs. */
async function writeProject(): Promise<void> {
  for (let log = 0; log < LOGS; log++) {
    const mission_slug = `mission-${log}`;
    const mission = `${folder}/project/kitty-specs/${mission_slug}`;
    await Deno.mkdir(mission, { recursive: true });
    const meta = { mission_id: sampleId(90_000 + log), mission_slug };
    await Deno.writeTextFile(`${mission}/meta.json`, JSON.stringify(meta));
    const lines = Array.from({ length: LINES }, (_, line) =>
      JSON.stringify({
        event_id: `${sampleId(log).slice(0, 13)}${
          String(log * LINES + line).padStart(13, "0")
        }`,
        mission_slug,
        wp_id: `WP${String(line % 20).padStart(2, "0")}`,
        from_lane: "planned",
        to_lane: "claimed",
        at: new Date(Date.UTC(2026, 4, 1) + (line * LOGS + log) * 7_000)
          .toISOString(),
        actor: "ada",
        force: false,
        reason: null,
        execution_mode: "worktree",
        evidence: null,
        review_ref: null,
      }) + "\n");
    await Deno.writeTextFile(
      `${mission}/status.events.jsonl`,
      lines.join(""),
    );
  }
}

function following(home: string): Subject {
  return {
    name: "follow",
    args: [
      ...[...FLAGS, fileOf("../main.ts")],
      ...["follow", "--once", "--quiet", `${folder}/project`],
    ],
    env: {
      SPEC_KITTY_HOME: `${folder}/${home}`,
      SPEC_KITTY_MAX_QUEUE_SIZE: "1000000",
    },
  };
}

async function bench(): Promise<void> {
  const first: number[] = [], parsing: number[] = [];
  for (let run = 0; run < runs; run++) {
    first.push((await runOnce(following(`home-${run}`))).ms);
    parsing.push(await parseAll());
  }
  const empty = { name: "empty", args: [...FLAGS, fileOf("./empty.ts")] };
  const [base, again] = await wallTimes(
    [empty, following("home-0")],
    runs * 2,
  ) as [number[], number[]];
  const rate = LOGS * LINES / (median(first) / 1000);
  report(
    `follow --once, ${LOGS} logs with ${LINES} lines each`,
    `${Math.round(rate / 10) * 10} lines/s`,
  );
  report(
    "reading and parsing these lines alone / follow --once",
    `${(median(parsing) / median(first)).toFixed(2)}x`,
  );
  report("its peak memory", `${await peakMemory(following("peak"))} MiB`);
  report("a pass with nothing new", `${Math.round(median(again))} ms`);
  report(
    "a pass with nothing new / empty script",
    `${(median(again) / median(base)).toFixed(2)}x`,
  );
}

async function parseAll(): Promise<number> {
  const startedMs = performance.now();
  for (let log = 0; log < LOGS; log++) {
    const text = await Deno.readTextFile(
      `${folder}/project/kitty-specs/mission-${log}/status.events.jsonl`,
    );
    for (const line of text.split("\n")) if (line) JSON.parse(line);
  }
  return performance.now() - startedMs;
}

function report(name: string, value: string): void {
  console.log(`${name.padEnd(56)} ${value}`);
}
