/** The last lines of processes that run for long, with somebody who reads them and with nobody. */

import { ok, strictEqual } from "node:assert/strict";
import { ERROR_EXITS } from "../../lib/base/errors.ts";
import { record, TestAgent } from "../support/agent.ts";
import { eventually } from "../support/eventually.ts";
import { tempFolder, tempHome } from "../support/home.ts";
import { documentsOf, runIn, spawnProgram } from "../support/program.ts";

/** A line that ends too late is lost in two of three rounds, at most. */
const ROUNDS = 4;

Deno.test("agent run: SIGTERM, while its server is away -> the last drain and the end are in its log, in this order", async () => {
  await Promise.all(Array.from({ length: ROUNDS }, async () => {
    await using home = await tempHome();
    await using agent = await TestAgent.start(home.path, {
      env: {
        SPEC_KITTY_SERVER_URL: "http://127.0.0.1:9",
        SPEC_KITTY_TOKEN: "token",
        SPEC_KITTY_TEAM_SLUG: "acme",
      },
    });
    await record(home.path, 1);
    await agent.stop("SIGTERM");
    const messages = documentsOf(agent.log).map(({ message }) => message);
    strictEqual(messages.at(-1), "agent stopped");
    ok(messages.slice(1).includes("drain"), `${messages}`);
  }));
});

/** What is said of so many is more than a pipe holds. */
const BAD_LINES = 5_000;

/**
 * Starts a process that follows a log of which every line is refused, with
 * words that nobody reads; ends it, and waits for that. Its exit code.
 */
async function endUnread(
  words: readonly string[],
  end: (child: Deno.ChildProcess, home: string) => Promise<void> | void,
): Promise<number> {
  await using home = await tempHome();
  await using project = await tempFolder();
  const mission = `${project.path}/kitty-specs/001-parser`;
  await Deno.mkdir(mission, { recursive: true });
  await Deno.writeTextFile(
    `${mission}/status.events.jsonl`,
    "{}\n".repeat(BAD_LINES),
  );
  const env = { SPEC_KITTY_HOME: home.path };
  const child = spawnProgram([...words, project.path], env);
  try {
    await eventually("it has read the log", async () => {
      const { stdout } = await runIn(home.path)
        .here(["follow", "status", "--json"]);
      return documentsOf(stdout)[0]?.refused > 0;
    });
    await end(child, home.path);
    let code: number | undefined;
    child.status.then((status) => code = status.code);
    return await eventually("it has ended", () => code);
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await child.stdin.close().catch(() => {});
    await child.stdout.cancel();
    await child.stderr.cancel();
    await child.status;
  }
}

for (const words of [["agent", "run", "--follow"], ["follow"]]) {
  const name = words.slice(0, 2).join(" ");
  Deno.test(`${name}: SIGTERM, while nobody reads its standard error -> it ends all the same`, async () => {
    const code = await endUnread(words, (child) => child.kill("SIGTERM"));
    strictEqual(code, 143);
  });
}

Deno.test("agent run: its home goes, while nobody reads its standard error -> it ends all the same", async () => {
  const code = await endUnread(
    ["agent", "run", "--follow"],
    (_, home) => Deno.remove(home, { recursive: true }),
  );
  strictEqual(code, ERROR_EXITS.home_lost);
});
