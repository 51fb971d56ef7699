/** Queue, clock and contract commands: exact forms, and what lies at their limits. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { EVENT_TYPES } from "../../lib/contract/contract.ts";
import { CLOCK_MAX } from "../../lib/base/limits.ts";
import { eventOf, idOf } from "../support/events.ts";
import { inHome as underLock } from "../support/home.ts";
import {
  documentsOf,
  type Run,
  variantsOf,
  withProgram,
} from "../support/program.ts";

const NOTE = ["emit", "history-added", "WP01", "note"];

/** Events of a row as an export. */
function exportOf(...events: readonly { bytes: Uint8Array }[]): string {
  const decoder = new TextDecoder();
  return events.map(({ bytes }) => decoder.decode(bytes) + "\n").join("");
}

const three = [1, 2, 3].map((n) => eventOf(n));

/** A queue of three imported events; of them the third is a dead letter. */
async function withDeadLetter(run: Run, home: string): Promise<void> {
  strictEqual(
    (await run.here(["queue", "import"], { stdin: exportOf(...three) })).code,
    0,
  );
  await underLock(home, ({ queue }) =>
    queue.deadLetter([idOf(3)], {
      reason: "the server refused it",
      lastError: "unknown feature",
      nowMs: Date.parse("2026-02-03T12:00:00Z"),
    }));
}

async function stats(run: Run) {
  return JSON.parse((await run.here(["queue", "stats", "--json"])).stdout);
}

Deno.test("queue list, show, stats, export --json -> exactly the published documents", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await withDeadLetter(run, home);
    const [first, second, third] = three.map(({ envelope }) => envelope);
    const why = {
      attempts: 0,
      last_error: "unknown feature",
      reason: "the server refused it",
      dead_at: "2026-02-03T12:00:00.000Z",
    };
    const documents: [string[], unknown[]][] = [
      [
        ["queue", "list"],
        [first, second].map((event) => ({
          event,
          attempts: 0,
        })),
      ],
      [["queue", "list", "--limit=1"], [{ event: first, attempts: 0 }]],
      [["queue", "show", idOf(2)], [{ event: second, attempts: 0 }]],
      [["queue", "dead", "list"], [{ event: third, ...why }]],
      [["queue", "dead", "show", idOf(3)], [{ event: third, ...why }]],
      [["queue", "export"], [first, second]],
      [["queue", "check"], [{ ok: true, problems: [] }]],
    ];
    for (const [words, expected] of documents) {
      const { code, stdout } = await variant([...words, "--json"]);
      strictEqual(code, 0);
      deepStrictEqual(documentsOf(stdout), expected, words.join(" "));
    }
    deepStrictEqual(await stats(run), {
      queued: 2,
      dead: 1,
      spooled: 0,
      bytes: three.reduce((sum, { bytes }) => sum + bytes.length, 0),
      capacity: 100_000,
      capacity_bytes: 2 ** 30,
      oldest: first!.timestamp,
      newest: second!.timestamp,
      by_type: { WPStatusChanged: 2 },
      by_team: { local: 2 },
      totals: {
        accepted: 0,
        imported: 3,
        delivered: 0,
        dropped: 0,
        discarded: 0,
        refused: 0,
        lost: 0,
      },
    });
  }));

Deno.test("queue commands: without --json -> the same for people; an empty queue is said on stderr alone", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await Deno.mkdir(home);
    for (const words of [["queue", "list"], ["queue", "dead", "list"]]) {
      for (const more of [[], ["--json"]]) {
        const { code, stdout, stderr } = await variant([...words, ...more]);
        deepStrictEqual([code, stdout, stderr], [0, "", "none\n"]);
      }
    }
    strictEqual((await run.here(["queue", "export"])).stdout, "");
    await withDeadLetter(run, home);
    const listed = await run.here(["queue", "list"]);
    deepStrictEqual(
      [...listed.stdout.matchAll(/^ *(\d+) (\w{26}) /gm)]
        .map(([, clock, id]) => [clock, id]),
      [["1", idOf(1)], ["2", idOf(2)]],
    );
    match(
      (await run(["queue", "dead", "list"])).stdout,
      /: the server refused it\n$/,
    );
    const shown = await run(["queue", "show", idOf(1)]);
    deepStrictEqual(JSON.parse(shown.stdout).event, three[0]!.envelope);
    const told = await run(["queue", "stats"]);
    match(told.stdout, /^queued +2\ndead +1\nspooled +0\n/);
    match(told.stdout, /\nby_type +WPStatusChanged 2\n/);
    strictEqual((await run.here(["queue", "check"])).stdout, "sound\n");
    match(
      (await run.here(["queue", "compact"])).stdout,
      /^\d+ bytes before, \d+ after\n$/,
    );
    const requeued = await run(["queue", "dead", "requeue", "--all"]);
    strictEqual(requeued.stdout, "1 requeued\n");
    const dropped = await run.here(["queue", "drop", idOf(3), idOf(3)]);
    strictEqual(dropped.stdout, "1 dropped\n");
  }));

Deno.test("queue list, dead list: times of other zones, a leap second, long clock values -> day and time in UTC, nothing cut off, 80 columns", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    const moments = [
      ["2026-02-03T12:00:00Z", "2026-02-03 12:00"],
      ["2026-03-01T00:15:00.5+01:30", "2026-02-28 22:45"],
      ["2026-12-31T23:59:60Z", "2026-12-31 23:59"],
      ["2026-02-03T12:09:59Z", "2026-02-03 12:09"],
    ] as const;
    const clocks = [1, 999_999, 1_000_000, 2 ** 53 - 1];
    const lines = moments.map(([timestamp], i) =>
      JSON.stringify({
        ...eventOf(i + 1, { clock: clocks[i]! }).envelope,
        timestamp,
      })
    );
    const note = JSON.stringify({
      ...eventOf(5).envelope,
      event_type: "HistoryAdded",
      aggregate_id: "WP01",
      aggregate_type: "WorkPackage",
      payload: { wp_id: "WP01", entry_type: "note", entry_content: "x" },
      timestamp: "2026-02-03T12:34:00Z",
    });
    const { code, stderr } = await run.here(["queue", "import"], {
      stdin: [...lines, note].join("\n"),
    });
    strictEqual(code, 0, stderr);
    const head = (i: number) =>
      `${String(clocks[i]).padStart(6)} ${idOf(i + 1)} ${
        moments[i]![1]
      } WPStatusChanged`;
    const more = "       WP01 planned -> doing";
    const fits = `     5 ${idOf(5)} 2026-02-03 12:34 HistoryAdded WP01 note`;
    const list = async (...words: string[]) =>
      (await variant(["queue", ...words, "list"])).stdout.split("\n");
    deepStrictEqual(await list(), [
      ...[head(0), more, fits],
      ...[1, 2, 3].flatMap((i) => [head(i), more]),
      "",
    ]);
    await underLock(
      home,
      ({ queue }) =>
        queue.deadLetter([1, 2, 3, 4, 5].map(idOf), {
          reason: `the server ${"really ".repeat(20)}refused it`,
          nowMs: 0,
        }),
    );
    const dead = await list("dead");
    deepStrictEqual(dead.slice(0, 2), [head(0), more]);
    match(dead[2]!, /^ {7}dead: the server really /);
    ok(dead.includes(fits), dead.join("\n"));
    for (const line of dead) ok(line.length <= 80, line);
  }));

Deno.test("queue import: a path that holds no events -> what was attempted, the path as given, what is there, what to try", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await Deno.mkdir(`${home}/empty`, { recursive: true });
    await Deno.mkdir(`${home}/text`);
    const file = `${home}/text/events.kv`;
    await Deno.writeTextFile(file, "this is no database, whatever its name\n");
    const read = "cannot read", queue = "cannot import the queue in";
    const listed = "kitty-events doctor lists them";
    const cases: [string[], string, string, code?: number][] = [
      [["/nope"], `${read} /nope: no such file`, "check the path"],
      [
        [`${home}/empty`],
        `${read} ${home}/empty: it is a folder`,
        `queue import --from ${home}/empty`,
      ],
      [[`${file}/x`], `${read} ${file}/x: Not a directory`, "check the path"],
      [["--from", "/nope"], `${read} /nope: no such folder`, listed],
      [["--from", "no/pe"], `${read} no/pe: no such folder`, listed],
      [
        ["--from", `${home}/empty`],
        `${queue} ${home}/empty: there is no events.kv in it`,
        listed,
        74,
      ],
      [["--from", file], `${read} ${file}: it is a file`, "leave --from out"],
      [
        ["--from", `${home}/text`],
        `${queue} ${home}/text: nothing can be read of its events.kv: file is not a database`,
        "backup",
        74,
      ],
      [["--from", ""], "--from is empty", ""],
    ];
    for (const [words, message, hint, exit = 64] of cases) {
      const { code, stdout, stderr } = await variant([
        "queue",
        "import",
        ...words,
      ]);
      deepStrictEqual([code, stdout], [exit, ""], stderr);
      ok(stderr.startsWith(`kitty-events: ${message}`), stderr);
      ok(stderr.includes(hint), stderr);
      ok(!stderr.includes(".salvage"), stderr);
    }
  }));

Deno.test("validate, queue import: a file that is not there, a folder -> the same words, 64", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await Deno.mkdir(home);
    for (
      const [path, found] of [
        [`${home}/none`, "no such file"],
        [home, "it is a folder"],
      ]
    ) {
      for (const words of ["validate", "queue import"]) {
        const { code, stdout, stderr } = await variant([
          ...words.split(" "),
          path!,
        ]);
        deepStrictEqual(
          [code, stdout, stderr.split("\n")[0]],
          [64, "", `kitty-events: cannot read ${path}: ${found}`],
          words,
        );
      }
    }
  }));

Deno.test("queue drop, dead drop: --all without --yes -> a command whose output holds every event, whole", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    const events = Array.from({ length: 130 }, (_, n) => eventOf(n + 1));
    await run.here(["queue", "import"], { stdin: exportOf(...events) });
    const deadIds = events.slice(0, 60).map(({ envelope }) =>
      envelope.event_id
    );
    await underLock(
      home,
      ({ queue }) =>
        queue.deadLetter(deadIds, {
          reason: "the server refused it",
          nowMs: 0,
        }),
    );
    for (
      const [words, kept] of [
        ["queue dead drop", events.slice(0, 60)],
        ["queue drop", events.slice(60)],
      ] as const
    ) {
      const { code, stdout } = await variant([
        ...words.split(" "),
        "--all",
        "--json",
      ]);
      strictEqual(code, 64);
      const [, command] = documentsOf(stdout)[0].error.try
        .match(/^add --yes; .*: kitty-events (.+) > \w+\.ndjson$/);
      const copy = documentsOf((await run.here(command.split(" "))).stdout);
      deepStrictEqual(
        copy.map((document) => document.event ?? document),
        kept.map(({ envelope }) => envelope),
        command,
      );
    }
    await run.here(["queue", "dead", "drop", "--all", "--yes"]);
    const { stderr } = await run(["queue", "dead", "drop", "--all"]);
    const [, command] = stderr.match(/kitty-events (queue .+) >/)!;
    strictEqual((await run.here(command!.split(" "))).code, 0);
  }));

Deno.test("queue list: --limit N -> says that there are more only where there are", () =>
  withProgram(async (run) => {
    const variant = variantsOf(run);
    await run.here(["queue", "import"], { stdin: exportOf(...three) });
    const told: [string, string][] = [
      ["2", "the first 2; more with --limit\n"],
      ["3", ""],
      ["4", ""],
      ["999999999999999", ""],
    ];
    for (const [limit, more] of told) {
      const words = ["queue", "list", "--limit", limit];
      const { stdout, stderr } = await variant(words);
      strictEqual(stderr, more, limit);
      strictEqual(
        stdout.match(/WPStatusChanged/g)?.length,
        Math.min(Number(limit), three.length),
      );
    }
  }));

Deno.test("queue list: attempts -> one attempt, two attempts", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await run.here(["queue", "import"], { stdin: exportOf(three[0]!) });
    for (const tried of ["1 attempt", "2 attempts"]) {
      await underLock(
        home,
        ({ queue }) => queue.recordFailure([idOf(1)], "too slow"),
      );
      const { stdout } = await variant(["queue", "list"]);
      match(stdout, new RegExp(`^ {7}${tried}: too slow$`, "m"));
    }
  }));

Deno.test("clock, queue: a file as home -> 74, what it is; nothing is said of a spool", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await Deno.writeTextFile(home, "");
    for (const words of ["clock show", "queue list", "queue stats"]) {
      const { code, stdout, stderr } = await variant(words.split(" "));
      deepStrictEqual([code, stdout], [74, ""], words);
      strictEqual(
        stderr,
        `kitty-events: cannot use the queue in ${home}: it is a file, not a folder\n  name a folder with SPEC_KITTY_HOME or --home\n`,
      );
    }
    await Deno.remove(home);
    await Deno.mkdir(`${home}/events.kv`, { recursive: true });
    const { code, stderr } = await variant(["queue", "list"]);
    strictEqual(code, 74);
    ok(!stderr.includes("spool"), stderr);
  }));

Deno.test("queue show, drop, dead drop, dead requeue: ids that are not there, or lie elsewhere -> 65, a warning each, the others done", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    await withDeadLetter(run, home);
    for (
      const words of [`queue show ${idOf(3)}`, `queue dead show ${idOf(1)}`]
    ) {
      const { code, stdout } = await variant(words.split(" "));
      deepStrictEqual([code, stdout], [65, ""], words);
    }
    const cases: [string, string[], object][] = [
      ["queue drop", [idOf(1), idOf(3), "no-id"], { dropped: 1 }],
      ["queue dead requeue", [idOf(2), idOf(3), idOf(9)], { requeued: 1 }],
      ["queue dead drop", [idOf(2), idOf(3)], { dropped: 0 }],
    ];
    for (const [words, ids, result] of cases) {
      const { code, stdout, stderr } = await variant([
        ...words.split(" "),
        ...ids,
        "--json",
      ]);
      strictEqual(code, 65, words);
      deepStrictEqual(documentsOf(stdout), [result], words);
      const strangers = stderr.trim().split("\n");
      strictEqual(strangers.length, 2, stderr);
      for (const line of strangers) match(line, /^kitty-events: .* not there$/);
    }
    for (const words of [["queue", "drop"], ["queue", "dead", "drop"]]) {
      const { code, stdout } = await variant([...words, "--all", "--json"]);
      strictEqual(code, 64);
      match(documentsOf(stdout)[0].error.try, /--yes/);
    }
    const { queued, dead, totals } = await stats(run);
    deepStrictEqual([queued, dead, totals.dropped], [2, 0, 1]);
    strictEqual(
      totals.accepted + totals.imported,
      queued + dead + totals.delivered + totals.dropped,
    );
    strictEqual((await run.here(["queue", "check"])).code, 0);
  }));

Deno.test("queue import: known, repeated, other content, dead letters, no events -> each counted; the good ones are in", () =>
  withProgram(async (run, home) => {
    await withDeadLetter(run, home);
    const other = eventOf(1, { node: "other" }), fourth = eventOf(4);
    const lines = [
      "\ufeff" + exportOf(three[0]!).trimEnd() + "\r",
      "",
      exportOf(three[2]!).trimEnd(),
      exportOf(fourth).trimEnd(),
      exportOf(fourth).trimEnd(),
      exportOf(other).trimEnd(),
      exportOf(eventOf(5)).replace("WPStatusChanged", "s3cret"),
      "[]",
      "s3cret",
    ];
    const { code, stdout, stderr } = await run(["queue", "import", "--json"], {
      stdin: lines.join("\n"),
    });
    strictEqual(code, 65);
    deepStrictEqual(documentsOf(stdout), [{
      imported: 1,
      skipped: 3,
      invalid: 4,
    }]);
    ok(!stderr.includes("s3cret"), stderr);
    const { stdout: exported } = await run.here(["queue", "export"]);
    strictEqual(exported, exportOf(three[0]!, three[1]!, fourth));
    const told = await run(["queue", "import", "-"], { stdin: exported });
    deepStrictEqual(
      [told.code, told.stdout],
      [0, "0 imported, 3 skipped, 0 invalid\n"],
    );
  }));

Deno.test("queue import: full by count, by bytes -> 75, what had room is in, known ones are still skipped", () =>
  withProgram(async (run) => {
    const variant = variantsOf(run);
    const all = exportOf(...three);
    const size = three[0]!.bytes.length;
    for (
      const env of [
        { SPEC_KITTY_MAX_QUEUE_SIZE: "2" },
        { SPEC_KITTY_MAX_QUEUE_BYTES: String(size * 2 + 9) },
      ]
    ) {
      const result = await variant(["queue", "import", "--json"], {
        stdin: all,
        env,
      });
      strictEqual(result.code, 75);
      const [{ imported, skipped, refused }] = documentsOf(result.stdout);
      deepStrictEqual([imported + skipped, refused], [2, 1]);
    }
    strictEqual((await run.here(["clock"])).stdout, "2\n");
    const rest = await run(["queue", "import", "--json"], { stdin: all });
    deepStrictEqual(documentsOf(rest.stdout), [{
      imported: 1,
      skipped: 2,
      invalid: 0,
    }]);
    strictEqual((await run.here(["queue", "export"])).stdout, all);
  }));

Deno.test("queue import: clock values on both sides of 2^52 -> all kept as they are; the clock follows only those that leave one above", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    const far = [CLOCK_MAX + 1, Number.MAX_SAFE_INTEGER].map(
      (clock, i) => eventOf(i + 1, { clock }),
    );
    const result = await run(["queue", "import"], { stdin: exportOf(...far) });
    strictEqual(result.code, 0);
    match(result.stderr, /clock value above 2\^52: the clock does not follow/);
    strictEqual((await run.here(["queue", "export"])).stdout, exportOf(...far));
    const emitted = await run([...NOTE, "x", "--json"]);
    strictEqual(documentsOf(emitted.stdout)[0].lamport_clock, 1);

    const near = eventOf(4, { clock: CLOCK_MAX - 2 });
    await run.here(["queue", "import"], { stdin: exportOf(near) });
    strictEqual((await run.here(["clock"])).stdout, `${CLOCK_MAX - 2}\n`);
    // In the file, too: other programs read it.
    const stored = JSON.parse(await Deno.readTextFile(`${home}/clock.json`));
    strictEqual(stored.value, CLOCK_MAX - 2);
    const emit = async () => {
      const { code, stdout } = await variant([
        ...NOTE,
        "x",
        "--json",
        "--strict",
      ]);
      const [{ status, lamport_clock }] = documentsOf(stdout);
      return [code, status, lamport_clock];
    };
    deepStrictEqual(await emit(), [0, "queued", CLOCK_MAX - 1]);
    deepStrictEqual(await emit(), [0, "queued", CLOCK_MAX]);
    strictEqual((await run.here(["queue", "check"])).code, 0);
    deepStrictEqual(await emit(), [0, "spooled", null]);
  }));

Deno.test({
  name:
    "queue export, stats: no clock value is left and a draft waits in the spool -> they work",
  fn: () =>
    withProgram(async (run) => {
      const variant = variantsOf(run);
      await run.here(["clock", "receive", String(CLOCK_MAX - 2)]);
      await run.here([...NOTE, "queued"]);
      await run([...NOTE, "spooled"]);
      for (const word of ["export", "list", "stats", "check"]) {
        strictEqual((await variant(["queue", word])).code, 0, word);
      }
    }),
});

Deno.test({
  name:
    "queue import: a clock value of exactly 2^52 -> the clock does not follow it",
  fn: () =>
    withProgram(async (run) => {
      const last = exportOf(eventOf(1, { clock: CLOCK_MAX }));
      await run.here(["queue", "import"], { stdin: last });
      const { stdout } = await run([...NOTE, "x", "--json"]);
      const [{ status, lamport_clock }] = documentsOf(stdout);
      deepStrictEqual([status, lamport_clock], ["queued", 1]);
    }),
});

Deno.test({
  name: "emit: clock.json lost after an own event of 2^52 -> no value twice",
  fn: () =>
    withProgram(async (run, home) => {
      await run.here(["clock", "receive", String(CLOCK_MAX - 3)]);
      for (const text of ["a", "b"]) await run.here([...NOTE, text]);
      await Deno.remove(`${home}/clock.json`);
      await run([...NOTE, "c"]);
      const events = documentsOf(
        (await run.here(["queue", "export"])).stdout,
      );
      const clocks = events.map(({ lamport_clock }) => lamport_clock);
      strictEqual(new Set(clocks).size, clocks.length, clocks.join());
    }),
});

Deno.test("clock receive: equal, lower, higher, around 2^52 -> max + 1 or left as it is", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    const receive = async (value: string | number) => {
      const words = ["clock", "receive", String(value), "--json"];
      const { code, stdout } = await variant(words);
      return [code, documentsOf(stdout)[0]];
    };
    for (const [value, expected] of [[0, 1], [1, 2], [1, 3], ["010", 11]]) {
      const [code, state] = await receive(value!);
      deepStrictEqual([code, state.value], [0, expected]);
      deepStrictEqual(
        state,
        JSON.parse(await Deno.readTextFile(`${home}/clock.json`)),
      );
    }
    for (const value of [CLOCK_MAX, CLOCK_MAX + 1, "9".repeat(30)]) {
      const [code, { error }] = await receive(value);
      deepStrictEqual([code, error.code], [65, "clock_value"]);
    }
    strictEqual((await run.here(["clock", "show"])).stdout, "11\n");
    strictEqual((await receive(CLOCK_MAX - 1))[1].value, CLOCK_MAX);
  }));

Deno.test("schema <type>: each of the eight -> a schema on its own that takes what emit stores", () =>
  withProgram(async (run) => {
    const variant = variantsOf(run);
    const commands = [
      "wp-status-changed WP01 planned doing",
      "wp-created WP02 title --feature 028-x",
      "wp-assigned WP01 claude review",
      "feature-created 028-x --number 028 --target-branch main --wp-count 7",
      "feature-completed 028-x --total-wps 7",
      "history-added WP01 note text",
      "error-logged runtime text",
      "dependency-resolved WP02 WP01 merged",
    ];
    for (const line of commands) await run.here(["emit", ...line.split(" ")]);
    const events = documentsOf((await run.here(["queue", "export"])).stdout);
    deepStrictEqual(
      new Set(events.map((event) => event.event_type)),
      new Set(EVENT_TYPES),
    );
    for (const [i, event] of events.entries()) {
      const printed = await variant(["schema", event.event_type, "--json"]);
      const schema = documentsOf(printed.stdout)[0];
      const ajv = new Ajv2020({
        strict: false,
        formats: { "date-time": true },
      });
      const check = ajv.compile(schema);
      ok(check(event.payload), event.event_type);
      ok(!check({}), event.event_type);
      const word = commands[i]!.split(" ")[0]!;
      const byWord = await variant(["schema", word, "--json"]);
      strictEqual(byWord.stdout, printed.stdout);
    }
    const whole = documentsOf((await run(["schema", "--json"])).stdout)[0];
    const ajv = new Ajv2020({ strict: false, formats: { "date-time": true } });
    const check = ajv.compile(whole);
    for (const event of events) ok(check(event), event.event_type);
    const plain = await run(["schema"]);
    deepStrictEqual(JSON.parse(plain.stdout), whole);
  }));

Deno.test("validate: BOM, CRLF, blank lines, bytes that are no text, a line too long -> a document for each line that is not blank", () =>
  withProgram(async (run) => {
    const good = exportOf(three[0]!).trimEnd();
    const pieces: (string | Uint8Array)[] = [
      `\ufeff${good}\r\n\n  \n[]\n`,
      new Uint8Array([0x22, 0xff, 0x22, 0x0a]),
      `{"a":"${"x".repeat(2 * 1024 * 1024)}"}\n`,
      good,
    ];
    const stdin = new Uint8Array(
      await new Blob(pieces as BlobPart[]).arrayBuffer(),
    );
    const { code, stdout, stderr } = await run(["validate", "--json"], {
      stdin,
    });
    strictEqual(code, 65);
    const [first, array, bytes, long, last] = documentsOf(stdout);
    deepStrictEqual(first, { line: 1, valid: true });
    deepStrictEqual(array, {
      line: 4,
      valid: false,
      problems: [{ path: "", expected: "a JSON object", found: "array" }],
    });
    deepStrictEqual([bytes.line, bytes.valid], [5, false]);
    deepStrictEqual([long.line, long.valid], [6, false]);
    deepStrictEqual(last, { line: 7, valid: true });
    strictEqual(stderr, "2 valid, 3 invalid\n");
    const quiet = await run(["validate", "--quiet"], { stdin: good });
    deepStrictEqual([quiet.code, quiet.stdout, quiet.stderr], [0, "", ""]);
    const none = await run(["validate"], { stdin: "" });
    deepStrictEqual([none.code, none.stderr], [0, "0 valid, 0 invalid\n"]);
  }));

Deno.test("any command: fails with --json -> one error document, nothing on stderr, the same code as without", () =>
  withProgram(async (run) => {
    const asDocument = variantsOf(run), asWords = variantsOf(run);
    const failures: [string, number, string][] = [
      ["", 64, "usage"],
      ["nothing", 64, "usage"],
      ["queue", 64, "usage"],
      ["queue dead", 64, "usage"],
      ["queue lst", 64, "usage"],
      ["queue show", 64, "usage"],
      ["queue show 01KHEXAMPXE0000000000000AA", 65, "not_found"],
      ["queue dead show 01KHEXAMPXE0000000000000AA", 65, "not_found"],
      ["queue list --limit none", 64, "usage"],
      ["queue drop", 64, "usage"],
      ["queue import file --from folder", 64, "usage"],
      ["queue import /nowhere/file", 64, "input"],
      ["queue import --from /nowhere", 64, "input"],
      ["clock receive", 64, "usage"],
      ["clock receive -- -1", 64, "usage"],
      ["schema nothing", 64, "usage"],
      ["validate /nowhere/file", 64, "input"],
      ["help nothing", 64, "usage"],
      ["node-id extra", 64, "usage"],
      ["causation-id --unknown", 64, "usage"],
    ];
    for (const [line, code, word] of failures) {
      const words = line.split(" ").filter(Boolean);
      const result = await asDocument(["--json", ...words]);
      strictEqual(result.code, code, line);
      strictEqual(result.stderr, "", line);
      const [{ error, ...rest }, ...more] = documentsOf(result.stdout);
      deepStrictEqual([error.code, rest, more], [word, {}, []], line);
      ok(
        ["code,message", "code,message,try"].includes(
          Object.keys(error).join(),
        ),
        line,
      );
      if (line === "") continue;
      const told = await asWords(words);
      deepStrictEqual([told.code, told.stdout], [code, ""], line);
      ok(told.stderr.startsWith(`kitty-events: ${error.message}`), line);
    }
  }));

Deno.test("help: a topic or word that is nearly right -> the suggestion; a group -> its commands", () =>
  withProgram(async (run) => {
    const variant = variantsOf(run);
    const suggestions: [string, string][] = [
      ["help emit wp-creatd", "kitty-events help emit wp-created"],
      ["help clock recieve", "kitty-events help clock receive"],
      ["help queu", "kitty-events help queue"],
      ["quue list", "kitty-events queue"],
      ["queue dead requue", "kitty-events queue dead requeue"],
    ];
    for (const [line, suggestion] of suggestions) {
      const { code, stderr } = await variant(line.split(" "));
      strictEqual(code, 64, line);
      ok(stderr.includes(`did you mean: ${suggestion}?`), stderr);
    }
    for (
      const line of ["help queue dead", "queue dead --help", "queue dead -h"]
    ) {
      const { stdout } = await variant(line.split(" "));
      deepStrictEqual(
        [...stdout.matchAll(/kitty-events (queue dead \w+)/g)]
          .map(([, name]) => name),
        ["list", "show", "requeue", "drop"].map((word) => `queue dead ${word}`),
        line,
      );
    }
    const help = (await variant(["queue", "list", "--help"])).stdout;
    for (
      const line of ["queue list -h", "--help queue list", "help queue list"]
    ) {
      strictEqual((await variant(line.split(" "))).stdout, help, line);
    }
  }));
