/** An agent beside other processes that have the same queue open. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { TestAgent, withLogin } from "../support/agent.ts";
import { runCode } from "../support/child.ts";
import { eventually } from "../support/eventually.ts";
import { isThere, namesIn } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { documentsOf, runProgram } from "../support/program.ts";

/** Records one event as a library does, and ends as a script does: at its end. */
function asLibrary(home: string, text: string): Promise<string> {
  return runCode(
    `const { emitHistoryAdded } = await import(lib + "mod.ts");
     const receipt = await emitHistoryAdded("WP01", "note", args[0]);
     console.log(receipt.status);`,
    { args: [text], env: { SPEC_KITTY_HOME: home } },
  );
}

/** Files of the queue that a process has open, and that are gone from their folder. */
async function deletedOf(pid: number): Promise<string[]> {
  const gone: string[] = [];
  for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
    const target = await Deno.readLink(`/proc/${pid}/fd/${name}`)
      .catch(() => "");
    if (target.endsWith("(deleted)")) gone.push(target);
  }
  return gone;
}

Deno.test("agent: libraries that open the queue and end beside it -> every event arrives, nothing is set aside", () =>
  withLogin(async ({ home, client }) => {
    await using agent = await TestAgent.connected(home);
    const texts = Array.from({ length: 8 }, (_, i) => `${i}`);
    for (const text of texts) {
      strictEqual((await asLibrary(home, text)).trim(), "queued");
    }
    const { access } = await client.logIn();
    await eventually(
      "all are there",
      async () => (await client.events(access)).length === texts.length,
    );
    const events = await client.events(access) as {
      payload: { entry_content: string };
    }[];
    deepStrictEqual(
      events.map(({ payload }) => payload.entry_content),
      texts,
    );
    if (Deno.build.os === "linux") {
      deepStrictEqual(await deletedOf(agent.pid), []);
    }
    deepStrictEqual(
      (await namesIn(home)).filter((name) => name.startsWith("damaged")),
      [],
    );
    const { stdout } = await runHere(["queue", "stats", "--json"], {
      SPEC_KITTY_HOME: home,
    });
    const [{ queued, totals }] = documentsOf(stdout);
    deepStrictEqual([queued, totals.delivered], [0, texts.length]);
  }));

Deno.test("agent: a damaged queue and a bad draft -> it says so in its log", () =>
  withLogin(async ({ home }) => {
    const env = { SPEC_KITTY_HOME: home };
    await runProgram(["emit", "history-added", "WP01", "note", "x"], env);
    await Deno.writeTextFile(`${home}/events.kv`, "no database at all");
    for (const end of ["-wal", "-shm"]) {
      await Deno.remove(`${home}/events.kv${end}`);
    }
    await Deno.mkdir(`${home}/spool`, { recursive: true });
    await Deno.writeTextFile(
      `${home}/spool/bad.json`,
      '{"event_type":"Nothing"}',
    );
    await using agent = await TestAgent.connected(home);
    await eventually(
      "the draft is rejected",
      () => isThere(`${home}/spool/rejected/bad.json`),
    );
    await eventually(
      "both are told",
      () =>
        Promise.resolve(
          /was damaged/.test(agent.log) &&
            /breaks the contract/.test(agent.log),
        ),
    );
    match(agent.log, /"level":"warn"/);
  }));
