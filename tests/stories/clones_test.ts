/** Teams whose members follow clones of one project, and servers that take only what is old. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { logIn } from "../support/agent.ts";
import { ADA, TestCollector } from "../support/collector.ts";
import { needing } from "../support/needs.ts";
import { documentsOf, type RunHere, withProgram } from "../support/program.ts";
import { tempFolder } from "../support/home.ts";
import { lane, missionId, Project, ulidAt } from "../support/project.ts";
import { REAL_LOGS, unpackLogs } from "../support/real_logs.ts";
import { ScriptedServer } from "../support/scripted_server.ts";

const NODES = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"] as const;

/** Follows a project in a home of its own, and sends what is new. */
async function followAndSync(run: RunHere, cwd: string, node: string) {
  const env = { SPEC_KITTY_NODE_ID: node };
  await run(["follow", "--once", "--quiet"], { cwd, env });
  const { stdout, code } = await run(["sync", "now", "--json"], { env });
  const { delivered, duplicates, rejected, remaining } = JSON.parse(stdout);
  strictEqual(code, 0, stdout);
  return { delivered, duplicates, rejected, remaining };
}

Deno.test("two homes that follow clones -> the collector has each row once, whoever came first; no dead letters", () =>
  withProgram((one, firstHome) =>
    withProgram(async (two, secondHome) => {
      await using collector = await TestCollector.start();
      await using left = await Project.make();
      await using right = await Project.make();
      for (const home of [firstHome, secondHome]) await logIn(home, collector);
      const lines = (...numbers: number[]) => numbers.map((n) => lane(n));
      await left.mission(1, lines(1, 2, 3));
      await right.mission(1, lines(3, 1, 4));
      const NONE = { rejected: 0, remaining: 0 };
      deepStrictEqual(
        await followAndSync(one, left.path, NODES[0]),
        { delivered: 3, duplicates: 0, ...NONE },
      );
      deepStrictEqual(
        await followAndSync(two.here, right.path, NODES[1]),
        { delivered: 1, duplicates: 2, ...NONE },
      );
      // Both pull: each has all lines now.
      await left.mission(1, lines(1, 2, 3, 4, 5));
      await right.mission(1, lines(1, 2, 3, 4, 5));
      deepStrictEqual(
        await followAndSync(two.here, right.path, NODES[1]),
        { delivered: 1, duplicates: 1, ...NONE },
      );
      deepStrictEqual(
        await followAndSync(one.here, left.path, NODES[0]),
        { delivered: 0, duplicates: 2, ...NONE },
      );
      const { access } = await collector.logIn();
      const stored = await collector.events(access);
      deepStrictEqual(
        stored.map(({ id }) => id),
        [1, 2, 3, 4, 5].map((n) => ulidAt(n)),
      );
      deepStrictEqual(
        stored.map(({ nodeid }) => nodeid),
        [0, 0, 0, 1, 1].map((i) => NODES[i]),
      );
      // Another content under a known id is refused, and says so.
      await right.append(1, [lane(6)]);
      await left.append(1, [lane(6, { to_lane: "done" })]);
      await followAndSync(two.here, right.path, NODES[1]);
      await one.here(["follow", "--once"], { cwd: left.path });
      const refused = await one(["sync", "now", "--json"]);
      strictEqual(refused.code, 65);
      const dead = await one.here(["queue", "dead", "list", "--json"]);
      match(documentsOf(dead.stdout)[0].last_error, /another data/);
      const requeue = ["queue", "dead", "requeue", ulidAt(6)];
      strictEqual((await one.here(requeue)).code, 0);
      const { stdout } = await one.here(["queue", "stats", "--json"]);
      deepStrictEqual([JSON.parse(stdout).queued, JSON.parse(stdout).dead], [
        1,
        0,
      ]);
      strictEqual((await one.here(["queue", "check"])).code, 0);

      await using socket = await collector.connect(access);
      const { work_packages } = await socket.nextOf("snapshot");
      const [first] = work_packages;
      deepStrictEqual(first, {
        wp_id: "WP01",
        feature_slug: null,
        mission_id: missionId(1),
        mission_slug: "demo",
        status: "claimed",
        updated_at: first.updated_at,
      });
      strictEqual(work_packages.length, 6);
    })
  ));

Deno.test(needing(
  [REAL_LOGS],
  "real logs to a collector: 7,243 rows -> stored once, handed out as they are",
  () =>
    withProgram(async (run, home) => {
      await using folder = await tempFolder();
      await unpackLogs(folder.path);
      await using collector = await TestCollector.start();
      await logIn(home, collector);
      await run.here(["follow", "--once", "--quiet"], { cwd: folder.path });
      const recorded = documentsOf(
        (await run.here(["queue", "export"])).stdout,
      );
      const { stdout } = await run(["sync", "now", "--json"]);
      strictEqual(JSON.parse(stdout).delivered, 7_243);
      const { access } = await collector.logIn(ADA);
      deepStrictEqual(await collector.events(access), recorded);
    }),
));

Deno.test("a server that does not say which contracts it takes -> rows wait, and the status says for what; the rest is sent", () =>
  withProgram(async (run) => {
    await using server = new ScriptedServer();
    await using project = await Project.make();
    await project.mission(1, [lane(1), lane(2)]);
    const env = {
      SPEC_KITTY_SERVER_URL: server.url,
      SPEC_KITTY_ACCESS_TOKEN: server.access,
      SPEC_KITTY_TEAM_SLUG: "alpha",
    };
    await run.here(["follow", "--once"], { cwd: project.path, env });
    await run.here(["emit", "wp-status-changed", "WP01", "planned", "doing"], {
      env,
    });
    const { stdout } = await run(["sync", "now", "--json"], { env });
    const { delivered, remaining, end } = JSON.parse(stdout);
    deepStrictEqual([delivered, remaining, end], [1, 2, "drained"]);
    ok(server.events.every(({ event_type }) => event_type !== undefined));
    strictEqual(server.asked["/api/v1/contracts/"], 1);
    const status = await run.here(["sync", "status", "--json"], { env });
    deepStrictEqual(JSON.parse(status.stdout).untaken, ["producer"]);
    const { stdout: text } = await run.here(["sync", "status"], { env });
    match(text, /untaken +producer/);
  }));
