/** Contracts of one's own: added whole or not at all, used like any other. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { tempFolder } from "../support/home.ts";
import { needing, UNIX } from "../support/needs.ts";
import { documentsOf, variantsOf, withProgram } from "../support/program.ts";
import { PUBLISHED, publishedFolder } from "../support/published.ts";

const ENVELOPE = {
  type: "object",
  properties: {
    specversion: { const: "1.0" },
    id: { type: "string" },
    source: { type: "string" },
    type: { type: "string" },
    time: { type: "string", format: "date-time" },
    datacontenttype: { type: "string" },
    lamportclock: { type: "integer" },
    nodeid: { type: "string" },
    shopid: { type: "string" },
    data: { type: "object" },
  },
  required: ["id", "source", "type", "time", "data", "shopid"],
  additionalProperties: false,
};

const ORDER = {
  type: "object",
  properties: {
    sum: { type: "integer", minimum: 1 },
    paid: { type: "boolean" },
    items: { type: "array", items: { $ref: "#/$defs/Item" } },
  },
  required: ["sum"],
  additionalProperties: false,
  $defs: { Item: { type: "string", pattern: "^[a-z]+(-[a-z]+)*$" } },
};

const REGISTRY = {
  name: "shop",
  version: "2.1.0",
  type_prefix: "org.example.shop",
  types: [{ name: "order.placed.v1" }, { name: "order.placed.v2" }],
};

/** Writes a contract; what is given takes the place of its own files. */
async function shop(
  folder: string,
  files: Record<string, unknown> = {},
): Promise<void> {
  await Deno.mkdir(`${folder}/data`, { recursive: true });
  const all = {
    "registry.json": REGISTRY,
    "envelope.schema.json": ENVELOPE,
    "data/order.placed.v1.schema.json": ORDER,
    "data/order.placed.v2.schema.json": ORDER,
    ...files,
  };
  for (const [name, content] of Object.entries(all)) {
    const text = typeof content === "string"
      ? content
      : JSON.stringify(content);
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
}

Deno.test("contract add: a folder -> its types are recorded, judged and shown like all others; gone only when none is queued", () =>
  withProgram(async (run, home) => {
    await using folder = await tempFolder();
    await shop(`${folder.path}/shop`);
    const cwd = folder.path;
    const added = await run(["contract", "add", "shop", "--json"], { cwd });
    strictEqual(added.code, 0, added.stdout);
    deepStrictEqual(JSON.parse(added.stdout).types, [
      "org.example.shop.order.placed.v1",
      "org.example.shop.order.placed.v2",
    ]);
    const emit = [
      ...["emit", "order.placed", "--sum", "12", "--paid", "true", "--json"],
      ...["--data", '{"items":["tea-cup"]}', "--attribute", "source=/shops/1"],
    ];
    const good = await run([...emit, "--attribute", "shopid=1"]);
    strictEqual(JSON.parse(good.stdout).status, "queued", good.stdout);
    const bad = await run.here([...emit, "--sum", "0"]);
    deepStrictEqual(
      JSON.parse(bad.stdout).problems.map(({ path }: { path: string }) => path),
      ["/shopid", "/data/sum"],
    );
    const draft = JSON.stringify({
      type: "order.placed.v1",
      source: "/shops/1",
      shopid: "1",
      data: { sum: 1 },
    });
    await run.here(["emit", "--stdin"], { stdin: `${draft}\n` });
    const { stdout: full } = await run.here(["queue", "export", "--full"]);
    deepStrictEqual(
      documentsOf(full).map(({ contract, version, event }) => [
        contract,
        version,
        event.type,
        event.lamportclock,
      ]),
      [
        ["shop", "2.1.0", "org.example.shop.order.placed.v2", 1],
        ["shop", "2.1.0", "org.example.shop.order.placed.v1", 2],
      ],
    );
    const judged = await run(["validate", "--contract", "shop"], {
      stdin: (await run.here(["queue", "export"])).stdout,
    });
    strictEqual(judged.code, 0, judged.stdout);
    const shown = await run.here(["contract", "show", "shop", "--json"]);
    strictEqual(JSON.parse(shown.stdout).types.length, 2);

    const inUse = await run(["contract", "remove", "shop"]);
    strictEqual(inUse.code, 69);
    match(inUse.stderr, /2 events of the contract shop are queued/);
    const again = await run(["contract", "add", "shop"], { cwd });
    strictEqual(again.code, 65);
    await run.here(["queue", "drop", "--all", "--yes"]);
    strictEqual((await run(["contract", "remove", "shop"])).code, 0);
    strictEqual((await run.here(emit)).code, 64);
    strictEqual(
      (await Array.fromAsync(Deno.readDir(`${home}/contracts`))).length,
      0,
    );
    strictEqual(
      (await run.here(["contract", "remove", "producer"])).code,
      65,
    );
  }));

/** What is wrong with a contract, and what is said of it. */
const WRONG: [string, Record<string, unknown>, RegExp][] = [
  ["no JSON", { "registry.json": "{" }, /registry\.json: expected/],
  ["no types", { "registry.json": { ...REGISTRY, types: [] } }, /\/types/],
  [
    "two types of one name",
    {
      "registry.json": {
        ...REGISTRY,
        types: [{ name: "order.placed.v1" }, { name: "order.placed.v1" }],
      },
    },
    /two types are named/,
  ],
  [
    "a type of another contract",
    {
      "registry.json": {
        ...REGISTRY,
        types: [{
          type: "ai.spec-kitty.wp.created.v1",
          schema: "data/order.placed.v1.schema.json",
        }],
      },
    },
    /belongs to the contract producer/,
  ],
  [
    "the name of a contract of the program",
    { "registry.json": { ...REGISTRY, name: "producer" } },
    /is the name of a contract of the program/,
  ],
  [
    "a schema outside of the folder",
    {
      "registry.json": {
        ...REGISTRY,
        types: [{ name: "a.v1", schema: "../secret.json" }],
      },
    },
    /is not a file of the folder/,
  ],
  [
    "a schema that is not there",
    { "registry.json": { ...REGISTRY, types: [{ name: "a.v1" }] } },
    /data\/a\.v1\.schema\.json: /,
  ],
  [
    "a reference to elsewhere",
    {
      "data/order.placed.v1.schema.json": {
        properties: { a: { $ref: "https://example.org/x" } },
      },
    },
    /\/properties\/a\/\$ref: a reference that leaves the file/,
  ],
  [
    "a reference to nothing",
    {
      "data/order.placed.v1.schema.json": {
        properties: { a: { $ref: "#/$defs/x" } },
      },
    },
    /order\.placed\.v1\.schema\.json: can't resolve reference/,
  ],
  [
    "a schema that is none",
    { "data/order.placed.v1.schema.json": { type: "objekt" } },
    /schema is invalid/,
  ],
  [
    "a pattern that takes for ever",
    {
      "data/order.placed.v1.schema.json": {
        properties: { a: { pattern: "^(a+)+$" } },
      },
    },
    /a pattern whose repetition is repeated/,
  ],
  [
    "a pattern for names that takes for ever",
    {
      "data/order.placed.v1.schema.json": {
        patternProperties: { "^(a+)+$": {} },
      },
    },
    /repetition is repeated/,
  ],
  [
    "a schema that is judged later",
    { "data/order.placed.v1.schema.json": { $async: true } },
    /\$async: it may not be/,
  ],
  [
    "a schema that refers to itself",
    { "data/order.placed.v1.schema.json": { allOf: [{ $ref: "#" }] } },
    /a schema refers to itself/,
  ],
  [
    "references that double again and again",
    {
      "data/order.placed.v1.schema.json": {
        $ref: "#/$defs/d0",
        $defs: Object.fromEntries(
          Array.from({ length: 30 }, (_, n) => {
            const $ref = `#/$defs/d${n + 1}`;
            return [`d${n}`, n === 29 ? {} : { allOf: [{ $ref }, { $ref }] }];
          }),
        ),
      },
    },
    /references lead to too many/,
  ],
  [
    "nested without end",
    {
      "data/order.placed.v1.schema.json": Array.from({ length: 20 }).reduce(
        (inner) => ({ properties: { a: inner } }),
        {},
      ),
    },
    /nested too deep/,
  ],
  [
    "too many parts",
    {
      "data/order.placed.v1.schema.json": {
        anyOf: Array.from({ length: 20_001 }, () => ({})),
      },
    },
    /more than/,
  ],
];

Deno.test("contract add: what is wrong -> 65 with file and place, and nothing is added", () =>
  withProgram(async (run, home) => {
    const add = variantsOf(run);
    for (const [name, files, said] of WRONG) {
      await using folder = await tempFolder();
      await shop(folder.path, files);
      const { code, stderr } = await add(["contract", "add", folder.path]);
      strictEqual(code, 65, `${name}: ${stderr}`);
      match(stderr, said, name);
    }
    const { length } = await Array.fromAsync(
      await Deno.stat(`${home}/contracts`).then(
        () => Deno.readDir(`${home}/contracts`),
        () => [],
      ),
    );
    strictEqual(length, 0);
    strictEqual((await add(["contract", "add", "/nowhere"])).code, 64);
  }));

Deno.test(
  needing(
    [UNIX],
    "contract add: a link out of the folder -> not followed",
    () =>
      withProgram(async (run) => {
        await using folder = await tempFolder();
        await using other = await tempFolder();
        await shop(folder.path);
        await Deno.writeTextFile(`${other.path}/x.json`, "{}");
        await Deno.remove(`${folder.path}/envelope.schema.json`);
        await Deno.symlink(
          `${other.path}/x.json`,
          `${folder.path}/envelope.schema.json`,
        );
        const { code, stderr } = await run(["contract", "add", folder.path]);
        strictEqual(code, 65);
        match(stderr, /it leads out of the folder/);
      }),
  ),
);

Deno.test(
  needing(
    [PUBLISHED],
    "contract add: the published folder under another prefix -> all 27 types",
    () =>
      withProgram(async (run) => {
        await using folder = await tempFolder();
        await publishedFolder(folder.path, "org.example.kitty");
        const added = await run(["contract", "add", folder.path, "--json"]);
        strictEqual(added.code, 0, added.stdout);
        strictEqual(JSON.parse(added.stdout).types.length, 27);
      }),
  ),
);

Deno.test("contract add --type: one schema -> a type of CloudEvents; --contract, SPEC_KITTY_CONTRACT -> no other is taken", () =>
  withProgram(async (run) => {
    await using folder = await tempFolder();
    const cwd = folder.path;
    await Deno.writeTextFile(`${cwd}/build.json`, JSON.stringify(ORDER));
    const type = "org.example.build.v1";
    const added = await run(["contract", "add", "--type", type, "build.json"], {
      cwd,
    });
    strictEqual(added.code, 0, added.stderr);
    const emit = [
      "emit",
      "org.example.build",
      "--sum",
      "3",
      "--attribute",
      "source=/ci",
      "--json",
    ];
    strictEqual(JSON.parse((await run(emit)).stdout).status, "queued");
    const other = JSON.parse(
      (await run([...emit, "--contract", "producer"])).stdout,
    );
    deepStrictEqual([other.status, other.problems[0].path], [
      "discarded",
      "/type",
    ]);
    const wp = [
      "emit",
      "wp-status-changed",
      "WP01",
      "planned",
      "doing",
      "--json",
    ];
    const env = { SPEC_KITTY_CONTRACT: "producer" };
    const refused = JSON.parse((await run(wp, { env })).stdout);
    strictEqual(refused.problems[0].path, "/event_type");
    strictEqual(
      JSON.parse(
        (await run([...wp, "--contract", "work-packages"], { env })).stdout,
      ).status,
      "queued",
    );
    ok((await run.here(["queue", "check"])).code === 0);
  }));
