/** The descriptions for machines: read by the usual parsers, and true of what runs. */

import { FULL, needing } from "../support/needs.ts";
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { PATHS, WATERMARK } from "../../lib/base/wire.ts";
import { EVENT_TYPES } from "../../lib/contract/contract.ts";
import { producer } from "../../lib/contract/rows/producer.ts";
import { AGENT_PATHS } from "../../lib/route/agent_file.ts";
import { request, TestAgent } from "../support/agent.ts";
import {
  ADA,
  addKey,
  BOB,
  type CollectorClient,
  localCollector,
} from "../support/collector.ts";
import { eventOf } from "../support/events.ts";
import { tempFolder, tempHome } from "../support/home.ts";
import { runProgram, withProgram } from "../support/program.ts";

// deno-lint-ignore no-explicit-any
type Description = any;

const TYPES = [...EVENT_TYPES, ...producer.types.keys()];

async function described(
  flag: "--asyncapi" | "--openapi",
  home?: string,
): Promise<Description> {
  const { code, stdout, stderr } = await runProgram(
    ["schema", flag],
    home === undefined ? {} : { SPEC_KITTY_HOME: home },
  );
  strictEqual(code, 0, stderr);
  return JSON.parse(stdout);
}

const asyncApi = await described("--asyncapi");
const openApi = await described("--openapi");

/** What the usual parsers find wrong with descriptions. */
async function faultsOf(
  descriptions: { asyncapi?: Description[]; openapi?: Description[] },
): Promise<{ asyncapi: string[][]; openapi: string[][] }> {
  const script = new URL("../support/parsers/read.ts", import.meta.url);
  const config = new URL("deno.json", script);
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "--allow-all", "--frozen"],
      ...["--config", decodeURIComponent(config.pathname), script.href],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdin = JSON.stringify({ asyncapi: [], openapi: [], ...descriptions });
  const [{ success, stdout, stderr }] = await Promise.all([
    child.output(),
    new Blob([stdin]).stream().pipeTo(child.stdin),
  ]);
  ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Judges values by the schemas of a description. */
function judgeOf(document: Description) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: "urn:kitty:description", ...document });
  return (schema: unknown, value: unknown, what: string) => {
    const moved = JSON.parse(
      JSON.stringify(schema).replaceAll('"#/', '"urn:kitty:description#/'),
    );
    const isGood = ajv.validate(moved, value);
    ok(isGood, `${what}: ${ajv.errorsText()} in ${JSON.stringify(value)}`);
  };
}

Deno.test(needing(
  [FULL],
  "schema --asyncapi, --openapi -> read by the usual parsers without a warning; what is broken is found",
  async () => {
    strictEqual(asyncApi.asyncapi, "3.0.0");
    strictEqual(openApi.openapi, "3.1.1");
    const astray = structuredClone(asyncApi);
    astray.channels.batches.messages.batch.$ref = "#/components/messages/none";
    const silent = structuredClone(openApi);
    delete silent.info.version;
    const { asyncapi, openapi } = await faultsOf({
      asyncapi: [asyncApi, astray],
      openapi: [openApi, silent],
    });
    deepStrictEqual([asyncapi[0], openapi[0]], [[], []]);
    ok(asyncapi[1]!.length > 0);
    ok(openapi[1]!.length > 0);
  },
));

Deno.test("schema --asyncapi: each message -> an example that keeps its schema", () => {
  const judge = judgeOf(asyncApi);
  const { messages } = asyncApi.components;
  for (const type of TYPES) ok(messages[type] && messages[`draft.${type}`]);
  for (
    const [name, { payload, examples }] of Object.entries<Description>(
      messages,
    )
  ) {
    strictEqual(examples?.length, 1, `${name} has no example`);
    judge(payload, examples[0].payload, name);
  }
});

Deno.test("schema --asyncapi: each event over the WebSocket -> acknowledged; snapshot, broadcasts and acks are as described", async () => {
  await using server = await localCollector();
  const { client: collector } = server;
  const judge = judgeOf(asyncApi);
  const { messages } = asyncApi.components;
  const look = (name: string, message: unknown) =>
    judge(messages[name].payload, message, name);
  const { access } = await collector.logIn(ADA);
  const { access: other } = await collector.logIn(BOB);
  await using reader = await collector.connect(other);
  look("snapshot", await reader.nextOf("snapshot"));
  await using socket = await collector.connect(access);
  for (const type of TYPES) {
    const event = messages[type].examples[0].payload;
    socket.send(event);
    const ack = await socket.nextOf("ack");
    deepStrictEqual(ack, {
      type: "ack",
      event_id: event.event_id ?? event.id,
      status: "accepted",
    });
    look("ack", ack);
    const broadcast = await reader.nextOf("event");
    deepStrictEqual(broadcast.event, event);
    look("broadcast", broadcast);
  }
  await using late = await collector.connect(other);
  const snapshot = await late.nextOf("snapshot");
  ok(snapshot.work_packages.length > 1);
  look("snapshot", snapshot);
});

/** Sends every example of an operation; the answers must be as described. */
async function tryAll(
  path: string,
  send: (type: string, body: string) => Promise<
    { status: number; json: unknown }
  >,
): Promise<number> {
  const judge = judgeOf(openApi);
  const { requestBody, responses } = openApi.paths[path].post;
  const answer = responses["200"].content["application/json"].schema;
  let count = 0;
  for (
    const [type, { examples, schema }] of Object.entries<Description>(
      requestBody.content,
    )
  ) {
    for (
      const [name, { value }] of Object.entries<Description>(
        examples ?? {},
      )
    ) {
      judge(schema, value, `${path} ${type} ${name}`);
      const { status, json } = await send(type, JSON.stringify(value));
      strictEqual(status, 200, `${path} ${type} ${name}`);
      judge(answer, json, `the answer to ${name}`);
      for (const one of [json].flat() as Description[]) {
        const said = one.results?.[0].status ?? one.status;
        match(said, /^(accepted|duplicate|queued)$/, JSON.stringify(one));
      }
      count += 1;
    }
  }
  return count;
}

Deno.test("schema --openapi: each example sent to a collector -> taken, and answered as described", async () => {
  await using server = await localCollector();
  const { client: collector } = server;
  const { access: token } = await collector.logIn(ADA);
  const sending = (path: string) => async (type: string, body: string) =>
    await collector.ask(path, {
      token,
      body,
      headers: { "content-type": type },
    });
  strictEqual(await tryAll(PATHS.batch, sending(PATHS.batch)), TYPES.length);
  strictEqual(
    await tryAll(PATHS.cloudEvents, sending(PATHS.cloudEvents)),
    producer.types.size * 2,
  );
});

Deno.test("schema --openapi: what can only be asked -> answered as described", async () => {
  await using server = await localCollector();
  const { client: collector } = server;
  const judge = judgeOf(openApi);
  const { access: token, refresh } = await collector.logIn(ADA);
  // One node that has told what it recorded, and one that has not.
  const { watermark } = asyncApi.components.messages;
  const { type: _, ...told } = watermark.examples[0].payload;
  const { status: heard } = await collector.ask(PATHS.batch, {
    token,
    json: { events: [eventOf(1, { team: ADA.team, node: "other" }).envelope] },
    headers: { [WATERMARK]: JSON.stringify({ ...told, team_slug: ADA.team }) },
  });
  strictEqual(heard, 200);
  const asked: [string, string, Parameters<CollectorClient["ask"]>[1]][] = [
    [PATHS.token, "post", {
      json: { username: ADA.name, password: ADA.password },
    }],
    [PATHS.refresh, "post", { json: { refresh } }],
    [PATHS.socketToken, "post", { method: "POST", token }],
    [PATHS.contracts, "get", { token }],
    [PATHS.events, "get", { token }],
    [PATHS.nodes, "get", { token }],
    ["/healthz", "get", {}],
  ];
  for (const [path, method, options] of asked) {
    const { status, json } = await collector.ask(path, options);
    strictEqual(status, 200, path);
    const { content } = openApi.paths[path][method].responses["200"];
    judge(content["application/json"].schema, json, path);
  }
  const { json: { nodes } } = await collector.ask(PATHS.nodes, { token });
  deepStrictEqual(
    nodes.map(({ missing }: { missing: number | null }) => missing),
    [120, null],
  );
  const { status, json } = await collector.ask(PATHS.events);
  strictEqual(status, 401);
  const { content } = openApi.paths[PATHS.events].get.responses.default;
  judge(content["application/json"].schema, json, "the refusal");
});

Deno.test("schema --openapi: people and keys -> answered as described, a login that is slowed down, too", async () => {
  const admin = { ...ADA, name: "amy", role: "admin" } as const;
  await using server = await localCollector({ users: [ADA, admin] });
  const { client: collector } = server;
  const judge = judgeOf(openApi);
  await addKey(server.home, { name: "ci", lifetimeMs: 60_000 });
  await addKey(server.home, { name: "other" });
  const { access: token } = await collector.logIn(admin);
  for (const path of [PATHS.me, PATHS.audit, PATHS.keys]) {
    const { status, json } = await collector.ask(path, { token });
    strictEqual(status, 200, path);
    const { content } = openApi.paths[path].get.responses["200"];
    judge(content["application/json"].schema, json, path);
  }
  const path = PATHS.key.replace("{key}", "ci");
  const revoked = await collector.ask(path, { method: "DELETE", token });
  deepStrictEqual([revoked.status, revoked.text], [204, ""]);
  for (const path of [PATHS.token, PATHS.session]) {
    const json = { username: ADA.name, password: "wrong" };
    let answer = await collector.ask(path, { json });
    for (let n = 0; n < 9 && answer.status === 401; n++) {
      answer = await collector.ask(path, { json });
    }
    const { content } = openApi.paths[path].post.responses[answer.status];
    judge(content["application/json"].schema, answer.json, path);
    match(answer.headers.get("retry-after")!, /^[1-9]\d*$/);
  }
});

Deno.test("schema --openapi: the board, once every example is stored -> answered as described", async () => {
  await using server = await localCollector();
  const { client: collector } = server;
  const judge = judgeOf(openApi);
  const { access: token } = await collector.logIn(ADA);
  await tryAll(
    PATHS.batch,
    (_type, body) => collector.ask(PATHS.batch, { token, body }),
  );
  const ask = async (name: string, path: string) => {
    const { status, json } = await collector.ask(path, { token });
    strictEqual(status, 200, path);
    const { content } = openApi.paths[name].get.responses["200"];
    judge(content["application/json"].schema, json, path);
    return json as Description;
  };
  const { missions } = await ask(PATHS.missions, PATHS.missions);
  let stories = 0;
  for (const { key } of missions) {
    const path = PATHS.mission.replace("{mission}", encodeURIComponent(key));
    const { packages } = await ask(PATHS.mission, path);
    for (const { id } of packages) {
      const { events } = await ask(
        PATHS.workPackage,
        `${path}work-packages/${encodeURIComponent(id)}/`,
      );
      stories += events.length;
    }
  }
  ok(stories > 5, `${stories}`);
  const { lines } = await ask(PATHS.eventLines, PATHS.eventLines);
  strictEqual(lines.length, TYPES.length);
  await ask(PATHS.eventLine, PATHS.eventLine.replace("{position}", "0"));
  const { flow } = await ask(PATHS.insights, PATHS.insights);
  ok(flow.length > 0);
  await collector.ask(PATHS.batch, { token, body: '{"events":[{}]}' });
  const { nodes, refused } = await ask(PATHS.health, PATHS.health);
  ok(nodes.length > 0);
  strictEqual(refused.length, 1);
});

Deno.test("schema --openapi: the agent -> takes each example, and answers as described", async () => {
  await using home = await tempHome();
  await using agent = await TestAgent.start(home.path);
  const count = await tryAll(
    AGENT_PATHS.events,
    async (type, body) =>
      await request(agent.listening, AGENT_PATHS.events, {
        method: "POST",
        body,
        headers: { "content-type": type },
      }),
  );
  strictEqual(count, TYPES.length + producer.types.size * 2);
  const judge = judgeOf(openApi);
  for (const path of [AGENT_PATHS.status, AGENT_PATHS.health]) {
    const { json } = await request(agent.listening, path);
    const { content } = openApi.paths[path].get.responses["200"];
    judge(content["application/json"].schema, json, path);
  }
});

Deno.test("schema --openapi -> the paths of collector and agent, and no others", async () => {
  const paths = [...Object.values(PATHS), ...Object.values(AGENT_PATHS)];
  deepStrictEqual(
    Object.keys(openApi.paths).toSorted(),
    [...paths, "/metrics"].toSorted(),
  );
  await using server = await localCollector();
  const { client: collector } = server;
  for (const [path, item] of Object.entries<Description>(openApi.paths)) {
    if (item.servers?.length === 1) continue;
    // What it names is not there: the collector would say so of a path of its own as well.
    if (path.includes("{")) continue;
    for (
      const method of ["get", "post", "delete"].filter((name) => item[name])
    ) {
      const { status } = await collector.ask(path, {
        method: method.toUpperCase(),
      });
      ok(status !== 404 && status !== 405, `${method} ${path}: ${status}`);
    }
  }
});

Deno.test(needing(
  [FULL],
  "schema --asyncapi: a contract of one's own, with references -> described like all others",
  () =>
    withProgram(async (run, home) => {
      await using folder = await tempFolder();
      const file = `${folder.path}/build.json`;
      const schema = {
        type: "object",
        required: ["steps"],
        properties: {
          steps: {
            type: "array",
            minItems: 1,
            items: { $ref: "#/$defs/Step", description: "One of them." },
          },
        },
        $defs: { Step: { type: "string", minLength: 30 } },
      };
      await Deno.writeTextFile(file, JSON.stringify(schema));
      const type = "org.example.build.finished.v1";
      const added = await run(["contract", "add", "--type", type, file]);
      strictEqual(added.code, 0, added.stderr);
      const messages = await described("--asyncapi", home);
      const { payload, examples } = messages.components.messages[type];
      judgeOf(messages)(payload, examples[0].payload, type);
      strictEqual(examples[0].payload.data.steps[0].length, 30);
      const paths = await described("--openapi", home);
      deepStrictEqual(
        await faultsOf({ asyncapi: [messages], openapi: [paths] }),
        { asyncapi: [[]], openapi: [[]] },
      );
    }),
));

Deno.test("schema --asyncapi with a type, a contract or --openapi -> exit 64, and why", async () => {
  for (
    const args of [["WPCreated"], ["--contract", "producer"], ["--openapi"]]
  ) {
    const { code, stderr } = await runProgram(
      ["schema", "--asyncapi", ...args],
      {},
    );
    strictEqual(code, 64, args.join(" "));
    match(stderr, /does not go with/);
  }
});
