/**
 * The path that takes batches.
 *
 * @module
 */

import { pause } from "../../base/deadline.ts";
import { KittyError } from "../../base/errors.ts";
import { type EventResult, REJECTED, WATERMARK } from "../../base/wire.ts";
import type { World } from "../../base/world.ts";
import {
  type Arrival,
  FOREIGN_WORDS,
  isForeign,
  NO_JSON,
  readArrival,
} from "./arrival.ts";
import { inflate, readBody } from "../http/body.ts";
import { Budget, Gate } from "../gate.ts";
import { HttpError, jsonAnswer } from "../http/http.ts";
import type { Intake } from "./intake.ts";
import { readWatermark, type Watermark } from "./nodes.ts";
import {
  BATCH_INTERVAL_S,
  BODIES_BYTES_TOTAL_MAX,
  BODY_BYTES_MAX,
  INFLATED_BYTES_MAX,
  PARSED_MAX,
  READING_SLICE_MS,
} from "../limits.ts";
import { splitBatch } from "./split.ts";

/** What a batch needs. */
export interface BatchParts {
  readonly world: World;
  readonly intake: Intake;
}

/** Makes what answers a batch of a team. */
export function batchHandler(
  { world, intake }: BatchParts,
): (request: Request, team: string) => Promise<Response> {
  const budget = new Budget(BODIES_BYTES_TOTAL_MAX);
  const parsing = new Gate(PARSED_MAX, Infinity, isTrouble);

  return async (request, team) => {
    const isZipped = checkEncoding(request) === "gzip";
    let held = 0;
    const hold = (bytes: number) => {
      const isRoom = budget.take(bytes);
      if (isRoom) held += bytes;
      return isRoom;
    };
    try {
      const body = await readBody(
        request,
        BODY_BYTES_MAX,
        world.elapsedMs,
        hold,
      );
      return await parsing.enter(async () => {
        const plain = isZipped ? await inflate(body, INFLATED_BYTES_MAX) : body;
        const arrivals = await readBatch(plain, world.elapsedMs);
        refuseForeign(arrivals, team);
        const word = wordOf(request, team);
        const { results, highest } = await intake.take(
          team,
          arrivals,
          undefined,
          word,
        );
        return jsonAnswer({
          results,
          lamport_clock: highest,
          batch_interval: BATCH_INTERVAL_S,
        }, { ...word && { headers: { [WATERMARK]: "heard" } } });
      });
    } finally {
      budget.give(held);
    }
  };
}

/** Whether storing fails for everybody now. */
export function isTrouble(error: unknown): boolean {
  return error instanceof KittyError;
}

/** What the sender says of its nodes; a word that is none spoils no events. */
function wordOf(request: Request, team: string): Watermark | undefined {
  const text = request.headers.get(WATERMARK);
  if (text === null) return undefined;
  try {
    return readWatermark(JSON.parse(text), team);
  } catch {
    return undefined;
  }
}

/** @throws {HttpError} 415 */
export function checkEncoding(request: Request): "gzip" | "identity" {
  const encoding = request.headers.get("content-encoding")?.toLowerCase() ||
    "identity";
  if (encoding !== "gzip" && encoding !== "identity") {
    throw new HttpError(415, "the body may be compressed with gzip only", {
      headers: { "accept-encoding": "gzip" },
    });
  }
  return encoding;
}

/** @throws {HttpError} 400 for a body that is not a batch */
async function readBatch(
  body: Uint8Array,
  elapsedMs: () => number,
): Promise<Arrival[]> {
  const texts = splitBatch(body);
  if (!texts) throw noBatch();
  const arrivals: Arrival[] = [];
  let sliceEndMs = elapsedMs() + READING_SLICE_MS;
  for (const text of texts) {
    const arrival = readArrival(text);
    if (arrival === NO_JSON) throw noBatch();
    arrivals.push(arrival);
    if (elapsedMs() < sliceEndMs) continue;
    await pause(0);
    sliceEndMs = elapsedMs() + READING_SLICE_MS;
  }
  return arrivals;
}

function noBatch(): HttpError {
  return new HttpError(400, 'the body is no {"events": [...]} in JSON');
}

/** @throws {HttpError} 403 that names the events of other teams */
function refuseForeign(arrivals: readonly Arrival[], team: string): void {
  const details = arrivals
    .filter((arrival) => isForeign(arrival, team))
    .map(({ id }): EventResult => ({
      event_id: id,
      status: REJECTED,
      error_message: FOREIGN_WORDS,
    }));
  if (details.length > 0) {
    throw new HttpError(403, "the batch holds events of another team", {
      details,
    });
  }
}
