/**
 * One request to a sink, and what its answer means.
 *
 * @module
 */

import { readRetryAfter } from "../../base/backoff.ts";
import { reasonOf } from "../../base/errors.ts";
import { ifRegular } from "../../base/files.ts";
import { HOP } from "../../base/wire.ts";
import {
  cloudBody,
  isAboutEvents,
  MEDIA_TYPES,
} from "../../event/cloud_request.ts";
import {
  type Answer,
  ask,
  NoAnswerError,
  serverWords,
} from "../../login/http.ts";
import type { Trust } from "../../login/http_client.ts";
import { SINK_TIMEOUT_MS } from "../limits.ts";
import type { Sink } from "./sink.ts";

/** What became of a request. */
export type SinkAnswer =
  | { readonly kind: "taken" }
  /** It is these events, and not the sink: less of them may be taken. */
  | { readonly kind: "refused"; readonly words: string }
  | {
    readonly kind: "trouble";
    readonly words: string;
    readonly retryAfterMs?: number;
    /** Fewer events may be answered in time. */
    readonly isLate?: boolean;
  };

/** Whoever sends: the collector, by what tells it from others. */
export interface Sender {
  readonly instance: string;
  readonly trust?: Trust | undefined;
  readonly nowMs: () => number;
}

/** Sends rows. Never rejects. */
export async function sendRows(
  sink: Sink,
  rows: readonly string[],
  sender: Sender,
): Promise<SinkAnswer> {
  try {
    const token = await tokenOf(sink);
    const answer = await ask({
      url: new URL(sink.url),
      headers: {
        "content-type": MEDIA_TYPES[sink.format],
        [HOP]: sender.instance,
      },
      body: cloudBody(rows, sink.format),
      ...token !== undefined && { token },
      ...sender.trust,
      timeoutMs: SINK_TIMEOUT_MS,
    });
    return meaningOf(answer, sender.nowMs());
  } catch (error) {
    const isLate = error instanceof NoAnswerError && error.isLate;
    return { kind: "trouble", words: reasonOf(error), isLate };
  }
}

function meaningOf(answer: Answer, nowMs: number): SinkAnswer {
  const { status, headers } = answer, words = serverWords(answer);
  if (status >= 200 && status < 300) return { kind: "taken" };
  if (isAboutEvents(status) || status === 413) {
    return { kind: "refused", words };
  }
  if (status === LOOP_STATUS) {
    return { kind: "trouble", words: `it leads back to this collector` };
  }
  if (status >= 300 && status < 400) {
    return {
      kind: "trouble",
      words: `${words}: it redirects, and is not followed`,
    };
  }
  const retryAfterMs = readRetryAfter(headers.get("retry-after"), nowMs);
  return {
    kind: "trouble",
    words,
    ...retryAfterMs !== undefined && { retryAfterMs },
  };
}

/** Status of a collector that is asked by itself. */
export const LOOP_STATUS = 508;

/**
 * Whether an address leads back to the collector; undefined: nobody answers
 * there now. It is asked for nothing: whoever is there does nothing for it.
 */
export async function isLoop(
  url: URL,
  { instance, trust }: Pick<Sender, "instance" | "trust">,
): Promise<boolean | undefined> {
  try {
    const { status } = await ask({
      url,
      method: "GET",
      headers: { [HOP]: instance },
      ...trust,
      timeoutMs: SINK_TIMEOUT_MS / 6,
    });
    return status === LOOP_STATUS;
  } catch {
    return undefined;
  }
}

/** @throws where the file cannot be read, or holds no token */
async function tokenOf({ token_file }: Sink): Promise<string | undefined> {
  if (token_file === undefined) return undefined;
  const text = await ifRegular(token_file, Deno.readTextFile);
  const token = text?.trim();
  if (token && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new Error(`${token_file} holds no token`);
}
