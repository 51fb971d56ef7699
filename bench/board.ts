/**
 * What the board costs the collector, and how fast it answers:
 *
 *     deno task bench:board [--runs=N] [--transitions=N]
 *
 * @module
 */

import { producer } from "../lib/contract/rows/producer.ts";
import { BATCH_EVENTS_MAX, PATHS } from "../lib/base/wire.ts";
import {
  accessToken,
  type Collector,
  HISTORY,
  peakMiB,
  report,
  runProgram,
  spawnProgram,
  startCollector,
} from "./collector.ts";
import { median, runsAsked, sayWhere, valueAsked } from "./measure.ts";

/** Of the large board: as many packages a mission as a real team has. */
const PACKAGES = 50, MOVES = 10;

const LANE_TRANSITION = producer.types.get(
  "ai.spec-kitty.lane.transitioned.v1",
)!;

/** How often each path is asked. */
const ASKED = 9;

const runs = runsAsked(5);
const transitions = Number(valueAsked("transitions") ?? 1_000_000);

const folder = await Deno.makeTempDir({ prefix: "kitty-events-bench-" });
try {
  sayWhere(runs);
  const history = await historyBatches();
  await intake(history);
  await answers("the real history", history);
  await answers(
    `${transitions.toLocaleString("en")} transitions`,
    madeBatches(transitions),
  );
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** The real history, as batches that a client sends. */
async function historyBatches(): Promise<string[]> {
  const home = `${folder}/client`;
  await runProgram(["emit", "--stdin", "--quiet"], home, {
    stdin: await Deno.readFile(HISTORY),
  });
  const { stdout } = await spawnProgram(["queue", "export"], home).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  const batches: string[] = [];
  for (let at = 0; at < lines.length; at += BATCH_EVENTS_MAX) {
    batches.push(batchOf(lines.slice(at, at + BATCH_EVENTS_MAX)));
  }
  return batches;
}

function batchOf(events: readonly string[]): string {
  return `{"events":[${events.join(",")}]}`
    .replaceAll('"team_slug":"local"', '"team_slug":"acme"');
}

/** Moves of many packages of many missions, in turn. */
function* madeBatches(count: number): Iterable<string> {
  const lanes = [
    "planned",
    "claimed",
    "in_progress",
    "for_review",
    "in_review",
  ];
  const packages = count / MOVES;
  let batch: string[] = [];
  for (let n = 0; n < count; n++) {
    const one = n % packages, step = Math.floor(n / packages);
    const mission = idOf(500_000_000 + Math.floor(one / PACKAGES));
    batch.push(JSON.stringify({
      specversion: "1.0",
      id: idOf(n),
      source: `/spec-kitty/missions/${mission}`,
      type: LANE_TRANSITION.type,
      subject: `WP${one % PACKAGES + 1}`,
      time: new Date(Date.UTC(2026, 0, 1) + n * 10_000).toISOString(),
      datacontenttype: "application/json",
      dataschema: LANE_TRANSITION.dataschema,
      schemaversion: "4.0.0",
      missionid: mission,
      missionslug: `mission-${Math.floor(one / PACKAGES)}`,
      actor: `claude:opus-${one % 7}:pedro:implementer`,
      executionmode: "worktree",
      lamportclock: n + 1,
      nodeid: "0123456789ab",
      data: {
        from_lane: lanes[step % lanes.length],
        to_lane: step === MOVES - 1 ? "done" : lanes[(step + 1) % lanes.length],
      },
    }));
    if (batch.length < BATCH_EVENTS_MAX) continue;
    yield batchOf(batch);
    batch = [];
  }
  if (batch.length > 0) yield batchOf(batch);
}

/** The n-th of a row of ULIDs. */
function idOf(n: number): string {
  return `01KGHZ3D6R${String(n).padStart(16, "0")}`;
}

/** Sending the same to a collector whose board nobody looks at, and to one whose board is kept up. */
async function intake(batches: readonly string[]): Promise<void> {
  const times = { without: [] as number[], with: [] as number[] };
  for (let run = 0; run < runs; run++) {
    for (const kind of ["without", "with"] as const) {
      await using collector = await startCollector(`${folder}/${kind}-${run}`);
      const token = await accessToken(collector.url);
      if (kind === "with") await ask(collector, token, PATHS.missions);
      times[kind].push(await sendAll(collector, token, batches));
    }
  }
  const ratio = median(times.with) / median(times.without);
  report(
    "taking in the real history, with the board kept up",
    `${ratio.toFixed(2)} times as long`,
  );
}

/** @returns how long it took, milliseconds */
async function sendAll(
  { url }: Collector,
  token: string,
  batches: Iterable<string>,
): Promise<number> {
  let ms = 0;
  for (const body of batches) {
    const startedMs = performance.now();
    const response = await fetch(url + PATHS.batch, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body,
    });
    const { results } = await response.json();
    ms += performance.now() - startedMs;
    const isGood = results?.every(({ status }: { status: string }) =>
      status === "accepted"
    );
    if (!isGood) throw new Error(JSON.stringify(results?.[0]));
  }
  return ms;
}

/** How long each path takes, warm; and the first look, with the memory then. */
async function answers(
  name: string,
  batches: Iterable<string>,
): Promise<void> {
  await using collector = await startCollector(
    `${folder}/${name.replaceAll(/\W/g, "-")}`,
  );
  let token = await accessToken(collector.url);
  await sendAll(collector, token, batches);
  console.log(`\n${name}`);
  report("  memory before anybody looks", await memoryOf(collector));
  token = await accessToken(collector.url);
  const first = await timeOf(collector, token, PATHS.missions);
  report("  first look after the start", `${Math.round(first)} ms`);
  const { missions, all } = await ask(collector, token, PATHS.missions);
  const board = PATHS.mission.replace("{mission}", missions[0].key);
  const paths = {
    [`missions (${all})`]: PATHS.missions,
    "missions with a text": `${PATHS.missions}?text=mission`,
    "a board": board,
    "a story": `${board}work-packages/${
      (await ask(collector, token, board)).packages[0].id
    }/`,
    "latest events": PATHS.eventLines,
    "events with a text": `${PATHS.eventLines}?text=nowhere`,
    "insights": PATHS.insights,
    "health": PATHS.health,
  };
  for (const [what, path] of Object.entries(paths)) {
    const times: number[] = [];
    for (let i = 0; i < ASKED; i++) {
      times.push(await timeOf(collector, token, path));
    }
    report(`  ${what}`, `${median(times).toFixed(1)} ms`);
  }
  report("  peak memory of the collector", await memoryOf(collector));
}

async function memoryOf({ process }: Collector): Promise<string> {
  return `${Math.round(await peakMiB(process.pid))} MiB`;
}

async function timeOf(
  collector: Collector,
  token: string,
  path: string,
): Promise<number> {
  const startedMs = performance.now();
  await ask(collector, token, path);
  return performance.now() - startedMs;
}

async function ask(
  { url }: Collector,
  token: string,
  path: string,
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  const response = await fetch(url + path, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return await response.json();
}
