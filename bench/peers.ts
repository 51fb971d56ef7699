/**
 * One event from a shell, by this program and by what else is at hand, each as
 * a whole process on this machine:
 *
 *     deno task bench:peers [--program FILE] [--runs=N]
 *
 * `--program` names a compiled program; without one, it runs from source.
 * What is not installed is left out, and said so. The Python command line is
 * fetched from PyPI into a temporary folder.
 *
 * @module
 */

import {
  firstLine,
  median,
  runsAsked,
  type Subject,
  wallTimes,
} from "./measure.ts";

const MAIN = fileOf("../main.ts");
const PEER = "spec-kitty-cli==2.1.3";
const STREAM_EVENTS = 2_000;
const WRITERS = 8, EVENTS_EACH = 200;

const program = valueOf("--program");
const runs = runsAsked(20);
const ours = program
  ? [await Deno.realPath(program)]
  : [Deno.execPath(), "run", "--allow-all", "--no-check", "--quiet", MAIN];

/** A way to record one event. */
interface Way {
  readonly name: string;
  /** Undefined: it is not installed here. */
  readonly subject: Subject | undefined;
  /** Takes away what it sends to, where it sends to anything. */
  readonly serverDown?: () => Promise<void>;
  /** Events kept so far, looked up where they would be. */
  readonly kept: () => Promise<number>;
}

/** Servers that run until the end. */
const started: Deno.ChildProcess[] = [];
const folder = await Deno.makeTempDir({ prefix: "kitty-events-bench-" });
const home = `${folder}/home`;
try {
  const date = new Date().toISOString().slice(0, 10);
  console.log(
    `${date}, ${Deno.build.target}, ${navigator.hardwareConcurrency} cores, ${
      program ? "compiled program" : "from source"
    }, ${runs} runs, medians\n`,
  );
  const python = await fetchPeer();
  await oneEvent(await ways(python));
  await streams(python);
  await atOnce(python);
} finally {
  for (const child of started) {
    try {
      child.kill("SIGTERM");
    } catch {
      // It was stopped to see what is kept without it.
    }
    await child.status;
  }
  await Deno.remove(folder, { recursive: true });
}

/** All ways that there are here. */
async function ways(python: Subject["env"] | undefined): Promise<Way[]> {
  const env = { SPEC_KITTY_HOME: home };
  const note = ["history-added", "WP01", "note", "hello"];
  const draft =
    '{"event_type":"HistoryAdded","payload":{"wp_id":"WP01","entry_type":"note","entry_content":"hello"}}';
  const spool = `${folder}/spooled/spool`;
  await Deno.mkdir(spool, { recursive: true });
  const agent = start([...ours, "agent", "run"], {
    SPEC_KITTY_HOME: `${folder}/agent`,
  });
  const { listening } = JSON.parse(await firstLine(agent));
  const web = webServer();
  const redis = await redisServer();
  const syslog = syslogServer();
  const database = `${folder}/events.db`;
  const table = "create table if not exists e(id integer primary key, t text)";
  const append =
    `import json,os;f=open("${folder}/events.ndjson","a");f.write(json.dumps({"note":"hello"})+"\\n");f.flush();os.fsync(f.fileno())`;
  const emitted =
    'from specify_cli.sync.events import emit_history_added as e;e("WP01","note","hello")';
  return [
    {
      name: "kitty-events emit",
      subject: await subject("kitty-events emit", ours, ["emit", ...note], env),
      kept: () => queued(home),
    },
    {
      name: "kitty-events: curl to the agent's socket",
      subject: await subject("agent", ["curl"], [
        ...["--silent", "--fail", "--unix-socket", listening],
        ...["--json", draft, "http://agent/v1/events"],
      ]),
      kept: () => queued(`${folder}/agent`),
    },
    {
      name: "kitty-events: file into the spool",
      subject: await subject("spool", ["sh"], [
        "-c",
        `printf '%s' '${draft}' > ${spool}/.$$.tmp && mv ${spool}/.$$.tmp ${spool}/$$.json`,
      ]),
      kept: () => queued(`${folder}/spooled`),
    },
    {
      name: "spec-kitty-cli 2.1.3, its emitter",
      subject: python && await subject("peer", ["python3"], ["-c", emitted], {
        ...python,
        HOME: `${folder}/peer`,
      }),
      kept: () => peerQueued(`${folder}/peer`),
    },
    {
      name: "python3, a line appended and synced",
      subject: await subject("python3", ["python3"], ["-c", append]),
      kept: async () =>
        (await Deno.readTextFile(`${folder}/events.ndjson`)).split("\n")
          .length - 1,
    },
    {
      name: "sqlite3, a row",
      subject: await subject("sqlite3", ["sqlite3"], [
        database,
        `${table}; insert into e(t) values('hello')`,
      ]),
      kept: async () =>
        Number(await output(["sqlite3", database, "select count(*) from e"])),
    },
    {
      name: "curl to a web server",
      subject: await subject("curl", ["curl"], [
        ...["--silent", "--fail", "--json", draft, web.url],
      ]),
      serverDown: web.stop,
      kept: () => Promise.resolve(web.received()),
    },
    {
      name: "redis-cli, a push",
      subject: redis && await subject("redis", ["redis-cli"], [
        ...["-s", redis.socket, "rpush", "events", draft],
      ]),
      serverDown: async () => await redis?.stop(),
      kept: () => redis!.length(),
    },
    {
      name: "logger, to syslog",
      subject: await subject("logger", ["logger"], [
        ...["--socket", syslog.path, "hello"],
      ]),
      serverDown: syslog.stop,
      kept: () => Promise.resolve(syslog.received()),
    },
  ];
}

/** Times one event by each way, then tells what is kept of one more without a server. */
async function oneEvent(all: readonly Way[]): Promise<void> {
  const here = all.filter(({ subject }) => subject);
  const times = await wallTimes(here.map(({ subject }) => subject!), runs);
  console.log(
    "| one event, a whole process | median | kept with the server down |",
  );
  console.log("| --- | --- | --- |");
  for (const way of all) {
    const at = here.indexOf(way);
    if (at < 0) {
      console.log(`| ${way.name} | not installed here | |`);
      continue;
    }
    await way.serverDown?.();
    const before = await way.kept();
    const { command, args } = commandOf(way.subject!);
    await new Deno.Command(command, {
      args,
      env: { ...way.subject!.env },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    const isKept = await way.kept() === before + 1;
    const ms = median(times[at]!).toFixed(1);
    console.log(`| ${way.name} | ${ms} ms | ${isKept ? "yes" : "no"} |`);
  }
}

/** Many events from one process. */
async function streams(python: Subject["env"] | undefined): Promise<void> {
  const rate = async (
    argv: readonly string[],
    env: Subject["env"],
    stdin = "",
  ) => {
    const startedMs = performance.now();
    await output(argv, env, stdin);
    return Math.round(STREAM_EVENTS / (performance.now() - startedMs) * 1_000);
  };
  const draft = `${
    JSON.stringify({
      event_type: "HistoryAdded",
      payload: { wp_id: "WP01", entry_type: "note", entry_content: "hello" },
    })
  }\n`;
  console.log(`\n| ${STREAM_EVENTS} events from one process | events/s |`);
  console.log("| --- | --- |");
  const mine = await rate(
    [...ours, "emit", "--stdin", "--quiet"],
    { SPEC_KITTY_HOME: `${folder}/stream` },
    draft.repeat(STREAM_EVENTS),
  );
  console.log(`| kitty-events emit --stdin | ${mine} |`);
  if (!python) return;
  const theirs = await rate(["python3", "-c", peerLoop(STREAM_EVENTS)], {
    ...python,
    HOME: `${folder}/peer-stream`,
  });
  console.log(`| spec-kitty-cli 2.1.3, its emitter | ${theirs} |`);
}

/** Many processes at once in one home: clock values must be distinct. */
async function atOnce(python: Subject["env"] | undefined): Promise<void> {
  const total = WRITERS * EVENTS_EACH;
  console.log(
    `\n| ${WRITERS} processes at once, ${EVENTS_EACH} events each | distinct clock values of ${total} | events kept |`,
  );
  console.log("| --- | --- | --- |");
  const env = { SPEC_KITTY_HOME: `${folder}/at-once` };
  const note = [...ours, "emit", "--stdin", "--quiet", "--timeout", "1m"];
  const drafts =
    `{"event_type":"HistoryAdded","payload":{"wp_id":"WP01","entry_type":"note","entry_content":"x"}}\n`
      .repeat(EVENTS_EACH);
  await Promise.all(
    Array.from({ length: WRITERS }, () => output(note, env, drafts)),
  );
  const exported = (await output([...ours, "queue", "export"], env)).trim()
    .split("\n").map((line) => JSON.parse(line).lamport_clock);
  console.log(
    `| kitty-events emit --stdin | ${
      new Set(exported).size
    } | ${exported.length} |`,
  );
  if (!python) return;
  const peerHome = `${folder}/peer-at-once`;
  const values = await Promise.all(
    Array.from(
      { length: WRITERS },
      () =>
        output(["python3", "-c", peerLoop(EVENTS_EACH)], {
          ...python,
          HOME: peerHome,
        }),
    ),
  );
  const clocks = values.join("").trim().split("\n");
  console.log(
    `| spec-kitty-cli 2.1.3, its emitter | ${
      new Set(clocks).size
    } | ${await peerQueued(peerHome)} |`,
  );
}

/** A script that emits so many events by the Python command line's own function, and prints their clock values. */
function peerLoop(count: number): string {
  return [
    "from specify_cli.sync.events import emit_history_added as e",
    `for i in range(${count}):`,
    '    event = e("WP01", "note", "hello")',
    '    print(event["lamport_clock"] if event else "lost")',
  ].join("\n");
}

/** Fetches the Python command line; the environment in which python3 finds it. */
async function fetchPeer(): Promise<Subject["env"] | undefined> {
  const site = `${folder}/site`;
  try {
    await output([
      ...["python3", "-m", "pip", "install", "--quiet", "--target", site],
      ...["--disable-pip-version-check", PEER, "click"],
    ]);
    return { PYTHONPATH: site };
  } catch (error) {
    console.error(`${PEER} is left out: ${error}`);
    return undefined;
  }
}

async function peerQueued(home: string): Promise<number> {
  return Number(
    await output([
      ...["python3", "-c"],
      `import sqlite3;print(sqlite3.connect("${home}/.spec-kitty/queue.db").execute("select count(*) from queue").fetchone()[0])`,
    ]),
  );
}

async function queued(home: string): Promise<number> {
  const stats = await output([...ours, "queue", "stats", "--json"], {
    SPEC_KITTY_HOME: home,
  });
  return JSON.parse(stats).queued;
}

function webServer() {
  let count = 0;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      await request.body?.cancel();
      count += 1;
      return new Response("ok");
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    received: () => count,
    stop: () => server.shutdown(),
  };
}

/** What `logger` talks to, in the place of the system's own. */
function syslogServer() {
  const path = `${folder}/log`;
  let count = 0;
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  void (async () => {
    for await (const _ of socket) count += 1;
  })().catch(() => {});
  return {
    path,
    received: () => count,
    stop() {
      socket.close();
      return Promise.resolve();
    },
  };
}

async function redisServer() {
  if (!await isInstalled("redis-server")) return undefined;
  const socket = `${folder}/redis.sock`;
  const server = start(
    [
      ...["redis-server", "--port", "0", "--unixsocket", socket],
      ...["--appendonly", "yes", "--appendfsync", "always", "--dir", folder],
    ],
    {},
  );
  while (!await Deno.stat(socket).catch(() => undefined)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  let last = 0;
  return {
    socket,
    /** With the server down: as last seen, since nothing can have come. */
    async length() {
      const text = await output(["redis-cli", "-s", socket, "llen", "events"])
        .catch(() => "");
      return last = /^\d+/.test(text) ? Number(text) : last;
    },
    async stop() {
      server.kill("SIGTERM");
      await server.status;
    },
  };
}

async function subject(
  name: string,
  command: readonly string[],
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Subject | undefined> {
  const [first, ...rest] = command;
  if (!await isInstalled(first!)) return undefined;
  return { name, command: first!, args: [...rest, ...args], env };
}

function commandOf({ command, args }: Subject) {
  return { command: command ?? Deno.execPath(), args: [...args] };
}

async function isInstalled(command: string): Promise<boolean> {
  if (command.includes("/")) return true;
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const stat = await Deno.stat(`${folder}/${command}`).catch(() => undefined);
    if (stat?.isFile) return true;
  }
  return false;
}

function start(
  argv: readonly string[],
  env: Record<string, string>,
): Deno.ChildProcess {
  const child = new Deno.Command(argv[0]!, {
    args: argv.slice(1),
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  started.push(child);
  return child;
}

/** Runs a command to its end; its standard output. */
async function output(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdin = "",
): Promise<string> {
  const child = new Deno.Command(argv[0]!, {
    args: argv.slice(1),
    env: { ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const result = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout } = await result;
  if (code !== 0) throw new Error(`${argv[0]}: exit code ${code}`);
  return new TextDecoder().decode(stdout);
}

function valueOf(option: string): string | undefined {
  const at = Deno.args.indexOf(option);
  return at < 0 ? undefined : Deno.args[at + 1];
}

function fileOf(path: string): string {
  return decodeURIComponent(new URL(path, import.meta.url).pathname);
}
