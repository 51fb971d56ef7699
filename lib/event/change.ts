/**
 * What an event changes on a board, whatever its contract.
 *
 * @module
 */

import { isJsonObject, type JsonObject } from "../base/json.ts";
import type { PackageChange } from "./types/definition.ts";
import { changeOf as changeOfEnvelope, type Typed } from "./types/types.ts";

/** A mission, as far as a row names it. */
export interface MissionName {
  readonly id: string | undefined;
  readonly slug: string | undefined;
}

/** What changes, and the mission that it belongs to in place of a feature. */
export interface BoardChange extends PackageChange {
  readonly mission?: MissionName;
}

/** The lane in which a work package begins. */
const FIRST_LANE = "planned";

/** What an event changes on a board; undefined where that is nothing. */
export function boardChangeOf(document: JsonObject): BoardChange | undefined {
  return Object.hasOwn(document, "event_type")
    ? changeOfEnvelope(document as unknown as Typed)
    : changeOfRow(document);
}

function changeOfRow(row: JsonObject): BoardChange | undefined {
  const { subject, missionid, missionslug, data } = row;
  if (!isJsonObject(data) || typeof subject !== "string") return undefined;
  const { to_lane, wp_id } = data;
  const isMove = typeof to_lane === "string";
  // A row that says of its data which package it is about, and no lane, tells of a new one.
  const isCreation = !isMove && wp_id === subject &&
    String(row.type).includes(".wp.created.");
  if (!isMove && !isCreation) return undefined;
  return {
    wpId: subject,
    feature: "",
    status: isMove ? to_lane : FIRST_LANE,
    isCreation,
    mission: { id: textOf(missionid), slug: textOf(missionslug) },
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
