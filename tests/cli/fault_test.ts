/**
 * What no call foresees: input that cannot be read, output that goes nowhere,
 * and mistakes of the program itself. None of them becomes the caller's: `emit`
 * says what is lost and ends with exit code 0, or 74 with `--strict`.
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { EXIT } from "../../lib/base/errors.ts";
import type { World } from "../../lib/base/world.ts";
import type { Terminal } from "../../lib/cli/terminal.ts";
import { queuePath } from "../../lib/home/queue_file.ts";
import { NOBODY, placeForOthers, spawnCode } from "../support/child.ts";
import { tempFolder, tempHome } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { documentsOf, programScript, runProgram } from "../support/program.ts";
import {
  FULL_DEVICE,
  MKFIFO,
  needing,
  outputOf,
  runTool,
  SUPERUSER,
  UNIX,
} from "../support/needs.ts";

const SINGLE = ["emit", "history-added", "WP01", "note", "x", "--json"];
const STREAM = ["emit", "--stdin"];
const DRAFT = JSON.stringify({
  event_type: "HistoryAdded",
  payload: { wp_id: "WP01", entry_type: "note", entry_content: "x" },
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is at fault in a run, and how. */
type Fault = (world: World, terminal: Terminal) => void;

/** Throws wherever it is put. */
const boom = (): never => {
  throw new Error("boom");
};

/** Runs a command line where something is at fault. Input is `input`, then its end. */
function runFaulty(
  words: readonly string[],
  home: string,
  fault: Fault,
  input = "",
): Promise<Ended> {
  return runHere(words, { SPEC_KITTY_HOME: home }, input, 0, fault);
}

/** Faults that cost each event. */
const FAULTS = {
  "the host name": (world) => world.hostname = boom,
  "the environment": (world) => world.env = boom,
  "the wall clock": (world) => world.nowMs = boom,
  "the monotonic clock": (world) => world.elapsedMs = boom,
  "randomness": (world) => world.randomBytes = boom,
  "the working directory": (world) => world.cwd = boom,
} satisfies Record<string, Fault>;

/** That an emit of `DRAFT` ended as one whose events are lost. */
function isLost({ code, stdout, stderr }: Ended, isStrict: boolean): void {
  strictEqual(code, isStrict ? 74 : 0, stderr);
  const receipts = documentsOf(stdout);
  ok(receipts.length > 0, stderr);
  for (const { status, event_id, lamport_clock, warning } of receipts) {
    deepStrictEqual([status, event_id, lamport_clock], ["lost", null, null]);
    match(warning, /nothing could be kept: .*boom/);
  }
  match(stderr, /lost/);
}

for (const [name, fault] of Object.entries(FAULTS)) {
  Deno.test(`emit: ${name} throws -> a lost receipt with the reason for each event, exit 0; 74 with --strict`, async () => {
    await using home = await tempHome();
    for (const words of [SINGLE, STREAM]) {
      for (const isStrict of [false, true]) {
        const ended = await runFaulty(
          [...words, ...isStrict ? ["--strict"] : []],
          home.path,
          fault,
          `${DRAFT}\n${DRAFT}\n`,
        );
        isLost(ended, isStrict);
      }
    }
  });
}

Deno.test("emit: the host name throws in a process of its own -> the same", async () => {
  await using home = await tempHome();
  const child = spawnCode(
    `const { run } = await import(lib + "cli/cli.ts");
    const { realTerminal } = await import(lib + "cli/terminal.ts");
    const { realWorld } = await import(lib + "base/world.ts");
    const hostname = () => { throw new Error("boom"); };
    Deno.exit(await run(args, { ...realWorld(), hostname }, realTerminal()));`,
    { args: [...SINGLE, "--strict"], env: { SPEC_KITTY_HOME: home.path } },
  );
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  const [out, err] = [stdout, stderr].map((text) => decoder.decode(text));
  isLost({ code, stdout: out!, stderr: err! }, true);
});

Deno.test("emit --stdin: nothing can be set up -> every line its own lost receipt, with its number", async () => {
  await using home = await tempHome();
  const { code, stdout } = await runFaulty(
    STREAM,
    home.path,
    FAULTS["the host name"],
    `${DRAFT}\n\n${DRAFT}\n{}\n`,
  );
  strictEqual(code, 0);
  deepStrictEqual(
    documentsOf(stdout).map((r) => [r.line, r.status]),
    [[1, "lost"], [3, "lost"], [4, "lost"]],
  );
});

Deno.test("emit --stdin: one draft meets a mistake of the program -> only it is lost, its neighbours stored without a gap", async () => {
  await using home = await tempHome();
  const fault: Fault = (world) => {
    let calls = 0;
    const { randomBytes } = world;
    world.randomBytes = (count) => ++calls === 1 ? boom() : randomBytes(count);
  };
  const { code, stdout } = await runFaulty(
    STREAM,
    home.path,
    fault,
    `{"x":1}\n${DRAFT}\n${DRAFT}\n${DRAFT}\n`,
  );
  strictEqual(code, 0);
  deepStrictEqual(
    documentsOf(stdout).map((r) => [r.line, r.status, r.lamport_clock]),
    [
      [1, "discarded", null],
      [2, "lost", null],
      [3, "queued", 1],
      [4, "queued", 2],
    ],
  );
});

Deno.test("emit --stdin: input breaks off with an error -> whole lines are recorded, the line begun is lost, said; 74 with --strict", async () => {
  const fault: Fault = (_, terminal) => {
    const { read: good } = terminal;
    terminal.read = async (buffer) => await good(buffer) ?? boom();
  };
  for (const strict of [false, true]) {
    await using home = await tempHome();
    const { code, stdout, stderr } = await runFaulty(
      [...STREAM, ...strict ? ["--strict"] : []],
      home.path,
      fault,
      `${DRAFT}\n\n${DRAFT}\n${DRAFT.slice(0, 20)}`,
    );
    strictEqual(code, strict ? 74 : 0, stderr);
    deepStrictEqual(
      documentsOf(stdout).map((r) => [r.line, r.status]),
      [[1, "queued"], [3, "queued"], [4, "lost"]],
    );
    match(stderr, /cannot read standard input: boom/);
    const env = { SPEC_KITTY_HOME: home.path };
    const { stdout: events } = await runHere(["queue", "export"], env);
    strictEqual(documentsOf(events).length, 2);
    const stats = await runHere(["queue", "stats", "--json"], env);
    strictEqual(JSON.parse(stats.stdout).totals.lost, 1);
  }
});

Deno.test("emit --stdin: signals cannot be heard -> exit 0, said", async () => {
  await using home = await tempHome();
  const fault: Fault = (_, terminal) => terminal.onStop = boom;
  const plain = await runFaulty(STREAM, home.path, fault, DRAFT);
  strictEqual(plain.code, 0, plain.stderr);
  match(plain.stderr, /boom/);
  strictEqual(documentsOf(plain.stdout)[0].status, "lost");
  const strict = await runFaulty([...STREAM, "--strict"], home.path, fault);
  strictEqual(strict.code, 74);
});

/** Runs a shell line in which `$KITTY` is the program. */
async function shell(
  line: string,
  home: string,
): Promise<Ended> {
  await using folder = await tempFolder();
  const path = `${folder.path}/kitty-events`;
  await Deno.writeTextFile(path, programScript(), { mode: 0o700 });
  const { code, stdout, stderr } = await runTool("/bin/sh", {
    args: ["-c", line],
    env: { KITTY: path, SPEC_KITTY_HOME: home, PATH: "/usr/bin:/bin" },
    clearEnv: true,
    cwd: folder.path,
  });
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

Deno.test(needing(
  [UNIX],
  "emit: standard input is a folder -> lost with the reason, exit 0; 74 with --strict",
  async () => {
    await using home = await tempHome();
    for (
      const words of [
        "emit history-added WP01 note - --json",
        "emit error-logged runtime x --stack-trace - --json",
        "emit --stdin",
      ]
    ) {
      const plain = await shell(`"$KITTY" ${words} < /`, home.path);
      strictEqual(plain.code, 0, plain.stderr);
      const [receipt] = documentsOf(plain.stdout);
      deepStrictEqual([receipt.status, receipt.event_id], ["lost", null]);
      match(receipt.warning, /cannot read standard input/);
      match(plain.stderr, /lost/);
      const strict = await shell(`"$KITTY" ${words} --strict < /`, home.path);
      strictEqual(strict.code, 74);
    }
  },
));

Deno.test(needing(
  [UNIX],
  "validate, queue import: a folder in the input's place -> 64, names it",
  async () => {
    await using home = await tempHome();
    for (const words of ["validate", "queue import"]) {
      const file = await shell(`"$KITTY" ${words} / --json`, home.path);
      strictEqual(file.code, 64);
      const { error } = JSON.parse(file.stdout);
      strictEqual(error.code, "input");
      match(error.message, /cannot (read|import events from) \/:/);
      const stdin = await shell(`"$KITTY" ${words} < /`, home.path);
      strictEqual(stdin.code, 64);
      match(stdin.stderr, /cannot read standard input/);
    }
  },
));

Deno.test(needing(
  [FULL_DEVICE],
  "emit: standard streams full or closed -> recorded all the same, exit 0",
  async () => {
    await using home = await tempHome();
    const lines = [
      '"$KITTY" emit history-added WP01 note x > /dev/full',
      '"$KITTY" emit history-added WP01 note x --json --strict > /dev/full',
      '"$KITTY" emit history-added WP01 note x 2> /dev/full',
      '"$KITTY" emit history-added WP01 note x > /dev/full 2> /dev/full',
      '"$KITTY" emit history-added WP01 note x <&- >&- 2>&-',
      `echo '${DRAFT}' | "$KITTY" emit --stdin > /dev/full 2> /dev/full`,
      `echo '${DRAFT}' | "$KITTY" emit --stdin --strict >&- 2>&-`,
    ];
    for (const line of lines) {
      const { code, stderr } = await shell(line, home.path);
      strictEqual(code, 0, `${line}: ${stderr}`);
    }
    const env = { SPEC_KITTY_HOME: home.path };
    const { stdout } = await runHere(["queue", "export"], env);
    strictEqual(documentsOf(stdout).length, lines.length);
  },
));

Deno.test(needing(
  [UNIX, MKFIFO],
  "emit: pipes in the place of the home's files -> ends although nobody writes to them, with a true receipt",
  async () => {
    const expected = {
      "clock.json": "queued",
      "agent.json": "queued",
      "clock.lock": "spooled",
      "events.kv": "spooled",
      "config.toml": "queued",
      tally: "queued",
      spool: "queued",
    };
    for (const [name, status] of Object.entries(expected)) {
      await using home = await tempHome();
      await Deno.mkdir(home.path);
      await outputOf("mkfifo", [`${home.path}/${name}`]);
      const { code, stdout, stderr } = await runProgram(
        [...SINGLE, "--timeout", "2s"],
        { SPEC_KITTY_HOME: home.path },
      );
      strictEqual(code, 0, `${name}: ${stderr}`);
      strictEqual(JSON.parse(stdout).status, status, `${name}: ${stderr}`);
    }
  },
));

const besideQueue: [string, string, (path: string) => Promise<unknown>][] = [
  ["-wal", "that may not be written", (path) => Deno.chmod(path, 0o444)],
  ["-shm", "that may not be written", (path) => Deno.chmod(path, 0o444)],
  ["-shm", "that is a folder", (path) => replaceBy(path, Deno.mkdir)],
  [
    "-journal",
    "that is a pipe",
    (path) => replaceBy(path, () => outputOf("mkfifo", [path])),
  ],
];

/** What SQLite makes anew gives way. */
async function replaceBy(
  path: string,
  make: (path: string) => Promise<unknown>,
): Promise<void> {
  await Deno.remove(path).catch(() => {});
  await make(path);
}

/** Runs command lines in a new home, as a user whom modes keep from something. */
async function asOrdinaryUser(
  work: (
    run: (words: readonly string[]) => Promise<Ended>,
    home: string,
  ) => Promise<void>,
): Promise<void> {
  await using folder = await tempFolder();
  const other = { uid: NOBODY, place: folder.path };
  if (SUPERUSER.isMet) await placeForOthers(folder.path);
  else await Deno.mkdir(`${folder.path}/cache`);
  const home = `${folder.path}/cache/home`, env = { SPEC_KITTY_HOME: home };
  await work(
    (words) => runProgram(words, env, SUPERUSER.isMet ? other : {}),
    home,
  );
}

for (const [end, what, strike] of besideQueue) {
  Deno.test(needing(
    [UNIX, MKFIFO],
    `emit: an events.kv${end} ${what} -> spooled, no panic and no waiting; once it is mended, all is there`,
    () =>
      asOrdinaryUser(async (run, home) => {
        const path = `${queuePath(home)}${end}`;
        const words = [...SINGLE, "--timeout", "5s"];
        strictEqual((await run(words)).code, 0);
        await strike(path);
        for (let n = 0; n < 2; n++) {
          const { code, stdout, stderr } = await run(words);
          strictEqual(code, 0, stderr);
          const { status, warning } = JSON.parse(stdout);
          strictEqual(status, "spooled", warning);
          ok(warning.includes(path), warning);
        }
        const failed = await run(["queue", "check", "--json"]);
        strictEqual(failed.code, 74, failed.stderr);
        strictEqual(JSON.parse(failed.stdout).error.code, "queue_unusable");
        if (what.includes("written")) await Deno.chmod(path, 0o600);
        else await Deno.remove(path);
        strictEqual((await run(words)).code, 0);
        const { stdout } = await run(["queue", "export"]);
        deepStrictEqual(
          documentsOf(stdout).map(({ lamport_clock }) => lamport_clock),
          [1, 2, 3, 4],
        );
      }),
  ));
}

Deno.test(needing(
  [UNIX],
  "emit: variables that are not valid UTF-8 -> said, and the next source counts",
  async () => {
    await using home = await tempHome();
    const line =
      'SPEC_KITTY_TEAM_SLUG=$(printf "t\\377") SPEC_KITTY_NODE_ID=$(printf "n\\377") "$KITTY" emit history-added WP01 note x --strict';
    const { code, stderr } = await shell(line, home.path);
    strictEqual(code, EXIT.config, stderr);
    match(
      stderr,
      /SPEC_KITTY_TEAM_SLUG is not used: its value is not valid UTF-8/,
    );
    match(
      stderr,
      /SPEC_KITTY_NODE_ID is not used: its value is not valid UTF-8/,
    );
    match(stderr, /queued HistoryAdded/);
  },
));

Deno.test({
  name:
    `emit: a spool that is a file -> queued with a warning; stats tell the rest`,
  fn: async () => {
    await using home = await tempHome();
    await Deno.mkdir(home.path);
    await Deno.writeTextFile(`${home.path}/spool`, "mine");
    const env = { SPEC_KITTY_HOME: home.path };
    const { code, stdout, stderr } = await runProgram(
      [...SINGLE, "--strict"],
      env,
    );
    strictEqual(code, 0, stderr);
    strictEqual(JSON.parse(stdout).status, "queued");
    match(stderr, /spool cannot be read/);
    const stats = await runHere(["queue", "stats", "--json"], env);
    strictEqual(stats.code, 0, stats.stderr);
    deepStrictEqual(
      [JSON.parse(stats.stdout).queued, JSON.parse(stats.stdout).spooled],
      [1, 0],
    );
    strictEqual(await Deno.readTextFile(`${home.path}/spool`), "mine");
  },
});

Deno.test(needing(
  [SUPERUSER],
  "emit: a spool that only another user may look into -> queued with a warning, its drafts wait",
  async () => {
    await using folder = await tempFolder();
    await placeForOthers(folder.path);
    const other = { uid: NOBODY, place: folder.path };
    const path = `${folder.path}/cache/home`;
    const env = { SPEC_KITTY_HOME: path };
    await runProgram(SINGLE, env, other);
    await Deno.mkdir(`${path}/spool`);
    await Deno.chmod(`${path}/spool`, 0o700);
    await Deno.writeTextFile(`${path}/spool/a.json`, DRAFT);
    const { code, stdout, stderr } = await runProgram(
      [...SINGLE, "--strict"],
      env,
      other,
    );
    strictEqual(code, 0, stderr);
    const { status, lamport_clock } = JSON.parse(stdout);
    deepStrictEqual([status, lamport_clock], ["queued", 2]);
    match(stderr, /spool cannot be read/);
    await Deno.chown(`${path}/spool`, NOBODY, NOBODY);
    await Deno.chmod(`${path}/spool/a.json`, 0o644);
    const after = await runProgram(SINGLE, env, other);
    strictEqual(JSON.parse(after.stdout).lamport_clock, 4);
  },
));
