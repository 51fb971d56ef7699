/**
 * Gzip batches over HTTP: the way to the server that always works.
 *
 * @module
 */

import type { Deadline } from "../../base/deadline.ts";
import { reasonOf } from "../../base/errors.ts";
import {
  BATCH_BYTES_MAX,
  HALVABLE_TIME_SHARE,
  LINE_BYTES_MIN,
  REQUEST_TIMEOUT_MS,
  RETRY_AFTER_MS_MAX,
} from "../../base/limits.ts";
import {
  BATCH_EVENTS_MAX,
  NO_ROOM_STATUS,
  PATHS,
  REJECTED,
  WATERMARK,
} from "../../base/wire.ts";
import type { World } from "../../base/world.ts";
import { readRetryAfter } from "../../base/backoff.ts";
import {
  type Answer,
  ask,
  fieldsOf,
  NoAnswerError,
  serverWords,
} from "../../login/http.ts";
import {
  NotAuthenticatedError,
  ServerTroubleError,
  type Session,
} from "../../login/session.ts";
import {
  bytesOf,
  type Sent,
  type Transport,
  type Trouble,
  type WireEvent,
} from "./transport.ts";
import { readResults } from "../drain/verdict.ts";

/** Sends events as batches, for one session. */
export class HttpBatch implements Transport {
  readonly eventsMax = BATCH_EVENTS_MAX;
  readonly bytesMax: number;
  readonly #session: Session;
  readonly #world: World;

  constructor(
    session: Session,
    world: World,
    options: { bytesMax?: number } = {},
  ) {
    this.#session = session;
    this.#world = world;
    this.bytesMax = options.bytesMax ?? BATCH_BYTES_MAX;
  }

  async send(
    events: readonly WireEvent[],
    deadline: Deadline,
    word?: string,
  ): Promise<Sent> {
    try {
      const answer = await this.#post(events, deadline, word);
      // Another new token would be refused, too.
      if (answer.status === 401) {
        const words = serverWords(answer);
        return { kind: "stop", reason: "not_authenticated", words };
      }
      return this.#read(answer);
    } catch (error) {
      return sentOf(error);
    }
  }

  /** By a batch without events, which only a server that listens is sent. */
  async tell(
    word: string,
    deadline: Deadline,
    isListening: boolean,
  ): Promise<boolean> {
    if (!isListening) return false;
    try {
      const { status, headers } = await this.#post([], deadline, word);
      return status === 200 && headers.has(WATERMARK);
    } catch {
      return false;
    }
  }

  /** Posts a batch; with another token where the first is refused. */
  async #post(
    events: readonly WireEvent[],
    deadline: Deadline,
    word: string | undefined,
  ): Promise<Answer> {
    const body = await gzip(
      `{"events":[${events.map(({ json }) => json).join(",")}]}`,
    );
    const post = (token: string) =>
      ask({
        url: new URL(PATHS.batch, this.#session.serverUrl),
        headers: {
          "content-type": "application/json",
          "content-encoding": "gzip",
          ...word !== undefined && { [WATERMARK]: word },
        },
        token,
        body,
        timeoutMs: timeoutMs(events, deadline),
        ...this.#session.trust,
      });
    const token = await this.#session.access(deadline);
    const answer = await post(token);
    return answer.status === 401
      ? await post(await this.#session.renew(token, deadline))
      : answer;
  }

  #read(answer: Answer): Sent {
    const { status, json, headers } = answer;
    const words = serverWords(answer);
    switch (status) {
      case 200:
      case 202:
      case 207: {
        this.#session.confirm();
        const { results, lamport_clock, batch_interval } = fieldsOf(json);
        const list = readResults(results);
        if (!list) {
          return {
            kind: "trouble",
            words: `${words}: no results in the answer`,
          };
        }
        return {
          kind: "answered",
          results: list,
          clock: lamport_clock,
          ...isSeconds(batch_interval) &&
            { intervalMs: batch_interval * 1_000 },
          unnamed: "failed",
          ...headers.has(WATERMARK) && { isHeard: true },
        };
      }
      // Servers say either of a body that breaks their rules: it is the events, not the server.
      case 400:
      case 422: {
        const details = readResults(fieldsOf(json).details, REJECTED);
        return details && details.length > 0
          ? { kind: "refused_some", details }
          : { kind: "refused_all", words };
      }
      case 403:
        return { kind: "stop", reason: "forbidden", words };
      case 412:
        return { kind: "stop", reason: "outdated", words };
      case 413:
        return { kind: "too_large", words };
      default:
        return troubleOf(answer, this.#world.nowMs());
    }
  }
}

/** What an answer means that says nothing of the events. */
export function troubleOf(answer: Answer, nowMs: number): Trouble {
  const { status, headers } = answer, words = serverWords(answer);
  const retryAfterMs = readRetryAfter(headers.get("retry-after"), nowMs);
  return {
    kind: "trouble",
    words: status === NO_ROOM_STATUS ? noRoomWords(words) : words,
    ...retryAfterMs !== undefined && { retryAfterMs },
  };
}

/** What a person has to know whose server has no room for the team. */
export function noRoomWords(said: string): string {
  return `the server has no room for the team: ask its keeper (${said})`;
}

/** What became of a sending that an error ended. */
export function sentOf(error: unknown): Sent {
  const words = reasonOf(error);
  if (error instanceof NotAuthenticatedError) {
    return { kind: "stop", reason: "not_authenticated", words };
  }
  const retryAfterMs = error instanceof ServerTroubleError
    ? error.retryAfterMs
    : undefined;
  const isExpected = error instanceof NoAnswerError ||
    error instanceof ServerTroubleError;
  return {
    kind: "trouble",
    words: isExpected ? words : `cannot send: ${words}`,
    ...retryAfterMs !== undefined && { retryAfterMs },
    ...error instanceof NoAnswerError && error.isLate && { isLate: true },
  };
}

/** What one request may take. Where fewer events may get through, enough is left to try them. */
export function timeoutMs(
  events: readonly WireEvent[],
  { leftMs }: Deadline,
): number {
  const isLarge = events.length > 1 && bytesOf(events) > LINE_BYTES_MIN;
  const mayTakeMs = isLarge ? leftMs * HALVABLE_TIME_SHARE : leftMs;
  return Math.min(REQUEST_TIMEOUT_MS, mayTakeMs);
}

/** Seconds up to an hour: a server must not be able to silence its clients. */
function isSeconds(value: unknown): value is number {
  return typeof value === "number" && value >= 0 &&
    value * 1_000 <= RETRY_AFTER_MS_MAX;
}

async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
