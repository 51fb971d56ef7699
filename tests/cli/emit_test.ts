/** `emit` of one event, as it is typed. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { tempFolder, tempHome } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { variantsOf, withProgram } from "../support/program.ts";

const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const ID = "01KHEXAMPXE0000000000000AA", CAUSE = "01KHCA05E00000000000000000";
const TIME = "2026-02-03T12:00:00+01:00";

/** Each type: the words, then the stored payload and aggregate. */
const EVENTS: [string[], string, Record<string, unknown>, string, string][] = [
  [
    ["wp-status-changed", "WP01", "planned", "doing", "--feature", "028-x"],
    "WPStatusChanged",
    {
      wp_id: "WP01",
      previous_status: "planned",
      new_status: "doing",
      feature_slug: "028-x",
      changed_by: "user",
    },
    "WorkPackage",
    "WP01",
  ],
  [
    [
      ...["wp-created", "WP02", "007", "--feature", "028-x"],
      ...["--depends-on", "WP01", "--depends-on=WP03"],
    ],
    "WPCreated",
    {
      wp_id: "WP02",
      title: "007",
      feature_slug: "028-x",
      dependencies: ["WP01", "WP03"],
    },
    "WorkPackage",
    "WP02",
  ],
  [
    ["wp-assigned", "WP01", "claude", "review", "--retry-count", "2"],
    "WPAssigned",
    { wp_id: "WP01", agent_id: "claude", phase: "review", retry_count: 2 },
    "WorkPackage",
    "WP01",
  ],
  [
    [
      ...["feature-created", "028-x", "--number", "028"],
      ...["--target-branch", "main", "--wp-count", "7", "--created-at", TIME],
    ],
    "FeatureCreated",
    {
      feature_slug: "028-x",
      feature_number: "028",
      target_branch: "main",
      wp_count: 7,
      created_at: TIME,
    },
    "Feature",
    "028-x",
  ],
  [
    ["feature-completed", "x", "--total-wps=7", "--total-duration", "PT3H"],
    "FeatureCompleted",
    { feature_slug: "x", total_wps: 7, total_duration: "PT3H" },
    "Feature",
    "x",
  ],
  [
    ["history-added", "WP01", "note", "--", "--not a flag"],
    "HistoryAdded",
    {
      wp_id: "WP01",
      entry_type: "note",
      entry_content: "--not a flag",
      author: "user",
    },
    "WorkPackage",
    "WP01",
  ],
  [
    ["error-logged", "runtime", "out of memory", "--agent", "claude"],
    "ErrorLogged",
    {
      error_type: "runtime",
      error_message: "out of memory",
      agent_id: "claude",
    },
    "Feature",
    "error",
  ],
  [
    ["dependency-resolved", "WP02", "WP01", "merged"],
    "DependencyResolved",
    { wp_id: "WP02", dependency_wp_id: "WP01", resolution_type: "merged" },
    "WorkPackage",
    "WP02",
  ],
];

Deno.test("emit <type>: all eight -> the id on stdout, a line for people on stderr, the whole event in the queue", () =>
  withProgram(async (run) => {
    for (const [i, [words, type]] of EVENTS.entries()) {
      const { code, stdout, stderr } = await run([
        "emit",
        words[0]!,
        ...["--causation-id", CAUSE, "--timestamp", TIME],
        ...words.slice(1),
      ]);
      strictEqual(code, 0, stderr);
      match(stdout.trim(), ULID);
      match(
        stderr,
        new RegExp(`^\\[Offline\\] queued ${type} .*\\(clock ${i + 1}\\)\n$`),
      );
    }
    const node = (await run.here(["node-id"])).stdout.trim();
    const { stdout } = await run.here(["queue", "export"]);
    const events = stdout.trim().split("\n").map((line) => JSON.parse(line));
    for (const [i, [, type, payload, kind, aggregate]] of EVENTS.entries()) {
      const { event_id, ...event } = events[i];
      match(event_id, ULID);
      deepStrictEqual(event, {
        lamport_clock: i + 1,
        event_type: type,
        aggregate_id: aggregate,
        aggregate_type: kind,
        node_id: node,
        payload,
        timestamp: TIME,
        team_slug: "local",
        causation_id: CAUSE,
      });
    }
    strictEqual((await run(["validate"], { stdin: stdout })).code, 0);
  }));

Deno.test("emit: --json, --quiet, --verbose, flags before the type -> as asked", () =>
  withProgram(async (run) => {
    const event = ["wp-status-changed", "WP01", "planned", "doing"];
    const json = await run(["--json", "emit", "--quiet", ...event]);
    const receipt = JSON.parse(json.stdout);
    deepStrictEqual(Object.keys(receipt), [
      "event_type",
      "event_id",
      "lamport_clock",
      "status",
    ]);
    strictEqual(json.stderr, "");
    const verbose = await run(["emit", "--verbose", ...event]);
    match(verbose.stderr, /node .*, home .*/);
  }));

Deno.test("emit: a value that breaks the contract -> discarded with path and hint, never its text; 65 with --strict", () =>
  withProgram(async (run) => {
    const secret = "s3cret-text";
    const words = ["emit", "history-added", "WP1", "nite", secret];
    const { code, stdout, stderr } = await run(words);
    strictEqual(code, 0);
    strictEqual(stdout, "");
    match(stderr, /\/payload\/wp_id: expected .*, found string/);
    match(stderr, /\/payload\/entry_type: .*did you mean "note"/);
    ok(!stderr.includes(secret));
    const strict = await run([...words, "--strict", "--json"]);
    strictEqual(strict.code, 65);
    strictEqual(JSON.parse(strict.stdout).status, "discarded");
    for (const count of ["seven", "1.5", "12345678901234567890", "-1"]) {
      const { code } = await run([
        ...["emit", "feature-completed", "x", "--total-wps", count],
        "--strict",
      ]);
      strictEqual(code, 65, count);
    }
    strictEqual((await run.here(["clock"])).stdout, "0\n");
  }));

Deno.test("emit: wrong usage -> 64, with a suggestion, nothing recorded", () =>
  withProgram(async (run, home) => {
    const wrong: [string[], RegExp][] = [
      [["emit"], /event type/],
      [["emit", "wp-status-change", "WP01"], /did you mean.*wp-status-changed/],
      [["emit", "wp-created", "WP01"], /missing: TITLE, --feature/],
      [["emit", "wp-assigned", "WP01", "a", "review", "b"], /too many/],
      [["emit", "node", "--stdin"], /unknown event type/],
      [
        ["emit", "history-added", "WP01", "note", "x", "--autor", "me"],
        /did you mean --author/,
      ],
      [["emit", "--stdin", "--timeout", "soon"], /500ms/],
      [["emit", "--stdin", "--wait", "servr"], /did you mean --wait server/],
      [["emti"], /did you mean: kitty-events emit/],
      [["clock", "5"], /did you mean: kitty-events clock receive 5\?/],
    ];
    const [plain, asJson] = [variantsOf(run), variantsOf(run)];
    for (const [words, expected] of wrong) {
      const { code, stderr } = await plain(words);
      strictEqual(code, 64, words.join(" "));
      match(stderr, expected);
      const json = await asJson([...words, "--json"]);
      strictEqual(json.code, 64);
      strictEqual(JSON.parse(json.stdout).error.code, "usage");
    }
    ok(await Deno.stat(home).then(() => false, () => true));
  }));

Deno.test("emit: - -> the text from stdin, less its last line break; no UTF-8 is discarded", () =>
  withProgram(async (run) => {
    const note = ["emit", "history-added", "WP01", "note", "-"];
    await run(note, { stdin: "two\nlines\n" });
    await run(
      ["emit", "error-logged", "runtime", "x", "--stack-trace", "-"],
      { stdin: "at a\nat b" },
    );
    const { stdout } = await run.here(["queue", "export"]);
    const [first, second] = stdout.trim().split("\n").map((l) => JSON.parse(l));
    strictEqual(first.payload.entry_content, "two\nlines");
    strictEqual(second.payload.stack_trace, "at a\nat b");
    const broken = await run([...note, "--strict"], {
      stdin: new Uint8Array([0x61, 0xff, 0x62]),
    });
    strictEqual(broken.code, 65);
  }));

Deno.test("emit: the same --event-id again -> the same receipt; for another payload: discarded", () =>
  withProgram(async (run) => {
    const words = ["emit", "history-added", "WP01", "note", "a", "--json"];
    const first = await run([...words, "--event-id", ID]);
    const again = await run([...words, "--event-id", ID]);
    strictEqual(again.stdout, first.stdout);
    const other = await run([...words, "--event-id", ID, "--author", "me"]);
    strictEqual(JSON.parse(other.stdout).status, "discarded");

    // Also where the id was made here.
    const made = await run(words);
    const { event_id } = JSON.parse(made.stdout);
    const retried = await run([...words, "--event-id", event_id]);
    strictEqual(retried.stdout, made.stdout);
    strictEqual((await run.here(["clock"])).stdout, "2\n");
  }));

Deno.test("emit: control characters in a name -> not sent to the terminal", () =>
  withProgram(async (run) => {
    const { stderr, code } = await run([
      ...["emit", "wp-assigned", "WP01", "a\u001b[31mb\nc", "review"],
    ]);
    strictEqual(code, 0);
    ok(!stderr.includes("\u001b"));
    strictEqual(stderr.trim().split("\n").length, 1);
  }));

Deno.test("settings: flag, environment, config.toml, default -> in this order", () =>
  withProgram(async (run, home) => {
    const team = async (env: Record<string, string>) => {
      await run(["emit", "history-added", "WP01", "note", "x"], { env });
      const { stdout } = await run.here(["queue", "export"]);
      return JSON.parse(stdout.trim().split("\n").at(-1)!).team_slug;
    };
    strictEqual(await team({}), "local");
    await Deno.writeTextFile(
      `${home}/config.toml`,
      '[sync]\nteam_slug = "from-file"\nmax_queue_size = 7\n[emit]\ntimeout = "5s"\n',
    );
    strictEqual(await team({}), "from-file");
    strictEqual(await team({ SPEC_KITTY_TEAM_SLUG: "from-env" }), "from-env");
    const stats = async (env = {}) =>
      JSON.parse(
        (await run.here(["queue", "stats", "--json"], { env })).stdout,
      );
    strictEqual((await stats()).capacity, 7);
    const env = { SPEC_KITTY_MAX_QUEUE_SIZE: "9" };
    strictEqual((await stats(env)).capacity, 9);

    await using other = await tempHome();
    const words = ["emit", "history-added", "WP01", "note", "x", "--home"];
    await run([...words, other.path]);
    strictEqual((await stats()).queued, 3);
  }));

Deno.test("settings: one that cannot be used -> a warning, the next one counts; 78 with --strict", () =>
  withProgram(async (run, home) => {
    const words = ["emit", "history-added", "WP01", "note", "x"];
    const env = { SPEC_KITTY_TIMEOUT: "soon" };
    const { code, stderr } = await run(words, { env });
    strictEqual(code, 0);
    match(stderr, /SPEC_KITTY_TIMEOUT is not used: expected a duration/);
    strictEqual((await run([...words, "--strict"], { env })).code, 78);
    await Deno.writeTextFile(`${home}/config.toml`, "password = s3cret\n[");
    const broken = await run([...words, "--strict"]);
    strictEqual(broken.code, 78);
    match(broken.stderr, /config\.toml is not used/);
    ok(!broken.stderr.includes("s3cret"));
  }));

Deno.test("emit: --wait server without one -> queued with a warning; 69 with --strict", () =>
  withProgram(async (run) => {
    const words = ["emit", "history-added", "WP01", "note", "x", "--wait"];
    const { code, stderr } = await run([...words, "server"]);
    strictEqual(code, 0);
    match(stderr, /not acknowledged/);
    strictEqual((await run([...words, "server", "--strict"])).code, 69);
    strictEqual((await run([...words, "disk", "--strict"])).code, 0);
  }));

Deno.test("emit: in a project -> its uuid and slug; in a folder below, too; outside, none", () =>
  withProgram(async (run) => {
    await using folder = await tempFolder();
    const deep = `${folder.path}/project/src/deep`;
    await Deno.mkdir(deep, { recursive: true });
    await Deno.mkdir(`${folder.path}/project/.kittify`);
    await Deno.writeTextFile(
      `${folder.path}/project/.kittify/config.yaml`,
      "project:\n  uuid: 3f2504e0-4f89-41d3-9a0c-0305e82c3301\n  slug: it's-a:-b\n",
    );
    for (const cwd of [`${folder.path}/project`, deep, folder.path]) {
      await run(["emit", "history-added", "WP01", "note", "x"], { cwd });
    }
    const { stdout } = await run.here(["queue", "export"]);
    const slugs = stdout.trim().split("\n").map((line) =>
      JSON.parse(line).project_slug
    );
    deepStrictEqual(slugs, ["it's-a:-b", "it's-a:-b", undefined]);
  }));

Deno.test("emit: loading alone took longer than there is time -> recorded all the same", async () => {
  await using home = await tempHome();
  const words = ["emit", "history-added", "WP01", "note", "x", "--json"];
  const env = { SPEC_KITTY_HOME: home.path, SPEC_KITTY_TIMEOUT: "20s" };
  const { stdout } = await runHere(words, env, "", 60_000);
  strictEqual(JSON.parse(stdout).status, "queued");
});
