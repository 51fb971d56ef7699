/**
 * The path that takes CloudEvents from any producer: all of a request, or
 * nothing, as most producers look at the status only.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import { REJECTED } from "../../base/wire.ts";
import type { JsonObject } from "../../base/json.ts";
import type { Problem } from "../../base/problem.ts";
import { readBinding } from "../../event/http_binding.ts";
import { openContracts, prepareRow } from "../../event/rows.ts";
import { ulidFactory } from "../../event/ulid.ts";
import { Gate } from "../gate.ts";
import { inflate, readBody } from "../http/body.ts";
import { HttpError, jsonAnswer } from "../http/http.ts";
import { BODY_BYTES_MAX, INFLATED_BYTES_MAX } from "../limits.ts";
import { type Arrival, rowArrival, wordsOf } from "./arrival.ts";
import { checkEncoding, isTrouble } from "./batch.ts";
import type { EventLog } from "./event_log.ts";
import type { Intake } from "./intake.ts";

/** What taking CloudEvents needs. */
export interface CloudEventParts {
  readonly world: World;
  readonly events: EventLog;
  readonly intake: Intake;
  /** Stamps what comes without a node of its own. */
  readonly nodeId: string;
}

/** Makes what answers a request of a team. */
export function cloudEventHandler(
  parts: CloudEventParts,
): (request: Request, team: string) => Promise<Response> {
  const { world, events, intake } = parts;
  const stamping = new Gate(1, Infinity, isTrouble);
  return async (request, team) => {
    const isZipped = checkEncoding(request) === "gzip";
    const body = await readBody(request, BODY_BYTES_MAX, world.elapsedMs);
    const plain = isZipped ? await inflate(body, INFLATED_BYTES_MAX) : body;
    const bound = readBinding(request.headers, plain);
    if ("refusal" in bound) throw new HttpError(415, bound.refusal);
    // Values that are given here must come in the order of what is stored.
    return await stamping.enter(async () => {
      const { highest } = await events.admit(team, []);
      const stamp = stamper(parts, highest);
      const arrivals: Arrival[] = [];
      for (const event of bound.events) arrivals.push(await stamp(event));
      refuseBad(arrivals);
      const taken = await intake.take(team, arrivals);
      const details = taken.results.filter(({ status }) => status === REJECTED);
      if (details.length > 0) {
        throw new HttpError(400, "events have ids of others", { details });
      }
      const { results, highest: lamport_clock } = taken;
      return jsonAnswer({ results, lamport_clock });
    });
  };
}

/** Makes arrivals of rows, and gives clock and node to those that have none. */
function stamper(
  { world, nodeId }: CloudEventParts,
  highest: number,
): (row: JsonObject) => Promise<Arrival> {
  const newId = ulidFactory(world.nowMs, world.randomBytes);
  let clock = highest;
  return async (row) => {
    const isStamped = row.lamportclock !== undefined ||
      row.nodeid !== undefined;
    if (isStamped) return rowArrival(row, []);
    const call = { newId, nowMs: world.nowMs(), teamSlug: "", project: {} };
    const prepared = prepareRow(
      await openContracts(undefined),
      row,
      call,
      nodeId,
    );
    if (!prepared.row) return refused(row, prepared.problems);
    clock += 1;
    const { told } = prepared.row;
    return rowArrival({ ...told, lamportclock: clock, nodeid: nodeId }, []);
  };
}

function refused(row: JsonObject, problems: readonly Problem[]): Arrival {
  const id = typeof row.id === "string" ? row.id : "";
  return { id, team: undefined, words: wordsOf(problems) };
}

/** @throws {HttpError} 400 that names all that are not good; nothing is stored then */
function refuseBad(arrivals: readonly Arrival[]): void {
  const details = arrivals.flatMap(({ id, words }) =>
    words === undefined
      ? []
      : { event_id: id, status: REJECTED, error_message: words }
  );
  if (details.length > 0) {
    throw new HttpError(
      400,
      "events break their contract; nothing was stored",
      {
        details,
      },
    );
  }
}
