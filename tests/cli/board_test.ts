/** `board`: a real process in a real project. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { PATHS } from "../../lib/base/wire.ts";
import { eventually } from "../support/eventually.ts";
import { tempFolder, tempHome } from "../support/home.ts";
import { runProgram } from "../support/program.ts";
import { RunningBoard } from "../support/running_board.ts";
import { lane, missionId, Project } from "../support/project.ts";

/** Paths of everything in a folder. */
async function everythingIn(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    found.push(`${path}/${name}`);
    if (isDirectory) found.push(...await everythingIn(`${path}/${name}`));
  }
  return found.sort();
}

const BOARD = PATHS.mission.replace("{mission}", missionId(1));

Deno.test("board: a project -> its missions behind a link that is good once; what happens goes on appearing; Ctrl-C leaves no trace", async () => {
  await using project = await Project.make();
  await using user = await tempFolder();
  await project.mission(1, [lane(1, { wp_id: "WP01" })]);
  const before = await everythingIn(project.path);
  await using board = await RunningBoard.start(
    [],
    { HOME: user.path, TMPDIR: user.path },
    project.path,
  );
  match(board.link, /^http:\/\/127\.0\.0\.1:\d+\/#ticket=[0-9a-f]{32}$/);
  strictEqual((await board.client.ask(PATHS.missions)).status, 401);
  await board.open();
  strictEqual((await board.enter()).status, 401, "the link is good once");
  const { missions } = await board.get(PATHS.missions);
  deepStrictEqual(
    missions.map(({ key }: { key: string }) => key),
    [missionId(1)],
  );
  await project.append(1, [
    lane(2, { wp_id: "WP01", from_lane: "claimed", to_lane: "in_progress" }),
  ]);
  await eventually("the move", async () => {
    const { packages } = await board.get(BOARD);
    return packages[0].lane === "in_progress";
  });
  await project.mission(2, [lane(3)]);
  await eventually(
    "the other mission",
    async () => (await board.get(PATHS.missions)).all === 2,
  );
  const { code, told } = await board.stop();
  strictEqual(code, 130);
  match(told, /1 log with 1 event/);
  deepStrictEqual(await everythingIn(user.path), []);
  const after = await everythingIn(project.path);
  deepStrictEqual(after.filter((path) => !/mission-2/.test(path)), before);
});

Deno.test("board: events in this home's queue, of both contracts -> shown with their clocks; rows of the logs once", async () => {
  await using project = await Project.make();
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  await project.mission(1, [lane(1, { wp_id: "WP01" })]);
  const inProject = { cwd: project.path };
  const run = (args: string[]) => runProgram(args, env, inProject);
  strictEqual(
    (await run(["emit", "history-added", "WP05", "note", "x"])).code,
    0,
  );
  strictEqual((await run(["follow", "--once"])).code, 0);
  await project.append(1, [
    lane(2, { wp_id: "WP01", from_lane: "claimed", to_lane: "in_progress" }),
  ]);
  await using board = await RunningBoard.start([project.path], env);
  await board.open();
  const { lines, position } = await board.get(PATHS.eventLines);
  strictEqual(position, 3);
  deepStrictEqual(
    lines.map(({ type, clock }: { type: string; clock: number }) => [
      ...[type, clock],
    ]),
    [
      // It was not recorded: it has the clock value of what was before it.
      ["lane.transitioned.v1", 2],
      ["lane.transitioned.v1", 2],
      ["HistoryAdded", 1],
    ],
  );
  const created = ["emit", "wp-created", "WP09", "Late", "--feature", "028-x"];
  strictEqual((await run(created)).code, 0);
  await eventually("the new package", async () => {
    const { missions } = await board.get(PATHS.missions);
    return missions.some(({ key }: { key: string }) => key === "028-x");
  });
  strictEqual((await board.stop()).code, 130);
  const stats = await run(["queue", "stats", "--json"]);
  strictEqual(JSON.parse(stats.stdout).queued, 3, "nothing was taken or added");
});

/** Bytes of all files in a folder, by their paths. */
async function contentOf(path: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for (const file of await everythingIn(path)) {
    // In SQLite's index of its log, readers leave a mark.
    if (!(await Deno.stat(file)).isFile || file.endsWith("-shm")) continue;
    const bytes = await Deno.readFile(file);
    content[file] = new Uint8Array(
      await crypto.subtle.digest("SHA-256", bytes),
    ).toHex();
  }
  return content;
}

Deno.test("board: a home with a queue and a draft in the spool -> not a byte of it is changed", async () => {
  await using project = await Project.make();
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  await runProgram(["emit", "history-added", "WP05", "note", "x"], env);
  await Deno.mkdir(`${home.path}/spool`, { recursive: true });
  await Deno.writeTextFile(
    `${home.path}/spool/one.json`,
    '{"event_type":"HistoryAdded","payload":{"wp_id":"WP01","entry_type":"note","entry_content":"y"}}',
  );
  const before = await contentOf(home.path);
  await using board = await RunningBoard.start([project.path], env);
  await board.open();
  strictEqual((await board.get(PATHS.eventLines)).position, 1);
  strictEqual((await board.stop()).code, 130);
  deepStrictEqual(await contentOf(home.path), before);
});

Deno.test("board: a queue that is damaged, and one whose lock is held -> said, and the logs are shown", async () => {
  await using project = await Project.make();
  await project.mission(1, [lane(1)]);
  for (const isDamaged of [true, false]) {
    await using home = await tempHome();
    const env = { SPEC_KITTY_HOME: home.path };
    await runProgram(["emit", "history-added", "WP05", "note", "x"], env);
    if (isDamaged) {
      const path = `${home.path}/events.kv`;
      const bytes = await Deno.readFile(path);
      bytes.fill(0xff, 0, 200);
      await Deno.writeFile(path, bytes);
      await Deno.remove(`${path}-wal`).catch(() => {});
    }
    using lock = await Deno.open(`${home.path}/clock.lock`, {
      write: true,
    });
    await lock.lock(true);
    const before = await everythingIn(home.path);
    await using board = await RunningBoard.start([project.path], env);
    await board.open();
    const { position } = await board.get(PATHS.eventLines);
    strictEqual(position, isDamaged ? 1 : 2);
    const { told } = await board.stop();
    strictEqual(
      /queue is not shown: .*not a database/.test(told),
      isDamaged,
      told,
    );
    deepStrictEqual(await everythingIn(home.path), before);
  }
});

Deno.test("board: a move that is recorded while logs of others wait -> moves the card; a queue that is replaced is read anew", async () => {
  await using project = await Project.make();
  await using home = await tempHome();
  const env = { SPEC_KITTY_HOME: home.path };
  await project.mission(
    1,
    Array.from({ length: 20 }, (_, n) => lane(n + 1, { wp_id: "WP01" })),
  );
  await using board = await RunningBoard.start([project.path], env);
  await board.open();
  const laneIs = (wanted: string) =>
    eventually(wanted, async () => {
      const { packages } = await board.get(BOARD);
      return packages[0].lane === wanted;
    });
  await laneIs("claimed");
  const emit = async (to: string) => {
    const { code, stderr } = await runProgram([
      ...["emit", "lane.transitioned", "--mission-id", missionId(1)],
      ...["--subject", "WP01", "--from-lane", "claimed", "--to-lane", to],
      ...["--execution-mode", "worktree", "--actor", "ada"],
    ], env);
    strictEqual(code, 0, stderr);
  };
  await emit("in_review");
  await laneIs("in_review");
  for (const end of ["", "-wal", "-shm"]) {
    await Deno.remove(`${home.path}/events.kv${end}`).catch(() => {});
  }
  await emit("approved");
  await laneIs("approved");
});

Deno.test("board: outside of any project -> said, and what to do", async () => {
  await using folder = await tempFolder();
  const { code, stderr, stdout } = await runProgram(["board"], {
    HOME: folder.path,
  }, { cwd: folder.path });
  strictEqual(code, 64);
  strictEqual(stdout, "");
  match(stderr, /there is no board of .*neither kitty-specs nor \.kittify/);
  match(stderr, /kitty-events board PATH/);
});

Deno.test("board: a project without logs -> says so, and shows them once they are there", async () => {
  await using project = await Project.make();
  await using user = await tempFolder();
  await using board = await RunningBoard.start([project.path], {
    HOME: user.path,
  });
  await board.open();
  strictEqual((await board.get(PATHS.missions)).all, 0);
  await project.mission(1, [lane(1)]);
  await eventually(
    "the first mission",
    async () => (await board.get(PATHS.missions)).all === 1,
  );
  match((await board.stop()).told, /has no status logs yet: kitty-specs/);
});
