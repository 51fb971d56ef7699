import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Spool } from "../../lib/home/spool.ts";
import { idOf, renderedDraftOf } from "../support/events.ts";
import { farDeadline, namesIn, tempHome } from "../support/home.ts";
import { MKFIFO, outputOf } from "../support/needs.ts";

Deno.test("put: a draft -> one file named for its id, for the owner only, with all that is known", async () => {
  await using home = await tempHome();
  const spool = new Spool(home.path);
  const draft = renderedDraftOf(idOf(1));
  strictEqual(await spool.put(draft, farDeadline()), "written");
  deepStrictEqual(await namesIn(spool.path), [`${idOf(1)}.json`]);
  const path = `${spool.path}/${idOf(1)}.json`;
  const content = JSON.parse(await Deno.readTextFile(path));
  deepStrictEqual(content, {
    event_id: idOf(1),
    event_type: "WPStatusChanged",
    payload: {
      wp_id: "WP01",
      previous_status: "planned",
      new_status: "doing",
      changed_by: "user",
    },
    timestamp: "2026-02-03T12:00:00.000Z",
    team_slug: "local",
  });
  if (Deno.build.os === "windows") return;
  strictEqual((await Deno.stat(path)).mode! & 0o777, 0o600);
  strictEqual((await Deno.stat(spool.path)).mode! & 0o777, 0o700);
});

Deno.test("put: the same draft again -> present; another with its id -> conflict; the file stays", async () => {
  await using home = await tempHome();
  const spool = new Spool(home.path);
  await spool.put(renderedDraftOf(idOf(1)), farDeadline());
  const path = `${spool.path}/${idOf(1)}.json`;
  const before = await Deno.readTextFile(path);
  strictEqual(
    await spool.put(renderedDraftOf(idOf(1)), farDeadline()),
    "present",
  );
  const other = renderedDraftOf(idOf(1), { wp_id: "WP02" });
  strictEqual(await spool.put(other, farDeadline()), "conflict");
  strictEqual(await Deno.readTextFile(path), before);
});

Deno.test("put: a file in the spool's place -> throws, the file stays", async () => {
  await using home = await tempHome();
  await Deno.mkdir(home.path);
  const spool = new Spool(home.path);
  await Deno.writeTextFile(spool.path, "mine");
  await rejects(spool.put(renderedDraftOf(idOf(1)), farDeadline()));
  strictEqual(await Deno.readTextFile(spool.path), "mine");
});

Deno.test("put: many at once into no folder -> all there, whole, nothing else", async () => {
  await using home = await tempHome();
  const spool = new Spool(home.path);
  const ids = Array.from({ length: 50 }, (_, i) => idOf(i));
  await Promise.all(
    ids.map((id) => spool.put(renderedDraftOf(id), farDeadline())),
  );
  deepStrictEqual(await namesIn(spool.path), ids.map((id) => `${id}.json`));
  for (const id of ids) {
    const text = await Deno.readTextFile(`${spool.path}/${id}.json`);
    strictEqual(JSON.parse(text).event_id, id);
  }
});

Deno.test("names: no folder -> none; a file in its place -> throws", async () => {
  await using home = await tempHome();
  const spool = new Spool(home.path);
  deepStrictEqual(await spool.names(), []);
  await Deno.mkdir(home.path);
  await Deno.writeTextFile(spool.path, "");
  await rejects(spool.names());
});

Deno.test("read: a file that is gone -> undefined; one that is there -> its bytes and time", async () => {
  await using home = await tempHome();
  const spool = new Spool(home.path);
  strictEqual(await spool.read("a.json"), undefined);
  await Deno.mkdir(spool.path, { recursive: true });
  await spool.write("a.json", new TextEncoder().encode("€"));
  await Deno.utime(`${spool.path}/a.json`, 1_000, 1_000);
  const file = await spool.read("a.json");
  deepStrictEqual(file, {
    name: "a.json",
    bytes: new TextEncoder().encode("€"),
    modifiedMs: 1_000_000,
  });
});

Deno.test("remove: files of which one is gone already -> all gone", async () => {
  await using home = await tempHome();
  const spool = new Spool(home.path);
  for (const n of [1, 2, 3]) {
    await spool.put(renderedDraftOf(idOf(n)), farDeadline());
  }
  await Deno.remove(`${spool.path}/${idOf(2)}.json`);
  await spool.remove([1, 2, 3].map((n) => `${idOf(n)}.json`));
  deepStrictEqual(await namesIn(spool.path), []);
});

Deno.test("isWritable: a folder -> true and nothing left; no folder -> false", async () => {
  await using home = await tempHome();
  const spool = new Spool(home.path);
  strictEqual(await spool.isWritable(), false);
  await spool.put(renderedDraftOf(idOf(1)), farDeadline());
  ok(await spool.isWritable());
  // What was left there, or is a pipe, gives way.
  await Deno.writeTextFile(`${spool.path}/.probe`, "");
  ok(await spool.isWritable());
  if (MKFIFO.isMet) await outputOf("mkfifo", [`${spool.path}/.probe`]);
  ok(await spool.isWritable());
  strictEqual((await namesIn(spool.path)).length, 1);
});

Deno.test("removeLeftovers: of killed writers, of yesterday -> removed; younger ones, other programs', drafts -> stay", async () => {
  await using home = await tempHome();
  const spool = new Spool(home.path);
  await Deno.mkdir(spool.path, { recursive: true });
  const nowMs = Date.now(), DAY_MS = 24 * 60 * 60 * 1000;
  const files = {
    [`.${idOf(1)}.json.tmp`]: 2 * DAY_MS,
    [`.${idOf(2)}.json.tmp`]: DAY_MS / 2,
    ".mine.json.tmp": 2 * DAY_MS,
    ".1234.tmp": 2 * DAY_MS,
    [`${idOf(3)}.json`]: 2 * DAY_MS,
  };
  for (const [name, ageMs] of Object.entries(files)) {
    const path = `${spool.path}/${name}`;
    await Deno.writeTextFile(path, "{}");
    const time = new Date(nowMs - ageMs);
    await Deno.utime(path, time, time);
  }
  await spool.removeLeftovers(nowMs);
  deepStrictEqual(
    await namesIn(spool.path),
    Object.keys(files).slice(1).sort(),
  );
});
