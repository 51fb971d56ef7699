/** SQLite's log removed from under a process that has the queue open. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { KittyError } from "../../lib/base/errors.ts";
import type { Home } from "../../lib/home/home.ts";
import { lockPath } from "../../lib/home/lock.ts";
import { queuePath } from "../../lib/home/queue_file.ts";
import { ask, draft, request, TestAgent } from "../support/agent.ts";
import { eventually } from "../support/eventually.ts";
import { eventOf, idOf } from "../support/events.ts";
import {
  ALL,
  farDeadline,
  homeAt,
  isThere,
  namesIn,
  tempHome,
} from "../support/home.ts";
import { needing, UNIX } from "../support/needs.ts";
import { documentsOf, runIn } from "../support/program.ts";

const append = (home: Home, n: number) =>
  home.hold(
    farDeadline(),
    ALL,
    ({ queue }) => queue.append([eventOf(n)], "accepted"),
  );

const failureOf = (work: Promise<unknown>) =>
  work.then(() => undefined, (error) => error);

/** The ids in a queue, by a process of its own. */
async function exported(home: string): Promise<string[]> {
  const { stdout } = await runIn(home)(["queue", "export"]);
  return documentsOf(stdout).map(({ event_id }) => event_id);
}

// The log alone is removed below: with its index left, no other process can open the queue while this one lives.
const removed: readonly string[][] = [["-shm"], ["-wal", "-shm"]];

for (const endings of removed) {
  Deno.test(needing(
    [UNIX],
    `hold: events.kv${
      endings.join(" and ")
    } removed while the queue is open -> nothing more is stored, what was known lies in a folder`,
    async () => {
      await using folder = await tempHome();
      const path = queuePath(folder.path);
      {
        using home = homeAt(folder.path);
        await append(home, 1);
        await append(home, 2);
        for (const ending of endings) await Deno.remove(path + ending);
        ok(await home.cutOff() instanceof KittyError);
        const error = await failureOf(append(home, 3));
        strictEqual(error?.code, "queue_unusable");
        match(error.message, /removed or replaced while .* had the queue open/);
        strictEqual(await failureOf(append(home, 3)), error);
      }
      const [aside, ...others] = (await namesIn(folder.path))
        .filter((name) => name.startsWith("damaged-"));
      deepStrictEqual(others, []);
      const from = `${folder.path}/${aside}`;
      deepStrictEqual(await namesIn(from), ["events.kv"]);
      const { mode } = await Deno.stat(`${from}/events.kv`);
      strictEqual(mode! & 0o777, 0o600);
      // In this process, SQLite would go on with the index of the open file.
      const { code, stderr } = await runIn(folder.path)([
        "queue",
        "import",
        "--from",
        from,
      ]);
      strictEqual(code, 0, stderr);
      deepStrictEqual(await exported(folder.path), [idOf(1), idOf(2)]);
    },
  ));
}

Deno.test(needing(
  [UNIX],
  "hold: events.kv emptied while the queue is open -> what is in its log is not lost",
  async () => {
    await using folder = await tempHome();
    using home = homeAt(folder.path);
    await append(home, 1);
    await Deno.truncate(queuePath(folder.path));
    // SQLite removes the log of an empty file when it is looked at.
    const error = await failureOf(append(home, 2));
    match(error?.message, /what the process knew of it is in/);
  },
));

Deno.test("hold: the log folded by others, and begun anew -> stored as ever", async () => {
  await using folder = await tempHome();
  using home = homeAt(folder.path);
  for (let n = 1; n <= 9; n += 3) {
    await append(home, n);
    {
      using other = homeAt(folder.path);
      await append(other, n + 1);
      await other.maintain(({ queue }) => queue.compact());
    }
    strictEqual(await home.cutOff(), undefined);
    await append(home, n + 2);
    strictEqual(await home.cutOff(), undefined);
  }
  strictEqual((await exported(folder.path)).length, 9);
});

Deno.test(needing(
  [UNIX],
  "agent run: the queue's log removed -> spooled from then on, it ends with 74, and nothing it was told is lost",
  async () => {
    await using folder = await tempHome();
    const home = folder.path;
    await using agent = await TestAgent.start(home);
    const tell = async (n: number) => {
      const { json } = await request(agent.listening, "/v1/events", {
        method: "POST",
        body: JSON.stringify(draft(n)),
      });
      return json;
    };
    const told = [await tell(1), await tell(2)];
    deepStrictEqual(told.map(({ status }) => status), ["queued", "queued"]);
    await eventually("the agent has given the lock back", async () => {
      const text = await Deno.readTextFile(lockPath(home));
      return text.startsWith("clean");
    });
    await Deno.remove(`${queuePath(home)}-wal`);
    const last = await tell(3);
    strictEqual(last.status, "spooled", last.warning);
    match(last.warning, /had the queue open/);
    strictEqual(await agent.ended, 74);
    match(agent.log, /queue import --from \S+damaged-/);
    strictEqual(await isThere(`${home}/agent.json`), false);

    const [from] = agent.log.match(/(?<=--from )\S+(?=\n)/) ?? [];
    await ask(home, "queue", "import", "--from", from!);
    deepStrictEqual(
      (await exported(home)).sort(),
      [...told, last].map(({ event_id }) => event_id).sort(),
    );
  },
));
