/** The audit's file: what is damaged in it costs nothing but itself. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { FileAudit } from "../../../lib/collector/audit/file_audit.ts";
import { tempFolder } from "../../support/home.ts";

const entryOf = (n: number) => ({
  at: "2026-02-03T12:00:00.000Z",
  what: "login",
  name: `user ${n}`,
});

Deno.test("FileAudit: a line that was cut off -> the next one is whole, and so are all others", async () => {
  await using folder = await tempFolder();
  const audit = new FileAudit(folder.path);
  const path = `${folder.path}/audit.ndjson`;
  await audit.note(entryOf(1));
  await Deno.writeTextFile(path, '{"at":"2026', { append: true });
  await audit.note(entryOf(2));
  await Deno.writeTextFile(path, 'null\n[]\n{"at":1}\n\n', { append: true });
  await audit.note(entryOf(3));
  deepStrictEqual(
    await Array.fromAsync(audit.read()),
    [1, 2, 3].map(entryOf),
  );
  strictEqual((await Deno.stat(path)).mode! & 0o777, 0o600);
});

Deno.test("FileAudit: moved away meanwhile -> goes on in a new file", async () => {
  await using folder = await tempFolder();
  const audit = new FileAudit(folder.path);
  await audit.note(entryOf(1));
  await Deno.rename(`${folder.path}/audit.ndjson`, `${folder.path}/old`);
  await audit.note(entryOf(2));
  deepStrictEqual(await Array.fromAsync(audit.read()), [entryOf(2)]);
});

Deno.test("FileAudit: a long one -> read in pieces, none of it kept", async () => {
  await using folder = await tempFolder();
  const audit = new FileAudit(folder.path);
  const line = JSON.stringify({ ...entryOf(1), details: "x".repeat(1_000) });
  const text = `${line}\n`.repeat(1_000);
  const file = await Deno.open(`${folder.path}/audit.ndjson`, {
    create: true,
    write: true,
  });
  for (let n = 0; n < 100; n++) {
    await file.write(new TextEncoder().encode(text));
  }
  file.close();
  const before = Deno.memoryUsage().external + Deno.memoryUsage().heapUsed;
  let count = 0, peak = 0;
  for await (const _ of audit.read()) {
    if (++count % 10_000 > 0) continue;
    const { external, heapUsed } = Deno.memoryUsage();
    peak = Math.max(peak, external + heapUsed - before);
  }
  strictEqual(count, 100_000);
  ok(peak < 60e6, `${peak} bytes more for 100 MB`);
});
