/** Why the server's word did not come, as far as this machine knows. */

import { realWorld } from "../../lib/base/world.ts";
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  awaitAcknowledged,
  whyUnacknowledged,
} from "../../lib/route/acknowledged.ts";
import {
  agentLockPath,
  removeAgentState,
  writeAgentState,
} from "../../lib/route/agent_file.ts";
import { agentRoute } from "../../lib/route/agent_route.ts";
import { type ConnectionStatus, offlineRoute } from "../../lib/route/route.ts";
import { concludeDrain } from "../../lib/delivery/drain/settle.ts";
import { Deadline } from "../../lib/base/deadline.ts";
import { ACKNOWLEDGED_LOOK_MS } from "../../lib/base/limits.ts";
import { runCode } from "../support/child.ts";
import { eventually } from "../support/eventually.ts";
import { farDeadline, tempHome } from "../support/home.ts";
import { deadlineIn, eventsOf, Sending } from "../support/sending.ts";

/** Whether the runtime can look at a lock without waiting for it: Deno 2.6 cannot. */
const canTryLock = "tryLock" in Deno.FsFile.prototype;

/** Does what a running agent does; disposed of, it is as if it had been killed. */
async function agentIn(
  home: string,
  state: ConnectionStatus,
): Promise<Disposable> {
  const lock = await Deno.open(agentLockPath(home), {
    write: true,
    create: true,
  });
  await lock.lock(true);
  await says(home, state);
  return lock;
}

function says(home: string, state: ConnectionStatus, sinceMs = Date.now()) {
  return writeAgentState(home, {
    pid: 1,
    state,
    since: new Date(sinceMs).toISOString(),
    listening: `${home}/agent.sock`,
  });
}

Deno.test("whyUnacknowledged: beside an agent -> its state in words", async () => {
  await using at = await Sending.prepare(eventsOf(1, 1));
  const table = [
    ["Connected", "the server did not answer in time"],
    [
      "Reconnecting",
      "the agent has no connection to the server (Reconnecting)",
    ],
    [
      "OfflineBatchMode",
      "the agent has no connection to the server (Offline - Batch Mode)",
    ],
  ] as const;
  for (const [status, words] of table) {
    using _agent = await agentIn(at.home.path, status);
    const route = agentRoute(status, at.home.path, realWorld());
    strictEqual(await whyUnacknowledged(route, at.home, farDeadline()), words);
  }
});

Deno.test("whyUnacknowledged: the agent is another than at the call's start -> how it is now", async () => {
  await using at = await Sending.prepare(eventsOf(1, 1));
  const { home } = at;
  const why = (status: ConnectionStatus) =>
    whyUnacknowledged(
      agentRoute(status, home.path, realWorld()),
      home,
      farDeadline(),
    );
  {
    using _agent = await agentIn(home.path, "Reconnecting");
    match(await why("Connected"), /^the agent has no connection .*Reconnect/);
    await says(home.path, "Offline");
    match(await why("Connected"), /the agent does not deliver \(Offline\)/);
    await says(home.path, "Connected");
    match(await why("Offline"), /the agent does not deliver \(Offline\)/);
  }
  if (canTryLock) match(await why("Connected"), /no agent is running \(/);
  await removeAgentState(home.path);
  match(await why("Connected"), /no agent is running \(/);
});

Deno.test("whyUnacknowledged: the agent runs -> nothing waits for its lock, which would keep a process alive", async () => {
  await using home = await tempHome();
  await Deno.mkdir(home.path);
  let isOver = false;
  const code = `
    const { whyUnacknowledged } = await import(lib + "route/acknowledged.ts");
    const { Deadline } = await import(lib + "base/deadline.ts");
    const world = { nowMs: Date.now, elapsedMs: () => performance.now() };
    console.log(await whyUnacknowledged(
      { status: "Connected", carrier: "agent" },
      { path: args[0], world },
      Deadline.in(world.elapsedMs, 60_000),
    ));`;
  let ending: Promise<string>;
  {
    using _agent = await agentIn(home.path, "Connected");
    ending = runCode(code, { args: [home.path] })
      .finally(() => isOver = true);
    await eventually("the process has ended", () => isOver);
  }
  match(await ending, /the server did not answer in time/);
});

Deno.test("awaitAcknowledged: the agent ends, is killed, or has no login any more -> ends early", async () => {
  await using at = await Sending.prepare(eventsOf(1, 1));
  const { path } = at.home;
  const events = eventsOf(1, 1);
  const waitMs = async (wait: typeof awaitAcknowledged) => {
    const startMs = performance.now();
    await at.hold(async ({ queue }) => {
      const deadline = deadlineIn(1_500);
      deepStrictEqual(
        await wait({ events, queue, deadline }, {
          home: path,
          nowMs: Date.now,
        }),
        new Set<string>(),
      );
    });
    return performance.now() - startMs;
  };
  const offer: typeof awaitAcknowledged = (offer) =>
    agentRoute("Connected", path, realWorld()).offer({
      ...offer,
      wait: true,
    });
  {
    using _agent = await agentIn(path, "Connected");
    ok(await waitMs(offer) > 1_400);
    await says(path, "Offline", Date.now() - 60_000);
    ok(await waitMs(offer) < 1_000);
    // New settings, or a new login, take a moment.
    await says(path, "Offline");
    const restart = says(path, "Offline").then(async () => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await says(path, "Connected");
    });
    ok(await waitMs(offer) > 1_400);
    await restart;
  }
  if (canTryLock) ok(await waitMs(offer) < 1_000);
  await removeAgentState(path);
  ok(await waitMs(offer) < 1_000);
  // Of a process that delivers by itself, there is no agent to look at.
  ok(await waitMs((offer) => awaitAcknowledged(offer)) > 1_400);
});

Deno.test("awaitAcknowledged: nothing comes -> ends while there is time to look up why", async () => {
  await using at = await Sending.prepare(eventsOf(1, 1));
  let ms = 0;
  const deadline = new Deadline(() => ms += 1, 200);
  await at.hold(({ queue }) =>
    awaitAcknowledged({ events: eventsOf(1, 1), queue, deadline })
  );
  ok(deadline.leftMs > ACKNOWLEDGED_LOOK_MS, `${deadline.leftMs} ms left`);
});

Deno.test("whyUnacknowledged: the last drain failed -> its trouble, until one succeeds", async () => {
  await using at = await Sending.prepare(eventsOf(1, 1));
  await concludeDrain(at.home, "status 503: busy");
  using _agent = await agentIn(at.home.path, "Connected");
  const why = (route = agentRoute("Connected", at.home.path, realWorld())) =>
    whyUnacknowledged(route, at.home, farDeadline());
  strictEqual(await why(), "the last attempt failed: status 503: busy");
  match(
    await why({ ...offlineRoute, carrier: "agent" }),
    /Offline[^]*; the last attempt failed: status 503: busy$/,
  );
  // Where nobody delivers, it is an old story.
  ok(!(await why(offlineRoute)).includes("503"));
  at.world.timeMs += 1_000;
  await at.hold(({ queue }) => {
    const last_success = new Date(at.world.timeMs).toISOString();
    queue.note({ last_success });
    return queue.touch();
  });
  strictEqual(await why(), "the server did not answer in time");
});

Deno.test("whyUnacknowledged: no time left -> what is known without looking", async () => {
  await using at = await Sending.prepare();
  await concludeDrain(at.home, "status 503: busy");
  const late = deadlineIn(-1);
  const why = await whyUnacknowledged(offlineRoute, at.home, late);
  match(why, /^no agent is running \(/);
});
