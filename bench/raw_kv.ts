/**
 * What the queue's storage can do at best: the values of an export, committed
 * to an empty Deno KV in groups, and nothing else.
 *
 *     raw_kv.ts EXPORT KV_PATH GROUP_SIZE
 *
 * @module
 */

const [exported, path, size] = Deno.args as [string, string, string];
const encoder = new TextEncoder();
const values = (await Deno.readTextFile(exported)).trim().split("\n")
  .map((line) => encoder.encode(line));
const kv = await Deno.openKv(path);
const startedMs = performance.now();
for (let at = 0; at < values.length; at += Number(size)) {
  const commit = kv.atomic();
  for (const [i, value] of values.slice(at, at + Number(size)).entries()) {
    commit.set(["queue", at + i], value);
  }
  await commit.commit();
}
const seconds = (performance.now() - startedMs) / 1000;
console.log(JSON.stringify({ events: values.length, seconds }));
kv.close();
