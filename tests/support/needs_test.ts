/** Tests on a machine that lacks what some of them need. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { tempFolder } from "./home.ts";
import { commandNeed, needing, outputOf, runTool } from "./needs.ts";

const TESTS = new URL("../", import.meta.url);
const CONFIG = decodeURIComponent(
  new URL("../deno.json", TESTS).pathname,
);

Deno.test("commandNeed: a command that is not there, that fails, that ends well -> unmet, unmet, met", async () => {
  const missing = await commandNeed("no-such-command");
  deepStrictEqual(missing, {
    isMet: false,
    reason: "there is no no-such-command",
  });
  const deno = Deno.execPath();
  strictEqual((await commandNeed(deno, ["no-such-task.ts"])).isMet, false);
  strictEqual((await commandNeed(deno)).isMet, true);
});

Deno.test("needing: an unmet need -> the test is left out, and its name says why", () => {
  const met = { isMet: true, reason: "" };
  const unmet = { isMet: false, reason: "there is no zsh" };
  const work = () => Promise.resolve();
  const left = needing([met, unmet], "a -> b", work);
  deepStrictEqual([left.name, left.ignore], [
    "a -> b (left out: there is no zsh)",
    true,
  ]);
  const kept = needing([met], "a -> b", work);
  deepStrictEqual([kept.name, kept.ignore], ["a -> b", false]);
});

Deno.test("runTool, outputOf: a command that is not there -> a rejection, not an exception", async () => {
  for (const start of [runTool, outputOf] as const) {
    const running = start("no-such-command", [] as never);
    strictEqual(
      await running.then(() => "ended", (error) => error.name),
      "NotFound",
    );
  }
});

/** Source files of all tests, with their paths below `tests/`. */
async function* sources(
  folder = TESTS,
): AsyncGenerator<{ path: string; text: string }> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) yield* sources(url);
    else if (name.endsWith(".ts")) {
      const path = url.pathname.slice(TESTS.pathname.length);
      yield { path, text: await Deno.readTextFile(url) };
    }
  }
}

Deno.test("tests: programs of the system -> started by `runTool` alone", async () => {
  const others: string[] = [];
  for await (const { path, text } of sources()) {
    // A program named outright, not this runtime or one that the test made.
    if (/new Deno\.Command\(\s*["'`]/.test(text)) others.push(path);
  }
  // That one is there to be denied.
  deepStrictEqual(others, ["program/permissions_test.ts"]);
});

/** Files that name a need, or import what has one. */
const USES_TOOLS = /\/(needs|user|pty)\.ts"/;

Deno.test("test files: on a path without any program -> all load, and leave out aloud what they cannot run", async () => {
  const all: string[] = [];
  for await (const { path, text } of sources()) {
    if (path.endsWith("_test.ts") && USES_TOOLS.test(text)) all.push(path);
  }
  ok(all.length > 60, all.join());
  await using nothing = await tempFolder();
  // As one module: each by itself would load the program anew.
  const module = `${nothing.path}/all_test.ts`;
  const imports = all.map((path) => `import "${new URL(path, TESTS)}";\n`);
  await Deno.writeTextFile(module, imports.join(""));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["test", "--allow-all", "--no-check", `--config=${CONFIG}`],
      ...["--filter", "/\\(left out: there is no /", module],
    ],
    cwd: TESTS,
    env: { PATH: nothing.path, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stdout);
  strictEqual(code, 0, said + new TextDecoder().decode(stderr));
  const left = said.match(/(\d+) passed .* (\d+) failed .* (\d+) ignored/);
  match(said, /left out: there is no \w/);
  deepStrictEqual(left?.slice(1, 3), ["0", "0"], said);
  ok(Number(left![3]) > 40, left![0]);
});
