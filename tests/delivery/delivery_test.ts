/** Delivery inside of the test, against a server that takes batches only and answers as it is told. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { pause } from "../../lib/base/deadline.ts";
import { Delivery } from "../../lib/delivery/delivery.ts";
import type { ConnectionStatus } from "../../lib/route/route.ts";
import type { Session } from "../../lib/login/session.ts";
import { type NoSession, openSession } from "../../lib/login/open_session.ts";
import type { SyncResult } from "../../lib/delivery/drain/sync.ts";
import { draft } from "../support/agent.ts";
import { BatchServer } from "../support/batch_server.ts";
import { eventually } from "../support/eventually.ts";
import { emitterAt, farDeadline, tempHome } from "../support/home.ts";
import { TestWorld } from "../support/world.ts";

/** Far more than any test takes. */
const LONG_MS = 10 * 60 * 1000;

/** A delivery in a home of its own. */
class Place {
  readonly server: BatchServer;
  readonly delivery: Delivery;
  readonly told: [ConnectionStatus, string][] = [];
  readonly drains: SyncResult[] = [];
  readonly warnings: string[] = [];
  readonly world: TestWorld;
  readonly #emitter;
  /** Called instead of the real one, once. */
  openNext: (() => Promise<Session | NoSession>) | undefined;

  constructor(home: string, server: BatchServer, batchIntervalMs: number) {
    this.server = server;
    this.world = new TestWorld({ env: server.env });
    const { emitter } = emitterAt(home, { world: this.world });
    this.#emitter = emitter;
    this.delivery = new Delivery({
      home: emitter.home!,
      world: this.world,
      nodeId: emitter.nodeId,
      openSession: () => {
        const open = this.openNext ?? (() => this.#open(home));
        this.openNext = undefined;
        return open();
      },
      batchIntervalMs,
      onStatus: (status, why) => this.told.push([status, why]),
      onDrain: (result) => this.drains.push(result),
      warn: (text) => this.warnings.push(text),
    });
  }

  #open(home: string): Promise<Session | NoSession> {
    const serverUrl = this.world.env("SPEC_KITTY_SERVER_URL");
    const settings = { serverUrl, teamSlug: "acme" };
    return openSession(home, settings, this.world, () => {});
  }

  /** Records so many events, and tells the delivery. */
  async emit(count = 1): Promise<void> {
    const group = Array.from(
      { length: count },
      (_, i) => this.#emitter.prepareValue(draft(i)),
    );
    for (
      const { status } of await this.#emitter.recordGroup(group, farDeadline())
    ) {
      strictEqual(status, "queued");
    }
    this.delivery.poke();
  }

  /** Gathers from now on. */
  gather(gatherMs: number): void {
    const { settings } = this.#emitter.home!.context;
    settings.renew({ ...settings.current, gatherMs });
  }

  /** Waits until so many batches came. */
  batches(count: number): Promise<unknown> {
    return eventually(
      `${count} batches`,
      () => this.server.batches.length >= count,
    );
  }

  /** Waits until so many drains have ended; gives how they did. */
  async ends(count: number): Promise<string[]> {
    await eventually(`${count} drains`, () => this.drains.length >= count);
    return this.drains.map(({ end }) =>
      end.kind === "stopped" ? end.reason : end.kind
    );
  }

  sync() {
    return this.delivery.sync({ deadline: farDeadline(), troublesMax: 1 });
  }

  async close(): Promise<void> {
    await this.delivery.stop();
    this.#emitter[Symbol.dispose]();
  }
}

/** A delivery that has started, and has found nothing to send. */
async function withDelivery(
  work: (place: Place) => Promise<void>,
  batchIntervalMs = 0,
): Promise<void> {
  await using home = await tempHome();
  await using server = new BatchServer();
  const place = new Place(home.path, server, batchIntervalMs);
  try {
    await place.delivery.start();
    await place.ends(1);
    place.drains.length = 0;
    await work(place);
  } finally {
    server.answer = "success";
    await place.close();
  }
}

Deno.test("Delivery: something is appended -> a batch, at once", () =>
  withDelivery(async (place) => {
    await place.emit(3);
    deepStrictEqual(await place.ends(1), ["drained"]);
    strictEqual(place.server.batches[0]!.length, 3);
    strictEqual(place.drains[0]!.remaining, 0);
  }, LONG_MS));

Deno.test("Delivery: events gathered for a while -> in one batch: when the time has come, or when somebody asks", () =>
  withDelivery(async (place) => {
    place.gather(LONG_MS);
    await place.emit();
    await place.emit(2);
    await place.emit();
    await place.sync();
    deepStrictEqual(place.server.batches.map(({ length }) => length), [4]);
    // Somebody waits for it.
    await place.emit();
    place.delivery.pokeNow();
    await place.batches(2);
    // What waits does not wait for longer because more comes.
    place.gather(50);
    await place.emit();
    await place.batches(3);
  }));

Deno.test("Delivery: a second batch within the interval -> waits, until somebody asks for it", () =>
  withDelivery(async (place) => {
    await place.emit();
    await place.ends(1);
    await place.emit();
    const result = await place.sync();
    ok("counts" in result);
    strictEqual(result.counts.delivered, 1);
    strictEqual(place.server.batches.length, 2);
  }, LONG_MS));

Deno.test("Delivery.sync: a drain waits in the middle for its next batch's turn -> does not wait any more", () =>
  withDelivery(async (place) => {
    await place.emit(2_500);
    await place.batches(1);
    const result = await place.sync();
    ok("counts" in result);
    deepStrictEqual([result.end.kind, result.remaining], ["drained", 0]);
    strictEqual(place.server.batches.flat().length, 2_500);
  }, LONG_MS));

Deno.test("Delivery.stop: events wait for their turn -> delivered in the last drain", async () => {
  await withDelivery(async (place) => {
    await place.emit(2_500);
    await place.batches(1);
    await place.emit(10);
    await place.delivery.stop();
    strictEqual(place.server.batches.flat().length, 2_510);
    strictEqual(place.delivery.status, "Offline");
  }, LONG_MS);
});

Deno.test("Delivery.stop: the server never answers -> ends within seconds all the same", () =>
  withDelivery(async (place) => {
    place.server.answer = "never";
    await place.emit();
    await place.batches(1);
    const before = performance.now();
    await place.delivery.stop();
    ok(performance.now() - before < 9_000);
    place.server.release();
  }));

Deno.test("Delivery: an event with a failed attempt -> rests while others go out; sync sends it", () =>
  withDelivery(async (place) => {
    place.server.answer = "a word that nobody knows";
    await place.emit();
    await place.ends(1);
    const [[first]] = place.server.batches as [[Record<string, unknown>]];
    place.server.answer = "success";
    await place.emit();
    await place.ends(2);
    ok(place.server.batches[1]!.every((e) => e.event_id !== first.event_id));
    strictEqual(place.drains[1]!.remaining, 1);
    const result = await place.sync();
    ok("counts" in result);
    deepStrictEqual([result.counts.delivered, result.remaining], [1, 0]);
  }));

Deno.test("Delivery: trouble with the server -> tried again by itself", () =>
  withDelivery(async (place) => {
    place.server.answer = () => new Response(null, { status: 503 });
    await place.emit();
    deepStrictEqual(await place.ends(1), ["trouble"]);
    place.server.answer = "success";
    const [, second] = await place.ends(2);
    // One that was on its way already has met the trouble, too.
    if (second === "trouble") await place.ends(3);
    strictEqual(place.drains.at(-1)!.end.kind, "drained");
    strictEqual(place.drains.at(-1)!.remaining, 0);
  }));

/** What a server says that wants no more, and whether a reload helps. */
const STOPS: readonly [number, string, boolean][] = [
  [403, "forbidden", true],
  [412, "outdated", false],
];

for (const [status, reason, helps] of STOPS) {
  Deno.test(`Delivery: ${status} -> leaves the server alone; a reload ${helps ? "ends that" : "does not help"}`, () =>
    withDelivery(async (place) => {
      place.server.answer = () => new Response(null, { status });
      await place.emit();
      deepStrictEqual(await place.ends(1), [reason]);
      place.server.answer = "success";
      await place.emit();
      await place.delivery.reload();
      if (helps) {
        strictEqual((await place.ends(2))[1], "drained");
        strictEqual(place.server.batches[1]!.length, 2);
      } else {
        await place.emit();
        // A drain would take a tenth of that.
        await pause(300);
        strictEqual(place.server.batches.length, 1);
        strictEqual(place.drains.length, 1);
      }
    }));
}

Deno.test("Delivery: the server tells a clock value -> the home's clock is past it", () =>
  withDelivery(async (place) => {
    await place.emit();
    await place.ends(1);
    place.server.answer = () => {
      const [event] = place.server.batches.at(-1)!;
      const results = [{ event_id: event!.event_id, status: "success" }];
      return Response.json({ results, lamport_clock: 5_000 });
    };
    await place.emit();
    await place.ends(2);
    place.server.answer = "success";
    await place.emit();
    await place.ends(3);
    const clock = place.server.batches.at(-1)![0]!.lamport_clock;
    ok(clock as number > 5_000);
  }));

Deno.test("Delivery.loginChanged: the same login -> nothing is told", () =>
  withDelivery(async (place) => {
    const before = place.told.length;
    await place.delivery.loginChanged();
    strictEqual(place.told.length, before);
  }));

Deno.test("Delivery.loginChanged: nobody is logged in any more -> Offline with the reason; sync says it too", () =>
  withDelivery(async (place) => {
    const token = place.world.vars.get("SPEC_KITTY_ACCESS_TOKEN")!;
    place.world.vars.delete("SPEC_KITTY_ACCESS_TOKEN");
    await place.delivery.loginChanged();
    const [status, why] = place.told.at(-1)!;
    strictEqual(status, "Offline");
    ok(why.length > 0);
    const result = await place.sync();
    ok("reason" in result);
    strictEqual(result.error.message, why);

    await place.emit();
    place.world.vars.set("SPEC_KITTY_ACCESS_TOKEN", token);
    await place.delivery.loginChanged();
    deepStrictEqual(await place.ends(1), ["drained"]);
    strictEqual(place.server.batches.length, 1);
  }));

Deno.test("Delivery.reload: the login cannot be read once -> rejects; the next one works", () =>
  withDelivery(async (place) => {
    place.openNext = () => Promise.reject(new Error("the disk failed"));
    await rejects(place.delivery.reload(), /the disk failed/);
    await place.delivery.reload();
    await place.emit();
    deepStrictEqual((await place.ends(1)).slice(0, 1), ["drained"]);
  }));

Deno.test("Delivery.reload: a drain under way is told to stop after it -> the new login sends all the same", () =>
  withDelivery(async (place) => {
    const held = Promise.withResolvers<Response>();
    place.server.answer = () => held.promise;
    await place.emit();
    await place.batches(1);
    await place.delivery.reload();
    place.server.answer = "success";
    held.resolve(new Response(null, { status: 403 }));
    deepStrictEqual(await place.ends(2), ["forbidden", "drained"]);
  }));
