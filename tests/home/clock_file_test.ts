import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { load, save } from "../../lib/home/clock_file.ts";
import { NOBODY, runCode } from "../support/child.ts";
import { namesIn, tempFolder } from "../support/home.ts";
import { needing, SUPERUSER } from "../support/needs.ts";

const NOW = Date.UTC(2026, 1, 3, 12, 0, 0, 5);
const ASIDE = "clock.json.damaged-2026-02-03T120000.005Z";
const state = (value: number) => ({
  value,
  node_id: "9f86d081884c",
  updated_at: "2026-02-03T12:00:00Z",
});

Deno.test("save, load: a value -> the same, also the largest; nothing else is left", async () => {
  await using home = await tempFolder();
  for (const value of [0, 1, 42, 2 ** 52]) {
    await save(home.path, state(value));
    deepStrictEqual(await load(home.path, NOW), {
      value,
      state: state(value),
    });
  }
  deepStrictEqual(await namesIn(home.path), ["clock.json"]);
});

Deno.test("save: -> the form that the Python command line reads, for the owner only", async () => {
  await using home = await tempFolder();
  await save(home.path, state(42));
  strictEqual(
    await Deno.readTextFile(`${home.path}/clock.json`),
    '{"value":42,"node_id":"9f86d081884c","updated_at":"2026-02-03T12:00:00Z"}\n',
  );
  if (Deno.build.os === "windows") return;
  const { mode } = await Deno.stat(`${home.path}/clock.json`);
  strictEqual(mode! & 0o777, 0o600);
});

Deno.test("load: no file -> 0, and none is made", async () => {
  await using home = await tempFolder();
  deepStrictEqual(await load(home.path, NOW), { value: 0 });
  deepStrictEqual(await namesIn(home.path), []);
});

Deno.test("load: other programs' form of the file -> read", async () => {
  await using home = await tempFolder();
  for (
    const text of [
      '{\n  "value": 42,\n  "node_id": "x",\n  "updated_at": "y"\n}',
      '{"value": 42.0, "more": [1]}',
      '{"value": 42}',
      '\ufeff{"value": 42}',
    ]
  ) {
    await Deno.writeTextFile(`${home.path}/clock.json`, text);
    const { value, warning } = await load(home.path, NOW);
    deepStrictEqual([value, warning], [42, undefined]);
  }
});

const damaged: [name: string, content: string | Uint8Array][] = [
  ["empty", ""],
  ["truncated", '{"value": 42, "node_'],
  ["a bare number", "41"],
  ["null", "null"],
  ["a list", "[]"],
  ["a text", '"42"'],
  ["no value", '{"node_id": "x"}'],
  ["null as value", '{"value": null}'],
  ["text as value", '{"value": "42"}'],
  ["true as value", '{"value": true}'],
  ["below 0", '{"value": -7}'],
  ["a fraction", '{"value": 1.5}'],
  ["overflow", '{"value": 1e400}'],
  ["2^52 + 1", '{"value": 4503599627370497}'],
  ["two documents", '{"value": 1}{"value": 2}'],
  ["NUL bytes after a power cut", "\0".repeat(80)],
  ["no UTF-8", new Uint8Array([0x7b, 0xff, 0x7d])],
];
for (const [name, content] of damaged) {
  Deno.test(`load: a damaged file, ${name} -> set aside with its content, 0, a warning`, async () => {
    await using home = await tempFolder();
    const bytes = typeof content === "string"
      ? new TextEncoder().encode(content)
      : content;
    await Deno.writeFile(`${home.path}/clock.json`, bytes);
    const { value, state, warning } = await load(home.path, NOW);
    deepStrictEqual([value, state], [0, undefined]);
    ok(warning?.includes(ASIDE));
    deepStrictEqual(await namesIn(home.path), [ASIDE]);
    deepStrictEqual(await Deno.readFile(`${home.path}/${ASIDE}`), bytes);
  });
}

Deno.test("load: a folder in the file's place -> set aside with all in it", async () => {
  await using home = await tempFolder();
  await Deno.mkdir(`${home.path}/clock.json`);
  await Deno.writeTextFile(`${home.path}/clock.json/mine`, "x");
  const { value, warning } = await load(home.path, NOW);
  strictEqual(value, 0);
  ok(warning);
  deepStrictEqual(await namesIn(home.path), [ASIDE]);
  strictEqual(await Deno.readTextFile(`${home.path}/${ASIDE}/mine`), "x");
});

Deno.test("load: damaged again in the same millisecond -> a name of its own", async () => {
  await using home = await tempFolder();
  for (const text of ["first", "second", "third"]) {
    await Deno.writeTextFile(`${home.path}/clock.json`, text);
    await load(home.path, NOW);
  }
  deepStrictEqual(await namesIn(home.path), [
    ASIDE,
    `${ASIDE}-1`,
    `${ASIDE}-2`,
  ]);
  strictEqual(await Deno.readTextFile(`${home.path}/${ASIDE}-1`), "second");
});

Deno.test(needing(
  [SUPERUSER],
  "load: a file that may not be read -> throws, and moves nothing",
  async () => {
    await using home = await tempFolder();
    await Deno.chmod(home.path, 0o777);
    await Deno.writeTextFile(`${home.path}/clock.json`, '{"value": 42}');
    await Deno.chmod(`${home.path}/clock.json`, 0o600);
    const output = await runCode(
      `const { load } = await import(lib + "home/clock_file.ts");
       console.log(await load(args[0], 0).then(() => "loaded", (e) => e.name));`,
      { uid: NOBODY, args: [home.path] },
    );
    strictEqual(output.trim(), "PermissionDenied");
    deepStrictEqual(await namesIn(home.path), ["clock.json"]);
  },
));

Deno.test("save: the temporary file cannot be written -> throws, the old value stays", async () => {
  await using home = await tempFolder();
  await save(home.path, state(7));
  await Deno.mkdir(`${home.path}/.clock.json.tmp`);
  await Deno.writeTextFile(`${home.path}/.clock.json.tmp/x`, "");
  await rejects(save(home.path, state(8)));
  strictEqual((await load(home.path, NOW)).value, 7);
});
