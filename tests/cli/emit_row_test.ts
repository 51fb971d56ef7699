/** Rows from the command line, streams, the spool and the library. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { producer } from "../../lib/contract/rows/producer.ts";
import { checkRow } from "../../lib/contract/rows/row_contract.ts";
import { tempFolder } from "../support/home.ts";
import { documentsOf, type Run, withProgram } from "../support/program.ts";
import { lane, missionId, Project, ulidAt } from "../support/project.ts";

const LANE = [
  ...["emit", "lane.transitioned", "--subject", "WP01", "--actor", "claude"],
  ...["--execution-mode", "worktree", "--from-lane", "planned"],
  ...["--to-lane", "claimed"],
];

async function exported(run: Run) {
  return documentsOf((await run.here(["queue", "export"])).stdout);
}

Deno.test("emit <row>: in a mission's folder -> a row that keeps the contract, with all that is filled in", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    await project.mission(1, []);
    const cwd = `${project.path}/kitty-specs/mission-1`;
    const { stdout, stderr } = await run(LANE, { cwd });
    match(
      stderr,
      /queued ai\.spec-kitty\.lane\.transitioned\.v1 WP01 planned -> claimed \(clock 1\)/,
    );
    const [row] = await exported(run);
    deepStrictEqual(checkRow(producer, row), []);
    const { id, time, nodeid, ...rest } = row;
    strictEqual(id, stdout.trim());
    ok(Date.parse(time) > 0 && /^[0-9a-f]{12}$/.test(nodeid));
    deepStrictEqual(rest, {
      lamportclock: 1,
      specversion: "1.0",
      source: `/spec-kitty/missions/${missionId(1)}`,
      type: "ai.spec-kitty.lane.transitioned.v1",
      subject: "WP01",
      datacontenttype: "application/json",
      dataschema:
        "https://schemas.example.invalid/spec-kitty/lane.transitioned.v1",
      schemaversion: "4.0.0",
      missionid: missionId(1),
      missionslug: "mission-1",
      actor: "claude",
      executionmode: "worktree",
      data: { from_lane: "planned", to_lane: "claimed" },
    });
  }));

Deno.test("emit <row>: --mission, --data, numbers, null, attributes -> each where it belongs", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    await project.mission(2, []);
    const cwd = project.path;
    const created = await run([
      ...["emit", "wp.created.v1", "--mission", "mission-2", "--wp-id", "WP07"],
      ...[
        "--wp-title",
        "null",
        "--wp-path",
        "tasks/WP07.md",
        "--mission-number",
      ],
      ...["null", "--actor", "codex", "--data", '{"depends_on":["WP01"]}'],
      ...["--attribute", "actor=codex", "--json"],
    ], { cwd });
    strictEqual(JSON.parse(created.stdout).status, "queued", created.stdout);
    const [row] = await exported(run);
    strictEqual(row.subject, "WP07");
    strictEqual(row.actor, "codex");
    deepStrictEqual(row.data, {
      depends_on: ["WP01"],
      mission_number: null,
      wp_id: "WP07",
      wp_title: "null",
      wp_path: "tasks/WP07.md",
      actor: "codex",
      mission_slug: "mission-2",
    });
    // Of the project, where there is no mission.
    const begun = await run([
      ...["emit", "project.initialized", "--project-uuid", "u-1", "--actor"],
      ...["cli", "--json"],
    ], { cwd });
    strictEqual(JSON.parse(begun.stdout).status, "queued", begun.stdout);
    const [, second] = await exported(run);
    match(second.source, /^\/spec-kitty\/projects\/5c0f6f0e-/);
  }));

Deno.test("emit <row> --data: numbers that cannot be kept -> 64; a file that is too large, not there -> lost, and why", () =>
  withProgram(async (run) => {
    const emit = async (data: string) => {
      const args = ["--mission-id", missionId(1), "--json", "--data", data];
      return await run([...LANE, ...args]);
    };
    const changed = await emit('{"reason":1e999}');
    strictEqual(changed.code, 64);
    match(changed.stdout, /--data takes a JSON object/);
    await using folder = await tempFolder();
    using file = await Deno.open(`${folder.path}/large`, {
      create: true,
      write: true,
    });
    await file.truncate(3 * 2 ** 30);
    for (
      const [name, why] of [
        ["large", /it has 3221225472 bytes/],
        ["none", /cannot read/],
      ] as const
    ) {
      const { code, stdout } = await emit(`@${folder.path}/${name}`);
      const receipt = JSON.parse(stdout);
      deepStrictEqual([code, receipt.status], [0, "lost"]);
      match(receipt.warning, why);
    }
  }));

Deno.test("emit <row>: a retry with its --id -> the same event, also after it has left the queue", () =>
  withProgram(async (run) => {
    const id = ulidAt(1);
    const args = [...LANE, "--mission-id", missionId(1), "--id", id, "--json"];
    const first = JSON.parse((await run(args)).stdout);
    deepStrictEqual([first.status, first.event_id], ["queued", id]);
    deepStrictEqual(JSON.parse((await run(args)).stdout), first);
    const other = await run([
      ...args.slice(0, -1),
      "--reason",
      "x",
      "--strict",
    ]);
    strictEqual(other.code, 65);
    strictEqual((await run(["queue", "drop", id, "--yes"])).code, 0);
    const again = JSON.parse((await run(args)).stdout);
    deepStrictEqual([again.status, again.lamport_clock], ["known", 1]);
    strictEqual((await exported(run)).length, 0);
  }));

Deno.test("emit <row>: what breaks the contract -> discarded, with each problem; unknown types -> 64 with the near one", () =>
  withProgram(async (run) => {
    const bad = await run([...LANE.slice(0, -1), "claimd", "--json"]);
    const { status, problems } = JSON.parse(bad.stdout);
    strictEqual(status, "discarded");
    deepStrictEqual(
      problems.map(({ path }: { path: string }) => path),
      ["/source", "/data/to_lane"],
    );
    match(problems[0].hint, /name the mission/);
    strictEqual(problems[1].hint, 'did you mean "claimed"?');
    strictEqual(bad.code, 0);
    const unknown = await run(["emit", "lane.transitoned"]);
    strictEqual(unknown.code, 64);
    match(
      unknown.stderr,
      /did you mean: kitty-events emit lane\.transitioned\?/,
    );
    const help = await run(["emit", "wp.created", "--help"]);
    match(help.stdout, /--wp-id TEXT/);
    match(help.stdout, /In --data: depends_on\./);
  }));

Deno.test("emit --stdin, spool: envelopes and rows mixed -> each by its own contract, in one order", () =>
  withProgram(async (run, home) => {
    const row = {
      type: "lane.transitioned.v1",
      missionid: missionId(1),
      subject: "WP01",
      executionmode: "worktree",
      data: { from_lane: null, to_lane: "planned" },
    };
    const envelope = {
      event_type: "WPCreated",
      payload: { wp_id: "WP01", title: "x", feature_slug: "001-x" },
    };
    await run(["emit", "wp-status-changed", "WP01", "planned", "doing"]);
    const spool = `${home}/spool`;
    await Deno.mkdir(spool, { recursive: true });
    await Deno.writeTextFile(`${spool}/1.json`, JSON.stringify(row));
    const stamped = { ...row, lamportclock: 4, type: "lane.transitioned" };
    const lines = [row, envelope, stamped, { type: "WPCreated" }];
    const { stdout } = await run(["emit", "--stdin"], {
      stdin: lines.map((line) => JSON.stringify(line) + "\n").join(""),
    });
    const receipts = documentsOf(stdout);
    deepStrictEqual(
      receipts.map(({ status, lamport_clock }) => [status, lamport_clock]),
      [["queued", 3], ["queued", 4], ["discarded", null], ["discarded", null]],
    );
    strictEqual(receipts[2].problems[0].path, "/lamportclock");
    match(receipts[3].problems[0].hint, /event_type/);
    const rows = await exported(run);
    deepStrictEqual(
      rows.map(({ lamportclock, lamport_clock }) =>
        lamportclock ?? lamport_clock
      ),
      [1, 2, 3, 4],
    );
    strictEqual(rows[1].type, "ai.spec-kitty.lane.transitioned.v1");
  }));

Deno.test("validate, schema, contract: of rows -> judged, shown, near names", () =>
  withProgram(async (run) => {
    await run([...LANE, "--mission-id", missionId(1)]);
    const { stdout } = await run.here(["queue", "export"]);
    const bad = JSON.stringify({ ...JSON.parse(stdout), nodeid: "x" });
    const judged = await run(["validate", "--contract", "producer", "--json"], {
      stdin: `${stdout}${bad}\n`,
    });
    strictEqual(judged.code, 65);
    const [first, second] = documentsOf(judged.stdout);
    deepStrictEqual(first, { line: 1, valid: true });
    strictEqual(second.problems[0].path, "/nodeid");
    const line = await run(["validate", "--contract", "producer"], {
      stdin: JSON.stringify(lane(1)),
    });
    strictEqual(line.code, 65);
    const schema = await run(["schema", "lane.transitioned", "--json"]);
    deepStrictEqual(JSON.parse(schema.stdout).required, [
      "from_lane",
      "to_lane",
    ]);
    const shown = await run(["contract", "show", "producer", "--json"]);
    const { types, lanes, attributes } = JSON.parse(shown.stdout);
    deepStrictEqual([types.length, lanes.length, attributes.length], [
      27,
      10,
      16,
    ]);
    const unknown = await run(["contract", "show", "producr"]);
    strictEqual(unknown.code, 64);
    match(unknown.stderr, /did you mean producer\?/);
  }));
