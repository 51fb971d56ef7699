/**
 * How fast events get to a collector on the same machine:
 *
 *     deno task bench:delivery [--runs=N]
 *
 * @module
 */

import { fileOf, firstLine, median, runsAsked, sayWhere } from "./measure.ts";

const HISTORY = fileOf("../../shared/data/work-history.ndjson");
const MAIN = fileOf("../main.ts");
const USER = ["ada", "acme", "a password"] as const;
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

interface Collector extends AsyncDisposable {
  readonly url: string;
  readonly process: Deno.ChildProcess;
}

async function startCollector(home: string): Promise<Collector> {
  const [name, team, password] = USER;
  await runProgram(
    ["collector", "user", "add", name, "--team", team, "--password-stdin"],
    home,
    { stdin: new TextEncoder().encode(password) },
  );
  const process = spawnProgram(
    ["collector", "run", "--listen", "127.0.0.1:0"],
    home,
  );
  const { listening } = JSON.parse(await firstLine(process));
  return {
    url: listening,
    process,
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await process.status;
    },
  };
}

async function logIn(home: string, url: string): Promise<void> {
  const [name, , password] = USER;
  await runProgram(
    [
      ...["auth", "login", "--server", url],
      ...["--username", name, "--password-stdin"],
    ],
    home,
    { stdin: new TextEncoder().encode(password) },
  );
}

async function subscribe(url: string): Promise<WebSocket> {
  const [username, , password] = USER;
  const ask = async (path: string, init: RequestInit) =>
    await (await fetch(url + path, { method: "POST", ...init })).json();
  const { access } = await ask("/api/v1/token/", {
    body: JSON.stringify({ username, password }),
    headers: { "content-type": "application/json" },
  });
  const { ws_token } = await ask("/api/v1/ws-token/", {
    headers: { authorization: `Bearer ${access}` },
  });
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

function spawnProgram(
  args: readonly string[],
  home: string,
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", "--quiet", MAIN, ...args],
    env: { SPEC_KITTY_HOME: home },
    stdin: "piped",
    stdout: "piped",
    // What it says goes nowhere: a full pipe would stop it.
    stderr: "null",
  }).spawn();
}

async function runProgram(
  args: readonly string[],
  home: string,
  options: { stdin: Uint8Array<ArrayBuffer> },
): Promise<void> {
  const child = spawnProgram(args, home);
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(options.stdin);
  await writer.close();
  const { code } = await output;
  if (code !== 0) throw new Error(`${args.join(" ")}: exit code ${code}`);
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

async function peakMiB(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  const [, kib] = status.match(/VmHWM:\s+(\d+)/) ?? [];
  return Number(kib ?? 0) / 1024;
}

function report(name: string, value: string): void {
  console.log(`${name.padEnd(48)} ${value}`);
}
