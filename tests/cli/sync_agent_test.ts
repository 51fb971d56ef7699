/** `sync now` beside another drain, and beside an agent: living, refusing, silent, dead. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  arrived,
  idsOf,
  record,
  type Sync,
  syncIn,
  TestAgent,
  withLogin,
} from "../support/agent.ts";
import { BatchServer } from "../support/batch_server.ts";
import { ADA, localCollector } from "../support/collector.ts";
import { eventually } from "../support/eventually.ts";
import { inHome, tempFolder, tempHome } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { documentsOf } from "../support/program.ts";
import { tokenPath, writeAgentState } from "../../lib/route/agent_file.ts";

/** Drains a home as another process does, until it is let go. */
async function takeDrain(home: string): Promise<Disposable> {
  const options = { read: true, write: true, create: true };
  const file = await Deno.open(`${home}/drain.lock`, options);
  await file.lock(true);
  return { [Symbol.dispose]: () => file.close() };
}

Deno.test("sync now: another drain runs -> waits for it; --timeout ends that with exit 69", () =>
  withLogin(async ({ home, client, sync }) => {
    await record(home, 1);
    let waiting: ReturnType<Sync>;
    {
      using _drain = await takeDrain(home);
      const { code, summary, stderr } = await sync([
        "--json",
        "--timeout",
        "300ms",
      ]);
      strictEqual(code, 69);
      deepStrictEqual([summary.end, summary.sent, summary.remaining], [
        "busy",
        0,
        1,
      ]);
      match(stderr, /another process drains/);
      waiting = sync(["--json"]);
    }
    const { code, summary } = await waiting;
    deepStrictEqual([code, summary.delivered], [0, 1]);
    strictEqual((await arrived(client, 1)).length, 1);
  }));

Deno.test("sync now: two at once -> both end well, every event delivered once", () =>
  withLogin(async ({ home, client, sync }) => {
    await record(home, 400);
    const results = await Promise.all([sync(["--json"]), sync(["--json"])]);
    deepStrictEqual(results.map(({ code }) => code), [0, 0]);
    const [a, b] = results.map(({ summary }) => summary);
    strictEqual(a.delivered + b.delivered, 400);
    strictEqual(a.duplicates + b.duplicates, 0);
    strictEqual((await arrived(client, 400)).length, 400);
  }));

Deno.test("sync now: an agent runs -> the agent does it, with its own login", async () => {
  await using collector = await localCollector();
  await using home = await tempHome();
  const { client } = collector;
  const { access } = await client.logIn();
  const ids = await record(home.path, 2);
  const sync = syncIn(home.path);
  strictEqual((await sync()).code, 77);
  await using _agent = await TestAgent.connected(home.path, {
    env: {
      SPEC_KITTY_ACCESS_TOKEN: access,
      SPEC_KITTY_SERVER_URL: client.url,
      SPEC_KITTY_TEAM_SLUG: ADA.team,
    },
  });
  const { code, stderr, summary } = await sync(["--json"]);
  strictEqual(code, 0, stderr);
  deepStrictEqual([summary.end, summary.remaining], ["drained", 0]);
  deepStrictEqual(idsOf(await arrived(client, 2)), ids);
});

/** An agent that has failed to deliver one event, which therefore rests; and its id. */
async function withRestingEvent(
  work: (
    at: { sync: Sync; server: BatchServer; event_id: string },
  ) => Promise<void>,
): Promise<void> {
  await using server = new BatchServer();
  server.answer = "a word that nobody knows";
  await using home = await tempHome();
  const [event_id] = await record(home.path, 1);
  await using _agent = await TestAgent.start(home.path, { env: server.env });
  await eventually("a failed attempt", async () => {
    const [item] = documentsOf(
      (await runHere(["queue", "list", "--json"], {
        SPEC_KITTY_HOME: home.path,
      })).stdout,
    );
    return item.attempts === 1;
  });
  await work({ sync: syncIn(home.path), server, event_id: event_id! });
}

Deno.test("sync now --report: an agent runs and the server refuses an event -> exit 65, the event named", () =>
  withRestingEvent(async ({ sync, server, event_id }) => {
    server.answer = "rejected";
    await using folder = await tempFolder();
    const file = `${folder.path}/report.ndjson`;
    const { code, summary, stderr } = await sync(["--json", "--report", file]);
    strictEqual(code, 65, stderr);
    deepStrictEqual([summary.rejected, summary.remaining], [1, 0]);
    strictEqual("failed" in summary, false);
    const [report] = documentsOf(await Deno.readTextFile(file));
    deepStrictEqual([report.event_id, report.fate], [event_id, "dead"]);
  }));

Deno.test("sync now: an agent runs and the event fails again -> exit 69, it stays", () =>
  withRestingEvent(async ({ sync }) => {
    const { code, summary } = await sync(["--json"]);
    strictEqual(code, 69);
    deepStrictEqual([summary.sent, summary.remaining], [1, 1]);
  }));

Deno.test("sync now --timeout: an agent runs and the server never answers -> exit 69, the agent's own words", () =>
  withRestingEvent(async ({ sync, server }) => {
    server.answer = "never";
    const { code, summary, stderr } = await sync([
      "--json",
      ...["--timeout", "1s"],
    ]);
    strictEqual(code, 69);
    ok(!stderr.includes("the agent does not answer"), stderr);
    deepStrictEqual([summary.sent, summary.remaining], [1, 1]);
    match(summary.reason ?? "", /no answer from/);
  }));

for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
  Deno.test(
    `sync now: the agent got ${signal} a moment ago -> ${
      signal === "SIGKILL"
        ? "does it itself, and says nothing of an agent"
        : "a warning; ends by its timeout"
    }`,
    () =>
      withLogin(async ({ home, client, sync }) => {
        await using agent = await TestAgent.connected(home);
        if (signal === "SIGKILL") await agent.stop(signal);
        // Not while it has the home's lock: nobody could record then.
        else await inHome(home, () => agent.halt());
        await record(home, 1);
        const { code, stderr, summary } = await sync(
          signal === "SIGKILL" ? ["--json"] : ["--json", "--timeout", "500ms"],
        );
        if (signal === "SIGKILL") {
          ok(!stderr.includes("agent"), stderr);
          strictEqual(code, 0);
          strictEqual(summary.delivered, 1);
          strictEqual((await arrived(client, 1)).length, 1);
        } else {
          match(stderr, /the agent does not answer; done without it/);
          strictEqual(code, 69);
        }
      }),
  );
}

Deno.test("sync now: the agent cannot do it now -> its own words, and done without it", () =>
  withLogin(async ({ home, client, sync }) => {
    await record(home, 1);
    await using agent = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => Response.json({ error: "not\u001b[31m now" }, { status: 503 }),
    );
    await Deno.writeTextFile(tokenPath(home), "token");
    await writeAgentState(home, {
      pid: 1,
      state: "Connected",
      since: new Date().toISOString(),
      listening: `http://127.0.0.1:${agent.addr.port}`,
    });
    const { code, stderr } = await sync(["--json"]);
    match(
      stderr,
      /the agent answers with status 503: not\?\[31m now; done without it/,
    );
    strictEqual(code, 0);
    strictEqual((await arrived(client, 1)).length, 1);
  }));

Deno.test("sync now: the agent sends an event without a team -> says that it is the agent's team's", () =>
  withRestingEvent(async ({ sync, server }) => {
    server.answer = "success";
    const { code, stderr } = await sync();
    strictEqual(code, 0, stderr);
    match(
      stderr,
      /^1 event had no team of its own and went out as the agent's team$/m,
    );
  }));

Deno.test("sync now: the agent has no login, this process has one -> does it itself", async () => {
  await using server = new BatchServer();
  await using home = await tempHome();
  await record(home.path, 1);
  await using _agent = await TestAgent.start(home.path);
  const sync = syncIn(home.path);
  const { code, summary, stderr } = await sync(["--json"], server.env);
  strictEqual(code, 0, stderr);
  strictEqual(summary.delivered, 1);
  const bad = await sync(["--json"], {
    ...server.env,
    SPEC_KITTY_SERVER_URL: "http://example.org",
  });
  strictEqual(bad.code, 78);
  strictEqual(bad.summary.error.code, "bad_server_url");
});
