/** The agent's interface, over its socket and over TCP. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  arrived,
  ask,
  draft,
  idsOf,
  logIn,
  record,
  request,
  TestAgent,
} from "../support/agent.ts";
import { localCollector } from "../support/collector.ts";
import { idOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { isThere, tempFolder, tempHome } from "../support/home.ts";
import { runHere } from "../support/in_process.ts";
import { documentsOf, runProgram } from "../support/program.ts";
import { VERSION } from "../../lib/base/build.ts";

type Ask = (
  path: string,
  options?: RequestInit,
) => ReturnType<typeof request>;

/** An agent in a new home, where nobody is logged in, and how to ask it. */
async function withAgent(
  work: (ask: Ask, home: string) => Promise<void>,
): Promise<void> {
  await using home = await tempHome();
  await using agent = await TestAgent.start(home.path);
  await work(
    (path, options) => request(agent.listening, path, options),
    home.path,
  );
}

const NDJSON = { "content-type": "application/x-ndjson" };

/** The request that posts a body. */
function post(
  body: BodyInit,
  headers: Record<string, string> = {},
): RequestInit {
  return {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  };
}

const exported = async (home: string) =>
  documentsOf(
    (await runHere(["queue", "export"], { SPEC_KITTY_HOME: home })).stdout,
  );

Deno.test("POST /v1/events: one draft -> 200 and its receipt; the event is in the queue", () =>
  withAgent(async (ask, home) => {
    const { status, json } = await ask(
      "/v1/events",
      post(JSON.stringify(draft(1))),
    );
    strictEqual(status, 200);
    const { event_id, ...rest } = json;
    deepStrictEqual(rest, {
      event_type: "HistoryAdded",
      lamport_clock: 1,
      status: "queued",
    });
    deepStrictEqual(idsOf(await exported(home)), [event_id]);
  }));

/** Bodies with one draft, and what becomes of it. */
const BODIES: readonly [string, BodyInit, string][] = [
  ["over several lines", JSON.stringify(draft(1), null, 2), "queued"],
  [
    "with a byte order mark and line breaks",
    `\uFEFF${JSON.stringify(draft(1))}\r\n`,
    "queued",
  ],
  ["empty", "", "discarded"],
  ["no JSON", "{", "discarded"],
  ["a list", JSON.stringify([draft(1)]), "discarded"],
  [
    "of an unknown type",
    JSON.stringify({ ...draft(1), event_type: "Nope" }),
    "discarded",
  ],
  [
    "of more than 8 MiB",
    JSON.stringify({ ...draft(1), pad: "x".repeat(9 * 1024 * 1024) }),
    "discarded",
  ],
  [
    "no UTF-8",
    Uint8Array.from([0x22, 0xff, 0x22]),
    "discarded",
  ],
];

Deno.test("POST /v1/events: a body that is a draft, or none -> 200 and a receipt in every case", () =>
  withAgent(async (ask, home) => {
    for (const [name, body, expected] of BODIES) {
      const { status, json } = await ask("/v1/events", post(body));
      strictEqual(status, 200, name);
      strictEqual(json.status, expected, name);
      strictEqual(Array.isArray(json.problems), expected === "discarded", name);
    }
    strictEqual((await exported(home)).length, 2);
  }));

Deno.test("POST /v1/events: NDJSON with blank and bad lines -> a receipt a line, with its number", () =>
  withAgent(async (ask, home) => {
    const lines = [
      `\uFEFF${JSON.stringify(draft(1))}`,
      "",
      "  \r",
      "{ no JSON",
      `${JSON.stringify(draft(2))}\r`,
      JSON.stringify({ ...draft(3), team_slug: 7 }),
      JSON.stringify(draft(4)),
    ];
    const { status, headers, text } = await ask(
      "/v1/events",
      post(lines.join("\n"), NDJSON),
    );
    strictEqual(status, 200);
    strictEqual(headers.get("content-type"), "application/x-ndjson");
    deepStrictEqual(
      documentsOf(text).map(({ line, status }) => [line, status]),
      [
        [1, "queued"],
        [4, "discarded"],
        [5, "queued"],
        [6, "discarded"],
        [7, "queued"],
      ],
    );
    deepStrictEqual(
      (await exported(home)).map(({ payload }) => payload.entry_content),
      ["entry 1", "entry 2", "entry 4"],
    );
  }));

Deno.test("POST /v1/events: 10,000 lines -> 10,000 receipts in order, clock values without a gap", () =>
  withAgent(async (ask) => {
    const numbers = Array.from({ length: 10_000 }, (_, i) => i + 1);
    const body = numbers.map((n) => JSON.stringify(draft(n))).join("\n");
    const { text } = await ask("/v1/events", post(body, NDJSON));
    deepStrictEqual(
      documentsOf(text).map((receipt) => [receipt.line, receipt.lamport_clock]),
      numbers.map((n) => [n, n]),
    );
  }));

Deno.test("POST /v1/events: lines that come one by one -> each receipt at once", () =>
  withAgent(async (_, home) => {
    using client = Deno.createHttpClient({
      proxy: { transport: "unix", path: `${home}/agent.sock` },
    });
    const { readable, writable } = new TransformStream<Uint8Array>();
    const writer = writable.getWriter();
    const encoder = new TextEncoder();
    const say = (n: number) =>
      writer.write(encoder.encode(`${JSON.stringify(draft(n))}\n`));
    void say(1);
    const response = await fetch("http://agent/v1/events", {
      method: "POST",
      headers: NDJSON,
      body: readable,
      client,
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream())
      .getReader();
    for (const n of [1, 2, 3]) {
      if (n > 1) void say(n);
      const { value } = await reader.read();
      strictEqual(JSON.parse(value!).line, n);
      strictEqual((await exported(home)).length, n);
    }
    await writer.close();
    strictEqual((await reader.read()).done, true);
  }));

Deno.test("POST /v1/events: the same event_id again -> the same receipt; with another payload discarded", () =>
  withAgent(async (ask, home) => {
    const event_id = idOf(1);
    const body = JSON.stringify({ ...draft(1), event_id });
    const first = await ask("/v1/events", post(body));
    const second = await ask("/v1/events", post(body));
    strictEqual(first.json.status, "queued");
    deepStrictEqual(second.json, first.json);
    const other = JSON.stringify({ ...draft(2), event_id });
    const third = await ask("/v1/events", post(other));
    strictEqual(third.json.status, "discarded");
    strictEqual((await exported(home)).length, 1);
  }));

Deno.test("POST /v1/events: an agent started inside of a project -> the project is not the callers'", async () => {
  await using folder = await tempFolder();
  await Deno.mkdir(`${folder.path}/.kittify`);
  await Deno.writeTextFile(
    `${folder.path}/.kittify/config.yaml`,
    "project:\n  uuid: 01234567-89ab-cdef-0123-456789abcdef\n  slug: mine\n",
  );
  const home = `${folder.path}/home`;
  await using agent = await TestAgent.start(home, { cwd: folder.path });
  const own = { ...draft(2), project_slug: "theirs" };
  const body = `${JSON.stringify(draft(1))}\n${JSON.stringify(own)}\n`;
  await request(agent.listening, "/v1/events", post(body, NDJSON));
  deepStrictEqual(
    (await exported(home)).map((event) => [
      event.project_slug,
      event.project_uuid,
    ]),
    [[undefined, undefined], ["theirs", undefined]],
  );
});

/** Requests that are refused. */
const REFUSALS: readonly [string, string, RequestInit, number, string?][] = [
  ["an unknown path", "/v1/nothing", {}, 404],
  ["the root", "/", {}, 404],
  ["a name of every object", "/constructor", {}, 404],
  ["GET of events", "/v1/events", {}, 405, "POST"],
  ["GET of sync", "/v1/sync", {}, 405, "POST"],
  ["POST of status", "/v1/status", { method: "POST" }, 405, "GET"],
  ["DELETE of healthz", "/healthz", { method: "DELETE" }, 405, "GET"],
  ["a web page", "/healthz", { headers: { origin: "http://agent" } }, 403],
  [
    "a web page's draft",
    "/v1/events",
    post(JSON.stringify(draft(1)), { origin: "null" }),
    403,
  ],
  ...["0", "-1", "soon", "", "1e99", "NaN"].map((text) =>
    [
      `timeout_ms=${text}`,
      `/v1/sync?timeout_ms=${text}`,
      { method: "POST" },
      400,
    ] as [string, string, RequestInit, number]
  ),
  ["sync without a login", "/v1/sync", { method: "POST" }, 409],
];

Deno.test("agent: requests that it does not take -> their status, an error in JSON, nothing recorded", () =>
  withAgent(async (ask, home) => {
    for (const [name, path, options, expected, allow] of REFUSALS) {
      const { status, headers, json } = await ask(path, options);
      strictEqual(status, expected, name);
      strictEqual(typeof json.error, "string", name);
      strictEqual(headers.get("allow"), allow ?? null, name);
    }
    deepStrictEqual(await exported(home), []);
  }));

Deno.test("GET /healthz: 200 and how it is connected", () =>
  withAgent(async (ask) => {
    const { status, json } = await ask("/healthz");
    strictEqual(status, 200);
    deepStrictEqual(json, {
      status: "ok",
      connection: "Offline",
      version: VERSION,
    });
  }));

Deno.test("GET /v1/status: the same as sync status --json", () =>
  withAgent(async (asking, home) => {
    await record(home, 2);
    const { status, json } = await asking("/v1/status");
    strictEqual(status, 200);
    strictEqual(json.queued, 2);
    deepStrictEqual(json, await ask(home, "sync", "status"));
  }));

Deno.test("POST /v1/sync: what waits -> sent, and the summary of sync now", async () => {
  await using collector = await localCollector();
  await using home = await tempHome();
  await logIn(home.path, collector.client);
  await using agent = await TestAgent.connected(home.path);
  const ids = await record(home.path, 3);
  const { status, json } = await request(
    agent.listening,
    "/v1/sync?timeout_ms=20000",
    { method: "POST" },
  );
  strictEqual(status, 200);
  strictEqual(json.end, "drained");
  strictEqual(json.remaining, 0);
  deepStrictEqual(json.failed, []);
  deepStrictEqual(idsOf(await arrived(collector.client, 3)), ids);
});

Deno.test("agent run --listen: on TCP, only with the token of agent.token; sync now knows it", async () => {
  await using home = await tempHome();
  await using agent = await TestAgent.start(home.path, {
    args: ["--listen", "127.0.0.1:0"],
  });
  match(agent.listening, /^http:\/\/127\.0\.0\.1:\d+$/);
  strictEqual(await isThere(`${home.path}/agent.sock`), false);
  const path = `${home.path}/agent.token`;
  strictEqual((await Deno.stat(path)).mode! & 0o777, 0o600);
  const token = (await Deno.readTextFile(path)).trim();
  match(token, /^[0-9a-f]{64}$/);
  const withToken = (authorization: string) =>
    request(agent.listening, "/healthz", { headers: { authorization } });
  strictEqual((await request(agent.listening, "/healthz")).status, 401);
  strictEqual((await request(agent.listening, "/nothing")).status, 401);
  strictEqual((await withToken(`Bearer ${token}0`)).status, 401);
  strictEqual((await withToken(token)).status, 401);
  strictEqual((await withToken(`Bearer ${token}`)).status, 200);

  const env = { SPEC_KITTY_HOME: home.path };
  const sync = await runProgram(["sync", "now", "--json"], env);
  strictEqual(sync.code, 77, sync.stdout);
  strictEqual(sync.stderr, "");
  strictEqual(await agent.stop(), 143);
  strictEqual(await isThere(path), false);
  ok(!agent.log.includes(token));
});

/** Recorded through the agent again and again, until `isSo` of what became of it. */
const untilSo = (
  what: string,
  ask: Ask,
  // deno-lint-ignore no-explicit-any
  isSo: (receipt: any) => unknown,
) =>
  eventually(what, async () => {
    const { json } = await ask("/v1/events", post(JSON.stringify(draft(1))));
    return await isSo(json);
  });

Deno.test("POST /v1/events: another team and limit in config.toml, then none -> the settings of now, without being told", () =>
  withAgent(async (ask, home) => {
    const teamOf = async (id: string) =>
      (await exported(home)).find(({ event_id }) => event_id === id)?.team_slug;
    const isOf = (team: string) => async (receipt: { event_id: string }) =>
      await teamOf(receipt.event_id) === team;
    await untilSo("of no team", ask, isOf("local"));
    await Deno.writeTextFile(
      `${home}/config.toml`,
      `[sync]\nteam_slug = "blue"\n`,
    );
    await untilSo("of the new team", ask, isOf("blue"));

    await Deno.writeTextFile(
      `${home}/config.toml`,
      `[sync]\nteam_slug = "blue"\nmax_queue_size = 1\n`,
    );
    await untilSo(
      "the queue is full",
      ask,
      ({ status }) => status === "refused",
    );
    await Deno.remove(`${home}/config.toml`);
    await untilSo("of no team again", ask, isOf("local"));
  }));

Deno.test("agent: SIGHUP after a change of config.toml -> drafts of the spool get the team of now; what cannot be used is told once", async () => {
  await using home = await tempHome();
  await using agent = await TestAgent.start(home.path);
  await Deno.writeTextFile(
    `${home.path}/config.toml`,
    `[sync]\nteam_slug = "blue"\nmax_queue_size = "many"\n`,
  );
  agent.signal("SIGHUP");
  await eventually("it is told", () => agent.log.includes("max_queue_size"));
  await Deno.writeTextFile(
    `${home.path}/spool/mine.json`,
    JSON.stringify(draft(1)),
  );
  const ask: Ask = (path, options) => request(agent.listening, path, options);
  const { json } = await ask("/v1/events", post(JSON.stringify(draft(2))));
  strictEqual(json.status, "queued");
  deepStrictEqual(
    (await exported(home.path)).map(({ team_slug }) => team_slug),
    ["blue", "blue"],
  );
  agent.signal("SIGHUP");
  await eventually(
    "it has read them again",
    () => agent.log.split('"reload"').length > 2,
  );
  strictEqual(agent.log.split("max_queue_size").length, 2, agent.log);
});
