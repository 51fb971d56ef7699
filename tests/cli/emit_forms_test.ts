/** `emit` of one event: every option, and what each way of saying it leaves behind. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { isThere, tempFolder } from "../support/home.ts";
import {
  documentsOf,
  type Run,
  variantsOf,
  withProgram,
} from "../support/program.ts";

const ID = "01KHEXAMPXE0000000000000AA", CAUSE = "01KHCA05E00000000000000000";
const TIME = "2026-02-03T12:00:00Z";
const NOTE = ["emit", "history-added", "WP01", "note"];

async function exported(run: Run) {
  return documentsOf((await run.here(["queue", "export"])).stdout);
}

/** What is typed behind `emit`, the line for people, the stored payload. */
const FORMS: [string[], string, Record<string, unknown>][] = [
  [
    [
      ...["wp-status-changed", "WP07", "for_review", "done"],
      ...["--feature=028-x", "--changed-by", "ci"],
    ],
    "WPStatusChanged WP07 for_review -> done",
    {
      wp_id: "WP07",
      previous_status: "for_review",
      new_status: "done",
      feature_slug: "028-x",
      changed_by: "ci",
    },
  ],
  [
    ["wp-created", "WP02", "--feature", "f", "--", "-x: a title"],
    "WPCreated WP02",
    {
      wp_id: "WP02",
      title: "-x: a title",
      feature_slug: "f",
      dependencies: [],
    },
  ],
  [
    ["wp-assigned", "WP01", "claude", "implementation"],
    "WPAssigned WP01 claude implementation",
    {
      wp_id: "WP01",
      agent_id: "claude",
      phase: "implementation",
      retry_count: 0,
    },
  ],
  [
    [
      ...["feature-created", "028-x", "--number=028"],
      ...["--target-branch=main", "--wp-count=0"],
    ],
    "FeatureCreated 028-x",
    {
      feature_slug: "028-x",
      feature_number: "028",
      target_branch: "main",
      wp_count: 0,
    },
  ],
  [
    ["feature-completed", "x", "--total-wps", "2.0", "--completed-at", TIME],
    "FeatureCompleted x",
    { feature_slug: "x", total_wps: 2, completed_at: TIME },
  ],
  [
    ["history-added", "WP01", "review", "fine", "--author", "ünï 🐈"],
    "HistoryAdded WP01 review",
    {
      wp_id: "WP01",
      entry_type: "review",
      entry_content: "fine",
      author: "ünï 🐈",
    },
  ],
  [
    [
      ...["error-logged", "auth", "no entry", "--wp", "WP09"],
      ...["--stack-trace", "at a", "--agent", "codex"],
    ],
    "ErrorLogged auth WP09",
    {
      error_type: "auth",
      error_message: "no entry",
      wp_id: "WP09",
      stack_trace: "at a",
      agent_id: "codex",
    },
  ],
  [
    ["dependency-resolved", "WP02", "WP01", "skipped"],
    "DependencyResolved WP02 WP01 skipped",
    {
      wp_id: "WP02",
      dependency_wp_id: "WP01",
      resolution_type: "skipped",
    },
  ],
];

Deno.test("emit <type>: every option in turn -> the line for people, the payload, id, cause and time as given", () =>
  withProgram(async (run) => {
    // One of each type is a process in `emit_test.ts`.
    const emit = variantsOf(run);
    for (const [i, [words, line]] of FORMS.entries()) {
      const id = ID.replace(/.$/, String(i));
      const { code, stdout, stderr } = await emit([
        ...["emit", words[0]!, "--event-id", id, "--causation-id", CAUSE],
        ...["--timestamp", TIME, ...words.slice(1)],
      ]);
      deepStrictEqual(
        [code, stdout, stderr],
        [0, `${id}\n`, `[Offline] queued ${line} (clock ${i + 1})\n`],
      );
    }
    const events = await exported(run);
    deepStrictEqual(
      events.map(({ event_id, causation_id, timestamp, payload }) => [
        event_id,
        causation_id,
        timestamp,
        payload,
      ]),
      FORMS.map(([, , payload], i) => [
        ID.replace(/.$/, String(i)),
        CAUSE,
        TIME,
        payload,
      ]),
    );
    const validated = await run(["validate", "--json"], {
      stdin: events.map((event) => JSON.stringify(event)).join("\n"),
    });
    deepStrictEqual(
      documentsOf(validated.stdout),
      FORMS.map((_, i) => ({ line: i + 1, valid: true })),
    );
  }));

Deno.test("emit: --json, --quiet, --verbose, none, flags before the type -> what stands on stdout and on stderr", () =>
  withProgram(async (run, home) => {
    const node = (await run.here(["node-id"])).stdout.trim();
    const words = [...NOTE, "x", "--event-id", ID];
    const line = "[Offline] queued HistoryAdded WP01 note (clock 1)\n";
    const receipt = {
      event_type: "HistoryAdded",
      event_id: ID,
      lamport_clock: 1,
      status: "queued",
    };
    const forms: [string[], string, string][] = [
      [words, `${ID}\n`, line],
      [[...words, "--quiet"], `${ID}\n`, ""],
      [["--quiet", "--strict", ...words], `${ID}\n`, ""],
      [[...words, "--json"], `${JSON.stringify(receipt)}\n`, line],
      [
        ["emit", "--json", "--timeout", "5s", "--quiet", ...words.slice(1)],
        `${JSON.stringify(receipt)}\n`,
        "",
      ],
      [
        [...words, "--verbose"],
        `${ID}\n`,
        `${line}  id ${ID}, node ${node}, home ${home}\n`,
      ],
    ];
    const variant = variantsOf(run);
    for (const [args, stdout, stderr] of forms) {
      const result = await variant(args);
      deepStrictEqual(
        [result.code, result.stdout, result.stderr],
        [0, stdout, stderr],
        args.join(" "),
      );
    }
  }));

Deno.test("emit: - for a text -> stdin less one line break; empty, not UTF-8 or too large is discarded", () =>
  withProgram(async (run) => {
    const trace = ["emit", "error-logged", "runtime", "x", "--stack-trace=-"];
    const good: [string[], string, string][] = [
      [NOTE, "one\n\n", "one\n"],
      [NOTE, "one\r\n", "one"],
      [NOTE, "\ufeffone \n", "\ufeffone "],
      [NOTE, "-", "-"],
      [trace, "at a\n  at b\n", "at a\n  at b"],
      [trace, "", ""],
    ];
    const variant = variantsOf(run);
    for (const [words, stdin] of good) {
      const args = words === NOTE ? [...words, "-"] : words;
      const { code } = await variant([...args, "--strict"], { stdin });
      strictEqual(code, 0, stdin);
    }
    deepStrictEqual(
      (await exported(run)).map(({ payload }) =>
        payload.entry_content ?? payload.stack_trace
      ),
      good.map(([, , text]) => text),
    );
    const bad: [string[], string | Uint8Array<ArrayBuffer>, string][] = [
      [[...NOTE, "-"], "", "/payload/entry_content"],
      [[...NOTE, "-"], "\n", "/payload/entry_content"],
      [
        [...NOTE, "-"],
        new Uint8Array([0x61, 0xff, 0x0a]),
        "/payload/entry_content",
      ],
      [trace, new Uint8Array([0xc3]), "/payload/stack_trace"],
      [[...NOTE, "-"], "x".repeat(1024 * 1024), ""],
    ];
    const badVariant = variantsOf(run);
    for (const [words, stdin, path] of bad) {
      const { code, stdout } = await badVariant([
        ...words,
        "--strict",
        "--json",
      ], {
        stdin,
      });
      strictEqual(code, 65, path);
      const [{ status, problems }] = documentsOf(stdout);
      deepStrictEqual([status, problems[0].path], ["discarded", path]);
    }
    strictEqual((await run.here(["clock"])).stdout, `${good.length}\n`);
  }));

Deno.test("emit: values that break the contract -> discarded with each place and a hint, no value repeated, no clock value used", () =>
  withProgram(async (run) => {
    const secret = "s3cret";
    const bad: [string[], string[]][] = [
      [
        ["wp-status-changed", secret, "plannd", secret],
        [
          "/payload/wp_id",
          "/payload/previous_status",
          "/payload/new_status",
        ],
      ],
      [
        [
          ...["wp-created", "WP01\n", "", "--feature", ""],
          ...["--depends-on", "WP01", "--depends-on", secret],
        ],
        [
          "/payload/wp_id",
          "/payload/title",
          "/payload/feature_slug",
          "/payload/dependencies/1",
        ],
      ],
      [
        ["wp-assigned", "WP01", "", secret, "--retry-count", secret],
        ["/payload/agent_id", "/payload/phase", "/payload/retry_count"],
      ],
      [
        [
          ...["feature-created", secret, "--number", "28"],
          ...["--target-branch", "", "--wp-count=-1", "--created-at", secret],
        ],
        [
          "/payload/feature_slug",
          "/payload/feature_number",
          "/payload/target_branch",
          "/payload/wp_count",
          "/payload/created_at",
        ],
      ],
      [
        ["feature-completed", "x", "--total-wps=", "--completed-at", secret],
        ["/payload/total_wps", "/payload/completed_at"],
      ],
      [
        [
          ...["history-added", "WP01", "note", "x", "--event-id", secret],
          ...["--causation-id", secret, "--timestamp", secret],
        ],
        ["/event_id", "/causation_id", "/timestamp"],
      ],
      [
        ["error-logged", secret, ""],
        ["/payload/error_type", "/payload/error_message"],
      ],
      [
        ["dependency-resolved", "WP2", secret, "mergd"],
        [
          "/payload/wp_id",
          "/payload/dependency_wp_id",
          "/payload/resolution_type",
        ],
      ],
    ];
    const variant = variantsOf(run);
    for (const [words, paths] of bad) {
      const { code, stdout, stderr } = await variant([
        "emit",
        ...words,
        "--json",
      ]);
      strictEqual(code, 0, stderr);
      const [receipt] = documentsOf(stdout);
      deepStrictEqual(
        [receipt.status, receipt.event_id, receipt.lamport_clock],
        ["discarded", null, null],
      );
      deepStrictEqual(
        // deno-lint-ignore no-explicit-any
        receipt.problems.map(({ path }: any) => path).sort(),
        [...paths].sort(),
      );
      for (const path of paths) {
        ok(stderr.includes(` ${path}: expected `), path);
      }
      ok(!`${stdout}${stderr}`.includes(secret), stderr);
    }
    const hinted = await run(["emit", ...bad[0]![0], "--strict"]);
    deepStrictEqual([hinted.code, hinted.stdout], [65, ""]);
    match(hinted.stderr, /previous_status: .*\(did you mean "planned"\?\)/);
    strictEqual((await run.here(["clock"])).stdout, "0\n");
  }));

Deno.test("emit: numbers for --wp-count -> whole ones from 0 to 2^53 - 1 as numbers; anything else discarded", () =>
  withProgram(async (run) => {
    const variant = variantsOf(run);
    const count = (text: string) =>
      variant([
        ...["emit", "feature-created", "028-x", "--number", "028"],
        ...["--target-branch", "main", `--wp-count=${text}`, "--strict"],
      ]);
    const good = ["0", "7", "007", "9007199254740991"];
    for (const text of good) strictEqual((await count(text)).code, 0, text);
    const bad = [
      ...["", " 7", "+7", "-7", "7.5", "1e3", "0x10", "NaN", "Infinity", "٧"],
      ...[
        "9007199254740992",
        "9".repeat(400),
        "true",
        "null",
        "6.9999999999999999",
      ],
    ];
    for (const text of bad) strictEqual((await count(text)).code, 65, text);
    deepStrictEqual(
      (await exported(run)).map(({ payload }) => payload.wp_count),
      good.map(Number),
    );
  }));

Deno.test("emit: arguments missing -> 64, each of them named; nothing made", () =>
  withProgram(async (run, home) => {
    const missing: [string, string][] = [
      ["wp-status-changed WP01", "FROM, TO"],
      ["wp-created", "WP, TITLE, --feature"],
      ["wp-assigned WP01", "AGENT, PHASE"],
      ["feature-created 028-x --number 028", "--target-branch, --wp-count"],
      ["feature-completed", "SLUG, --total-wps"],
      ["history-added WP01 note", "TEXT"],
      ["error-logged", "KIND, MESSAGE"],
      ["dependency-resolved WP02 WP01", "HOW"],
    ];
    const variant = variantsOf(run);
    for (const [words, names] of missing) {
      const args = words.split(" ");
      const { code, stdout } = await variant(["emit", ...args, "--json"]);
      strictEqual(code, 64, words);
      const { error } = documentsOf(stdout)[0];
      strictEqual(error.message, `missing: ${names}`);
      strictEqual(error.try, `see: kitty-events emit ${args[0]} --help`);
    }
    strictEqual(await isThere(home), false);
  }));

Deno.test("emit: an escape sequence wherever text is repeated -> no control character reaches the terminal", () =>
  withProgram(async (run, home) => {
    const evil = "\u001b[31mred\u009b2J\u0007";
    const lines: string[][] = [
      [`emt${evil}`],
      ["emit", evil],
      ["emit", "wp-assigned", "WP01", evil, "review"],
      ["emit", "feature-completed", evil, "--total-wps=1"],
      [...NOTE, "x", `--${evil}`],
      [...NOTE, "x", "--timeout", evil],
      [...NOTE, "x", "--wait", evil],
      [...NOTE, "x", "--event-id", evil],
      [...NOTE, "x", "--verbose", "--home", `${home}/${evil}`],
      ["schema", evil],
      ["help", evil],
      ["validate", evil],
      ["clock", "receive", evil],
      ["queue", "show", evil],
      ["queue", "drop", evil],
      ["queue", "list", "--limit", evil],
      ["queue", "import", evil],
      ["queue", "import", "--from", evil],
    ];
    const variant = variantsOf(run);
    for (const words of lines) {
      const { stdout, stderr } = await variant(words, {
        env: { SPEC_KITTY_NODE_ID: `n${evil}` },
      });
      // deno-lint-ignore no-control-regex
      const found = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;
      ok(!found.test(stdout + stderr), `${words}: ${stdout}${stderr}`);
    }
    const draft = (key: string) =>
      `{"event_type":"HistoryAdded","payload":{},${JSON.stringify(key)}:1}\n`;
    const { stdout } = await run(["validate", "--draft"], {
      stdin: draft(evil),
    });
    match(stdout, /red/);
    ok(!stdout.includes("\u001b") && !stdout.includes("\u009b"), stdout);
  }));

Deno.test("emit --event-id: tried again -> one event, its receipt; after it was dropped, a new one", () =>
  withProgram(async (run) => {
    const words = [...NOTE, "a", "--event-id", ID, "--json", "--strict"];
    const first = await run([...words, "--timestamp", TIME]);
    const variant = variantsOf(run);
    for (const more of [[], ["--timestamp", TIME], ["--causation-id", CAUSE]]) {
      const again = await variant([...words, ...more]);
      deepStrictEqual([again.code, again.stdout], [0, first.stdout]);
    }
    const other = await run([...words, "--author", "me"]);
    strictEqual(other.code, 65);
    strictEqual(documentsOf(other.stdout)[0].problems[0].path, "/event_id");
    const [event, ...more] = await exported(run);
    deepStrictEqual([event.timestamp, more], [TIME, []]);

    await run.here(["queue", "drop", ID]);
    const later = await run([...words, "--author", "me"]);
    strictEqual(documentsOf(later.stdout)[0].lamport_clock, 2);
  }));

Deno.test("settings: limits by environment, config.toml, default -> in this order; one that cannot be used falls through, with a warning", () =>
  withProgram(async (run, home) => {
    await Deno.mkdir(home);
    const variant = variantsOf(run);
    const stats = async (env: Record<string, string> = {}) => {
      const { stdout, stderr } = await variant(["queue", "stats", "--json"], {
        env,
      });
      const { capacity, capacity_bytes } = JSON.parse(stdout);
      return [capacity, capacity_bytes, stderr];
    };
    deepStrictEqual(await stats(), [100_000, 2 ** 30, ""]);
    await Deno.writeTextFile(
      `${home}/config.toml`,
      "[sync]\nmax_queue_size = 7\nmax_queue_bytes = 7000\n",
    );
    deepStrictEqual(await stats(), [7, 7_000, ""]);
    const env = {
      SPEC_KITTY_MAX_QUEUE_SIZE: "8",
      SPEC_KITTY_MAX_QUEUE_BYTES: "8000",
    };
    deepStrictEqual(await stats(env), [8, 8_000, ""]);
    deepStrictEqual(await stats({ SPEC_KITTY_MAX_QUEUE_SIZE: "" }), [
      7,
      7_000,
      "",
    ]);
    const [capacity, , warning] = await stats({
      SPEC_KITTY_MAX_QUEUE_SIZE: "0",
    });
    strictEqual(capacity, 7);
    match(warning, /SPEC_KITTY_MAX_QUEUE_SIZE is not used: expected a whole/);

    await Deno.writeTextFile(
      `${home}/config.toml`,
      '[sync]\nmax_queue_size = "many"\nteam_slug = 7\n[emit]\ntimeout = 2\n',
    );
    const { code, stderr } = await run([...NOTE, "x", "--strict"]);
    strictEqual(code, 78);
    for (
      const key of ["sync.max_queue_size", "sync.team_slug", "emit.timeout"]
    ) {
      ok(stderr.includes(`config.toml: ${key} is not used`), stderr);
    }
    const [event] = await exported(run);
    strictEqual(event.team_slug, "local");
  }));

Deno.test("SPEC_KITTY_DISABLED: any value but 0, false, no, off and none -> a disabled receipt, nothing made", () =>
  withProgram(async (run, home) => {
    const variant = variantsOf(run);
    for (const value of ["1", "true", "YES", "2"]) {
      const { code, stdout, stderr } = await variant(
        [...NOTE, "x", "--json", "--strict"],
        { env: { SPEC_KITTY_DISABLED: value } },
      );
      deepStrictEqual([code, stderr], [0, ""]);
      deepStrictEqual(documentsOf(stdout), [{
        event_type: "HistoryAdded",
        event_id: null,
        lamport_clock: null,
        status: "disabled",
      }]);
    }
    strictEqual(await isThere(home), false);
    for (const value of ["0", "False", "no", "off", ""]) {
      const env = { SPEC_KITTY_DISABLED: value };
      match((await variant([...NOTE, "x"], { env })).stdout, /^\w{26}\n$/);
    }
  }));

Deno.test("emit --home: a folder behind the flag -> that one, wherever the flag stands; the environment's stays unmade", () =>
  withProgram(async (run, home) => {
    await using folder = await tempFolder();
    const other = `${folder.path}/with space/deep`;
    await run(["--home", other, ...NOTE, "a"]);
    await run(["emit", `--home=${other}`, ...NOTE.slice(1), "b"]);
    await run([...NOTE, "c", "--home", "deep"], {
      cwd: `${folder.path}/with space`,
    });
    strictEqual(await isThere(home), false);
    const { stdout } = await run.here(["queue", "export", "--home", other]);
    deepStrictEqual(
      documentsOf(stdout).map(({ payload }) => payload.entry_content),
      ["a", "b", "c"],
    );
  }));

Deno.test("emit: .kittify/config.yaml quoted, odd or broken -> its names as texts; or none, with a warning that repeats nothing", () =>
  withProgram(async (run) => {
    await using folder = await tempFolder();
    await Deno.mkdir(`${folder.path}/.kittify`);
    const emitIn = async (yaml: string) => {
      await Deno.writeTextFile(`${folder.path}/.kittify/config.yaml`, yaml);
      const { code, stderr } = await run([...NOTE, "x", "--strict"], {
        cwd: folder.path,
      });
      strictEqual(code, 0, stderr);
      const { project_uuid, project_slug } = (await exported(run)).at(-1);
      return { uuid: project_uuid, slug: project_slug, stderr };
    };
    const uuid = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
    const named = await emitIn(`project:\n  uuid: ${uuid}\n  slug: '123'\n`);
    deepStrictEqual([named.uuid, named.slug], [uuid, "123"]);
    const spelled = await emitIn("project:\n  slug: ünï-côde\n");
    deepStrictEqual([spelled.uuid, spelled.slug], [undefined, "ünï-côde"]);
    const broken = await emitIn("project: {slug: s3cret\n  - [");
    deepStrictEqual([broken.uuid, broken.slug], [undefined, undefined]);
    match(broken.stderr, /cannot read \.kittify\/config\.yaml/);
    ok(!broken.stderr.includes("s3cret"), broken.stderr);
  }));
