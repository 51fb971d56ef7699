/**
 * Every outcome of an event, from one call and from a stream: the receipt, and
 * exit code 0; with `--strict` the code that belongs to it.
 */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { inHome, isThere, tempHome } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { documentsOf, runProgram, withProgram } from "../support/program.ts";
import { HOLD_LOCK, holder } from "../support/trouble.ts";

type Env = Record<string, string>;

const GOOD = ["emit", "history-added", "WP01", "note", "x"];
const BAD = ["emit", "history-added", "WP01", "nite", "x"];

function line(kind: string): string {
  const payload = { wp_id: "WP01", entry_type: kind, entry_content: "x" };
  return JSON.stringify({ event_type: "HistoryAdded", payload });
}

interface Outcome {
  /** Makes the trouble in a home that holds one event; returns the environment. */
  readonly prepare?: (home: string) => Promise<Env> | Env;
  /** Held by another process meanwhile. */
  readonly held?: boolean;
  readonly words?: readonly string[];
  /** Lines of the stream; without them one good draft. */
  readonly lines?: readonly string[];
  /** Of a single call; null where only a stream has this outcome. */
  readonly single: string | null;
  readonly stream: readonly string[];
  readonly strict: number;
}

const OUTCOMES: Record<string, Outcome> = {
  "queued": { single: "queued", stream: ["queued"], strict: 0 },
  "spooled": { held: true, single: "spooled", stream: ["spooled"], strict: 0 },
  "discarded": {
    words: BAD,
    lines: [line("nite"), line("note")],
    single: "discarded",
    stream: ["discarded", "queued"],
    strict: 65,
  },
  "refused": {
    prepare: () => ({ SPEC_KITTY_MAX_QUEUE_SIZE: "1" }),
    single: "refused",
    stream: ["refused"],
    strict: 75,
  },
  "refused and discarded": {
    prepare: () => ({ SPEC_KITTY_MAX_QUEUE_SIZE: "2" }),
    lines: [line("nite"), line("note"), line("note")],
    single: null,
    stream: ["discarded", "queued", "refused"],
    strict: 75,
  },
  "lost": {
    prepare: (home) => ({ SPEC_KITTY_HOME: `${home}/clock.json` }),
    single: "lost",
    stream: ["lost"],
    strict: 74,
  },
  "lost and discarded": {
    prepare: (home) => ({ SPEC_KITTY_HOME: `${home}/clock.json/deeper` }),
    lines: [line("nite"), line("note")],
    single: null,
    stream: ["discarded", "lost"],
    strict: 74,
  },
  "disabled": {
    prepare: () => ({ SPEC_KITTY_DISABLED: "1" }),
    words: BAD,
    lines: [line("nite"), line("note")],
    single: "disabled",
    stream: ["disabled", "disabled"],
    strict: 0,
  },
  "queued in spite of a bad setting": {
    prepare: () => ({ SPEC_KITTY_MAX_QUEUE_BYTES: "many" }),
    single: "queued",
    stream: ["queued"],
    strict: 78,
  },
  "discarded beside a bad setting": {
    prepare: () => ({ SPEC_KITTY_TIMEOUT: "soon" }),
    words: BAD,
    lines: [line("nite")],
    single: "discarded",
    stream: ["discarded"],
    strict: 65,
  },
};

for (const [name, outcome] of Object.entries(OUTCOMES)) {
  const { prepare, held, words, lines, single, stream, strict } = outcome;
  Deno.test(`emit: ${name} -> exit 0; ${strict} with --strict, also in a stream`, async () => {
    for (const isStrict of [false, true]) {
      for (const isStream of [false, true]) {
        if (!isStream && single === null) continue;
        await using home = await tempHome();
        const base = { SPEC_KITTY_HOME: home.path };
        await runHere([...GOOD, "--strict"], base);
        const env = { ...base, ...await prepare?.(home.path) };
        await using _lock = held
          ? await holder(HOLD_LOCK, [home.path])
          : undefined;
        const flags = [
          ...held ? ["--timeout", "2s"] : [],
          ...isStrict ? ["--strict"] : [],
        ];
        const [args, stdin] = isStream
          ? [["emit", "--stdin"], `${(lines ?? [line("note")]).join("\n")}\n`]
          : [[...words ?? GOOD, "--json"], ""];
        // Of both forms and of both codes one is a process of its own.
        const { code, stdout, stderr } = isStream === isStrict
          ? await runProgram([...args, ...flags], env, { stdin })
          : await runHere([...args, ...flags], env, stdin);
        strictEqual(code, isStrict ? strict : 0, stderr);
        deepStrictEqual(
          documentsOf(stdout).map(({ status }) => status),
          isStream ? stream : [single],
          stderr,
        );
        for (const { status, event_id, lamport_clock } of documentsOf(stdout)) {
          strictEqual(event_id !== null, /queued|spooled/.test(status));
          strictEqual(lamport_clock !== null, status === "queued");
        }
      }
    }
  });
}

Deno.test("emit: SPEC_KITTY_DISABLED -> nothing on stdout, nothing on disk, exit 0 for bad values too; wrong usage stays wrong", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path, SPEC_KITTY_DISABLED: "1" };
  for (const words of [GOOD, BAD]) {
    const { code, stdout } = await runProgram([...words, "--strict"], env);
    deepStrictEqual([code, stdout], [0, ""]);
  }
  strictEqual((await runProgram(["emit", "history-added"], env)).code, 64);
  strictEqual(await isThere(home.path), false);
});

Deno.test("emit: an id that is a dead letter by now -> its receipt again, with a warning; exit 0 with --strict", async () => {
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  const first = await runHere([...GOOD, "--json"], env);
  const { event_id } = JSON.parse(first.stdout);
  await inHome(home.path, ({ queue }) =>
    queue.deadLetter([event_id], {
      reason: "the server refused it",
      nowMs: Date.parse("2026-02-03T12:00:00Z"),
    }));
  const again = await runProgram(
    [...GOOD, "--json", "--strict", "--event-id", event_id],
    env,
  );
  strictEqual(again.code, 0);
  const { warning, ...receipt } = JSON.parse(again.stdout);
  deepStrictEqual(receipt, JSON.parse(first.stdout));
  match(warning, /dead letter/);
});

Deno.test("emit: --wait server without an agent -> queued with a warning at once; 69 with --strict, for streams too", () =>
  withProgram(async (run) => {
    const stdin =
      '{"event_type":"HistoryAdded","payload":{"wp_id":"WP01","entry_type":"note","entry_content":"x"}}\n';
    const calls: [string[], string][] = [
      [["emit", "history-added", "WP01", "note", "x", "--json"], ""],
      [["emit", "--stdin"], stdin],
    ];
    for (const [words, input] of calls) {
      for (const [more, exit] of [[[], 0], [["--strict"], 69]] as const) {
        const { code, stdout } = await run(
          [...words, "--wait", "server", "--timeout", "1m", ...more],
          { stdin: input },
        );
        strictEqual(code, exit, `${words.join(" ")} ${more}`);
        const [receipt] = documentsOf(stdout);
        strictEqual(receipt.status, "queued");
        match(receipt.warning, /the server has not acknowledged/);
      }
    }
  }));
