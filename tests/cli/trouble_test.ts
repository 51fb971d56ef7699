/**
 * Everything that can be wrong with the place where events are kept, each on
 * the real thing. Whatever it is, `emit` ends with exit code 0, within its
 * deadline, and tells the truth.
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { linesOf, NOBODY, placeForOthers, runCode } from "../support/child.ts";
import { tempFolder, tempHome } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { fillDisk, HOLD_LOCK, holder, smallDisk } from "../support/trouble.ts";
import {
  type RunOptions,
  runProgram,
  type RunResult,
  spawnProgram,
} from "../support/program.ts";
import { MOUNT, needing, outputOf, SUPERUSER } from "../support/needs.ts";

interface Receipt {
  readonly event_id: string | null;
  readonly lamport_clock: number | null;
  readonly status: string;
  readonly warning?: string;
}

interface Told extends RunResult {
  readonly receipt: Receipt;
}

const NOTE = ["emit", "history-added", "WP01", "note"];

/** Emits one event with `--json`; checks that the run ended with exit code 0. */
async function emit(
  env: Record<string, string>,
  text = "a note",
  flags: readonly string[] = [],
  options: RunOptions = {},
): Promise<Told> {
  return told(
    await runProgram([...NOTE, text, "--json", ...flags], env, options),
  );
}

/** The same, for variants of what a process has been tried with. */
async function emitHere(
  env: Record<string, string>,
  text: string,
): Promise<Told> {
  return told(await runHere([...NOTE, text, "--json"], env));
}

function told(run: RunResult): Told {
  strictEqual(run.code, 0, run.stderr);
  return { ...run, receipt: JSON.parse(run.stdout) };
}

const STRICT = [...NOTE, "strict", "--strict"];

/** The exit code of one event emitted with `--strict`. */
async function strictCode(
  env: Record<string, string>,
  options: RunOptions = {},
  flags: readonly string[] = [],
): Promise<number> {
  return (await runProgram([...STRICT, ...flags], env, options)).code;
}

/** The same where the trouble is over, or is another event's. */
async function laterCode(env: Record<string, string>): Promise<number> {
  return (await runHere(STRICT, env)).code;
}

/** Events that a home has before its trouble begins. */
async function earlier(
  env: Record<string, string>,
  ...texts: readonly string[]
): Promise<void> {
  const lines = texts.map((text) =>
    JSON.stringify({
      event_type: "HistoryAdded",
      payload: { wp_id: "WP01", entry_type: "note", entry_content: text },
    })
  );
  const args = ["emit", "--stdin", "--strict"];
  const { code, stderr } = await runHere(args, env, lines.join("\n"));
  strictEqual(code, 0, stderr);
}

/** Texts and clock values of all queued events, in order; fails where the queue is not sound. */
async function stored(
  env: Record<string, string>,
): Promise<{ text: string; clock: number; id: string }[]> {
  const check = await runHere(["queue", "check", "--json"], env);
  deepStrictEqual(JSON.parse(check.stdout), { ok: true, problems: [] });
  const { stdout } = await runHere(["queue", "export"], env);
  return stdout.split("\n").filter(Boolean).map((line) => {
    const event = JSON.parse(line);
    return {
      text: event.payload.entry_content,
      clock: event.lamport_clock,
      id: event.event_id,
    };
  });
}

/** A home, and time enough on a busy machine: what has to end sooner says so. */
function inHome(path: string): Record<string, string> {
  return { SPEC_KITTY_HOME: path, SPEC_KITTY_TIMEOUT: "30s" };
}

const LOCK_QUEUE = `
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(args[0] + "/events.kv");
  database.exec("BEGIN IMMEDIATE");`;

Deno.test("emit: queue file write-locked for longer than the deadline -> spooled in time, taken in once by the next run, in order", async () => {
  await using home = await tempHome();
  const env = inHome(home.path);
  await earlier(env, "before");
  await using lock = await holder(LOCK_QUEUE, [home.path]);
  for (const text of ["one", "two", "three"]) {
    // Ends although the lock is never given back.
    const { receipt, stderr } = await emit(env, text, ["--timeout", "2s"]);
    strictEqual(receipt.status, "spooled", stderr);
    strictEqual(receipt.lamport_clock, null);
    match(stderr, /spooled/);
  }
  strictEqual(await strictCode(env, {}, ["--timeout", "2s"]), 0);
  await lock.release();
  await emit(env, "after");
  deepStrictEqual((await stored(env)).map(({ text }) => text), [
    "before",
    "one",
    "two",
    "three",
    "strict",
    "after",
  ]);
});

Deno.test("emit: lock held by another process -> spooled when for longer than the deadline, queued when not", async () => {
  await using home = await tempHome();
  const env = inHome(home.path);
  await earlier(env, "before");
  await using lock = await holder(HOLD_LOCK, [home.path]);
  const late = await emit(env, "late", ["--timeout", "2s"]);
  strictEqual(late.receipt.status, "spooled");
  const waiting = emit(env, "patient", ["--timeout", "60s"]);
  await lock.release();
  strictEqual((await waiting).receipt.status, "queued");
  deepStrictEqual((await stored(env)).map(({ text, clock }) => [text, clock]), [
    ["before", 1],
    ["late", 2],
    ["patient", 3],
  ]);
});

Deno.test("emit: home missing -> made, for its owner only", async () => {
  await using home = await tempHome();
  const path = `${home.path}/deep/er`;
  strictEqual((await emit(inHome(path))).receipt.status, "queued");
  if (Deno.build.os !== "windows") {
    strictEqual((await Deno.stat(path)).mode! & 0o777, 0o700);
    strictEqual((await Deno.stat(`${path}/clock.json`)).mode! & 0o777, 0o600);
  }
});

Deno.test("emit: only HOME set -> kept in its .spec-kitty", async () => {
  await using home = await tempFolder();
  strictEqual((await emit({ HOME: home.path })).receipt.status, "queued");
  deepStrictEqual(
    (await stored(inHome(`${home.path}/.spec-kitty`))).map((e) => e.text),
    ["a note"],
  );
});

Deno.test(needing(
  [SUPERUSER],
  "emit: no HOME, no USER, no passwd entry -> lost, said plainly; queued with a home of its own",
  async () => {
    await using folder = await tempFolder();
    await placeForOthers(folder.path);
    const other = { uid: NOBODY, place: folder.path };
    const { receipt, stderr } = await emit({}, "a note", [], other);
    strictEqual(receipt.status, "lost");
    match(stderr, /SPEC_KITTY_HOME/);
    strictEqual(await strictCode({}, other), 74);

    const env = inHome(`${folder.path}/cache/home`);
    strictEqual((await emit(env, "kept", [], other)).receipt.status, "queued");
    strictEqual(await strictCode(env, other), 0);
  },
));

Deno.test(needing(
  [SUPERUSER],
  "emit: home, queue or clock without permission -> lost where nothing can be written, else spooled",
  async () => {
    await using folder = await tempFolder();
    await placeForOthers(folder.path);
    const other = { uid: NOBODY, place: folder.path };
    const path = `${folder.path}/cache/home`;
    const env = inHome(path);
    strictEqual((await emit(env, "first", [], other)).receipt.status, "queued");

    await Deno.chmod(`${path}/clock.json`, 0);
    const noClock = await emit(env, "no clock", [], other);
    strictEqual(noClock.receipt.status, "spooled");
    strictEqual(await strictCode(env, other), 0);
    await Deno.chmod(`${path}/clock.json`, 0o600);

    for (const end of ["", "-wal", "-shm"]) {
      await Deno.chown(`${path}/events.kv${end}`, 0, 0).catch(() => {});
      await Deno.chmod(`${path}/events.kv${end}`, 0o444).catch(() => {});
    }
    const readOnly = await emit(env, "read-only queue", [], other);
    strictEqual(readOnly.receipt.status, "spooled");
    for (const end of ["", "-wal", "-shm"]) {
      await Deno.chown(`${path}/events.kv${end}`, NOBODY, NOBODY)
        .catch(() => {});
      await Deno.chmod(`${path}/events.kv${end}`, 0o600).catch(() => {});
    }

    await Deno.chown(path, 0, 0);
    await Deno.chmod(path, 0o555);
    await Deno.chown(`${path}/spool`, 0, 0);
    await Deno.chmod(`${path}/clock.lock`, 0o400);
    const readOnlyHome = await emit(env, "nowhere", [], other);
    strictEqual(readOnlyHome.receipt.status, "lost", readOnlyHome.stderr);
    match(readOnlyHome.stderr, /nothing could be kept/);
    strictEqual(await strictCode(env, other), 74);
    for (const part of ["", "/spool", "/clock.lock"]) {
      await Deno.chown(`${path}${part}`, NOBODY, NOBODY);
      await Deno.chmod(`${path}${part}`, 0o700);
    }

    await emit(env, "last", [], other);
    deepStrictEqual((await stored(env)).map(({ text }) => text), [
      "first",
      "no clock",
      "strict",
      "read-only queue",
      "last",
    ]);
  },
));

Deno.test(needing(
  [MOUNT],
  "emit: disk full at the clock, at the queue, at the spool -> each receipt is true, and all is well once there is room",
  async () => {
    const PAGE = 4096;
    await using disk = await smallDisk(1024);
    const path = `${disk.path}/home`, env = inHome(path);
    await earlier(env, "first");
    const kept = ["first"], statuses = new Set<string>();
    for (const pages of [0, 1, 2, 3, 4, 6, 8, 12, 16]) {
      const filler = `${disk.path}/filler`;
      await fillDisk(filler, pages * PAGE);
      const text = `${pages} pages`;
      const { receipt, stderr } = await emit(env, text);
      statuses.add(receipt.status);
      if (receipt.status === "lost") match(stderr, /nothing could be kept/);
      else kept.push(text);
      const code = await laterCode(env);
      if (code === 0) kept.push("strict");
      else strictEqual(code, 74);
      await Deno.remove(filler);
    }
    ok(statuses.has("lost") && statuses.has("queued"), [...statuses].join());
    await emit(env, "last");
    const events = await stored(env);
    deepStrictEqual(events.map(({ text }) => text), [...kept, "last"]);
    strictEqual(new Set(events.map(({ clock }) => clock)).size, events.length);
  },
));

Deno.test(needing(
  [MOUNT],
  "emit: home on a read-only file system -> lost",
  async () => {
    await using disk = await smallDisk(1024);
    const env = inHome(`${disk.path}/home`);
    await earlier(env, "before");
    const remount = (how: string) =>
      outputOf("mount", ["-o", `remount,${how}`, disk.path]);
    await remount("ro");
    const { receipt, stderr } = await emit(env);
    strictEqual(receipt.status, "lost");
    match(stderr, /[Rr]ead-only/);
    strictEqual(await strictCode(env), 74);
    await remount("rw");
    await emit(env, "after");
    deepStrictEqual((await stored(env)).map(({ text }) => text), [
      "before",
      "after",
    ]);
  },
));

Deno.test("emit: queue full by count or by bytes -> refused, nothing stored; files in the spool wait", async () => {
  for (
    const limit of [
      { SPEC_KITTY_MAX_QUEUE_SIZE: "2" },
      { SPEC_KITTY_MAX_QUEUE_BYTES: "700" },
    ]
  ) {
    await using home = await tempHome();
    const env = { ...inHome(home.path), ...limit };
    await earlier(env, "one", "two");
    const { receipt, stderr } = await emit(env, "three");
    strictEqual(receipt.status, "refused");
    strictEqual(receipt.event_id, null);
    match(stderr, /full/);
    strictEqual(await strictCode(env), 75);

    await Deno.mkdir(`${home.path}/spool`);
    const draft = {
      event_type: "HistoryAdded",
      payload: { wp_id: "WP01", entry_type: "note", entry_content: "dropped" },
    };
    await Deno.writeTextFile(
      `${home.path}/spool/a.json`,
      JSON.stringify(draft),
    );
    strictEqual((await emit(env, "four")).receipt.status, "refused");
    ok((await Deno.stat(`${home.path}/spool/a.json`)).isFile);
    await emit(inHome(home.path), "five");
    deepStrictEqual((await stored(inHome(home.path))).map((e) => e.text), [
      "one",
      "two",
      "dropped",
      "five",
    ]);
  }
});

const DAMAGED_CLOCKS = {
  empty: "",
  truncated: '{"value": 4',
  "a number": "41",
  null: "null",
  "a list": "[]",
  negative: '{"value": -7, "node_id": "a", "updated_at": "b"}',
  "a fraction": '{"value": 1.5, "node_id": "a", "updated_at": "b"}',
  "too large": '{"value": 1e400, "node_id": "a", "updated_at": "b"}',
  "two documents": '{"value": 1}\n{"value": 2}',
  "no UTF-8": "\xff\xfe",
};

for (const [i, [name, content]] of Object.entries(DAMAGED_CLOCKS).entries()) {
  Deno.test(`emit: clock.json ${name} -> queued behind the highest value; the file is set aside`, async () => {
    await using home = await tempHome();
    const env = inHome(home.path);
    await earlier(env, "one", "two", "three");
    const bytes = Uint8Array.from(content, (c) => c.charCodeAt(0));
    await Deno.writeFile(`${home.path}/clock.json`, bytes);
    const { receipt, stderr } = await (i === 0 ? emit : emitHere)(env, "four");
    strictEqual(receipt.status, "queued");
    strictEqual(receipt.lamport_clock, 4);
    match(stderr, /clock\.json was damaged/);
    const aside = await find(home.path, "clock.json.damaged-");
    deepStrictEqual(await Deno.readFile(`${home.path}/${aside}`), bytes);
    strictEqual(await laterCode(env), 0);
    await stored(env);
  });
}

Deno.test("emit: clock.json a folder, missing, or an older copy -> no value twice", async () => {
  await using home = await tempHome();
  const env = inHome(home.path), path = `${home.path}/clock.json`;
  await earlier(env, "one");
  const older = await Deno.readTextFile(path);
  await earlier(env, "two");
  await Deno.writeTextFile(path, older);
  strictEqual((await emit(env, "three")).receipt.lamport_clock, 3);
  await Deno.remove(path);
  strictEqual((await emit(env, "four")).receipt.lamport_clock, 4);
  await Deno.remove(path);
  await Deno.mkdir(path);
  strictEqual((await emit(env, "five")).receipt.lamport_clock, 5);
  deepStrictEqual((await stored(env)).map(({ clock }) => clock), [
    1,
    2,
    3,
    4,
    5,
  ]);
});

/** The one entry of a folder whose name begins so. */
async function find(folder: string, start: string): Promise<string> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(start)) found.push(name);
  }
  strictEqual(found.length, 1, `${start}: ${found.join()}`);
  return found[0]!;
}

/** Ways to damage a queue's file in its place. */
const DAMAGES: Record<string, (path: string) => Promise<void>> = {
  garbage: (path) =>
    Deno.writeFile(path, crypto.getRandomValues(new Uint8Array(5_000))),
  truncated: async (path) => {
    const { size } = await Deno.stat(path);
    await Deno.truncate(path, Math.floor(size / 2) - 100);
  },
  "written over in the middle": async (path) => {
    using file = await Deno.open(path, { write: true });
    const { size } = await file.stat();
    await file.seek(4096, Deno.SeekMode.Start);
    for (let at = 4096; at < size; at += 4096) {
      await file.write(crypto.getRandomValues(new Uint8Array(4096)));
    }
  },
};

for (const [name, damage] of Object.entries(DAMAGES)) {
  Deno.test(`emit: events.kv ${name} -> set aside whole, a new one made, clock values go on`, async () => {
    await using home = await tempHome();
    const env = inHome(home.path), path = `${home.path}/events.kv`;
    await fillQueue(env, 300);
    // Folds SQLite's log into the file, so that the damage hits what is stored.
    await runProgram(["queue", "compact"], env);
    await damage(path);
    const damaged = await Deno.readFile(path);
    const { receipt, stderr } = await emit(env, "after");
    strictEqual(receipt.status, "queued", stderr);
    strictEqual(receipt.lamport_clock, 301);
    match(stderr, /events\.kv was damaged/);
    const folder = await find(home.path, "damaged-");
    deepStrictEqual(
      await Deno.readFile(`${home.path}/${folder}/events.kv`),
      damaged,
    );
    strictEqual(await laterCode(env), 0);
    deepStrictEqual((await stored(env)).map(({ clock }) => clock), [301, 302]);
  });
}

async function fillQueue(
  env: Record<string, string>,
  count: number,
): Promise<void> {
  const lines = Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      event_type: "HistoryAdded",
      payload: { wp_id: "WP01", entry_type: "note", entry_content: `n ${i}` },
    }) + "\n");
  const run = await runProgram(["emit", "--stdin", "--strict"], env, {
    stdin: lines.join(""),
  });
  strictEqual(run.code, 0, run.stderr);
}

Deno.test("emit: events.kv set aside while another process has it open -> that one goes on in the new file", async () => {
  await using home = await tempHome();
  const env = inHome(home.path);
  const stream = spawnProgram(["emit", "--stdin"], env);
  const writer = stream.stdin.getWriter();
  const receipts = linesOf(stream.stdout);
  const tell = async (text: string): Promise<Receipt> => {
    const draft = {
      event_type: "HistoryAdded",
      payload: { wp_id: "WP01", entry_type: "note", entry_content: text },
    };
    await writer.write(new TextEncoder().encode(JSON.stringify(draft) + "\n"));
    return JSON.parse((await receipts.next()).value!);
  };
  strictEqual((await tell("one")).lamport_clock, 1);
  // Folds SQLite's log into the file: as long as the log holds all pages, nothing is lost.
  await runCode(
    `import { DatabaseSync } from "node:sqlite";
     new DatabaseSync(args[0]).exec("PRAGMA wal_checkpoint(TRUNCATE)");`,
    { args: [`${home.path}/events.kv`] },
  );
  await DAMAGES.garbage!(`${home.path}/events.kv`);
  strictEqual((await emit(env, "two")).receipt.lamport_clock, 2);
  const three = await tell("three");
  strictEqual(three.status, "queued");
  strictEqual(three.lamport_clock, 3);
  await writer.close();
  await stream.stderr.cancel();
  strictEqual((await stream.status).code, 0);
  const folder = await find(home.path, "damaged-");
  for (const end of ["", "-wal", "-shm"]) {
    ok((await Deno.stat(`${home.path}/${folder}/events.kv${end}`)).isFile);
  }
  deepStrictEqual((await stored(env)).map(({ text }) => text), [
    "two",
    "three",
  ]);
});

Deno.test("emit: a folder in the queue's place, or a queue of a newer layout -> spooled, nothing moved", async () => {
  await using home = await tempHome();
  const env = inHome(home.path), path = `${home.path}/events.kv`;
  await Deno.mkdir(path, { recursive: true });
  strictEqual((await emit(env, "one")).receipt.status, "spooled");
  strictEqual(await laterCode(env), 0);
  await Deno.remove(path);
  await emit(env, "two");

  const kv = await Deno.openKv(path);
  const { value } = await kv.get<Uint8Array>(["ledger"]);
  const ledger = JSON.parse(new TextDecoder().decode(value!));
  const write = (layout: number) =>
    kv.set(
      ["ledger"],
      new TextEncoder().encode(JSON.stringify({ ...ledger, layout })),
    );
  await write(99);
  const { receipt, stderr } = await emit(env, "three");
  strictEqual(receipt.status, "spooled");
  match(stderr, /newer version/);
  await write(ledger.layout);
  kv.close();
  await emit(env, "four");
  deepStrictEqual((await stored(env)).map(({ text }) => text), [
    "one",
    "strict",
    "two",
    "three",
    "four",
  ]);
});
