/** The ways to a server, and tests that run for each of them. */

import { CloudEvents } from "../../lib/delivery/transport/cloud_events.ts";
import { HttpBatch } from "../../lib/delivery/transport/http_batch.ts";
import { EventSocket } from "../../lib/delivery/transport/socket.ts";
import type { Transport } from "../../lib/delivery/transport/transport.ts";
import { type SaidResult, type SentEvent, SINK } from "./scripted_server.ts";
import { Sending } from "./sending.ts";

/** A way to the server, opened for one test. */
type Open = (at: Sending) => Promise<Transport>;

const WAYS: Record<string, Open> = {
  HttpBatch: ({ session, world }) =>
    Promise.resolve(new HttpBatch(session, world)),
  EventSocket: async ({ session, world }) =>
    await EventSocket.connect({
      session,
      world,
      nodeId: "9f86d081884c",
      onClock: () => {},
    }, new AbortController().signal),
};

/** Ways that send requests, of which a server may refuse any as a whole. */
export const REQUESTS: Readonly<Record<string, (at: Sending) => Transport>> = {
  HttpBatch: ({ session, world }) => new HttpBatch(session, world),
  CloudEvents: ({ session, server, world }) =>
    new CloudEvents(session, {
      url: new URL(SINK, server.url),
      format: "batch",
      token: undefined,
    }, world),
};

/** Runs a test for each way; what it opens is closed at its end. */
export function each(
  promise: string,
  events: Parameters<typeof Sending.prepare>[0],
  work: (at: Sending, open: () => Promise<Transport>) => Promise<void>,
): void {
  for (const [name, open] of Object.entries(WAYS)) {
    Deno.test(`${name}: ${promise}`, async () => {
      await using at = await Sending.prepare(events);
      const opened: Transport[] = [];
      try {
        await work(at, async () => {
          const transport = await open(at);
          opened.push(transport);
          return transport;
        });
      } finally {
        for (const transport of opened) {
          if (transport instanceof EventSocket) await transport.leave();
        }
      }
    });
  }
}

/** Says one word of each event. */
export const saying = (status: unknown, error_message?: string) =>
(
  events: SentEvent[],
): SaidResult[] =>
  events.map(({ event_id }) => ({ event_id, status, error_message }));
