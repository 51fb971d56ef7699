import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { fileStamp, syncFolder, writeDurably } from "../../lib/base/files.ts";
import { namesIn, tempFolder } from "../support/home.ts";
import { MKFIFO, needing, outputOf, UNIX } from "../support/needs.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("writeDurably: a new file, an old one, no content, much content -> the content, nothing else left", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/a`;
  for (const text of ["long text", "x", "", "y".repeat(5_000_000)]) {
    await writeDurably(path, `${path}.tmp`, bytes(text));
    strictEqual(await Deno.readTextFile(path), text);
  }
  deepStrictEqual(await namesIn(folder.path), ["a"]);
});

Deno.test("writeDurably: leftovers of an earlier one -> overwritten whole", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/a`;
  await Deno.writeTextFile(`${path}.tmp`, "a long half written text");
  await writeDurably(path, `${path}.tmp`, bytes("new"));
  strictEqual(await Deno.readTextFile(path), "new");
});

Deno.test(needing(
  [MKFIFO],
  "writeDurably: a pipe, a link or an empty folder in the temporary's place -> gives way at once",
  async () => {
    await using folder = await tempFolder();
    const path = `${folder.path}/a`, other = `${folder.path}/other`;
    await Deno.writeTextFile(other, "other");
    const strange = [
      () => outputOf("mkfifo", [`${path}.tmp`]),
      () => Deno.symlink(other, `${path}.tmp`),
      () => Deno.mkdir(`${path}.tmp`),
    ];
    for (const [i, make] of strange.entries()) {
      await make();
      await writeDurably(path, `${path}.tmp`, bytes(`new ${i}`));
      strictEqual(await Deno.readTextFile(path), `new ${i}`);
    }
    strictEqual(await Deno.readTextFile(other), "other");
    deepStrictEqual(await namesIn(folder.path), ["a", "other"]);
  },
));

Deno.test("writeDurably: the target is replaced, not written into -> a reader keeps the old file whole", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/a`;
  await writeDurably(path, `${path}.tmp`, bytes("old"));
  using reader = await Deno.open(path, { read: true });
  await writeDurably(path, `${path}.tmp`, bytes("new"));
  const buffer = new Uint8Array(9);
  const length = await reader.read(buffer);
  strictEqual(new TextDecoder().decode(buffer.subarray(0, length!)), "old");
});

Deno.test("writeDurably: a folder in the target's place -> throws, no temporary file is left", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/a`;
  await Deno.mkdir(path);
  await rejects(writeDurably(path, `${path}.tmp`, bytes("new")));
  deepStrictEqual(await namesIn(folder.path), ["a"]);
});

Deno.test("writeDurably: no folder -> NotFound", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/none/a`;
  await rejects(
    writeDurably(path, `${path}.tmp`, bytes("new")),
    Deno.errors.NotFound,
  );
});

Deno.test(needing(
  [UNIX],
  "writeDurably: -> a file for its owner only",
  async () => {
    await using folder = await tempFolder();
    const path = `${folder.path}/a`;
    await writeDurably(path, `${path}.tmp`, bytes("x"));
    strictEqual((await Deno.stat(path)).mode! & 0o777, 0o600);
  },
));

Deno.test("syncFolder: a folder, none, a file -> never throws", async () => {
  await using folder = await tempFolder();
  await Deno.writeTextFile(`${folder.path}/file`, "");
  for (const end of ["", "/none", "/file"]) {
    strictEqual(await syncFolder(folder.path + end), undefined);
  }
});

Deno.test("fileStamp: times -> parts of names that sort by time and hold no colon", () => {
  const stamps = [0, 5, 1_770_120_000_005].map(fileStamp);
  deepStrictEqual(stamps, [
    "1970-01-01T000000.000Z",
    "1970-01-01T000000.005Z",
    "2026-02-03T120000.005Z",
  ]);
});
