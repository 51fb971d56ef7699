/** Agents beside other processes and real servers: what is recorded arrives, whatever happens in between. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  arrived,
  ask,
  draft,
  idsOf,
  logIn,
  record,
  request,
  stateOf,
  TestAgent,
} from "../support/agent.ts";
import {
  ADA,
  BOB,
  EVE,
  type LocalCollector,
  localCollector,
  TestCollector,
} from "../support/collector.ts";
import { eventually } from "../support/eventually.ts";
import { isThere, namesIn, tempHome } from "../support/home.ts";
import { needing, UNIX } from "../support/needs.ts";
import { runProgram } from "../support/program.ts";

/** A home that is logged in at a collector inside of the test. */
async function withServer(
  work: (home: string, collector: LocalCollector) => Promise<void>,
): Promise<void> {
  await using collector = await localCollector();
  await using home = await tempHome();
  await logIn(home.path, collector.client);
  await work(home.path, collector);
}

/** One status change by a process of its own. */
function emit(home: string, ...options: string[]) {
  return runProgram(
    ["emit", "wp-status-changed", "WP01", "planned", "doing", ...options],
    { SPEC_KITTY_HOME: home },
  );
}

Deno.test("emit: beside a connected agent -> says [Connected] queued, and the event arrives", () =>
  withServer(async (home, { client }) => {
    await using _agent = await TestAgent.connected(home);
    const { code, stdout, stderr } = await emit(home);
    strictEqual(code, 0);
    match(
      stderr,
      /^\[Connected\] queued WPStatusChanged WP01 planned -> doing \(clock \d+\)$/m,
    );
    const [event] = await arrived(client, 1);
    strictEqual(event!.event_id, stdout.trim());
    strictEqual(event!.team_slug, "acme");
    await eventually(
      "the queue is empty",
      async () => (await ask(home, "sync", "status")).queued === 0,
    );
  }));

Deno.test("emit --wait server: beside a connected agent -> delivered", () =>
  withServer(async (home, { client }) => {
    await using _agent = await TestAgent.connected(home);
    const { code, stdout, stderr } = await emit(
      home,
      ...["--wait", "server", "--strict", "--json", "--timeout", "20s"],
    );
    strictEqual(code, 0, stderr);
    const receipt = JSON.parse(stdout);
    strictEqual(receipt.status, "delivered");
    deepStrictEqual(idsOf(await arrived(client, 1)), [receipt.event_id]);
  }));

Deno.test("emit --wait server: the server is down -> queued with a warning; --strict 69", async () => {
  await using home = await tempHome();
  {
    await using collector = await localCollector();
    await logIn(home.path, collector.client);
  }
  await using _agent = await TestAgent.start(home.path);
  await _agent.is("Reconnecting");
  const options = ["--wait", "server", "--json", "--timeout", "1500ms"];
  for (
    const [words, expected] of [[[], 0], [["--strict"], 69]] as const
  ) {
    const { code, stdout, stderr } = await emit(
      home.path,
      ...options,
      ...words,
    );
    strictEqual(code, expected);
    const { status, warning } = JSON.parse(stdout);
    strictEqual(status, "queued");
    match(
      warning,
      /it stays queued: the agent has no connection to the server \(Reconnecting\)/,
    );
    match(stderr, /\[Reconnecting\] queued/);
  }
});

Deno.test("emit --wait server: nobody is logged in -> a warning that says so, and whether an agent runs", async () => {
  await using home = await tempHome();
  const warning = async (...words: string[]): Promise<string> => {
    const options = ["--wait", "server", "--json", "--timeout", "20s"];
    const { stdout } = await emit(home.path, ...options, ...words);
    return JSON.parse(stdout).warning;
  };
  const login = "not logged in (log in: kitty-events auth login)";
  const queued = "the server has not acknowledged the event; it stays queued";
  strictEqual(
    await warning(),
    `${queued}: ${login}; no agent is running (start one: kitty-events agent run; or deliver: kitty-events sync now)`,
  );
  await using _agent = await TestAgent.start(home.path);
  await _agent.is("Offline");
  strictEqual(
    await warning(),
    `${queued}: ${login}; the agent does not deliver (Offline); see: kitty-events doctor`,
  );
});

Deno.test("emit --wait server: logged in, no agent -> a warning that names the ways to deliver, for streams too", () =>
  withServer(async (home) => {
    const options = ["--wait", "server", "--json", "--timeout", "20s"];
    const one = await emit(home, ...options);
    const stream = await runProgram(
      ["emit", "--stdin", ...options.slice(0, 2), "--timeout", "20s"],
      { SPEC_KITTY_HOME: home },
      { stdin: `${JSON.stringify(draft(1))}\n` },
    );
    for (const { stdout } of [one, stream]) {
      strictEqual(
        JSON.parse(stdout).warning,
        "the server has not acknowledged the event; it stays queued: no agent is running (start one: kitty-events agent run; or deliver: kitty-events sync now)",
      );
    }
    const plain = await emit(home, "--json");
    strictEqual(JSON.parse(plain.stdout).warning, undefined);
  }));

Deno.test("agent: a draft dropped into the spool -> delivered, without a command being run", () =>
  withServer(async (home, { client }) => {
    await using _agent = await TestAgent.connected(home);
    await Deno.writeTextFile(
      `${home}/spool/.mine.tmp`,
      JSON.stringify(draft(1)),
    );
    await Deno.rename(`${home}/spool/.mine.tmp`, `${home}/spool/mine.json`);
    const [event] = await arrived(client, 1);
    deepStrictEqual(event!.payload, {
      wp_id: "WP01",
      entry_type: "note",
      entry_content: "entry 1",
      author: "user",
    });
    await eventually(
      "the file is gone",
      async () =>
        (await namesIn(`${home}/spool`)).every((name) => name[0] === "."),
    );
  }));

Deno.test("agent: eight processes emit at once -> every event delivered once, in the order of the clock", () =>
  withServer(async (home, { client }) => {
    await using _agent = await TestAgent.connected(home);
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, i) => record(home, 40, { first: i * 40 })),
    );
    const events = await arrived(client, 320);
    strictEqual(events.length, 320);
    deepStrictEqual(idsOf(events).sort(), all.flat().sort());
    const clocks = events.map(({ lamport_clock }) => lamport_clock as number);
    deepStrictEqual(clocks, clocks.toSorted((a, b) => a - b));
    const { totals, queued, dead } = await eventually(
      "all is settled",
      async () => {
        const status = await ask(home, "sync", "status");
        return status.queued === 0 && status;
      },
    );
    deepStrictEqual([totals.accepted, totals.delivered, queued, dead], [
      320,
      320,
      0,
      0,
    ]);
  }));

Deno.test("agent: the server ends and comes back -> reconnects, and delivers what was recorded meanwhile", async () => {
  await using collector = await TestCollector.start([ADA]);
  await using home = await tempHome();
  await logIn(home.path, collector);
  await using agent = await TestAgent.connected(home.path);
  const before = await record(home.path, 5);
  await arrived(collector, 5);

  await collector.stop("SIGKILL");
  await agent.is("Reconnecting");
  const { stderr, stdout } = await emit(home.path);
  match(stderr, /^\[Reconnecting\] queued /m);

  await collector.restart();
  const events = await arrived(collector, 6);
  deepStrictEqual(idsOf(events), [...before, stdout.trim()]);
  await agent.is("Connected");
});

Deno.test("agent: somebody logs in while it runs -> connects by itself, and delivers what waited", async () => {
  await using collector = await localCollector();
  await using home = await tempHome();
  await using agent = await TestAgent.start(home.path);
  const ids = await record(home.path, 3);
  strictEqual((await stateOf(home.path))?.state, "Offline");
  await logIn(home.path, collector.client);
  await agent.is("Connected");
  deepStrictEqual(idsOf(await arrived(collector.client, 3)), ids);
});

Deno.test("agent: somebody logs out -> Offline; what is recorded then waits for a login", () =>
  withServer(async (home, { client }) => {
    await using agent = await TestAgent.connected(home);
    const before = await record(home, 1);
    await arrived(client, 1);
    const { code } = await runProgram(["auth", "logout"], {
      SPEC_KITTY_HOME: home,
    });
    strictEqual(code, 0);
    await agent.is("Offline");
    const after = await record(home, 1, { first: 2 });
    const sync = await runProgram(["sync", "now", "--json"], {
      SPEC_KITTY_HOME: home,
    });
    strictEqual(sync.code, 77, sync.stdout);
    strictEqual(JSON.parse(sync.stdout).error.code, "not_authenticated");
    deepStrictEqual(idsOf(await arrived(client, 1)), before);

    await logIn(home, client);
    deepStrictEqual(idsOf(await arrived(client, 2)), [...before, ...after]);
  }));

Deno.test("agent: another user logs in -> goes on as that one", () =>
  withServer(async (home, { client }) => {
    await using _agent = await TestAgent.connected(home);
    await logIn(home, client, EVE);
    const ids = await record(home, 1);
    deepStrictEqual(idsOf(await arrived(client, 1, EVE)), ids);
    deepStrictEqual(await arrived(client, 0, ADA), []);
  }));

Deno.test("agent: another process renews the tokens -> the connection stays as it is", () =>
  withServer(async (home, { client }) => {
    await using agent = await TestAgent.connected(home);
    const since = (await stateOf(home))!.since;
    const before = agent.log;
    await logIn(home, client);
    await record(home, 1);
    await arrived(client, 1);
    // The watch looks once a second where the system tells it nothing.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    deepStrictEqual((await stateOf(home))!.since, since);
    ok(!agent.log.slice(before.length).includes('"connection"'), agent.log);
  }));

Deno.test("agent: SIGHUP -> another connection, with what is configured now", () =>
  withServer(async (home, { client }) => {
    await using agent = await TestAgent.connected(home);
    const { since } = (await stateOf(home))!;
    agent.signal("SIGHUP");
    await eventually(
      "it has connected again",
      async () => (await stateOf(home))?.since !== since,
    );
    await agent.is("Connected");
    const ids = await record(home, 1);
    deepStrictEqual(idsOf(await arrived(client, 1)), ids);
    match(agent.log, /"message":"reload"/);
  }));

Deno.test("agent: another server and team in config.toml -> used, without being told", () =>
  withServer(async (home, { client }) => {
    const other = { ...BOB, team: "other" };
    await using second = await localCollector({ users: [other] });
    const { access } = await second.client.logIn(other);
    // Tokens of the environment go to whatever server is configured.
    await Deno.remove(`${home}/credentials`);
    const configure = (url: string, team: string) =>
      Deno.writeTextFile(
        `${home}/config.toml`,
        `[sync]\nserver_url = "${url}"\nteam_slug = "${team}"\n`,
      );
    await configure(client.url, "acme");
    await using agent = await TestAgent.start(home, {
      env: { SPEC_KITTY_ACCESS_TOKEN: access },
    });
    await configure(second.client.url, "other");
    await agent.is("Connected");
    const ids = await record(home, 1);
    const events = await arrived(second.client, 1, other);
    deepStrictEqual(idsOf(events), ids);
    strictEqual(events[0]!.team_slug, "other");
  }));

Deno.test("agent: agent.json removed by somebody -> written again", () =>
  withServer(async (home) => {
    await using _agent = await TestAgent.connected(home);
    await Deno.remove(`${home}/agent.json`);
    await eventually(
      "it is there again",
      () => isThere(`${home}/agent.json`),
    );
  }));

Deno.test("agent: its log -> JSON, one document a line, without tokens and payload texts", () =>
  withServer(async (home, { client }) => {
    await using agent = await TestAgent.connected(home);
    await record(home, 2);
    await arrived(client, 2);
    await agent.stop();
    const { access } = await client.logIn();
    const credentials = await Deno.readTextFile(`${home}/credentials`);
    const secrets = [...credentials.matchAll(/= "([^"]{20,})"/g)]
      .map(([, text]) => text!).filter((text) => text.split(".").length > 2);
    ok(secrets.length > 0);
    for (const line of agent.log.trim().split("\n")) {
      const { time, level, message } = JSON.parse(line);
      ok(time && level && message, line);
    }
    for (const secret of [...secrets, access, "entry 1"]) {
      ok(!agent.log.includes(secret));
    }
  }));

Deno.test(needing(
  [UNIX],
  "POST /v1/events: a body that breaks off -> 400, or no more receipts; the agent's log is JSON line by line",
  async () => {
    await using home = await tempHome();
    await using agent = await TestAgent.start(home.path);
    const path = agent.listening;
    const document = JSON.stringify(draft(1));
    for (
      const [type, body, expected] of [
        ["application/json", document.slice(0, 40), /^HTTP\/1\.1 400 /],
        [
          "application/x-ndjson",
          `${document}\n{"event`,
          /^(HTTP\/1\.1 200 |$)/,
        ],
      ] as const
    ) {
      using connection = await Deno.connect({ transport: "unix", path });
      const head = "POST /v1/events HTTP/1.1\r\nHost: agent\r\n" +
        `Content-Type: ${type}\r\nContent-Length: 5000\r\n\r\n`;
      await connection.write(new TextEncoder().encode(head + body));
      await connection.closeWrite();
      match(await new Response(connection.readable).text(), expected);
    }
    const { json } = await request(path, "/healthz");
    strictEqual(json.status, "ok");
    strictEqual(await agent.stop(), 143);
    for (const line of agent.log.trim().split("\n")) {
      ok(JSON.parse(line).message, line);
    }
  },
));
