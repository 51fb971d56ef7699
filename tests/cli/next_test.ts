/** From a project to a server: each command names the one after it. */

import { match, ok, strictEqual } from "node:assert/strict";
import { TestAgent } from "../support/agent.ts";
import { ADA, localCollector } from "../support/collector.ts";
import { commandNeed, needing } from "../support/needs.ts";
import { withProgram } from "../support/program.ts";
import { lane, Project } from "../support/project.ts";

Deno.test("follow, auth login: without a login, with one, beside an agent -> what comes next; nothing without news", () =>
  withProgram(async (run, home) => {
    await using project = await Project.make();
    await using collector = await localCollector();
    let n = 0;
    const followed = async (...more: string[]) => {
      await project.mission(++n, [lane(n)]);
      const { code, stderr } = await run(
        ["follow", "--once", project.path, ...more],
      );
      strictEqual(code, 0, stderr);
      return stderr;
    };
    match(
      await followed(),
      /^kept here: not logged in;[^]*^ {2}kitty-events collector run$[^]*^ {2}kitty-events auth login --server URL/m,
    );
    strictEqual(await followed("--quiet"), "");
    const again = await run(["follow", "--once", project.path]);
    strictEqual(again.stderr, "");

    const login = await run([
      ...["auth", "login", "--server", collector.client.url],
      ...["--username", ADA.name],
    ], { stdin: ADA.password });
    strictEqual(login.code, 0, login.stderr);
    for (const told of [login.stderr, await followed()]) {
      match(told, /^ {2}kitty-events sync now\n {2}kitty-events agent run$/m);
    }
    await using _agent = await TestAgent.start(home);
    ok(!(await followed()).includes("kitty-events"));
  }));

Deno.test("auth login, follow: as a viewer, who cannot send -> said, with the board in place of sending", () =>
  withProgram(async (run) => {
    await using project = await Project.make();
    const viewer = { ...ADA, role: "viewer" } as const;
    await using collector = await localCollector({ users: [viewer] });
    const login = await run([
      ...["auth", "login", "--server", collector.client.url],
      ...["--username", ADA.name],
    ], { stdin: ADA.password });
    strictEqual(login.code, 0, login.stderr);
    match(login.stderr, /ada is a viewer, who may look, and not send/);
    match(login.stderr, /^look at the board: http:\S+\/$/m);
    await project.mission(1, [lane(1)]);
    const { stderr } = await run(["follow", "--once", project.path]);
    match(stderr, /^kept here: ada is a viewer, who may look, and not send/m);
    for (const told of [login.stderr, stderr]) {
      ok(!told.includes("sync now"), told);
    }
  }));

Deno.test("collector user add -> names the login that this user has at a collector here", () =>
  withProgram(async (run) => {
    const { code, stderr } = await run(
      ["collector", "user", "add", "ada", "--team", "acme"],
      { stdin: "a long password\n" },
    );
    strictEqual(code, 0, stderr);
    match(
      stderr,
      /^ {2}kitty-events auth login --server http:\/\/127\.0\.0\.1:8787 --username ada$/m,
    );
  }));

const LAUNCHER = decodeURIComponent(
  new URL("../../bin/kitty-events", import.meta.url).pathname,
);

/** What it starts the program with. */
const RUNTIME = (await Deno.readTextFile(LAUNCHER)).match(/deno@[\d.]+/)![0];

Deno.test(needing(
  [await commandNeed("npx", ["--offline", "--yes", RUNTIME, "--version"])],
  "bin/kitty-events: called from another folder -> the program of the checkout, with its arguments and its exit code",
  async () => {
    const { code, stdout, stderr } = await new Deno.Command(LAUNCHER, {
      args: ["emit", "a b"],
      cwd: "/",
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) =>
      new TextDecoder().decode(bytes)
    );
    strictEqual(code, 64, err);
    strictEqual(out, "");
    match(err!, /unknown event type "a b"/);
  },
));
