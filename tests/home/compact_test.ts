import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { queuePath } from "../../lib/home/queue_file.ts";
import { linesOf, spawnCode } from "../support/child.ts";
import { eventOf, idOf } from "../support/events.ts";
import { homeAt, inHome, namesIn, tempHome } from "../support/home.ts";

/** A home of so many large events, of which all but a few are gone again. */
async function emptied(home: string, count: number, left: number) {
  await inHome(home, async ({ queue }) => {
    const events = Array.from(
      { length: count },
      (_, i) => eventOf(i + 1, { size: 6_000 }),
    );
    for (let at = 0; at < count; at += 100) {
      await queue.append(events.slice(at, at + 100), "accepted");
    }
    const ids = events.slice(left).map(({ event_id }) => event_id);
    await queue.deadLetter(ids.slice(0, 1), { reason: "no", nowMs: 0 });
    await queue.acknowledge(ids.slice(1));
  });
}

const contentOf = (home: string) =>
  inHome(home, async ({ queue }) => ({
    ids: (await queue.peek(1_000)).map(({ event }) => event.event_id),
    ledger: queue.ledger,
    problems: await queue.check(),
  }));

const copiesIn = async (home: string) =>
  (await namesIn(home)).filter((name) => name.includes("compact"));

Deno.test("compact: a queue that was emptied -> smaller, with the same content, sound; the next hold works in it", async () => {
  await using home = await tempHome();
  await emptied(home.path, 300, 5);
  const before = await contentOf(home.path);
  using at = homeAt(home.path);
  const sizes = await at.maintain(({ queue }) => queue.compact());
  ok(sizes.bytes_after < sizes.bytes_before / 4, JSON.stringify(sizes));
  // The handle of before is noticed to be of another file.
  await at.maintain(({ queue }) => queue.append([eventOf(999)], "accepted"));
  const after = await contentOf(home.path);
  deepStrictEqual(after.ids, [...before.ids, idOf(999)]);
  deepStrictEqual(after.problems, []);
  strictEqual(after.ledger.accepted, before.ledger.accepted + 1);
  strictEqual(after.ledger.dead, 1);
  deepStrictEqual(await copiesIn(home.path), []);
});

Deno.test("compact: chunks of a large event -> whole in the new file", async () => {
  await using home = await tempHome();
  const large = eventOf(1, { size: 500_000 });
  await inHome(home.path, ({ queue }) => queue.append([large], "accepted"));
  await inHome(home.path, ({ queue }) => queue.compact());
  const [entry] = await inHome(home.path, ({ queue }) => queue.peek(1));
  deepStrictEqual(entry!.event.document, large.envelope);
});

Deno.test("compact: many small values with long names, as those of rows that were handed over -> all in the new file", async () => {
  await using home = await tempHome();
  await emptied(home.path, 10, 5);
  const name = (n: number) => [`handed`, `${idOf(n)}@s:/${"é".repeat(190)}`];
  const kv = await Deno.openKv(queuePath(home.path));
  try {
    for (let n = 0; n < 1_000; n++) await kv.set(name(n), new Uint8Array(9));
  } finally {
    kv.close();
  }
  await inHome(home.path, ({ queue }) => queue.compact());
  const fresh = await Deno.openKv(queuePath(home.path));
  try {
    const there = await Array.fromAsync(fresh.list({ prefix: ["handed"] }));
    strictEqual(there.length, 1_000);
  } finally {
    fresh.close();
  }
});

Deno.test("compact: another process reads meanwhile -> said, and nothing has changed", async () => {
  await using home = await tempHome();
  await emptied(home.path, 50, 40);
  const before = await contentOf(home.path);
  const reader = spawnCode(
    `import { DatabaseSync } from "node:sqlite";
     const database = new DatabaseSync(args[0]);
     database.exec("BEGIN; SELECT count(*) FROM sqlite_master");
     database.prepare("SELECT count(*) FROM sqlite_master").all();
     console.log("reading");
     await Deno.stdin.read(new Uint8Array(1));
     setInterval(() => {}, 1000);`,
    { args: [queuePath(home.path)] },
  );
  const lines = linesOf(reader.stdout);
  await lines.next();
  await inHome(home.path, ({ queue }) => queue.touch());
  await rejects(
    inHome(home.path, ({ queue }) => queue.compact()),
    { code: "queue_busy" },
  );
  reader.kill("SIGKILL");
  for await (const _ of lines);
  await reader.stderr.cancel();
  await reader.status;
  deepStrictEqual((await contentOf(home.path)).ids, before.ids);
  deepStrictEqual(await copiesIn(home.path), []);
});
