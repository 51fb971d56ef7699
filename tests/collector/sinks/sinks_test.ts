/** Sinks: what is stored goes on to others, whatever they do. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Engine } from "../../../lib/collector/engine.ts";
import { memoryEngine } from "../../../lib/collector/memory_engine.ts";
import { openServices } from "../../../lib/collector/services.ts";
import { Lease } from "../../../lib/collector/sinks/lease.ts";
import {
  type Sink as Added,
  SinkStore,
} from "../../../lib/collector/sinks/sink.ts";
import {
  type SinkState,
  sinkStates,
} from "../../../lib/collector/sinks/sinks.ts";
import { MemoryRecords } from "../../../lib/collector/records/memory_records.ts";
import { LEASE_LOST_MS } from "../../../lib/collector/limits.ts";
import { jsonLog } from "../../../lib/base/log.ts";
import { type EventOptions, idOf, incomingOf } from "../../support/events.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/ports.ts";
import { Sink } from "../../support/sink.ts";
import { TestWorld } from "../../support/world.ts";

const TEAM = "acme";

const incoming = (n: number, options: EventOptions = {}) =>
  incomingOf(n, { team: TEAM, ...options });

/** A machine whose dice fall so that pauses are short. */
class HastyWorld extends TestWorld {
  #drawn = 0;
  /** How far its clock is ahead. */
  elapsed = 0;
  override elapsedMs = () => performance.now() + this.elapsed;
  override readonly randomBytes = (count: number): Uint8Array =>
    new Uint8Array(count).fill(count > 1 ? ++this.#drawn : 5);
}

/** A collector without its server, and its sinks. */
class Serving implements AsyncDisposable {
  readonly world = new HastyWorld();
  readonly logged: string[] = [];
  readonly #stack = new AsyncDisposableStack();
  engine!: Engine;
  #added = 0;

  static async start(engine?: Engine): Promise<Serving> {
    const serving = new Serving();
    const services = serving.#stack.use(
      await openServices({
        world: serving.world,
        log: jsonLog(() => 0, (line) => serving.logged.push(line)),
        addressOf: () => undefined,
        open: (onStored) =>
          Promise.resolve(engine ?? memoryEngine(serving.world, onStored)),
      }),
    );
    serving.engine = services.engine;
    services.sinks.start();
    serving.#stack.defer(() => services.sinks.stop());
    return serving;
  }

  async add(name: string, url: string, fields: Partial<Added> = {}) {
    await new SinkStore(this.engine.settings).add({
      name,
      id: `${name} ${++this.#added}`,
      url,
      team: TEAM,
      format: "batch",
      from: 0,
      created_at: "2026-02-03T12:00:00.000Z",
      ...fields,
    });
  }

  admit(from: number, to: number, options: EventOptions = {}) {
    const events = Array.from(
      { length: to - from + 1 },
      (_, i) => incoming(from + i, options),
    );
    return this.engine.events.admit(TEAM, events);
  }

  async state(name: string): Promise<SinkState> {
    return (await sinkStates(this.engine)).find((one) => one.name === name)!;
  }

  /** Waits until nothing is left to go. */
  done(name: string): Promise<SinkState> {
    return eventually(`${name} has all`, async () => {
      const state = await this.state(name);
      return state.lag === 0 && state;
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

const idsOf = ({ taken }: Sink) => taken.map(({ id }) => id);
const ids = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => idOf(from + i));
const answering = (status: number, headers: HeadersInit = {}) => () =>
  new Response("{}", { status, headers });

Deno.test("sinks: three, one of them dead, one slow -> each has all in its order, and holds up no other", async () => {
  await using serving = await Serving.start();
  await using good = new Sink();
  await using slow = new Sink();
  await using single = new Sink();
  const port = freePort();
  const gate = Promise.withResolvers<void>();
  slow.onRequest = async () => {
    await gate.promise;
    return undefined as unknown as Response;
  };
  await serving.add("good", good.url);
  await serving.add("slow", slow.url);
  await serving.add("dead", `http://127.0.0.1:${port}/`);
  await serving.add("single", single.url, { format: "structured" });
  for (let g = 0; g < 5; g++) await serving.admit(g * 100 + 1, g * 100 + 100);
  await serving.done("good");
  await serving.done("single");
  deepStrictEqual(idsOf(good), ids(1, 500));
  deepStrictEqual(idsOf(single), ids(1, 500));
  deepStrictEqual(good.odd, []);
  strictEqual((await serving.state("slow")).delivered, 0);
  const dead = await eventually("dead is known", async () => {
    const state = await serving.state("dead");
    return state.trouble ? state : undefined;
  });
  match(dead.trouble!.words, /no answer from 127/);
  strictEqual(dead.lag, 500);
  gate.resolve();
  await serving.done("slow");
  deepStrictEqual(idsOf(slow), ids(1, 500));
  // It was only away.
  await serving.admit(501, 510);
  const taken: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port, onListen() {} },
    async (request) => {
      for (const { id } of await request.json()) taken.push(id);
      return new Response();
    },
  );
  strictEqual((await serving.done("dead")).trouble, null);
  deepStrictEqual(taken, ids(1, 510));
  await server.shutdown();
});

Deno.test("sink: refuses some events alone -> counted and left out once it takes others; the rest in order", async () => {
  await using serving = await Serving.start();
  await using sink = new Sink();
  const bad = new Set([3, 4, 77, 100].map(idOf));
  sink.onRequest = (_, body) =>
    [JSON.parse(body)].flat().some(({ id }) => bad.has(id))
      ? Response.json({ error: "odd" }, { status: 422 })
      : undefined;
  await serving.admit(1, 100);
  await serving.add("sink", sink.url);
  const state = await serving.done("sink");
  const good = ids(1, 100).filter((id) => !bad.has(id));
  deepStrictEqual([...new Set(idsOf(sink))], good);
  deepStrictEqual([state.delivered, state.refused], [96, 4]);
  deepStrictEqual(
    state.last_refused.map(({ position, reason }) => [position, reason]),
    [2, 3, 76, 99].map((position) => [position, "status 422: odd"]),
  );
  strictEqual(state.trouble, null);
});

/** Takes all from the request on that has an event: one that was refused just before others are taken would be at fault itself. */
function takingFrom(
  id: string,
  refusing: NonNullable<Sink["onRequest"]>,
): NonNullable<Sink["onRequest"]> {
  let isTaking = false;
  return (request, body) => {
    isTaking ||= body.includes(id);
    return isTaking ? undefined : refusing(request, body);
  };
}

Deno.test("sink: refuses everything -> nothing is left out, and all goes once it takes it", async () => {
  await using serving = await Serving.start();
  await using sink = new Sink();
  sink.onRequest = answering(400);
  await serving.admit(1, 30);
  await serving.add("sink", sink.url);
  const state = await eventually("it is known", async () => {
    const state = await serving.state("sink");
    return state.trouble ? state : undefined;
  });
  match(state.trouble!.words, /refuses every event: status 400/);
  deepStrictEqual([state.position, state.refused], [0, 0]);
  sink.onRequest = takingFrom(idOf(1), answering(400));
  await serving.done("sink");
  deepStrictEqual(idsOf(sink), ids(1, 30));
  // From then on, too: it has taken some.
  sink.onRequest = answering(415);
  await serving.admit(31, 35);
  await eventually(
    "it is known",
    async () => (await serving.state("sink")).trouble,
  );
  strictEqual((await serving.state("sink")).refused, 0);
  sink.onRequest = takingFrom(idOf(31), answering(415));
  await serving.done("sink");
  deepStrictEqual([...new Set(idsOf(sink))], ids(1, 35));
});

Deno.test("sink: that lies, redirects, answers without end, is too small -> its own trouble, and nothing lost", async () => {
  await using serving = await Serving.start();
  await using odd = new Sink();
  await using moved = new Sink();
  await using small = new Sink();
  await using endless = new Sink();
  odd.onRequest = () => undefined;
  let followed = 0;
  moved.onRequest = ({ url }) => {
    if (url.includes("elsewhere")) followed++;
    return new Response(null, {
      status: 307,
      headers: { location: "/elsewhere" },
    });
  };
  small.onRequest = (_, body) =>
    body.length > 3_000 ? new Response(null, { status: 413 }) : undefined;
  endless.onRequest = () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(1024 * 1024));
        },
      }),
      { headers: { "content-type": "application/json" } },
    );
  await serving.admit(1, 40);
  await serving.add("odd", odd.url);
  await serving.add("moved", moved.url);
  await serving.add("small", small.url);
  await serving.add("endless", endless.url);
  await serving.done("odd");
  strictEqual((await serving.done("small")).refused, 0);
  deepStrictEqual(idsOf(small), ids(1, 40));
  const state = await eventually("it redirects", async () => {
    const state = await serving.state("moved");
    return state.trouble ? state : undefined;
  });
  match(state.trouble!.words, /redirects, and is not followed/);
  strictEqual(followed, 0);
  strictEqual(state.delivered, 0);
  // What it said was yes; of its endless words no more is read than of others.
  strictEqual((await serving.done("endless")).delivered, 40);
});

Deno.test("sink: of some types, from now on, paused, removed and added again -> what was asked for", async () => {
  await using serving = await Serving.start();
  await using sink = new Sink();
  await serving.admit(1, 3);
  await serving.add("sink", sink.url, { from: 3, types: ["HistoryAdded"] });
  await serving.admit(4, 5);
  await serving.admit(6, 6, { type: "HistoryAdded" });
  await serving.done("sink");
  deepStrictEqual(idsOf(sink), [idOf(6)]);
  const store = new SinkStore(serving.engine.settings);
  await store.change("sink", (sink) => ({ ...sink, paused: true }));
  await eventually(
    "it is let go",
    async () => (await serving.engine.records.list("lease")).length === 0,
  );
  await serving.admit(7, 7, { type: "HistoryAdded" });
  strictEqual((await serving.state("sink")).lag, 1);
  await store.change("sink", ({ paused: _, ...sink }) => sink);
  await serving.done("sink");
  deepStrictEqual(idsOf(sink), [6, 7].map(idOf));
  await store.remove("sink");
  await serving.add("sink", sink.url, {
    types: ["dev.kitty-events.work-packages.wp-status-changed.v1"],
  });
  const state = await serving.done("sink");
  strictEqual(state.delivered, 5);
  deepStrictEqual(idsOf(sink), [6, 7, 1, 2, 3, 4, 5].map(idOf));
});

Deno.test("sink: its token -> read for each request; none to be had is trouble", async () => {
  await using serving = await Serving.start();
  await using sink = new Sink();
  const tokens: (string | null)[] = [];
  sink.onRequest = ({ headers }) => {
    tokens.push(headers.get("authorization"));
    return undefined;
  };
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "one\n");
  await serving.add("sink", sink.url, { token_file: file });
  await serving.admit(1, 1);
  await serving.done("sink");
  await Deno.writeTextFile(file, "two");
  await serving.admit(2, 2);
  await serving.done("sink");
  deepStrictEqual(tokens, ["Bearer one", "Bearer two"]);
  await Deno.writeTextFile(file, "a b\nc");
  await serving.admit(3, 3);
  await eventually(
    "it is said",
    async () =>
      (await serving.state("sink")).trouble?.words.includes("holds no token"),
  );
  await Deno.remove(file);
});

Deno.test("sink: events that were removed before they went there -> it goes on behind them, and they are counted", async () => {
  await using serving = await Serving.start();
  await using sink = new Sink();
  await serving.admit(1, 10);
  await serving.engine.events.prune(TEAM, 4);
  await serving.add("sink", sink.url);
  const state = await serving.done("sink");
  deepStrictEqual(idsOf(sink), ids(5, 10));
  strictEqual(state.missed, 4);
});

Deno.test("sinks: two collectors on one store, one after the other gone -> one of them drives each, and the other goes on where it was", async () => {
  const world = new HastyWorld();
  const engine = memoryEngine(world, () => {});
  await using sink = new Sink();
  let atOnce = 0, most = 0;
  sink.onRequest = async () => {
    most = Math.max(most, ++atOnce);
    await new Promise((done) => setTimeout(done, 2));
    atOnce--;
    return undefined as unknown as Response;
  };
  // One that was killed: its lease does not move any more.
  await engine.records.replace("lease", "sink s 1", undefined, {
    holder: "gone",
    turn: 7,
  });
  const one = await Serving.start(engine);
  await one.add("s", sink.url, { id: "s 1" });
  await one.admit(1, 50);
  await using two = await Serving.start(engine);
  await eventually("both look at it", async () => {
    await new Promise((done) => setTimeout(done, 1_500));
    return true;
  });
  strictEqual(idsOf(sink).length, 0);
  for (const { world } of [one, two]) world.elapsed += LEASE_LOST_MS;
  await one.done("s");
  await one[Symbol.asyncDispose]();
  await two.admit(51, 60);
  await two.done("s");
  deepStrictEqual(idsOf(sink), ids(1, 60));
  strictEqual(most, 1);
});

Deno.test("Lease: of two, on clocks of their own -> one holds it; the other when it does not move any more", async () => {
  const records = new MemoryRecords();
  let [a, b] = [0, 1_000_000];
  const one = new Lease(records, "k", "one", () => a);
  const two = new Lease(records, "k", "two", () => b);
  await Promise.all([one.tick(), two.tick()]);
  deepStrictEqual([one.isHeld, two.isHeld].toSorted(), [false, true]);
  for (let i = 0; i < 30; i++) {
    a += 1_000, b += 1_000;
    await one.tick();
    await two.tick();
    deepStrictEqual([one.isHeld, two.isHeld], [true, false]);
  }
  // The first stands still, and knows on its own clock when it may not trust in it any more.
  a += LEASE_LOST_MS - 1;
  ok(!one.isHeld);
  for (let ms = 0; ms < LEASE_LOST_MS - 1; ms += 1_000) {
    b += 1_000;
    await two.tick();
  }
  ok(two.isHeld);
  await one.tick();
  ok(!one.isHeld);
  await two.release();
  await one.tick();
  ok(one.isHeld && !two.isHeld);
  // An answer that got lost: the next look finds it is its own.
  const replace = records.replace.bind(records);
  records.replace = async (...args) => {
    await replace(...args);
    throw new Error("cut");
  };
  a += 1_000;
  await one.tick().catch(() => {});
  records.replace = replace;
  a += 1_000;
  await one.tick();
  await one.tick();
  ok(one.isHeld);
});

Deno.test("sinkStates: events were removed before a sink began -> only what is there is to go", async () => {
  await using serving = await Serving.start();
  await serving.add("late", "http://127.0.0.1:9/", { paused: true });
  await serving.admit(1, 3);
  strictEqual((await serving.state("late")).lag, 3);
  await serving.engine.events.prune(TEAM, 2);
  strictEqual((await serving.state("late")).lag, 1);
  await serving.engine.events.prune(TEAM, 3);
  strictEqual((await serving.state("late")).lag, 0);
});
