/**
 * An envelope of the first contract as a CloudEvents row, for those who take
 * nothing else.
 *
 * @module
 */

import type { JsonObject } from "../base/json.ts";
import { ROW_CLOCK_MAX } from "../base/limits.ts";
import { PROJECT_SOURCE } from "../contract/sources.ts";

/** Before a type's command word. */
const TYPE_PREFIX = "dev.kitty-events.work-packages.";

/** Digits of a clock value as text that sorts as numbers do. */
const SEQUENCE_DIGITS = 16;

/** The row of an envelope; a row stays as it is. */
export function asRow(document: JsonObject): JsonObject {
  if (!Object.hasOwn(document, "event_type")) return document;
  const clock = document.lamport_clock as number;
  const { project_uuid, causation_id, node_id } = document;
  return {
    specversion: "1.0",
    id: document.event_id,
    source: typeof project_uuid === "string" && project_uuid !== ""
      ? `${PROJECT_SOURCE}${encodeURIComponent(project_uuid)}`
      : `/kitty-events/nodes/${encodeURIComponent(String(node_id))}`,
    type: rowTypeOf(document.event_type as string),
    subject: document.aggregate_id,
    time: document.timestamp,
    datacontenttype: "application/json",
    // Integers of CloudEvents have 32 bits.
    ...clock <= ROW_CLOCK_MAX && { lamportclock: clock },
    nodeid: node_id,
    sequence: String(clock).padStart(SEQUENCE_DIGITS, "0"),
    teamslug: document.team_slug,
    ...typeof project_uuid === "string" && project_uuid !== "" &&
      { projectuuid: project_uuid },
    ...typeof causation_id === "string" && { causationid: causation_id },
    data: document.payload,
  };
}

/** The type of the row of an envelope of some event type. */
export function rowTypeOf(eventType: string): string {
  return `${TYPE_PREFIX}${commandWord(eventType)}.v1`;
}

/** `WPStatusChanged` as `wp-status-changed`. */
function commandWord(type: string): string {
  return type.replaceAll(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, "-")
    .toLowerCase();
}
