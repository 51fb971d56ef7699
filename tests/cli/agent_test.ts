/** `agent run|status` as their users run them: starting, ending, and what lies in the home meanwhile. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  arrived,
  ask,
  idsOf,
  logIn,
  record,
  request,
  stateOf,
  TestAgent,
} from "../support/agent.ts";
import { localCollector } from "../support/collector.ts";
import { eventually } from "../support/eventually.ts";
import { isThere, namesIn, tempFolder, tempHome } from "../support/home.ts";
import { documentsOf, runProgram } from "../support/program.ts";
import { needing, UNIX } from "../support/needs.ts";

const NOT_RUNNING = {
  running: false,
  pid: null,
  state: null,
  since: null,
  listening: null,
  addresses: [],
};

Deno.test("agent run: nobody is logged in -> listens on a socket of its owner only, and status says so", async () => {
  await using home = await tempHome();
  await using agent = await TestAgent.start(home.path);
  const socket = `${home.path}/agent.sock`;
  strictEqual(agent.listening, socket);
  strictEqual((await Deno.stat(socket)).mode! & 0o777, 0o600);
  const { since, ...rest } = await ask(home.path, "agent", "status");
  deepStrictEqual(rest, {
    running: true,
    pid: agent.pid,
    state: "Offline",
    listening: socket,
    addresses: [socket],
  });
  ok(Math.abs(Date.parse(since) - Date.now()) < 60_000, since);
  strictEqual(await agent.stop(), 143);
});

Deno.test("agent run: a relative home -> the whole path of its socket, good from every folder", async () => {
  await using folder = await tempFolder();
  const env = { SPEC_KITTY_HOME: "home" };
  await using agent = await TestAgent.start(`${folder.path}/home`, {
    env,
    cwd: folder.path,
  });
  strictEqual(agent.listening, `${folder.path}/home/agent.sock`);
  await agent.stop();
});

for (
  const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130]] as const
) {
  Deno.test(`agent run: ${signal} -> exit ${code}, nothing of it stays in the home`, async () => {
    await using home = await tempHome();
    await using agent = await TestAgent.start(home.path);
    strictEqual(await agent.stop(signal), code);
    strictEqual(await isThere(`${home.path}/agent.json`), false);
    strictEqual(await isThere(`${home.path}/agent.sock`), false);
    deepStrictEqual(await ask(home.path, "agent", "status"), NOT_RUNNING);
  });
}

Deno.test("agent run: a second one in the same home -> exit 69, says which one runs; the first goes on", async () => {
  await using home = await tempHome();
  await using agent = await TestAgent.start(home.path);
  const second = await runProgram(["agent", "run", "--json"], {
    SPEC_KITTY_HOME: home.path,
  });
  strictEqual(second.code, 69);
  const [{ error }] = documentsOf(second.stdout);
  strictEqual(error.code, "agent_running");
  match(error.message, new RegExp(`another agent runs in .*${agent.pid}`));
  const { running, pid } = await ask(home.path, "agent", "status");
  deepStrictEqual([running, pid], [true, agent.pid]);
});

Deno.test("agent status: killed -> not running, whatever its file says; a new one takes its place", async () => {
  await using home = await tempHome();
  const killed = await TestAgent.start(home.path);
  await killed.stop("SIGKILL");
  ok(await isThere(`${home.path}/agent.sock`));
  deepStrictEqual(await ask(home.path, "agent", "status"), NOT_RUNNING);

  await using agent = await TestAgent.start(home.path);
  const { running, pid } = await ask(home.path, "agent", "status");
  deepStrictEqual([running, pid], [true, agent.pid]);
});

Deno.test(needing(
  [{
    isMet: "tryLock" in Deno.FsFile.prototype,
    reason: "no lock can be tried on Deno 2.6",
  }],
  "emit: the agent was killed a moment ago -> Offline",
  async () => {
    await using collector = await localCollector();
    await using home = await tempHome();
    await logIn(home.path, collector.client);
    await using killed = await TestAgent.connected(home.path);
    const say = async () => {
      const words = ["emit", "history-added", "WP01", "note", "x"];
      const env = { SPEC_KITTY_HOME: home.path };
      return (await runProgram(words, env)).stderr;
    };
    match(await say(), /^\[Connected\] queued/);
    await killed.stop("SIGKILL");
    match(await say(), /^\[Offline\] queued/);
    strictEqual((await stateOf(home.path))?.state, "Connected");
  },
));

Deno.test("agent status: a file that is no state -> not running", async () => {
  await using home = await tempHome();
  await Deno.mkdir(home.path);
  for (
    const text of [
      "",
      "null",
      "[]",
      "{",
      '{"state":"Dancing"}',
      '{"pid":1}',
      '{"pid":1,"state":"Connected"}',
    ]
  ) {
    await Deno.writeTextFile(`${home.path}/agent.json`, text);
    deepStrictEqual(await ask(home.path, "agent", "status"), NOT_RUNNING, text);
  }
});

const BAD_OPTIONS = [
  ["--listen", "127.0.0.1:99999"],
  ["--listen", "unix:relative"],
  ["--listen", `unix:/${"long".repeat(40)}`],
  ["--batch-interval", "soon"],
];

for (const words of BAD_OPTIONS) {
  Deno.test(`agent run: ${words.join(" ")} -> exit 64, nothing made`, async () => {
    await using home = await tempHome();
    const { code, stderr } = await runProgram(["agent", "run", ...words], {
      SPEC_KITTY_HOME: home.path,
    });
    strictEqual(code, 64, stderr);
    match(stderr, new RegExp(words[0]!));
    strictEqual(await isThere(home.path), false);
  });
}

Deno.test("agent run: a path too long for a socket -> one at a short private path, in agent.json, and the same one again", async () => {
  await using folder = await tempFolder();
  await using runtime = await tempFolder();
  const home = `${folder.path}/${"long".repeat(40)}`;
  for (
    const [env, where] of [
      [{ XDG_RUNTIME_DIR: runtime.path }, `${runtime.path}/kitty-events/`],
      [{ TMPDIR: runtime.path }, `${runtime.path}/kitty-events-${Deno.uid()}/`],
    ] as const
  ) {
    const paths: string[] = [];
    for (let run = 0; run < 2; run++) {
      await using agent = await TestAgent.start(home, { env });
      const { listening } = agent;
      ok(listening.startsWith(where), listening);
      paths.push(listening);
      strictEqual((await stateOf(home))?.listening, listening);
      strictEqual((await Deno.stat(listening)).mode! & 0o777, 0o600);
      strictEqual((await Deno.stat(where)).mode! & 0o777, 0o700);
      const { status } = await request(listening, "/healthz");
      strictEqual(status, 200);
      strictEqual(await agent.stop(), 143);
      deepStrictEqual(await namesIn(where), []);
    }
    // What a killed one leaves, the next one finds.
    strictEqual(paths[0], paths[1]);
  }
});

Deno.test("agent run: a path too long for a socket, and no private folder -> an error with the way out, no agent.json", async () => {
  await using folder = await tempFolder();
  await using other = await tempFolder();
  const home = `${folder.path}/${"long".repeat(40)}`;
  const taken = `${other.path}/kitty-events-${Deno.uid()}`;
  // A link, a folder that others may enter, a file: each may be somebody's trap.
  const traps = [
    () => Deno.symlink(folder.path, taken),
    () => Deno.mkdir(taken).then(() => Deno.chmod(taken, 0o755)),
    () => Deno.writeTextFile(taken, ""),
    () => Deno.remove(other.path, { recursive: true }),
  ];
  for (const lay of traps) {
    await Deno.remove(taken).catch(() => {});
    await lay();
    const { code, stdout } = await runProgram(["agent", "run", "--json"], {
      SPEC_KITTY_HOME: home,
      TMPDIR: other.path,
    });
    strictEqual(code, 74);
    const [{ error }] = documentsOf(stdout);
    strictEqual(error.code, "no_socket");
    match(error.try, /--listen 127\.0\.0\.1:0/);
    strictEqual(await isThere(`${home}/agent.json`), false);
  }
  await Deno.mkdir(other.path);
});

Deno.test("agent run: SIGTERM while events wait -> a last drain delivers them, then it ends", async () => {
  await using collector = await localCollector();
  await using home = await tempHome();
  await logIn(home.path, collector.client);
  await using agent = await TestAgent.connected(home.path);
  const ids = await record(home.path, 300);
  strictEqual(await agent.stop("SIGTERM"), 143);
  deepStrictEqual(idsOf(await arrived(collector.client, 300)), ids);
  strictEqual(await stateOf(home.path), undefined);
});

Deno.test(
  needing(
    [UNIX],
    "agent run: its home is moved away, and another agent runs in a new one -> 69, and the other goes on",
    async () => {
      await using folder = await tempHome();
      const home = `${folder.path}/home`;
      const first = runProgram(["agent", "run"], { SPEC_KITTY_HOME: home });
      await eventually("it listens", () => isThere(`${home}/agent.json`));
      await Deno.rename(home, `${home}.old`);
      await using other = await TestAgent.start(home);
      const { code, stderr } = await first;
      strictEqual(code, 69, stderr);
      match(stderr, /was removed, moved or replaced while its agent ran/);
      ok(await isThere(other.listening));
      strictEqual((await ask(home, "agent", "status")).running, true);
      strictEqual((await ask(home, "agent", "status")).pid, other.pid);
    },
  ),
);
