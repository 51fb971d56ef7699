/** The callers in `examples/` are run against the program, so that they cannot rot. */

import {
  commandNeed,
  FULL,
  type Need,
  needing,
  outputOf,
} from "../support/needs.ts";
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { anyUser } from "../program/built.ts";
import { TestAgent } from "../support/agent.ts";
import { namesIn } from "../support/home.ts";
import { linesOf } from "../support/child.ts";
import { documentsOf, withProgram } from "../support/program.ts";
import type { User } from "../support/user.ts";

const EXAMPLES = decodeURIComponent(
  new URL("../../examples/", import.meta.url).pathname,
);

/** Shells by how they are called; their words come before the script's. */
const SHELLS: readonly [string, Need][] = [
  ["dash", await commandNeed("dash", ["-c", "true"])],
  ["bash --posix", await commandNeed("bash")],
  ["busybox sh", await commandNeed("busybox", ["true"])],
];
const CURL = await commandNeed("curl");
const PYTHON = await commandNeed("python3");
const GO = await commandNeed("go", ["version"]);

/** What a user's queue holds, in order. */
async function queueOf(
  user: User,
  // deno-lint-ignore no-explicit-any
): Promise<any[]> {
  const { stdout } = await user.run("kitty-events queue export");
  return documentsOf(stdout);
}

/** The texts of the notes in a user's queue, in order. */
async function notesOf(user: User): Promise<string[]> {
  return (await queueOf(user))
    .filter(({ event_type }) => event_type === "HistoryAdded")
    .map(({ payload }) => payload.entry_content);
}

/** Puts a command before all others on a user's path. */
async function addCommand(
  user: User,
  name: string,
  script: string,
): Promise<void> {
  const text = `#!/bin/sh\n${script}\n`;
  await Deno.writeTextFile(`${user.path}/bin/${name}`, text, { mode: 0o755 });
}

for (const [shell, need] of SHELLS) {
  const record = `${shell} ${EXAMPLES}shell/record.sh WP01 028-parser`;

  Deno.test(needing(
    [need],
    `record.sh: ${shell} -> three events, two of one batch`,
    async () => {
      await using user = await anyUser();
      const { code, stderr } = await user.run(record);
      strictEqual(code, 0, stderr);
      const events = await queueOf(user);
      deepStrictEqual(
        events.map(({ event_type }) => event_type),
        ["WPAssigned", "WPStatusChanged", "HistoryAdded"],
      );
      const [first, second, third] = events;
      match(first.causation_id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
      strictEqual(second.causation_id, first.causation_id);
      strictEqual(third.causation_id, undefined);
      match(third.payload.entry_content, /^- parsed by \w+$/);
    },
  ));

  Deno.test(needing(
    [need],
    `record.sh: ${shell}, an answer is lost -> tried again, one note all the same`,
    async () => {
      await using user = await anyUser();
      await addCommand(user, "sleep", "exit 0");
      await Deno.rename(
        `${user.path}/bin/kitty-events`,
        `${user.path}/bin/the-program`,
      );
      await addCommand(
        user,
        "kitty-events",
        `the-program "$@" || exit
         case "$*" in *--strict*) echo >> tries; [ "$(wc -l < tries)" -ge 3 ] || exit 74;; esac`,
      );
      const { code, stderr } = await user.run(record);
      strictEqual(code, 0, stderr);
      const tries = await Deno.readTextFile(`${user.path}/tries`);
      strictEqual(tries, "\n\n\n");
      strictEqual((await notesOf(user)).length, 1);
    },
  ));

  Deno.test(needing(
    [need],
    `record.sh: ${shell}, a full queue -> said, exit 75`,
    async () => {
      await using user = await anyUser();
      await addCommand(user, "sleep", "exit 0");
      const full = { SPEC_KITTY_MAX_QUEUE_SIZE: "2" };
      const { code, stderr } = await user.run(record, full);
      strictEqual(code, 75, stderr);
      match(stderr, /^record\.sh: the note could not be kept/m);
      strictEqual((await queueOf(user)).length, 2);
    },
  ));

  Deno.test(needing(
    [need],
    `spool.sh: ${shell}, the program is not there -> texts arrive as they are`,
    async () => {
      await using user = await anyUser();
      const texts = [
        `it's "quoted" \\ \\n $HOME %s`,
        "two\nlines\tand a tab",
        "ünï-côde 😀",
        "-n",
      ];
      for (const text of texts) {
        const { code, stderr } = await user.run(
          `${shell} ${EXAMPLES}shell/spool.sh WP01 "$TEXT"`,
          { PATH: "/usr/local/bin:/usr/bin:/bin", TEXT: text },
        );
        strictEqual(code, 0, stderr);
      }
      const spool = `${user.home}/spool`;
      const files = await namesIn(spool);
      strictEqual(files.length, texts.length, files.join());
      for (const file of files) {
        const { mode } = await Deno.stat(`${spool}/${file}`);
        strictEqual(mode! & 0o777, 0o600);
      }
      // Those of one second come in any order.
      deepStrictEqual((await notesOf(user)).sort(), texts.sort());
      deepStrictEqual(await namesIn(spool), []);
    },
  ));

  Deno.test(needing(
    [need, CURL],
    `agent_socket.sh: ${shell} -> three notes in order, and the status`,
    async () => {
      await using user = await anyUser();
      const script = `${shell} ${EXAMPLES}shell/agent_socket.sh WP01`;
      const alone = await user.run(script);
      strictEqual(alone.code, 7, alone.stderr);
      await using _agent = await TestAgent.start(user.home);
      const { code, stdout, stderr } = await user.run(script);
      deepStrictEqual([code, stderr], [0, ""]);
      strictEqual(JSON.parse(stdout).queued, 3);
      deepStrictEqual(await notesOf(user), ["one", "two", "three"]);
    },
  ));
}

Deno.test(needing(
  [await commandNeed("busybox", ["true"])],
  "spool.sh: nothing but busybox -> the same draft",
  async () => {
    await using user = await anyUser();
    await Deno.mkdir(`${user.path}/tools`);
    const { code, stderr } = await user.run(`
      busybox=$(command -v busybox)
      for tool in awk date mkdir mktemp mv rm sed tr; do
        ln -s "$busybox" "tools/$tool"
      done
      PATH=$PWD/tools "$busybox" sh ${EXAMPLES}shell/spool.sh WP01 $'a "b"\\n\\\\c\\td'`);
    strictEqual(code, 0, stderr);
    deepStrictEqual(await notesOf(user), ['a "b"\n\\c\td']);
  },
));

/** Runs a program of a user in their home, with the path of this process. */
function runOnPath(user: User, script: string) {
  return user.run(script, {
    PATH: `${user.path}/bin:${Deno.env.get("PATH")}`,
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONPATH: `${EXAMPLES}python`,
  });
}

/** That receipts are those of the events in the queue, in order. */
async function checkReceipts(
  user: User,
  stdout: string,
  texts: readonly string[],
): Promise<void> {
  deepStrictEqual(await notesOf(user), texts);
  deepStrictEqual(
    documentsOf(stdout).map(({ event_id, lamport_clock, status }) => [
      event_id,
      lamport_clock,
      status,
    ]),
    (await queueOf(user)).map(({ event_id, lamport_clock }) => [
      event_id,
      lamport_clock,
      "queued",
    ]),
  );
}

Deno.test(needing(
  [PYTHON],
  "kitty_events.py: all three ways -> a receipt for each event, in order",
  async () => {
    await using user = await anyUser();
    await using _agent = await TestAgent.start(user.home);
    const { code, stdout, stderr } = await runOnPath(
      user,
      `python3 ${EXAMPLES}python/kitty_events.py`,
    );
    strictEqual(code, 0, stderr);
    await checkReceipts(user, stdout, [
      "- one shot",
      "one line, one receipt",
      ...["line 0", "line 1", "line 2"],
      "by the agent",
      ...["by the agent 0", "by the agent 1", "by the agent 2"],
    ]);
  },
));

Deno.test(needing(
  [PYTHON, CURL],
  "agent_socket.sh, kitty_events.py: a home whose path is too long for a socket -> found where agent.json says",
  async () => {
    await using user = await anyUser();
    const home = `${user.path}/${"long".repeat(40)}`;
    await using agent = await TestAgent.start(home, {
      env: { XDG_RUNTIME_DIR: user.path },
    });
    strictEqual(agent.listening.startsWith(home), false);
    const env = `export SPEC_KITTY_HOME=${home}`;
    const shell = await user.run(
      `${env}\nsh ${EXAMPLES}shell/agent_socket.sh WP01`,
    );
    deepStrictEqual([shell.code, shell.stderr], [0, ""]);
    strictEqual(JSON.parse(shell.stdout).queued, 3);
    const { code, stdout, stderr } = await runOnPath(
      user,
      `${env}\npython3 -c '
import kitty_events as k
print(k.AgentSocket().record(k._note("x"))["status"])'`,
    );
    strictEqual(code, 0, stderr);
    strictEqual(stdout, "queued\n");
  },
));

Deno.test(needing(
  [PYTHON],
  "kitty_events.py: 5,000 drafts at once, an invalid one -> as many receipts, one of them discarded",
  async () => {
    await using user = await anyUser();
    const { code, stdout, stderr } = await runOnPath(
      user,
      `python3 -c '
import kitty_events as k
drafts = [k._note("x" * 200) for _ in range(5000)]
drafts[4999]["payload"]["wp_id"] = "WP1"
with k.Pipe() as pipe:
    receipts = list(pipe.record_all(drafts))
print(len(receipts), sum(map(k.is_kept, receipts)), receipts[-1]["problems"][0]["path"])'`,
    );
    strictEqual(code, 0, stderr);
    strictEqual(stdout, "5000 4999 /payload/wp_id\n");
  },
));

Deno.test(needing(
  [PYTHON],
  "kitty_events.py: no agent, a program that dies, no program, wrong usage -> lost, lost, lost, an error",
  async () => {
    await using user = await anyUser();
    const { code, stdout, stderr } = await runOnPath(
      user,
      `python3 -c '
import kitty_events as k, os
agent = k.AgentSocket()
print(agent.record(k._note("x"))["status"], [r["status"] for r in agent.record_all([k._note("x")])])
with k.Pipe() as pipe:
    pipe._process.kill()
    pipe._process.wait()
    print(pipe.record(k._note("x"))["status"])
try:
    k.emit("history-aded", "WP01", "note", "x")
except ValueError as error:
    print(error)
os.environ["PATH"] = "/nowhere"
print(k.emit("history-added", "WP01", "note", "x")["status"])'`,
    );
    strictEqual(code, 0, stderr);
    strictEqual(
      stdout,
      "lost ['lost']\nlost\nunknown event type \"history-aded\"\nlost\n",
    );
    deepStrictEqual(await queueOf(user), []);
  },
));

Deno.test(needing(
  [GO, FULL],
  "examples/go: all three ways -> a receipt for each event, in order",
  async () => {
    await using user = await anyUser();
    await using _agent = await TestAgent.start(user.home);
    await outputOf("go", ["build", "-o", `${user.path}/example`, "."], {
      cwd: `${EXAMPLES}go`,
      // Of what is here: a test loads no other toolchain.
      env: {
        CGO_ENABLED: "0",
        GOTOOLCHAIN: "local",
        GOFLAGS: "-mod=readonly",
        GOPROXY: "off",
      },
    });
    const { code, stdout, stderr } = await user.run("./example");
    strictEqual(code, 0, stderr);
    match(stderr, /^connection: Offline/m);
    await checkReceipts(user, stdout, [
      "- one shot",
      ...["line 0", "line 1", "line 2"],
      ...["by the agent 0", "by the agent 1"],
    ]);
  },
));

Deno.test("consumer.ts: the project of the examples delivered to it -> a line for each event, in order", () =>
  withProgram(async (run) => {
    const consumer = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-config", "--allow-net=127.0.0.1"],
        ...[`${EXAMPLES}cloudevents/consumer.ts`, "0"],
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    try {
      const lines = linesOf(consumer.stdout);
      const { value: first } = await linesOf(consumer.stderr).next();
      const url = first.match(/http:\S+/)?.[0];
      ok(url, first);
      await run(["follow", "--once"], { cwd: `${EXAMPLES}project` });
      const { stdout, stderr } = await run(["sync", "now", "--json"], {
        env: { SPEC_KITTY_SINK_URL: url },
      });
      const { delivered, remaining } = JSON.parse(stdout);
      ok(delivered > 5, stderr);
      strictEqual(remaining, 0);
      const told = [];
      while (told.length < delivered) told.push((await lines.next()).value);
      deepStrictEqual(told.toSorted(), told, "not in order of time");
      match(
        told.join("\n"),
        /WP01 ai\.spec-kitty\.lane\.\S+ planned -> claimed/,
      );
    } finally {
      consumer.kill();
      await consumer.status;
    }
  }));
