/** The board of real histories: its numbers are those that an independent script counts. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { PATHS } from "../../lib/base/wire.ts";
import type {
  BoardAnswer,
  InsightsAnswer,
  MissionAnswer,
} from "../../lib/board/answers.ts";
import { countBoard } from "../support/board_counts.ts";
import { ADA, TestCollector } from "../support/collector.ts";
import { tempFolder, tempHome } from "../support/home.ts";
import { HISTORY, HISTORY_FILE, needing } from "../support/needs.ts";
import { runProgram } from "../support/program.ts";
import { REAL_LOGS, unpackLogs } from "../support/real_logs.ts";

type Env = Record<string, string>;

/** Sends what a home has recorded, and compares the board with its export. */
async function compare(env: Env, expected: number): Promise<void> {
  await using collector = await TestCollector.start([ADA]);
  const server = { ...env, SPEC_KITTY_SERVER_URL: collector.url };
  const login = await runProgram(
    ["auth", "login", "--username", ADA.name, "--password-stdin"],
    server,
    { stdin: `${ADA.password}\n` },
  );
  strictEqual(login.code, 0, login.stderr);
  const sync = await runProgram(["sync", "now"], server);
  strictEqual(sync.code, 0, sync.stderr);
  const { access: token } = await collector.logIn(ADA);
  const documents = await collector.events(token);
  strictEqual(documents.length, expected);
  const counts = countBoard(documents);

  const missions = await allMissions(collector, token);
  const boards = await Promise.all(missions.map(async ({ key }) => {
    const path = PATHS.mission.replace("{mission}", encodeURIComponent(key));
    const { json } = await collector.ask(path, { token });
    return json as BoardAnswer;
  }));
  const shown = Object.fromEntries(
    boards.filter(({ packages }) => packages.length > 0).map((
      { mission: { key, counts: lanes }, packages },
    ) => [key, {
      lanes,
      sentBack: packages.reduce((sum, { sent_back }) => sum + sent_back, 0),
    }]),
  );
  deepStrictEqual(shown, counts.missions);

  const { json } = await collector.ask(PATHS.insights, { token });
  const { cycle, throughput, reviews, flow, lanes }: InsightsAnswer = json;
  deepStrictEqual(
    Object.fromEntries(
      cycle.packages.map(({ mission, id, cycle_ms }) => [
        `${mission}\t${id}`,
        cycle_ms,
      ]),
    ),
    counts.cycles,
  );
  deepStrictEqual(
    Object.fromEntries(
      throughput.filter(({ done }) => done > 0).map(({ week, done }) => [
        ...[week, done],
      ]),
    ),
    counts.weeks,
  );
  const sum = (name: "packages" | "passed_first") =>
    reviews.reduce((total, reviewer) => total + reviewer[name], 0);
  strictEqual(sum("packages"), counts.reviewed);
  strictEqual(sum("passed_first"), counts.passedFirst);
  // The last day of the flow is the board of today, but for what no event has put into a lane.
  const last = flow.at(-1)!.counts.reduce((total, n) => total + n, 0);
  const moved = boards.flatMap(({ packages }) => packages)
    .filter(({ lane_since }) => lane_since !== null);
  strictEqual(last, moved.length);
  for (const [i, { id }] of lanes.entries()) {
    const here = moved.filter(({ lane }) => lane === id).length;
    strictEqual(flow.at(-1)!.counts[i], here, id);
  }
}

async function allMissions(
  collector: TestCollector,
  token: string,
): Promise<MissionAnswer[]> {
  const all: MissionAnswer[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const path = `${PATHS.missions}?limit=50&cursor=${cursor}`;
    const { json } = await collector.ask(path, { token });
    all.push(...json.missions);
    cursor = json.next_cursor;
  }
  return all;
}

Deno.test(needing(
  [HISTORY],
  "board: the first contract's real history -> each number as counted from the export",
  async () => {
    await using home = await tempHome();
    const env = { SPEC_KITTY_HOME: home.path };
    const { code } = await runProgram(["emit", "--stdin"], env, {
      stdin: await Deno.readFile(HISTORY_FILE),
    });
    strictEqual(code, 0);
    await compare(env, 20_588);
  },
));

Deno.test(needing(
  [REAL_LOGS],
  "board: the logs of 108 real missions -> each number as counted from the export",
  async () => {
    await using project = await tempFolder();
    await unpackLogs(project.path);
    await using home = await tempHome();
    const env = { SPEC_KITTY_HOME: home.path };
    const args = ["follow", "--once", project.path];
    const { code } = await runProgram(args, env);
    strictEqual(code, 0);
    await compare(env, 7_243);
  },
));
