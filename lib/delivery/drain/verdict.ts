/**
 * What a server's answer means for each event that was sent.
 *
 * @module
 */

import { DONE_WORDS, type EventResult, REJECTED } from "../../base/wire.ts";
import { SERVER_WORDS_CHARS_MAX } from "../../base/limits.ts";

/** Why an event was not taken. */
export interface Failure {
  /** `rejected`, `too_large`, `bad_request`, `missing`, `unknown_status`. */
  readonly category: string;
  /** The server's words, or ours about its answer. */
  readonly words: string;
}

/** What is to be done with each event of one sending. */
export interface Verdict {
  /** The server has them: they leave the queue. */
  readonly done: readonly string[];
  /** How many of those it had before. */
  readonly duplicates: number;
  /** It will never take them: they become dead letters. */
  readonly rejected: ReadonlyMap<string, Failure>;
  /** One attempt of each has failed. */
  readonly failed: ReadonlyMap<string, Failure>;
}

/** Words for an event that the server knew already. */
const DUPLICATE_WORDS: ReadonlySet<string> = new Set(["duplicate", "skipped"]);

/**
 * Reads the results of one sending. Ids count by value: order and ids that
 * were not sent do not matter. Of several words for one id, one that settles
 * it wins.
 *
 * @returns undefined where no sent event is named: that does not count as an answer
 */
export function judge(
  sentIds: readonly string[],
  results: readonly EventResult[],
  unnamed: "failed" | "open",
): Verdict | undefined {
  const open = new Set(sentIds);
  const words = new Map<string, EventResult>();
  for (const result of results) {
    const known = words.get(result.event_id);
    if (!open.has(result.event_id)) continue;
    if (!known || rank(result) > rank(known)) {
      words.set(result.event_id, result);
    }
  }
  if (words.size === 0) return undefined;
  const done: string[] = [];
  const rejected = new Map<string, Failure>();
  const failed = new Map<string, Failure>();
  let duplicates = 0;
  for (const [id, { status, error_message }] of words) {
    open.delete(id);
    if (DONE_WORDS.has(status)) {
      done.push(id);
      if (DUPLICATE_WORDS.has(status)) duplicates += 1;
    } else if (status === REJECTED) {
      rejected.set(id, failure("rejected", error_message ?? "rejected"));
    } else {
      const said = error_message ? `${status}: ${error_message}` : status;
      failed.set(id, failure("unknown_status", said));
    }
  }
  if (unnamed === "failed") {
    for (const id of open) {
      failed.set(id, failure("missing", "the answer does not name it"));
    }
  }
  return { done, duplicates, rejected, failed };
}

/** A failure in words that are fit to be kept. */
export function failure(category: string, words: string): Failure {
  return {
    category,
    words: words.slice(0, SERVER_WORDS_CHARS_MAX).toWellFormed(),
  };
}

function rank({ status }: EventResult): number {
  return DONE_WORDS.has(status) ? 2 : status === REJECTED ? 1 : 0;
}

/**
 * Reads a list of results as servers write it: `results` of a batch, `details`
 * of a refusal (there also as a JSON string of a list).
 *
 * @param status for items that have none
 * @returns undefined where it is not a list
 */
export function readResults(
  value: unknown,
  status?: string,
): EventResult[] | undefined {
  let list = value;
  if (typeof list === "string") {
    try {
      list = JSON.parse(list);
    } catch {
      return undefined;
    }
  }
  if (!Array.isArray(list)) return undefined;
  return list.flatMap((item): EventResult[] => {
    const { event_id, error_message } = item ?? {};
    const word = item?.status ?? status;
    if (typeof event_id !== "string" || typeof word !== "string") return [];
    return [{
      event_id,
      status: word,
      ...typeof error_message === "string" && { error_message },
    }];
  });
}
