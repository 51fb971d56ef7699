/** `merge`: one log of several, also as git calls it. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { programScript, withProgram } from "../support/program.ts";
import { commandNeed, needing, outputOf, runTool } from "../support/needs.ts";
import { lane, Project, textOf, ulidAt } from "../support/project.ts";
import { tempFolder } from "../support/home.ts";

/** What users put into git's configuration. */
const RECIPE = decodeURIComponent(
  new URL("../../examples/git/", import.meta.url).pathname,
);

const idsIn = (text: string) =>
  text.split("\n").filter(Boolean).map((line) => JSON.parse(line).event_id);

Deno.test("merge: logs in any order -> one order, each event once; lines as they came", () =>
  withProgram(async (run) => {
    await using folder = await tempFolder();
    const cwd = folder.path;
    await Deno.writeTextFile(`${cwd}/a`, textOf([lane(3), lane(1)]));
    const spaced = JSON.stringify(lane(2)).replaceAll('":', '" :');
    await Deno.writeTextFile(`${cwd}/b`, `${textOf([lane(1)])}\n${spaced}`);
    const first = await run(["merge", "a", "b"], { cwd });
    strictEqual(first.code, 0, first.stderr);
    deepStrictEqual(idsIn(first.stdout), [1, 2, 3].map((n) => ulidAt(n)));
    ok(first.stdout.includes(spaced));
    const second = await run(["merge", "b", "a", "--quiet"], { cwd });
    strictEqual(second.stdout, first.stdout);
    const piped = await run(["merge", "-", "b"], {
      cwd,
      stdin: textOf([lane(3)]),
    });
    strictEqual(piped.stdout, first.stdout);
  }));

Deno.test("merge --output --report: what is set aside -> behind the rest, counted, exit 65; the file is replaced as a whole", () =>
  withProgram(async (run) => {
    await using folder = await tempFolder();
    const cwd = folder.path;
    await Deno.writeTextFile(`${cwd}/a`, textOf([lane(2), "no json", lane(1)]));
    await Deno.writeTextFile(
      `${cwd}/b`,
      textOf([lane(1, { to_lane: "done" }), '{"id":"x"}']),
    );
    if (Deno.build.os !== "windows") await Deno.chmod(`${cwd}/a`, 0o640);
    const { code, stderr } = await run(
      ["merge", "--output", "a", "--report", "report", "a", "b"],
      { cwd },
    );
    strictEqual(code, 65);
    match(stderr, /a:2: row_not_object/);
    const lines = (await Deno.readTextFile(`${cwd}/a`)).trimEnd().split("\n");
    deepStrictEqual(lines.slice(2), ["no json", '{"id":"x"}']);
    deepStrictEqual(
      JSON.parse(await Deno.readTextFile(`${cwd}/report`)),
      {
        read: 5,
        ordered: 2,
        collapsed: 1,
        errors: [
          { file: "a", line: 2, reason: "row_not_object" },
          { file: "b", line: 2, reason: "id_not_normalizable" },
        ],
        conflicts: [{ source: "", id: ulidAt(1) }],
      },
    );
    if (Deno.build.os !== "windows") {
      strictEqual((await Deno.stat(`${cwd}/a`)).mode! & 0o777, 0o640);
    }
    const { length } = await Array.fromAsync(Deno.readDir(cwd));
    strictEqual(length, 3);
  }));

Deno.test("merge --output: three copies of a line that is set aside -> one, however often they are merged", () =>
  withProgram(async (run) => {
    await using folder = await tempFolder();
    const cwd = folder.path;
    const text = textOf([lane(1), "half a li"]);
    for (const name of ["o", "a", "b"]) {
      await Deno.writeTextFile(`${cwd}/${name}`, text);
    }
    for (let times = 0; times < 2; times++) {
      await run(["merge", "--output", "a", "o", "a", "b"], { cwd });
      strictEqual(
        (await Deno.readTextFile(`${cwd}/a`)).trimEnd(),
        text.trimEnd(),
      );
    }
  }));

Deno.test("merge: status lines that differ beyond what a number holds -> a conflict, nothing is taken for the same", () =>
  withProgram(async (run) => {
    const lines = [1, 2].map((n) =>
      JSON.stringify(lane(1)).replace(/}$/, `,"a":1234567890123456789${n}}`)
    );
    const { code, stderr } = await run(["merge", "-"], {
      stdin: lines.join("\n"),
    });
    strictEqual(code, 65);
    match(stderr, /1 in conflict/);
    const clocked = await run(["merge", "-"], {
      stdin: JSON.stringify(lane(1, { lamportclock: 3 })),
    });
    strictEqual(clocked.code, 0, clocked.stderr);
  }));

Deno.test(needing(
  [await commandNeed("git")],
  "merge, as git's merge driver: branches that both write a log -> one log, in order, no conflict",
  () =>
    withProgram(async (run) => {
      await using project = await Project.make();
      const cwd = project.path;
      const bin = `${cwd}/bin`;
      await Deno.mkdir(bin);
      await Deno.writeTextFile(`${bin}/kitty-events`, programScript(), {
        mode: 0o755,
      });
      const env = {
        PATH: `${bin}:${Deno.env.get("PATH")}`,
        HOME: cwd,
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_AUTHOR_NAME: "a",
        GIT_AUTHOR_EMAIL: "a@example.org",
        GIT_COMMITTER_NAME: "a",
        GIT_COMMITTER_EMAIL: "a@example.org",
      };
      const git = (...args: string[]) => outputOf("git", args, { cwd, env });
      const commit = async (message: string) => {
        await git("add", "--", "kitty-specs", ".gitattributes");
        await git("commit", "--quiet", "-m", message);
      };
      await git("init", "--quiet", "--initial-branch=main");
      await git("config", "include.path", `${RECIPE}config`);
      await Deno.copyFile(`${RECIPE}gitattributes`, `${cwd}/.gitattributes`);
      await project.mission(1, [lane(1)]);
      await commit("begin");
      await git("checkout", "--quiet", "-b", "left");
      await project.append(1, [lane(2), lane(5)]);
      await commit("left");
      await git("checkout", "--quiet", "main");
      await git("checkout", "--quiet", "-b", "right");
      await project.append(1, [lane(3), lane(4), lane(5)]);
      await commit("right");
      await git("merge", "--quiet", "--no-edit", "left");
      const merged = await Deno.readTextFile(project.logOf(1));
      deepStrictEqual(idsIn(merged), [1, 2, 3, 4, 5].map((n) => ulidAt(n)));
      strictEqual((await git("status", "--porcelain", "-uno")).trim(), "");

      // Lines of one event that differ are for a person.
      await git("checkout", "--quiet", "left");
      await project.append(1, [lane(6)]);
      await commit("six");
      await git("checkout", "--quiet", "right");
      await project.append(1, [lane(6, { to_lane: "done" })]);
      await commit("another six");
      const { success } = await runTool("git", {
        args: ["merge", "--no-edit", "left"],
        cwd,
        env,
      });
      ok(!success);
      match(await git("status", "--porcelain"), /^UU kitty-specs/m);
      const kept = idsIn(await Deno.readTextFile(project.logOf(1)));
      deepStrictEqual(kept, [1, 2, 3, 4, 5, 6].map((n) => ulidAt(n)));
      // What was merged is followed like anything else.
      const followed = await run(["follow", "--once", "--json"], { cwd });
      match(followed.stdout, /"recorded":6/);
    }),
));

Deno.test("merge: no such file, a folder, nothing named -> 64, and nothing is written", () =>
  withProgram(async (run) => {
    await using folder = await tempFolder();
    const cwd = folder.path;
    for (const args of [["x"], ["."], []]) {
      const { code, stderr } = await run(
        ["merge", "--output", "out", ...args],
        { cwd },
      );
      strictEqual(code, 64, args.join());
      match(stderr, /\S/);
    }
    strictEqual((await Array.fromAsync(Deno.readDir(cwd))).length, 0);
  }));
