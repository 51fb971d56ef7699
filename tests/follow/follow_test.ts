/** Following status logs: each line once, in order, whatever happens to the files. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { instantOf } from "../../contracts/row_time.ts";
import { producer } from "../../lib/contract/rows/producer.ts";
import { queuePath } from "../../lib/home/queue_file.ts";
import { tempFolder } from "../support/home.ts";
import { TestAgent } from "../support/agent.ts";
import { eventually } from "../support/eventually.ts";
import { MKFIFO, needing, outputOf, UNIX } from "../support/needs.ts";
import {
  documentsOf,
  type Run,
  type RunHere,
  spawnProgram,
  withProgram,
} from "../support/program.ts";
import {
  lane,
  missionId,
  Project,
  textOf,
  ulidAt,
} from "../support/project.ts";
import { PUBLISHED, rowSchema } from "../support/published.ts";
import { REAL_LOGS, unpackLogs } from "../support/real_logs.ts";

/** What one look at a project's logs says: its total, what it says of each log, and its warnings. */
async function once(
  run: RunHere,
  cwd: string,
  args: readonly string[] = [],
) {
  const { code, stdout, stderr } = await run(
    ["follow", "--once", "--json", ...args],
    { cwd },
  );
  const documents = documentsOf(stdout);
  const { total } = documents.at(-1);
  return { code, total, logs: documents.slice(0, -1), stderr };
}

async function exported(run: Run) {
  return documentsOf((await run.here(["queue", "export"])).stdout);
}

Deno.test(needing(
  [REAL_LOGS],
  "follow --once: real logs -> 7,243 rows in order of time, 40 refused; again: nothing new",
  () =>
    withProgram(async (run) => {
      await using folder = await tempFolder();
      await unpackLogs(folder.path);
      const first = await once(run, folder.path);
      deepStrictEqual(first.total, {
        files: 108,
        rows: 7_243,
        recorded: 7_243,
        known: 0,
        refused: 40,
      });
      const lines = first.logs.flatMap(({ problems }) => problems);
      strictEqual(lines.length, 40);
      for (const { line, problems } of lines) {
        ok(line > 0 && problems[0].path && problems[0].expected);
      }
      const rows = await exported(run);
      deepStrictEqual(
        rows.map(({ lamportclock }) => lamportclock),
        rows.map((_, i) => i + 1),
      );
      const instants = rows.map(({ time }) => instantOf(time)!);
      ok(
        instants.every((instant, i) => i === 0 || instants[i - 1]! <= instant),
      );
      await keepThePublishedSchemas(rows);

      const second = await once(run.here, folder.path);
      deepStrictEqual(second.total, {
        files: 108,
        rows: 7_243,
        recorded: 0,
        known: 7_243,
        refused: 0,
      });
      deepStrictEqual(second.logs, []);
      strictEqual((await exported(run)).length, 7_243);
      const status = JSON.parse(
        (await run.here(["follow", "status", "--json"])).stdout,
      );
      strictEqual(status.refused, 40);
      strictEqual((await run.here(["queue", "check"])).code, 0);
    }),
));

/** Checks rows against the schemas of the published package, where it could be fetched. */
async function keepThePublishedSchemas(rows: readonly { type: string }[]) {
  if (!PUBLISHED.isMet) {
    console.log(`not compared with the published schemas: ${PUBLISHED.reason}`);
    return;
  }
  const ajv = new Ajv2020({
    strict: false,
    formats: { "date-time": (text: string) => instantOf(text) !== undefined },
  });
  for (const [type, some] of Map.groupBy(rows, ({ type }) => type)) {
    const { name } = producer.types.get(type)!;
    const judge = ajv.compile(await rowSchema(name));
    for (const row of some) ok(judge(row), JSON.stringify(judge.errors));
  }
}

Deno.test("follow --once: lines that grow, move and come again -> what is new, once", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    await project.mission(1, [lane(2), lane(4)]);
    await project.mission(2, [lane(1), lane(3)]);
    strictEqual((await once(run, project.path)).total.recorded, 4);
    // As a rebase leaves it: another order, a line gone, one in between.
    await project.mission(1, [lane(4), lane(5), lane(2)]);
    await project.mission(2, [lane(3)]);
    const { total, logs } = await once(run.here, project.path);
    deepStrictEqual(total, {
      files: 2,
      rows: 4,
      recorded: 1,
      known: 3,
      refused: 0,
    });
    strictEqual(logs.length, 1);
    strictEqual(logs[0].file, "kitty-specs/mission-1/status.events.jsonl");
    // From any folder of it, and by its name.
    const inside = `${project.path}/kitty-specs/mission-1`;
    strictEqual((await once(run.here, inside)).total.recorded, 0);
    strictEqual((await once(run.here, "/", [project.path])).total.known, 4);
    deepStrictEqual(
      (await exported(run)).map(({ id }) => id),
      [1, 2, 3, 4, 5].map((n) => ulidAt(n)),
    );
  }));

Deno.test("follow --once: what has left the queue -> known all the same", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    await project.mission(1, [lane(1), lane(2)]);
    await once(run.here, project.path);
    strictEqual((await run.here(["queue", "drop", "--all", "--yes"])).code, 0);
    await project.append(1, [lane(3)]);
    strictEqual((await once(run.here, project.path)).total.recorded, 1);
    strictEqual((await exported(run)).length, 1);
  }));

Deno.test("follow --once: the same id with another content -> a conflict, said once, recorded once", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    await project.mission(1, [lane(1)]);
    await once(run.here, project.path);
    await project.append(1, [lane(1, { to_lane: "done" })]);
    const { logs, total } = await once(run.here, project.path, ["--strict"]);
    strictEqual(total.recorded, 0);
    strictEqual(logs[0].problems[0].line, 2);
    match(logs[0].problems[0].problems[0].expected, /no other event has/);
    deepStrictEqual((await once(run.here, project.path)).logs, []);
    strictEqual((await exported(run)).length, 1);
  }));

Deno.test("follow --once: one id in two missions -> two events, that leave one by one", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    await project.mission(1, [lane(1)]);
    await project.mission(2, [lane(1)]);
    strictEqual((await once(run.here, project.path)).total.recorded, 2);
    const rows = await exported(run);
    deepStrictEqual(
      rows.map(({ missionid }) => missionid).sort(),
      [missionId(1), missionId(2)],
    );
    strictEqual((await run.here(["queue", "check"])).code, 0);
    const { stdout } = await run.here([
      "queue",
      "drop",
      ulidAt(1),
      "--yes",
      "--json",
    ]);
    deepStrictEqual(JSON.parse(stdout), { dropped: 2 });
    strictEqual((await run.here(["queue", "check"])).code, 0);
  }));

Deno.test("follow --once: a row in a log -> as it is, with its clock and node; the clock receives its value", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    await project.mission(1, [lane(1)]);
    await once(run.here, project.path);
    const [row] = await exported(run);
    const foreign = {
      ...row,
      id: ulidAt(7),
      lamportclock: 41,
      nodeid: "ffffffffffff",
    };
    await project.append(1, [foreign, lane(9)]);
    strictEqual((await once(run.here, project.path)).total.recorded, 2);
    const [, second, third] = await exported(run);
    deepStrictEqual(second, foreign);
    strictEqual(third.lamportclock, 42);
  }));

Deno.test("follow --once: half a line -> waits for its rest; one that is whole needs no line break", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    const text = JSON.stringify(lane(2));
    await project.mission(1, [lane(1)]);
    await Deno.writeTextFile(project.logOf(1), text.slice(0, 50), {
      append: true,
    });
    strictEqual((await once(run.here, project.path)).total.recorded, 1);
    await Deno.writeTextFile(project.logOf(1), text.slice(50), {
      append: true,
    });
    strictEqual((await once(run.here, project.path)).total.recorded, 1);
  }));

Deno.test("follow --once: lines that fit no shape -> refused with file, line and problem, and no text of theirs", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    const secret = "hunter2secret";
    await project.mission(1, [
      lane(1),
      `{"event_id": "${secret}`,
      "[]",
      lane(2, { to_lane: secret }),
      lane(3, { [secret]: 1 }),
      "\u0000\u0000",
      lane(4),
    ]);
    const bytes = await Deno.readFile(project.logOf(1));
    const invalid = Uint8Array.of(0xff, 0xfe, 0x0a);
    await Deno.writeFile(
      project.logOf(1),
      new Uint8Array([...bytes, ...invalid]),
    );
    await project.append(1, [lane(5), `{"x":"${"y".repeat(9 * 2 ** 20)}"}`]);
    const { total, logs, stderr, code } = await once(run, project.path, [
      "--strict",
    ]);
    deepStrictEqual([total.recorded, total.refused, code], [3, 6 + 1, 65]);
    deepStrictEqual(
      logs[0].problems.map(({ line }: { line: number }) => line),
      [2, 3, 4, 5, 6, 8, 10],
    );
    ok(!stderr.includes(`"${secret}`) && !stderr.includes("yyyy"));
    strictEqual((await once(run.here, project.path)).total.refused, 0);
  }));

Deno.test("follow --once: a meta.json that is none -> what needs it waits, and comes when it is mended", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    const own = { mission_id: missionId(1) };
    await project.mission(1, [lane(1), lane(2, own)], "{ no json");
    const first = await once(run.here, project.path);
    strictEqual(first.total.recorded, 1);
    match(first.stderr, /mission-1.*its meta\.json is not a JSON object/);
    await project.mission(1, [lane(1), lane(2, own)]);
    strictEqual((await once(run.here, project.path)).total.recorded, 1);
    const rows = await exported(run);
    deepStrictEqual(
      new Set(rows.map(({ missionid }) => missionid)),
      new Set([missionId(1)]),
    );
  }));

Deno.test("follow --once: a meta.json that is gone for a while -> what needs it waits, nothing comes twice", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    await project.mission(1, [lane(1)]);
    strictEqual((await once(run.here, project.path)).total.recorded, 1);
    const meta = `${project.path}/kitty-specs/mission-1/meta.json`;
    await Deno.rename(meta, `${meta}.gone`);
    await project.append(1, [lane(2)]);
    const { total, stderr } = await once(run.here, project.path);
    strictEqual(total.recorded, 0);
    match(stderr, /its meta\.json is gone/);
    await Deno.rename(`${meta}.gone`, meta);
    strictEqual((await once(run.here, project.path)).total.recorded, 1);
    const rows = await exported(run);
    deepStrictEqual(
      rows.map(({ id, missionid }) => [id, missionid]),
      [1, 2].map((n) => [ulidAt(n), missionId(1)]),
    );
  }));

Deno.test("follow --once: a meta.json that comes late -> what was refused without it comes, too", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    await Deno.remove(`${project.path}/.kittify`, { recursive: true });
    await project.mission(1, [lane(1)], "");
    const meta = `${project.path}/kitty-specs/mission-1/meta.json`;
    await Deno.remove(meta);
    const longAgo = new Date(Date.now() - 60_000);
    await Deno.utime(project.logOf(1), longAgo, longAgo);
    strictEqual((await once(run.here, project.path)).total.recorded, 0);
    await once(run.here, project.path);
    await Deno.writeTextFile(
      meta,
      JSON.stringify({ mission_id: missionId(1), mission_slug: "mission-1" }),
    );
    strictEqual((await once(run.here, project.path)).total.recorded, 1);
  }));

Deno.test("follow --once, follow status: very many refused lines with odd names -> all counted, nothing steers the terminal, other logs go on", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    const odd = Array.from(
      { length: 1_400 },
      (_, n) => lane(n, { ["漢\u001b[31m\n".repeat(20)]: 1 }),
    );
    await project.mission(1, odd);
    await project.mission(2, [lane(9_000)]);
    const { total, code } = await once(run.here, project.path);
    deepStrictEqual([code, total.recorded, total.refused], [0, 1, 1_400]);
    const { stdout } = await run(["follow", "status"]);
    match(stdout, /refused +1400/);
    ok(!stdout.includes("\u001b"));
    strictEqual((await once(run.here, project.path)).total.refused, 0);
  }));

Deno.test("follow --once: no meta.json and no id -> the project's source", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    await project.mission(1, [lane(1)], undefined);
    await Deno.remove(`${project.path}/kitty-specs/mission-1/meta.json`)
      .catch(() => {});
    strictEqual((await once(run.here, project.path)).total.recorded, 1);
    const [{ source, missionid }] = await exported(run);
    strictEqual(
      source,
      "/spec-kitty/projects/5c0f6f0e-3b1a-4d8e-9a55-0d7e3f2b9c11",
    );
    strictEqual(missionid, undefined);
  }));

Deno.test(needing(
  [UNIX],
  "follow --once: folders, links and worktrees -> logs of the project, nothing from outside of it",
  () =>
    withProgram(async (run) => {
      await using project = await Project.make();
      await using outside = await Project.make();
      await outside.mission(1, [lane(1)]);
      await project.mission(2, [lane(2)]);
      const specs = `${project.path}/kitty-specs`;
      await Deno.symlink(
        `${outside.path}/kitty-specs/mission-1`,
        `${specs}/out`,
      );
      await Deno.mkdir(`${specs}/folder/status.events.jsonl`, {
        recursive: true,
      });
      await Deno.mkdir(`${specs}/dangling`);
      await Deno.symlink("/nowhere", `${specs}/dangling/status.events.jsonl`);
      await Deno.symlink(`${specs}/mission-2`, `${specs}/within`);
      const worktree = `${project.path}/.worktrees/w/kitty-specs/mission-3`;
      await Deno.mkdir(worktree, { recursive: true });
      await Deno.writeTextFile(
        `${worktree}/status.events.jsonl`,
        textOf([
          lane(3, { mission_id: missionId(3) }),
          lane(2, { mission_id: missionId(2) }),
        ]),
      );
      const { total, stderr } = await once(run.here, project.path);
      strictEqual(total.recorded, 2);
      match(stderr, /out\/status.* it is a link that leads out of the project/);
      match(stderr, /folder\/status.* it is not a file/);
      match(stderr, /dangling\/status.* it is a link that leads nowhere/);
    }),
));

Deno.test("follow --once: a full queue -> 75, and the rest comes when there is room", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    await project.mission(1, [1, 2, 3, 4, 5].map((n) => lane(n)));
    const env = { SPEC_KITTY_MAX_QUEUE_SIZE: "3" };
    const full = await run(["follow", "--once"], { cwd: project.path, env });
    strictEqual(full.code, 75);
    match(full.stderr, /the queue is full/);
    strictEqual((await exported(run)).length, 3);
    strictEqual((await once(run.here, project.path)).total.recorded, 2);
  }));

Deno.test("follow --dry-run: rows without clock and node, in order; nothing is recorded, no home is made", () =>
  withProgram(async (run, home) => {
    await using project = await Project.make();
    await project.mission(1, [lane(2), lane(1), lane(1), "[]"]);
    const { stdout, code } = await run(["follow", "--dry-run"], {
      cwd: project.path,
    });
    const rows = documentsOf(stdout);
    deepStrictEqual(rows.map(({ id }) => id), [ulidAt(1), ulidAt(2)]);
    ok(rows.every((row) => !("lamportclock" in row) && !("nodeid" in row)));
    strictEqual(code, 0);
    strictEqual(
      await Deno.stat(`${home}/events.kv`).catch(() => "none"),
      "none",
    );
  }));

Deno.test("follow --dry-run: a meta.json that is none -> what waits for it is said, the other logs' rows are shown", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    await project.mission(1, [lane(1)], "{ no json");
    await project.mission(2, [lane(2)]);
    const { stdout, stderr } = await run.here(["follow", "--dry-run"], {
      cwd: project.path,
    });
    deepStrictEqual(documentsOf(stdout).map(({ id }) => id), [ulidAt(2)]);
    match(stderr, /mission-1.*its meta\.json is not a JSON object/);
  }));

Deno.test("follow: where there is no project -> 64 with what to do; a path that is not there, too", () =>
  withProgram(async (run) => {
    await using folder = await tempFolder();
    const none = await run(["follow", "--once"], { cwd: folder.path });
    strictEqual(none.code, 64);
    match(none.stderr, /neither kitty-specs nor \.kittify/);
    const absent = await run.here(["follow", `${folder.path}/x`]);
    strictEqual(absent.code, 64);
    match(absent.stderr, /no such file or folder/);
  }));

Deno.test("follow, agent run --follow: logs that grow, come and go -> recorded within moments, each line once", () =>
  withProgram(async (run, home) => {
    await using project = await Project.make();
    await project.mission(1, [lane(1)]);
    const env = { SPEC_KITTY_HOME: home };
    const options = { cwd: project.path };
    const count = async () => (await exported(run)).length;
    const reaches = (n: number) =>
      eventually(`${n} rows`, async () => await count() === n);
    const child = spawnProgram(["follow"], env, options);
    await reaches(1);
    await project.append(1, [lane(2)]);
    await reaches(2);
    await project.mission(2, [lane(3)]);
    await Deno.remove(`${project.path}/kitty-specs/mission-1`, {
      recursive: true,
    });
    await reaches(3);
    await project.mission(1, [lane(2), lane(4), "no json"]);
    await reaches(4);
    child.kill("SIGTERM");
    await child.stdin.close();
    const { code, stdout, stderr } = await child.output();
    strictEqual(code, 143);
    const [said, told] = [stdout, stderr].map((bytes) =>
      new TextDecoder().decode(bytes)
    );
    match(said!, /mission-2\/status\.events\.jsonl: 1 recorded/);
    strictEqual(told!.match(/:3: .*expected a JSON object/g)?.length, 1);

    await Deno.writeTextFile(
      `${home}/config.toml`,
      `[follow]\npaths = [${JSON.stringify(project.path)}]\n`,
    );
    await using agent = await TestAgent.start(home);
    await project.append(2, [lane(5)]);
    await reaches(5);
    await eventually(
      "the agent tells it",
      () => /"message":"followed".*mission-2/.test(agent.log),
    );
  }));

Deno.test(needing(
  [UNIX],
  "follow: the log of the queue removed -> ends with 74, and one that is started anew records each line once",
  () =>
    withProgram(async (run, home) => {
      await using project = await Project.make();
      await project.mission(1, [lane(1)]);
      const child = spawnProgram(["follow"], { SPEC_KITTY_HOME: home }, {
        cwd: project.path,
      });
      const output = child.output();
      await eventually(
        "a row",
        async () => (await exported(run)).length === 1,
      );
      for (const end of ["-wal", "-shm"]) {
        await Deno.remove(`${queuePath(home)}${end}`);
      }
      await project.append(1, [lane(2)]);
      const { code, stderr } = await output;
      strictEqual(code, 74);
      const said = new TextDecoder().decode(stderr);
      const [from] = said.match(/(?<=--from )\S+(?=\n)/) ?? [];
      await run(["queue", "import", "--from", from!]);
      await once(run.here, project.path);
      deepStrictEqual(
        (await exported(run)).map(({ id }) => id),
        [ulidAt(1), ulidAt(2)],
      );
      await child.stdin.close();
    }),
));

Deno.test("follow: a log that is cut off -> the others go on, and what is mended comes", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    await project.mission(1, [lane(1)]);
    await project.mission(2, [lane(2), lane(3)]);
    await Deno.truncate(project.logOf(2), 20);
    const first = await once(run.here, project.path);
    strictEqual(first.total.recorded, 1);
    await project.mission(2, [lane(2), lane(3)]);
    strictEqual((await once(run.here, project.path)).total.recorded, 2);
  }));

Deno.test(needing(
  [UNIX, MKFIFO],
  "follow: a pipe in a log's place -> said, not read",
  () =>
    withProgram(async (run) => {
      await using project = await Project.make();
      await project.mission(1, [lane(1)]);
      const folder = `${project.path}/kitty-specs/pipe`;
      await Deno.mkdir(folder);
      await outputOf("mkfifo", [`${folder}/status.events.jsonl`]);
      const { total, stderr } = await once(run.here, project.path);
      strictEqual(total.recorded, 1);
      match(stderr, /pipe\/status\.events\.jsonl: it is not a file/);
    }),
));
