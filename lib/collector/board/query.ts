/**
 * What is asked of the board, read from addresses.
 *
 * @module
 */

import { parseMoment } from "../../base/moment.ts";
import { MISSION_SORTS, type MissionQuery } from "../../board/projection.ts";
import type { EventFilter } from "../../board/lines.ts";
import type { Span } from "../../board/insights.ts";
import { HttpError } from "../http/http.ts";
import { BOARD_PAGE_DEFAULT, BOARD_PAGE_MAX } from "../limits.ts";

/** @throws {HttpError} 400 for an order that there is none of */
export function missionQuery(query: URLSearchParams): MissionQuery {
  const given = query.get("sort") || "changed";
  const sort = MISSION_SORTS.find((one) => one === given);
  if (!sort) {
    throw new HttpError(400, `sort is one of: ${MISSION_SORTS.join(", ")}`);
  }
  const text = query.get("text") ?? "", phase = query.get("phase") ?? "";
  return { text, phase, sort };
}

/** @throws {HttpError} 400 for a time that is none */
export function eventFilter(query: URLSearchParams): EventFilter {
  const text = (name: string) => query.get(name) ?? "";
  return {
    mission: text("mission"),
    package: text("package"),
    type: text("type"),
    actor: text("actor"),
    node: text("node"),
    text: text("text"),
    ...spanOf(query),
  };
}

/** Whether a filter lets some events through and others not. */
export function isFilter(query: URLSearchParams): boolean {
  const names = ["mission", "package", "type", "actor", "node", "text"];
  return [...names, "from", "to"].some((name) => query.get(name));
}

/** @throws {HttpError} 400 for a time that is none */
export function spanOf(query: URLSearchParams): Span {
  return {
    fromMs: momentOf(query, "from") ?? -Infinity,
    toMs: momentOf(query, "to") ?? Infinity,
  };
}

/**
 * Milliseconds since 1970; undefined where none is named.
 *
 * @throws {HttpError} 400 for what is no moment
 */
export function momentOf(
  query: URLSearchParams,
  name: string,
): number | undefined {
  const text = query.get(name);
  if (!text) return undefined;
  const ms = parseMoment(text);
  if (ms !== undefined) return ms;
  throw new HttpError(
    400,
    `${name} is a moment, such as 2026-08-12 or 2026-08-12T09:00:00Z`,
  );
}

/** How many are wanted at most. */
export function limitOf(
  query: URLSearchParams,
  absent = BOARD_PAGE_DEFAULT,
  max = BOARD_PAGE_MAX,
): number {
  const limit = numberOf(query, "limit", absent);
  if (limit === 0) throw new HttpError(400, "limit is at least 1");
  return Math.min(limit, max);
}

/** @throws {HttpError} 400 for a number that is none */
export function numberOf(
  query: URLSearchParams,
  name: string,
  absent: number,
): number {
  const text = query.get(name);
  if (text === null || text === "") return absent;
  if (!/^\d{1,15}$/.test(text)) {
    throw new HttpError(400, `${name} is not one of this collector's`);
  }
  return Number(text);
}
