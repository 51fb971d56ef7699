/**
 * Events as the body of a request of CloudEvents, for whoever sends them.
 *
 * @module
 */

import { asRow } from "./as_row.ts";

/** How many events a request has: some in a list, or one alone. */
export type CloudFormat = "batch" | "structured";

/** Media types of the two forms. */
export const MEDIA_TYPES: Readonly<Record<CloudFormat, string>> = {
  batch: "application/cloudevents-batch+json; charset=utf-8",
  structured: "application/cloudevents+json; charset=utf-8",
};

/** The row of an event, given as JSON of its envelope or its row. */
export function rowJson(json: string): string {
  return json.includes('"event_type"')
    ? JSON.stringify(asRow(JSON.parse(json)))
    : json;
}

/** The body of rows; of one alone in the structured form. */
export function cloudBody(
  rows: readonly string[],
  format: CloudFormat,
): string {
  return format === "structured" ? rows[0]! : `[${rows.join(",")}]`;
}

/** Whether a status says that it is the events which cannot be taken, and not the server. */
export function isAboutEvents(status: number): boolean {
  return status === 400 || status === 415 || status === 422;
}
