/**
 * CloudEvents over HTTP: the way to any endpoint that takes them. It says
 * nothing of single events, so that a refusal is closed in on by halving.
 *
 * @module
 */

import type { Deadline } from "../../base/deadline.ts";
import { BATCH_BYTES_MAX } from "../../base/limits.ts";
import { BATCH_EVENTS_MAX } from "../../base/wire.ts";
import type { World } from "../../base/world.ts";
import { asRow } from "../../event/as_row.ts";
import { ask, serverWords } from "../../login/http.ts";
import type { Answer } from "../../login/http.ts";
import type { Session, Sink } from "../../login/session.ts";
import { sentOf, timeoutMs, troubleOf } from "./http_batch.ts";
import type { Sent, Transport, WireEvent } from "./transport.ts";

/** Media types of the two forms. */
const MEDIA_TYPES = {
  batch: "application/cloudevents-batch+json; charset=utf-8",
  structured: "application/cloudevents+json; charset=utf-8",
} as const;

/** Sends events to a sink. */
export class CloudEvents implements Transport {
  readonly eventsMax: number;
  readonly bytesMax = BATCH_BYTES_MAX;
  readonly #session: Session;
  readonly #sink: Sink;
  readonly #world: World;

  constructor(session: Session, sink: Sink, world: World) {
    this.#session = session;
    this.#sink = sink;
    this.#world = world;
    this.eventsMax = sink.format === "structured" ? 1 : BATCH_EVENTS_MAX;
  }

  async send(
    events: readonly WireEvent[],
    deadline: Deadline,
  ): Promise<Sent> {
    const { format, token, url } = this.#sink;
    try {
      const rows = events.map(({ json }) => rowOf(json));
      const answer = await ask({
        url,
        headers: { "content-type": MEDIA_TYPES[format] },
        body: format === "structured" ? rows[0]! : `[${rows.join(",")}]`,
        ...token !== undefined && { token },
        timeoutMs: timeoutMs(events, deadline),
        ...this.#session.trust,
      });
      return this.#read(answer, events);
    } catch (error) {
      return sentOf(error);
    }
  }

  #read(answer: Answer, events: readonly WireEvent[]): Sent {
    const { status, headers } = answer;
    const words = serverWords(answer);
    if (status >= 200 && status < 300) {
      this.#session.confirm();
      return {
        kind: "answered",
        results: events.map(({ wire_id }) => ({
          event_id: wire_id,
          status: "accepted",
        })),
        unnamed: "failed",
      };
    }
    switch (status) {
      case 400:
      case 415:
      case 422:
        return { kind: "refused_all", words };
      case 413:
        return { kind: "too_large", words };
    }
    if (status >= 300 && status < 400) {
      return {
        kind: "trouble",
        words:
          `${words}: it redirects, and is not followed; set sink_url to where it leads`,
      };
    }
    return troubleOf(words, headers, this.#world.nowMs());
  }
}

/** The row of an event in its wire form. */
function rowOf(json: string): string {
  return json.includes('"event_type"')
    ? JSON.stringify(asRow(JSON.parse(json)))
    : json;
}
