/**
 * What is offered to a team at once, and what is found of it in the store.
 *
 * @module
 */

import type { JsonObject } from "../../base/json.ts";
import type { Gone, IncomingEvent, Offering } from "../events/event_log.ts";
import type { Told } from "../events/nodes.ts";
import type { PackageNews, PackageState } from "../events/packages.ts";
import type { Row } from "./connection.ts";

/** What was offered at once, by one sender. */
export interface Offer extends Offering {
  readonly events: readonly IncomingEvent[];
}

/** A team and how to store for it. */
export interface AdmissionParts {
  readonly team: string;
  /** Of this process: it tells its own events from those of others. */
  readonly collector: number;
  readonly nowMs: number;
  /**
   * Positions from here on that are of this collector were stored by an
   * earlier try of the same offers, of which no answer came; undefined on the
   * first try.
   */
  readonly triedFrom: number | undefined;
  /** Called before anything may have been committed. */
  readonly trying: (first: number) => void;
}

/** What is stored of a team. */
export interface TeamRow {
  readonly next: number;
  readonly highest: number;
  readonly first: number;
  readonly events: number;
  readonly bytes: number;
  readonly turn: number;
}

/** A stored event that has the id of an offered one. */
export interface Known {
  readonly document: JsonObject | Gone;
  readonly position: number;
  readonly isMine: boolean;
}

/** All that the first packet asks for. */
export interface Found {
  readonly team: TeamRow;
  /** Of the transaction, as the server numbers them. */
  readonly tx: string;
  /** By key of their ids. */
  readonly known: ReadonlyMap<string, Known>;
  readonly news: ReadonlyMap<IncomingEvent, PackageNews>;
  /** By `packageName`. */
  readonly states: ReadonlyMap<string, PackageState>;
  /** By key of their homes. */
  readonly told: ReadonlyMap<string, Told>;
}

/** What a row of the teams says. */
export function teamRowOf(row: Row): TeamRow {
  const number = (name: string) => Number(row[name]);
  return {
    next: number("next"),
    highest: number("highest"),
    first: number("first"),
    events: number("events"),
    bytes: number("bytes"),
    turn: number("turn"),
  };
}
