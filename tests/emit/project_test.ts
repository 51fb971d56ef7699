import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { parse } from "../../lib/base/yaml.ts";
import { findProject, type ProjectFinding } from "../../lib/emit/project.ts";
import { spawnCode } from "../support/child.ts";
import { tempFolder } from "../support/home.ts";
import { commandNeed, IS_FULL, needing, outputOf } from "../support/needs.ts";

/** Files that chance makes up. */
const RUNS = IS_FULL ? 3_000 : 1_000;

const UUID = "0b5f4b0e-2a53-4e0c-9d5e-5f1f3d1c2a90";

async function put(folder: string, yaml: string): Promise<void> {
  await Deno.mkdir(`${folder}/.kittify`, { recursive: true });
  await Deno.writeTextFile(`${folder}/.kittify/config.yaml`, yaml);
}

/** What is found of a configuration with this text. */
async function find(yaml: string): Promise<ProjectFinding> {
  await using folder = await tempFolder();
  await put(folder.path, yaml);
  return await findProject(folder.path);
}

const block = (slug: string) => `project:\n  uuid: ${UUID}\n  slug: ${slug}\n`;

const slugs: [written: string, slug: unknown][] = [
  ["my-project", "my-project"],
  ["it's-a:-b", "it's-a:-b"],
  ["ünï-côde", "ünï-côde"],
  ["'123'", "123"],
  ["'it''s'", "it's"],
  ["'true'", "true"],
  ["'a: b # c'", "a: b # c"],
  ['"two\\nlines \\u00fc"', "two\nlines ü"],
  ['"x"', "x"],
  ["123", 123],
  ["0x1F", 31],
  ["1.5", 1.5],
  ["true", true],
  ["True", true],
  ["yes", "yes"],
  ["2026-02-03", "2026-02-03"],
  ["a b  # a comment", "a b"],
  ["a#b", "a#b"],
  ["'a'   # a comment", "a"],
  ["[a, b]", ["a", "b"]],
  ["{a: 1}", { a: 1 }],
  ["!!str 5", "5"],
  ["|\n    block", "block\n"],
  ["plain\n    goes on", "plain goes on"],
  ["x y:z", "x y:z"],
];
for (const [written, slug] of slugs) {
  Deno.test(`findProject: slug: ${JSON.stringify(written)} -> ${JSON.stringify(slug)}`, async () => {
    deepStrictEqual(await find(block(written)), {
      identity: { project_uuid: UUID, project_slug: slug },
    });
  });
}

for (const nothing of ["null", "~", ""]) {
  Deno.test(`findProject: slug: ${JSON.stringify(nothing)} -> only the uuid`, async () => {
    deepStrictEqual(await find(block(nothing)), {
      identity: { project_uuid: UUID },
    });
  });
}

const identity = { project_uuid: UUID, project_slug: "s" };
const texts: [name: string, yaml: string][] = [
  [
    "comments and empty lines",
    `# top\n\nproject: # here\n  # in\n\n  uuid: ${UUID} # u\n  slug: s\n# end`,
  ],
  ["CRLF", block("s").replaceAll("\n", "\r\n")],
  ["a byte order mark", "\ufeff" + block("s")],
  [
    "other keys around",
    `agents:\n  - a\n${block("s")}  more: [1]\nafter:\n  slug: no\n`,
  ],
  ["a document start", `---\n${block("s")}`],
  ["a flow map", `project: {uuid: ${UUID}, slug: s}`],
  ["all of it in flow", `{"project": {"uuid": "${UUID}", "slug": "s"}}`],
  ["an anchor", `base: &p\n  uuid: ${UUID}\n  slug: s\nproject: *p\n`],
  ["a quoted key", `"project":\n  uuid: ${UUID}\n  slug: s\n`],
  ["quoted keys within", `project:\n  "uuid": ${UUID}\n  'slug': s\n`],
  ["one space of indent", `project:\n uuid: ${UUID}\n slug: s\n`],
  [
    "nested keys of the same names",
    `project:\n  owner:\n    slug: no\n    uuid: no\n  uuid: ${UUID}\n  slug: s\n`,
  ],
  ["no line break at the end", block("s").trimEnd()],
  ["spaces at the ends", `project:  \n  uuid: ${UUID}  \n  slug: s \n`],
  [
    "a tab before a comment",
    `project:\t# x\n  uuid: ${UUID}\t# x\n  slug: s\n`,
  ],
];
for (const [name, yaml] of texts) {
  Deno.test(`findProject: ${name} -> read`, async () => {
    deepStrictEqual(await find(yaml), { identity });
  });
}

const nothings: [name: string, yaml: string][] = [
  ["an empty file", ""],
  ["a comment alone", "# project:\n#   slug: s\n"],
  ["no project", "agents: [a]\n"],
  ["project: null", "project:\n"],
  ["project: text", "project: s\n"],
  ["a list", "- project\n"],
  [
    "names that only begin alike",
    "projects:\n  slug: s\nproject-x:\n  slug: s\n",
  ],
  ["a project further in", "more:\n  project:\n    slug: s\n"],
];
for (const [name, yaml] of nothings) {
  Deno.test(`findProject: ${name} -> no identity, no warning`, async () => {
    deepStrictEqual(await find(yaml), { identity: {} });
  });
}

const broken: [name: string, yaml: string][] = [
  ["an open flow map", "project: {uuid: s3cret"],
  ["an open quote", `project:\n  slug: "s3cret\n`],
  ["a tab as indent", "project:\n\tslug: s3cret\n"],
  ["a key twice", "project:\n  slug: s3cret\n  slug: b\n"],
  ["an unknown anchor", "project: *s3cret\n"],
];
for (const [name, yaml] of broken) {
  Deno.test(`findProject: ${name} -> a warning without the content, no identity`, async () => {
    const { identity, warning } = await find(yaml);
    deepStrictEqual(identity, {});
    ok(warning?.includes(".kittify/config.yaml"));
    strictEqual(warning?.includes("s3cret"), false, warning ?? "");
  });
}

Deno.test("findProject: a tag that the library does not know -> read, and nothing on stderr", async () => {
  await using folder = await tempFolder();
  await put(folder.path, block("!s3cret x"));
  const child = spawnCode(
    `const { findProject } = await import(lib + "emit/project.ts");
     console.log(JSON.stringify((await findProject(args[0])).identity));`,
    { args: [folder.path] },
  );
  const { stdout, stderr } = await child.output();
  strictEqual(new TextDecoder().decode(stderr), "");
  strictEqual(JSON.parse(new TextDecoder().decode(stdout)).project_slug, "x");
});

Deno.test("findProject: no working directory, nothing anywhere above -> no identity", async () => {
  deepStrictEqual(await findProject(undefined), { identity: {} });
  await using folder = await tempFolder();
  deepStrictEqual(await findProject(folder.path), { identity: {} });
  deepStrictEqual(await findProject(`${folder.path}/gone/for/long`), {
    identity: {},
  });
});

Deno.test("findProject: folders below the project -> the nearest configuration above", async () => {
  await using folder = await tempFolder();
  const inner = `${folder.path}/a/b`;
  await Deno.mkdir(`${inner}/c/d`, { recursive: true });
  await put(folder.path, block("outer"));
  await put(inner, block("inner"));
  const slugIn = async (path: string) =>
    (await findProject(path)).identity.project_slug;
  strictEqual(await slugIn(`${folder.path}/a`), "outer");
  strictEqual(await slugIn(inner), "inner");
  strictEqual(await slugIn(`${inner}/`), "inner");
  strictEqual(await slugIn(`${inner}/c/d`), "inner");
});

Deno.test("findProject: a folder in the configuration's place -> the next one above", async () => {
  await using folder = await tempFolder();
  await put(folder.path, block("outer"));
  await Deno.mkdir(`${folder.path}/in/.kittify/config.yaml`, {
    recursive: true,
  });
  const { identity } = await findProject(`${folder.path}/in`);
  strictEqual(identity.project_slug, "outer");
});

async function git(cwd: string, ...args: string[]): Promise<void> {
  await outputOf("git", [
    "-c",
    "user.name=t",
    "-c",
    "user.email=t@example.org",
    ...args,
  ], {
    cwd,
    env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
  });
}

const GIT = await commandNeed("git");

Deno.test(needing(
  [GIT],
  "findProject: a git worktree -> the main repository's project, from its root and below",
  async () => {
    await using folder = await tempFolder();
    const main = `${folder.path}/main`, tree = `${folder.path}/tree`;
    await Deno.mkdir(main);
    await git(main, "init", "--quiet");
    await put(main, block("committed"));
    await git(main, "add", ".");
    await git(main, "commit", "--quiet", "-m", "x");
    await git(main, "worktree", "add", "--quiet", tree);
    await git(main, "worktree", "add", "--quiet", `${main}/.worktrees/028-x`);
    // The worktree's own copy is as old as its branch.
    await put(main, block("changed-since"));
    await Deno.mkdir(`${tree}/deep/er`, { recursive: true });
    for (
      const path of [
        main,
        tree,
        `${tree}/deep/er`,
        `${main}/.worktrees/028-x`,
        `${main}/.worktrees/028-x/.kittify`,
      ]
    ) {
      const { identity } = await findProject(path);
      strictEqual(identity.project_slug, "changed-since", path);
    }
    await Deno.remove(`${main}/.kittify`, { recursive: true });
    strictEqual((await findProject(tree)).identity.project_slug, "committed");
  },
));

Deno.test(needing(
  [GIT],
  "findProject: a git worktree with relative paths -> the main repository's project",
  async () => {
    await using folder = await tempFolder();
    const main = `${folder.path}/main`, tree = `${folder.path}/tree`;
    await put(main, block("main"));
    await Deno.mkdir(`${main}/.git/worktrees/tree`, { recursive: true });
    await Deno.mkdir(tree);
    await Deno.writeTextFile(
      `${tree}/.git`,
      "gitdir: ../main/.git/worktrees/tree\n",
    );
    strictEqual((await findProject(tree)).identity.project_slug, "main");
  },
));

for (
  const [name, pointer] of [
    ["a submodule", "gitdir: ../.git/modules/sub\n"],
    ["a worktree of a submodule", "gitdir: /x/.git/modules/sub/worktrees/w\n"],
    ["a separate git folder", "gitdir: /elsewhere/repository.git\n"],
    ["garbage", "\0\0 no pointer"],
    ["nothing", ""],
    [
      "a worktree whose main repository is gone",
      "gitdir: /gone/.git/worktrees/w\n",
    ],
  ] as const
) {
  Deno.test(`findProject: a .git file of ${name} -> its own configuration, else the one above`, async () => {
    await using folder = await tempFolder();
    const sub = `${folder.path}/sub`;
    await put(folder.path, block("outer"));
    await Deno.mkdir(sub);
    await Deno.writeTextFile(`${sub}/.git`, pointer);
    strictEqual((await findProject(sub)).identity.project_slug, "outer");
    await put(sub, block("own"));
    strictEqual((await findProject(sub)).identity.project_slug, "own");
  });
}

/** Lines that a person might write into such a file, good and bad ones. */
const value = fc.oneof(
  fc.constantFrom(
    ...slugs.map(([written]) => written),
    UUID,
    "null",
    "~",
    "",
    "a: b",
    "a:",
    "&x a",
    "*x",
    "- a",
    "%a",
    "@a",
    "`a`",
    "é'",
    "a'b",
    "a\tb",
    "a, b",
    "0o17",
    "1e3",
    "0123",
    "1_000",
    "n",
    "Off",
    "NULL",
    "Null",
    "_",
    "__",
    ".5",
    "e5",
    "12345678-1234-1234-1234-123456789012",
    "12345678-1234-1234-1234-12345678901e",
  ),
  fc.string({ maxLength: 6 }),
  fc.stringMatching(/^[a-z'": #\-,\t]{0,8}$/),
);
const key = fc.constantFrom(
  "uuid",
  "uuid",
  "slug",
  "slug",
  "slug ",
  "name",
  "'slug'",
  "Slug",
  "a b",
  "<<",
);
const line = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.tuple(key, value).map(([k, v]) => `  ${k}: ${v}`),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(key, value).map(([k, v]) => `   ${k}: ${v}`),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(key, value).map(([k, v]) => `    ${k}: ${v}`),
  },
  { weight: 1, arbitrary: value.map((v) => `  - ${v}`) },
  { weight: 1, arbitrary: value.map((v) => `  ${v}`) },
  { weight: 1, arbitrary: value.map((v) => `other: ${v}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "",
      "# c",
      "  # c",
      "\t",
      "  owner:",
      "project:",
      "---",
      "...",
      "other:",
      "\t- x",
    ),
  },
);
const text = fc.tuple(
  fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, {
    weight: 1,
    arbitrary: fc.array(line, { maxLength: 2 }),
  }),
  fc.constantFrom(
    "project:",
    "project:",
    "project:",
    "project:",
    "project:",
    "project: ",
    "project: # c",
    "project :",
    "project:x",
  ),
  fc.array(line, { maxLength: 3 }),
  fc.constantFrom("\n", "\n", "\r\n"),
).map(([before, head, after, end]) => [...before, head, ...after].join(end));

for (
  const [what, value] of [
    ["contains itself", "&s [*s]"],
    ["no number of JSON", ".inf"],
    ["a number that JSON parsing would change", "99999999999999999999"],
    ["longer than an event has room for", `'${"x".repeat(20_000)}'`],
  ]
) {
  Deno.test(`findProject: a value that is ${what} -> a warning, no identity`, async () => {
    await using folder = await tempFolder();
    await put(folder.path, `project:\n  uuid: ${value}\n  slug: s\n`);
    const { identity, warning } = await findProject(folder.path);
    deepStrictEqual(identity, {});
    match(String(warning), /cannot read \.kittify\/config\.yaml/);
  });
}

Deno.test("findProject: any text -> what the YAML library alone reads, or a warning where it reads nothing", async () => {
  await using folder = await tempFolder();
  let read = 0;
  const property = fc.asyncProperty(text, async (yaml) => {
    await put(folder.path, yaml);
    const { identity, warning } = await findProject(folder.path);
    let project: unknown;
    try {
      project = Object(parse(yaml)).project;
    } catch {
      if (warning === undefined) checkValues(yaml, identity);
      else deepStrictEqual(identity, {});
      return;
    }
    const { uuid, slug } = Object(project) as Record<string, unknown>;
    const expected = {
      ...(uuid != null && { project_uuid: uuid }),
      ...(slug != null && { project_slug: slug }),
    };
    const isCarried = isDeepStrictEqual(
      JSON.parse(JSON.stringify(expected)),
      expected,
    );
    strictEqual(warning === undefined, isCarried, yaml);
    deepStrictEqual(identity, isCarried ? expected : {});
    if (uuid != null || slug != null) read += 1;
  });
  await fc.assert(property, { numRuns: RUNS });
  ok(read > RUNS / 30, `only ${read} runs had an identity`);
});

/**
 * The small reader looks no further than it has to, so it may be content with
 * a file that is broken elsewhere; but what it took is what the lines say.
 */
function checkValues(yaml: string, identity: object): void {
  for (const [name, value] of Object.entries(identity)) {
    const key = name.replace("project_", "");
    const lines = yaml.split(/\r?\n/)
      .filter((line) => line.trimStart().startsWith(`${key}:`));
    const values = lines.map((line) => {
      try {
        return Object(parse(line.trimStart()))[key];
      } catch {
        return undefined;
      }
    });
    ok(values.includes(value), `${name}: ${value}`);
  }
}
