/**
 * What one batch and one event cost a collector and its PostgreSQL, in time of
 * a processor: what docs/scale.md stands on. Linux only.
 *
 *     deno task bench:costs
 *
 * Batches of 1 and of 500 gzipped events, each of a team of its own, so that
 * nobody waits for another; a straight line through both.
 *
 * @module
 */

import { eventOf } from "../tests/support/events.ts";
import { databaseOf, PgServer } from "../tests/support/postgres.ts";
import { accessToken, report, startCollector, USER } from "./collector.ts";
import { sayWhere } from "./measure.ts";

const SIZES = [1, 500] as const;

/** Batches of each size: enough that the start-up of what runs is a small part. */
const COUNTS: Readonly<Record<number, number>> = { 1: 1_500, 500: 60 };

/** A typical size of an event. */
const SIZE = 520;

const TICKS_PER_S = 100;

const folder = await Deno.makeTempDir({ prefix: "kitty-events-bench-" });
await using server = await PgServer.start({
  settings: { fsync: "on", shared_buffers: "'256MB'" },
});
try {
  sayWhere(1);
  await measure();
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function measure(): Promise<void> {
  const store = await server.database();
  const env = { SPEC_KITTY_STORE_URL: store };
  await using collector = await startCollector(`${folder}/home`, [], env);
  const authorization = `Bearer ${await accessToken(collector.url)}`;
  let n = 0, plain = 0, wire = 0;
  const send = async (size: number) => {
    const events = Array.from(
      { length: size },
      () => eventOf(++n, { team: USER[1], size: SIZE }).envelope,
    );
    const text = JSON.stringify({ events });
    const stream = new Blob([text]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    const body = await new Response(stream).arrayBuffer();
    plain += text.length;
    wire += size === 1 ? 0 : body.byteLength;
    const response = await fetch(`${collector.url}/api/v1/events/batch/`, {
      method: "POST",
      body,
      headers: {
        authorization,
        "content-type": "application/json",
        "content-encoding": "gzip",
      },
    });
    if (response.status !== 200) throw new Error(await response.text());
    await response.body?.cancel();
  };
  for (let i = 0; i < 40; i++) await send(i % 2 === 0 ? 1 : 500);
  const found: { size: number; collector: number; store: number }[] = [];
  for (const size of SIZES) {
    const count = COUNTS[size]!;
    const before = await spent(collector.process.pid);
    for (let i = 0; i < count; i++) await send(size);
    const after = await spent(collector.process.pid);
    found.push({
      size,
      collector: (after.own - before.own) / count,
      store: (after.store - before.store) / count,
    });
  }
  const [{ bytes }] = await server.ask(
    "select sum(pg_total_relation_size(c.oid))::float8 as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'kitty_events' and c.relkind = 'r'",
    databaseOf(store),
  ) as [{ bytes: number }];
  report("bytes of an event, as JSON", `${Math.round(plain / n)}`);
  report("the same in a gzip batch of 500", `${Math.round(wire / n)}`);
  report("the same in PostgreSQL", `${Math.round(bytes / n)}`);
  const [one, many] = found as [typeof found[0], typeof found[0]];
  for (const who of ["collector", "store"] as const) {
    const perEvent = (many[who] - one[who]) / (many.size - one.size);
    const perBatch = one[who] - perEvent;
    report(`${who}: a batch`, `${(perBatch * 1e6).toFixed(0)} µs`);
    report(`${who}: an event`, `${(perEvent * 1e6).toFixed(1)} µs`);
  }
}

/** Seconds of processor time so far: of the collector, and of all processes of the server. */
async function spent(pid: number): Promise<{ own: number; store: number }> {
  let store = 0;
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const isOfServer = await isDescendant(Number(name), server.pid);
    if (isOfServer) store += await secondsOf(Number(name));
  }
  return { own: await secondsOf(pid), store };
}

async function statOf(pid: number): Promise<string[]> {
  const text = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  // The name in brackets may hold anything.
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

async function isDescendant(pid: number, of: number): Promise<boolean> {
  if (pid === of) return true;
  const [, parent] = await statOf(pid);
  return Number(parent) === of;
}

/** Time of a process, and of its children that have ended. */
async function secondsOf(pid: number): Promise<number> {
  const stat = await statOf(pid);
  const ticks = [11, 12, 13, 14].map((at) => Number(stat[at] ?? 0));
  return ticks.reduce((a, b) => a + b, 0) / TICKS_PER_S;
}
