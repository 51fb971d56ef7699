/**
 * What a collector on PostgreSQL does, beside one on its own folder, with the
 * server on the same machine:
 *
 *     deno task bench:sql [--runs=N] [--stored=N] [--growth] [--only=ENGINE]
 *
 * `--stored`: how many events are there when growth is looked at (1,000,000);
 * `--growth`: only that; `--only=folder`, `--only=PostgreSQL`: of one engine.
 *
 * @module
 */

import { machine } from "../lib/base/world.ts";
import { type Engine, openFolder } from "../lib/collector/engine.ts";
import type { IncomingEvent } from "../lib/collector/events/event_log.ts";
import { openPgEngine } from "../lib/collector/sql/pg_engine.ts";
import { encode } from "../lib/event/event.ts";
import { eventOf } from "../tests/support/events.ts";
import { PgServer } from "../tests/support/postgres.ts";
import { accessToken, report, startCollector, USER } from "./collector.ts";
import { median, runsAsked, sayWhere, valueAsked } from "./measure.ts";

const BATCH = 1_000, BATCHES = 24, EVENTS_TIMED = 200, TEAM = USER[1];

/** Batches that are timed, of each kind. */
const TIMED = 60;

/** A typical size of an event. */
const SIZE = 520;

const runs = runsAsked(3);
const stored = Number(valueAsked("stored") ?? 1_000_000);
const only = valueAsked("only");
const isGrowthAlone = Deno.args.includes("--growth");

const folder = await Deno.makeTempDir({ prefix: "kitty-events-bench-" });
await using server = await PgServer.start({
  settings: { fsync: "on", shared_buffers: "'256MB'", max_wal_size: "'4GB'" },
});
try {
  sayWhere(runs);
  if (!isGrowthAlone) {
    await rates();
    await broadcasts("on", await server.database());
    await broadcasts("off", await server.database("&kitty_notify=off"));
  }
  await growth();
} finally {
  await Deno.remove(folder, { recursive: true });
}

function textOf(n: number): string {
  const options = { team: TEAM, size: SIZE, type: "HistoryAdded" } as const;
  return JSON.stringify(eventOf(n, options).envelope);
}

/** Batches over HTTP, two at a time, into one collector on each engine in turn. */
async function rates(): Promise<void> {
  const bodies = Array.from({ length: BATCHES }, (_, b) => {
    const events = Array.from(
      { length: BATCH },
      (_, i) => textOf(b * BATCH + i + 1),
    );
    return `{"events":[${events.join(",")}]}`;
  });
  const found: Record<string, number[]> = { folder: [], PostgreSQL: [] };
  for (let run = 0; run < runs; run++) {
    for (const [name, all] of Object.entries(found)) {
      const env: Record<string, string> = name === "folder"
        ? {}
        : { SPEC_KITTY_STORE_URL: await server.database() };
      const home = `${folder}/${name}-${run}`;
      await using collector = await startCollector(home, [], env);
      const authorization = `Bearer ${await accessToken(collector.url)}`;
      const startedMs = performance.now();
      let next = 0;
      const send = async () => {
        while (next < bodies.length) {
          const response = await fetch(
            `${collector.url}/api/v1/events/batch/`,
            {
              method: "POST",
              body: bodies[next++]!,
              headers: { authorization, "content-type": "application/json" },
            },
          );
          if (response.status !== 200) throw new Error(await response.text());
          await response.body?.cancel();
        }
      };
      await Promise.all([send(), send()]);
      all.push(BATCH * BATCHES / (performance.now() - startedMs) * 1_000);
    }
  }
  for (const [name, all] of Object.entries(found)) {
    report(
      `batches of ${BATCH} into a collector, ${name}`,
      `${Math.round(median(all))} events/s`,
    );
  }
}

/** From a batch of one event at one collector to a subscriber of another. */
async function broadcasts(name: string, store: string): Promise<void> {
  const env = { SPEC_KITTY_STORE_URL: store };
  await using one = await startCollector(`${folder}/one-${name}`, [], env);
  await using two = await startCollector(`${folder}/two-${name}`, [], env);
  const authorization = `Bearer ${await accessToken(one.url)}`;
  const ticket = await fetch(`${two.url}/api/v1/ws-token/`, {
    method: "POST",
    headers: { authorization },
  });
  const { ws_token } = await ticket.json();
  const socket = new WebSocket(
    `${two.url.replace("http", "ws")}/ws/v1/events/`,
    { headers: { authorization: `Bearer ${ws_token}` } },
  );
  await new Promise((resolve) => socket.onmessage = resolve);
  const delaysMs: number[] = [];
  for (let n = 1; n <= EVENTS_TIMED; n++) {
    const arrived = new Promise<void>((resolve) => {
      socket.onmessage = ({ data }) => {
        if (JSON.parse(data).type === "event") resolve();
      };
    });
    const startedMs = performance.now();
    await fetch(`${one.url}/api/v1/events/batch/`, {
      method: "POST",
      body: `{"events":[${textOf(n)}]}`,
      headers: { authorization, "content-type": "application/json" },
    }).then((response) => response.body?.cancel());
    await arrived;
    delaysMs.push(performance.now() - startedMs);
  }
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
  delaysMs.sort((a, b) => a - b);
  const at = (share: number) =>
    `${delaysMs[Math.floor(share * delaysMs.length)]!.toFixed(1)} ms`;
  report(
    `to a subscriber elsewhere, notifications ${name}: median; 99 %`,
    `${at(0.5)}; ${at(0.99)}`,
  );
}

function eventsFrom(first: number, count: number): IncomingEvent[] {
  return Array.from({ length: count }, (_, i) => {
    const { envelope } = eventOf(first + i, {
      team: TEAM,
      size: SIZE,
      type: "HistoryAdded",
    });
    return { ...encode(envelope), document: { ...envelope } };
  });
}

/**
 * How long a batch takes with few and with many events stored, on both engines:
 * two stores of each, timed in turn, as filling one takes long and the machine
 * changes meanwhile.
 */
async function growth(): Promise<void> {
  const few = 10_000;
  for (const name of ["folder", "PostgreSQL"] as const) {
    if (only !== undefined && only !== name) continue;
    const stores = await Promise.all(
      ["few", "many"].map((label) => openedStore(name, label)),
    );
    for (const { engine } of stores) {
      // Another team first, so that files and caches are as they are later on.
      await fill(engine, 0, TIMED * BATCH, "warm");
      await fill(engine, 0, few);
    }
    const [one, other] = stores as [OpenedStore, OpenedStore];
    await other.fill(few, stored);
    await other.engine.events.admit(TEAM, []);
    const times: [number[], number[]] = [[], []];
    for (let n = 0; n < TIMED; n++) {
      const pair = [
        async () => times[0].push(await batchMs(one.engine, few + n * BATCH)),
        async () =>
          times[1].push(await batchMs(other.engine, stored + n * BATCH)),
      ];
      // Whichever comes second takes longer.
      for (const timed of n % 2 === 0 ? pair : pair.reverse()) await timed();
    }
    const [before, after] = times.map(median) as [number, number];
    report(
      `a batch with ${stored} stored / with ${few}, ${name}`,
      `${(after / before).toFixed(2)}x (${before.toFixed(1)} ms)`,
    );
    for (const { engine } of stores) await engine[Symbol.asyncDispose]();
  }
}

/** A store that is filled, and what does that fastest. */
interface OpenedStore {
  readonly engine: Engine;
  readonly fill: (from: number, to: number) => Promise<void>;
}

async function openedStore(
  name: "folder" | "PostgreSQL",
  label: string,
): Promise<OpenedStore> {
  const world = machine(), onStored = () => {};
  if (name === "folder") {
    const engine = await openFolder(`${folder}/${label}`, world, onStored);
    return { engine, fill: (from, to) => fill(engine, from, to) };
  }
  const store = await server.database();
  return {
    engine: await openPgEngine(store, { world, onStored }),
    fill: (from, to) => fillByServer(store, from, to),
  };
}

/** How long a batch takes, in milliseconds. */
async function batchMs({ events }: Engine, first: number): Promise<number> {
  const batch = eventsFrom(first + 1, BATCH);
  const startedMs = performance.now();
  await events.admit(TEAM, batch);
  return performance.now() - startedMs;
}

async function fill(
  { events }: Engine,
  from: number,
  to: number,
  team: string = TEAM,
) {
  for (let n = from; n < to; n += BATCH) {
    await events.admit(team, eventsFrom(n + 1, Math.min(BATCH, to - n)));
  }
}

/** The same by the server itself: documents are those of one event with other ids. */
async function fillByServer(url: string, from: number, to: number) {
  if (to <= from) return;
  const database = new URL(url).pathname.slice(1);
  const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const digits = Array.from(
    { length: 10 },
    (_, i) =>
      `substr('${alphabet}', (((n + 1) >> ${5 * (9 - i)}) & 31)::int + 1, 1)`,
  ).join(" || ");
  await server.ask(
    `insert into kitty_events.events
      select team, n, id, contract, type, mission, subject, from_status,
        to_status, actor, node, n + 1, occurred_at, received_at, collector,
        bytes, replace(document, event_id, id)
      from generate_series(${from}::bigint, ${to - 1}) as n,
        lateral (select '01KGHZ3D6R000000' || ${digits} as id) as ids,
        (select * from kitty_events.events where team = '${TEAM}' and position = 0) as one;
    update kitty_events.teams set next = ${to}, events = ${to}
      where team = '${TEAM}';
    analyze kitty_events.events; checkpoint`,
    database,
  );
}
