/** A line that carries little: batches shrink until they are answered in time. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { SentBatch } from "../support/scripted_server.ts";
import { hurried } from "../support/hurried.ts";
import { deadlineIn, eventsOf, idsOf, Sending } from "../support/sending.ts";
import type { Transport } from "../../lib/delivery/transport/transport.ts";
import { REQUESTS } from "../support/ways.ts";

const EVENT_BYTES = 50_000;

/** All of it, by one way. */
function suite(label: string, way: (at: Sending) => Transport): void {
  /** Events in a home, and a line to the server on which no more than `bytesMax` comes through in time. */
  async function prepare(count: number, bytesMax: number, size = EVENT_BYTES) {
    const at = await Sending.prepare(eventsOf(1, count, { size }));
    const line = { bytesMax };
    at.server.onBatch = async ({ bytes }: SentBatch) => {
      if (bytes <= line.bytesMax) return undefined;
      await at.server.silence();
      return new Response();
    };
    return {
      at,
      line,
      transport: way(at),
      /** How many events each request had. */
      sizes: () => at.server.batches.map(({ events }) => events.length),
      [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
    };
  }

  Deno.test(`${label}, time-outs: batches too large for the line -> halved until they are answered in time, with one try at trouble too`, async () => {
    await using test = await prepare(25, 6 * EVENT_BYTES);
    const { at, transport } = test;
    const { counts, end } = await hurried(5, () => at.drain(transport));
    strictEqual(end.kind, "drained");
    strictEqual(counts.delivered, 25);
    deepStrictEqual(idsOf(at.server.events), idsOf(eventsOf(1, 25)));
    // The first 20 are a mebibyte; of those, 10 are tried again once 5 and 5 went well.
    deepStrictEqual(test.sizes(), [20, 10, 5, 5, 10, 5, 5, 5]);
  });

  Deno.test(`${label}, time-outs: the line is fast again -> batches grow with each answer`, async () => {
    await using test = await prepare(60, 3 * EVENT_BYTES);
    const { at, line, transport } = test;
    const { end } = await hurried(5, () =>
      at.drain(transport, {
        onProgress: () => line.bytesMax = Infinity,
      }));
    strictEqual(end.kind, "drained");
    const sizes = test.sizes();
    deepStrictEqual(sizes.slice(0, 4), [20, 10, 5, 2]);
    ok(Math.max(...sizes.slice(4)) > 10, `${sizes}`);
  });

  Deno.test(`${label}, time-outs: an event alone, whatever it takes -> trouble like any other, nothing used up`, async () => {
    await using test = await prepare(1, 0);
    const { at, transport } = test;
    const { end } = await hurried(20, () =>
      at.drain(transport, {
        troublesMax: 2,
      }));
    ok(end.kind === "trouble");
    match(end.words, /^no answer from .* within 10000 ms$/);
    deepStrictEqual(test.sizes(), [1, 1]);
    await at.isUntouched();
  });

  Deno.test(`${label}, time-outs: of small batches -> count towards giving up; the next drain of the login begins with half`, async () => {
    await using test = await prepare(8, 0, 1_000);
    const { at, transport } = test;
    await hurried(20, async () => {
      for (const _ of [1, 2]) {
        const { end } = await at.sync([transport]);
        strictEqual(end.kind, "trouble");
      }
      await at.isUntouched();
      test.line.bytesMax = Infinity;
      const { counts } = await at.sync([transport]);
      strictEqual(counts.delivered, 8);
    });
    deepStrictEqual(test.sizes().slice(0, 3), [8, 4, 2]);
  });

  Deno.test(`${label}, time-outs: less time for all than one request may take -> it is enough to try smaller ones`, async () => {
    await using test = await prepare(20, 6 * EVENT_BYTES);
    const { at, transport } = test;
    const { counts } = await at.drain(transport, {
      deadline: deadlineIn(6_000),
    });
    deepStrictEqual(test.sizes().slice(0, 3), [20, 10, 5]);
    ok(counts.delivered > 0);
  });
}

for (const [label, way] of Object.entries(REQUESTS)) suite(label, way);
