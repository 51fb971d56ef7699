/** Batches refused whole: by a server that cannot bear one event, and by one that takes none at all. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type {
  DrainParts,
  DrainResult,
} from "../../lib/delivery/drain/drain.ts";
import { idOf } from "../support/events.ts";
import type { SentBatch } from "../support/scripted_server.ts";
import { bounded, eventsOf, Sending } from "../support/sending.ts";
import type { Transport } from "../../lib/delivery/transport/transport.ts";
import { IS_FULL } from "../support/needs.ts";
import { REQUESTS } from "../support/ways.ts";

const refusal = () => Response.json({ error: "bad batch" }, { status: 400 });

/** Poison among good events -> the good arrive in the same drain, the poison ends in the dead letters. */
type Case = [
  string,
  number,
  (n: number) => boolean,
  requestsMax: number,
  /** Events at once, where these are fewer than the way has. */
  eventsMax?: number,
];
const MIXED: readonly Case[] = [
  ["the first of 1,000", 1_000, (n) => n === 1, 25],
  ["the last of 1,000", 1_000, (n) => n === 1_000, 25],
  ["one in the middle of 1,000", 1_000, (n) => n === 437, 25],
  ["the first of two", 2, (n) => n === 1, 4],
  ["the second of two", 2, (n) => n === 2, 4],
  ["every hundredth of 1,000", 1_000, (n) => n % 100 === 0, 180],
  ["a batch of 200 before one good one", 201, (n) => n <= 200, 480, 200],
  ["fifty in each of two batches", 2_000, (n) => n % 1_000 < 50, 300],
  ["one good one before 100", 101, (n) => n > 1, 240],
  ["all but the last of 30", 30, (n) => n < 30, 100],
  ["all but the last but one of 12", 12, (n) => n !== 11, 40],
  ["30 before 70 good ones in one batch", 100, (n) => n <= 30, 120],
  ["97 before 3 good ones in one batch", 100, (n) => n <= 97, 240],
];

/** The same with more events, each of which takes two requests. */
const MANY: readonly Case[] = [
  ["1,000 before one good one", 1_001, (n) => n <= 1_000, 2_400],
  ["one good one before 1,000", 1_001, (n) => n > 1, 2_400],
  [
    "two batches, with good ones between",
    3_000,
    (n) => n <= 1_000 || n > 2_000,
    4_800,
  ],
  ["970 before 30 good ones in one batch", 1_000, (n) => n <= 970, 2_400],
];

/** Requests that a case takes at most, to be run for every way. */
const CHEAP_REQUESTS = 200;

/** How often a server that refuses everything is asked again. */
const AGAIN = IS_FULL ? 5 : 2;

/** All of it, by one way. */
function suite(label: string, way: (at: Sending) => Transport): void {
  const all = IS_FULL ? [...MIXED, ...MANY] : MIXED;
  const mixed = all.filter(([, , , requestsMax]) =>
    label === "HttpBatch" || requestsMax < CHEAP_REQUESTS
  );

  /** A drain of events 1 to `last`, some of which make the server refuse everything around them. */
  async function drained(
    last: number,
    poison: (n: number) => boolean,
    eventsMax?: number,
  ): Promise<
    { at: Sending; result: DrainResult; requests: number } & AsyncDisposable
  > {
    const at = await Sending.prepare(eventsOf(1, last));
    at.server.onBatch = ({ events }) =>
      events.some(({ lamport_clock }) => poison(lamport_clock))
        ? refusal()
        : undefined;
    const transport = way(at);
    const result = await at.drain(
      eventsMax === undefined ? transport : bounded(transport, { eventsMax }),
    );
    return {
      at,
      result,
      requests: at.server.batches.length,
      [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
    };
  }

  for (const [name, last, poison, requestsMax, eventsMax] of mixed) {
    Deno.test(`${label}: poison, ${name} -> all good ones arrive, all poison is dead`, async () => {
      await using drain = await drained(last, poison, eventsMax);
      const { at, result, requests } = drain;
      const numbers = Array.from({ length: last }, (_, i) => i + 1);
      const dead = numbers.filter(poison).map(idOf);
      const good = numbers.filter((n) => !poison(n)).map(idOf);
      deepStrictEqual(result.end, { kind: "drained" });
      deepStrictEqual(await at.ids("dead"), dead);
      deepStrictEqual([...at.server.taken].sort(), good);
      deepStrictEqual(result.counts.failures, { bad_request: dead.length });
      deepStrictEqual(
        [result.counts.delivered, result.counts.rejected],
        [good.length, dead.length],
      );
      const { queued, delivered } = await at.ledger();
      deepStrictEqual([queued, delivered], [0, good.length]);
      ok(requests <= requestsMax, `${requests} requests`);
    });
  }

  Deno.test(`${label}: poison that is dead -> with the server's words, and no attempts`, async () => {
    await using drain = await drained(3, (n) => n === 2);
    const [dead] = await drain.at.kept("dead");
    deepStrictEqual(
      [dead!.attempts, dead!.last_error, dead!.reason],
      [0, "status 400: bad batch", "rejected by the server"],
    );
  });

  for (const last of [1, 9, 10, 11, 1_000, 1_200]) {
    Deno.test(`${label}: a server that refuses all ${last} events -> costs nothing, however often`, async () => {
      await using drain = await drained(last, () => true);
      const { at, result, requests } = drain;
      ok(result.end.kind === "trouble");
      match(result.end.words, /refuses every event: status 400: bad batch/);
      await at.isUntouched();
      ok(requests <= 200, `${requests} requests`);
      for (let again = 0; again < AGAIN; again++) {
        const { end } = await at.drain(way(at));
        strictEqual(end.kind, "trouble");
      }
      await at.isUntouched();

      // The gateway is repaired: nothing is lost.
      at.server.onBatch = () => undefined;
      const { counts } = await at.drain(way(at));
      strictEqual(counts.delivered, last);
      strictEqual((await at.ledger()).queued, 0);
    });
  }

  /** Drains 2,500 events with a gateway that from some moment on refuses everything. */
  async function flipped(
    isFlipped: (batch: SentBatch, at: Sending) => boolean,
    parts: Partial<DrainParts> = {},
  ): Promise<void> {
    await using at = await Sending.prepare(eventsOf(1, 2_500));
    at.server.onBatch = (batch) => isFlipped(batch, at) ? refusal() : undefined;
    const { end } = await at.drain(way(at), parts);
    ok(end.kind === "trouble");
    match(end.words, /refuses every event/);
    const { queued, delivered, dead } = await at.ledger();
    deepStrictEqual([delivered, queued, dead], [1_000, 1_500, 0]);
    ok((await at.kept("queue")).every(({ attempts }) => attempts === 0));
    at.server.onBatch = () => undefined;
    await at.drain(way(at));
    strictEqual((await at.ledger()).delivered, 2_500);
  }

  Deno.test(`${label}: a gateway that refuses everything from the second batch on -> costs nothing`, () =>
    flipped((_batch, { server }) => server.batches.length > 1));

  Deno.test(`${label}: everything refused while suspects wait for another's success -> costs nothing`, async () => {
    await using at = await Sending.prepare(eventsOf(1, 1_002));
    // Event 1,001 is refused for its own sake; the gateway fails right after.
    at.server.onBatch = ({ events }) =>
      at.server.taken.size > 0 || events.some((e) => e.event_id === idOf(1_001))
        ? refusal()
        : undefined;
    const { end } = await at.drain(way(at));
    strictEqual(end.kind, "trouble");
    const { delivered, queued, dead } = await at.ledger();
    deepStrictEqual([delivered, queued, dead], [1_000, 2, 0]);
  });

  Deno.test(`${label}: trouble in the midst of closing in -> nothing is dead that was not proven`, async () => {
    await using at = await Sending.prepare(eventsOf(1, 100));
    at.server.onBatch = ({ events }) =>
      at.server.batches.length > 7
        ? Response.json({}, { status: 503 })
        : events.some((e) => e.event_id === idOf(1))
        ? refusal()
        : undefined;
    const { end } = await at.drain(way(at));
    strictEqual(end.kind, "trouble");
    await at.isUntouched();
  });
}

for (const [label, way] of Object.entries(REQUESTS)) suite(label, way);
