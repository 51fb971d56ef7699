/**
 * The lines of a log, each as the row that it is or becomes.
 *
 * @module
 */

import { digestOf } from "../base/digest.ts";
import { parseDocument } from "../base/json.ts";
import { DOCUMENT_BYTES_MAX, EVENT_BYTES_MAX } from "../base/limits.ts";
import { linesIn } from "../base/lines.ts";
import type { Problem } from "../base/problem.ts";
import { instantOf } from "../contract/rows/times.ts";
import { tooLarge } from "../contract/contract.ts";
import { merged } from "../contract/read.ts";
import { isRow, lift } from "../contract/rows/lift.ts";
import { producer } from "../contract/rows/producer.ts";
import { checkRow } from "../contract/rows/row_contract.ts";
import { RenderedRow, type RowPlace, stampedRow } from "../event/row_event.ts";
import type { RowIdentity } from "../event/event.ts";
import type { Importable } from "../home/import.ts";
import type { Mission } from "./mission.ts";

/** A line of a log. */
export interface LogLine {
  /** From 1 on; blank lines count. */
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Of its text, to know it again. */
  readonly sum: string;
}

/** What a line says of an event. */
export interface LineRow {
  readonly queue_id: string;
  readonly identity: RowIdentity;
  /** When it happened, nanoseconds since 1970. */
  readonly instant: bigint;
  /** What is to be stamped; or what has its clock and node already. */
  readonly draft?: RenderedRow;
  readonly stamped?: Importable;
}

/** What became of reading a line. */
export type ReadLine =
  | { readonly kind: "row"; readonly row: LineRow }
  | { readonly kind: "refused"; readonly problems: readonly Problem[] }
  /** It cannot be told yet which mission it is of. */
  | { readonly kind: "waits" };

/** The lines of a log that have come to their end, blank ones left out. */
export function* linesOf(log: Uint8Array): Generator<LogLine> {
  for (const { number, bytes, isEnded } of linesIn(log)) {
    if (isBlank(bytes)) continue;
    // Half a line waits for its rest; one that is whole needs no line break.
    if (!isEnded && parseDocument(bytes).problems) return;
    yield { number, bytes, sum: digestOf(bytes.length, (i) => bytes[i]!) };
  }
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09);
}

/** Makes a row of a line, and judges it. */
export function readLine(
  { bytes, number }: LogLine,
  mission: Mission,
  place: Omit<RowPlace, "contract">,
): ReadLine {
  if (bytes.length > DOCUMENT_BYTES_MAX) return refused([tooLarge]);
  const { value, problems: ofText = [], isTooLarge } = parseDocument(bytes, {
    bytesMax: EVENT_BYTES_MAX,
    first: number === 1,
  });
  if (isTooLarge) return refused([tooLarge]);
  if (!value) return refused(ofText);
  if (isRow(value)) {
    const problems = merged(checkRow(producer, value), ofText);
    if (problems.length > 0) return refused(problems);
    const event = stampedRow(value, producer, place.team);
    const stamped = { event, document: value };
    return rowOf(event.event_id, event.identity!, { stamped });
  }
  const lifted = lift(value, mission.place ?? {});
  if (lifted.problems) return refused(merged(lifted.problems, ofText));
  const { row } = lifted;
  const isOfMission = producer.types.get(row.type)?.scope === "mission";
  // Without its mission's id it would be another event for ever.
  if (mission.trouble && isOfMission && row.missionid === undefined) {
    return { kind: "waits" };
  }
  const problems = merged(
    checkRow(producer, { ...row, lamportclock: 0, nodeid: place.nodeId }),
    ofText,
  );
  if (problems.length > 0) return refused(problems);
  const draft = new RenderedRow(row, { ...place, contract: producer });
  return rowOf(draft.queue_id, draft.identity, { draft });
}

function refused(problems: readonly Problem[]): ReadLine {
  return { kind: "refused", problems };
}

function rowOf(
  queue_id: string,
  identity: RowIdentity,
  what: Pick<LineRow, "draft" | "stamped">,
): ReadLine {
  const instant = instantOf(identity.time)!;
  return { kind: "row", row: { queue_id, identity, instant, ...what } };
}
