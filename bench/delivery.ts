/**
 * How fast events get to a collector on the same machine:
 *
 *     deno task bench:delivery [--runs=N]
 *
 * @module
 */

import {
  accessToken,
  HISTORY,
  logIn,
  peakMiB,
  report,
  runProgram,
  spawnProgram,
  startCollector,
} from "./collector.ts";
import { firstLine, median, runsAsked, sayWhere } from "./measure.ts";

/** Emits to arrival: how many are timed. */
const ARRIVALS = 500;

const runs = runsAsked(5);

const folder = await Deno.makeTempDir({ prefix: "kitty-events-bench-" });
try {
  sayWhere(runs);
  await drains();
  await arrivals();
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** `sync now` of the real history; peak memory of both sides. */
async function drains(): Promise<void> {
  const rates: number[] = [], ours: number[] = [], theirs: number[] = [];
  for (let run = 0; run < runs; run++) {
    await using collector = await startCollector(`${folder}/drain-${run}`);
    const home = `${folder}/client-${run}`;
    await runProgram(["emit", "--stdin", "--quiet"], home, {
      stdin: await Deno.readFile(HISTORY),
    });
    await logIn(home, collector.url);
    const sync = spawnProgram(["sync", "now", "--json"], home);
    const peak = watchPeak(sync);
    const { stdout } = await sync.output();
    const { delivered, duration_ms } = JSON.parse(
      new TextDecoder().decode(stdout),
    );
    rates.push(delivered / duration_ms * 1_000);
    ours.push(await peak);
    theirs.push(await peakMiB(collector.process.pid));
  }
  report(
    "sync now of the real history",
    `${Math.round(median(rates))} events/s`,
  );
  report("peak memory of sync now", `${Math.round(median(ours))} MiB`);
  report("peak memory of the collector", `${Math.round(median(theirs))} MiB`);
}

/** From a draft on a stream's standard input to another subscriber, with an agent between. */
async function arrivals(): Promise<void> {
  await using collector = await startCollector(`${folder}/arrivals`);
  const home = `${folder}/sender`;
  await logIn(home, collector.url);
  const agent = spawnProgram(["agent", "run"], home);
  await firstLine(agent);
  const socket = await subscribe(collector.url);
  const emit = spawnProgram(["emit", "--stdin", "--quiet"], home);
  const writer = emit.stdin.getWriter();
  const delaysMs: number[] = [];
  for (let n = 0; n < ARRIVALS; n++) {
    const arrived = new Promise<void>((resolve) => {
      socket.onmessage = ({ data }) => {
        if (JSON.parse(data).type === "event") resolve();
      };
    });
    const payload = {
      wp_id: "WP01",
      entry_type: "note",
      entry_content: `${n}`,
    };
    const draft = JSON.stringify({ event_type: "HistoryAdded", payload });
    const startedMs = performance.now();
    await writer.write(new TextEncoder().encode(`${draft}\n`));
    await arrived;
    delaysMs.push(performance.now() - startedMs);
  }
  await writer.close();
  await Promise.all([emit.output(), closed(socket)]);
  agent.kill("SIGTERM");
  await agent.status;
  delaysMs.sort((a, b) => a - b);
  const at = (share: number) =>
    `${delaysMs[Math.floor(share * delaysMs.length)]!.toFixed(1)} ms`;
  report("from a draft to another subscriber, median", at(0.5));
  report("the same, 99th percentile", at(0.99));
}

async function subscribe(url: string): Promise<WebSocket> {
  const response = await fetch(`${url}/api/v1/ws-token/`, {
    method: "POST",
    headers: { authorization: `Bearer ${await accessToken(url)}` },
  });
  const { ws_token } = await response.json();
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws/v1/events/`, {
    headers: { authorization: `Bearer ${ws_token}` },
  });
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  return socket;
}

function closed(socket: WebSocket): Promise<unknown> {
  return new Promise((resolve) => {
    socket.onclose = resolve;
    socket.close();
  });
}

/** Peak memory of a process in MiB, looked at until it ends. Only Linux tells it. */
async function watchPeak(child: Deno.ChildProcess): Promise<number> {
  let isOver = false, peak = 0;
  void child.status.then(() => isOver = true);
  while (!isOver) {
    peak = Math.max(peak, await peakMiB(child.pid));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return peak;
}
