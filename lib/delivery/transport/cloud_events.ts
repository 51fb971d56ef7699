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
import {
  cloudBody,
  isAboutEvents,
  MEDIA_TYPES,
  rowJson,
} from "../../event/cloud_request.ts";
import { ask, serverWords } from "../../login/http.ts";
import type { Answer } from "../../login/http.ts";
import type { Session, Sink } from "../../login/session.ts";
import { sentOf, timeoutMs, troubleOf } from "./http_batch.ts";
import type { Sent, Transport, WireEvent } from "./transport.ts";

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
      const rows = events.map(({ json }) => rowJson(json));
      const answer = await ask({
        url,
        headers: { "content-type": MEDIA_TYPES[format] },
        body: cloudBody(rows, format),
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
    const { status } = answer;
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
    if (isAboutEvents(status)) return { kind: "refused_all", words };
    if (status === 413) return { kind: "too_large", words };
    if (status >= 300 && status < 400) {
      return {
        kind: "trouble",
        words:
          `${words}: it redirects, and is not followed; set sink_url to where it leads`,
      };
    }
    return troubleOf(answer, this.#world.nowMs());
  }
}
