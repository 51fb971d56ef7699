/**
 * The least that a durable, ordered event costs on this runtime: lock, open
 * Deno KV, read the clock, store it, commit. Nothing is checked, named, or told.
 *
 *     floor.ts FOLDER
 *
 * @module
 */

const [folder] = Deno.args as [string];
const lock = await Deno.open(`${folder}/lock`, { write: true, create: true });
await lock.lock(true);
const opening = Deno.openKv(`${folder}/floor.kv`);
const path = `${folder}/clock`;
const clock = Number(await Deno.readTextFile(path).catch(() => "0")) + 1;
const kv = await opening;
await kv.get(["ledger"]);
{
  using file = await Deno.open(`${path}.tmp`, { write: true, create: true });
  await file.write(new TextEncoder().encode(String(clock)));
  await file.syncData();
}
await Deno.rename(`${path}.tmp`, path);
const commit = kv.atomic().set(["event", clock], new Uint8Array(300));
await commit.set(["ledger"], new Uint8Array(150)).commit();
Deno.exit(0);
