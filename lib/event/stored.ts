/**
 * Events as they lie in a queue, whatever their contract.
 *
 * An event of the first contract lies there as its envelope, which names its
 * team. A row has no attribute for a team, and must not get one: it lies in a
 * frame, `["<contract>","<version>","<team>",<row>]`.
 *
 * @module
 */

import type { JsonObject } from "../base/json.ts";
import { briefOf as briefOfEnvelope, type Typed } from "./types/types.ts";

/** The contract that an event keeps. */
export interface ContractOf {
  readonly name: string;
  readonly version: string;
}

/** The contract that envelopes keep. */
export const WORK_PACKAGES: ContractOf = {
  name: "work-packages",
  version: "1.0.0",
};

/** An event where its contract does not matter. */
export interface StoredEvent {
  readonly contract: ContractOf;
  /** Its own id. */
  readonly id: string;
  /** What it is known by in the queue. */
  readonly event_id: string;
  readonly event_type: string;
  readonly lamport_clock: number;
  readonly node_id: string;
  readonly team_slug: string;
  /** When it happened, as it was written. */
  readonly timestamp: string;
  /** The envelope or the row. */
  readonly document: JsonObject;
}

const encoder = new TextEncoder(), decoder = new TextDecoder();

const BRACKET = 0x5b, QUOTE = 0x22, BACKSLASH = 0x5c;

/** Whether bytes are a row in its frame. */
export function isFramed(bytes: Uint8Array): boolean {
  return bytes[0] === BRACKET && bytes[1] === QUOTE;
}

/** What stands before a row in its frame. */
export function frameHead({ name, version }: ContractOf, team: string): string {
  return `${JSON.stringify([name, version, team]).slice(0, -1)},`;
}

/** A row in its frame. */
export function frame(
  contract: ContractOf,
  team: string,
  row: JsonObject,
): Uint8Array {
  return encoder.encode(`${frameHead(contract, team)}${JSON.stringify(row)}]`);
}

/** The document of a stored event: the row without its frame, the envelope as it is. */
export function documentOf(bytes: Uint8Array): Uint8Array {
  if (!isFramed(bytes)) return bytes;
  let at = 1;
  for (let texts = 0; texts < 3; texts++) {
    do at += bytes[at] === BACKSLASH ? 2 : 1; while (bytes[at] !== QUOTE);
    // Behind the quote and the comma.
    at += 2;
  }
  return bytes.subarray(at, -1);
}

/**
 * Reads a stored event.
 *
 * @param event_id what it is known by in the queue
 */
export function storedOf(bytes: Uint8Array, event_id: string): StoredEvent {
  const value = JSON.parse(decoder.decode(bytes));
  if (!Array.isArray(value)) return storedEnvelope(value, event_id);
  const [name, version, team, row] = value;
  return storedRow({ name, version }, team, row, event_id);
}

/** An envelope as a stored event. */
function storedEnvelope(
  envelope: JsonObject,
  event_id: string,
): StoredEvent {
  return {
    contract: WORK_PACKAGES,
    id: envelope.event_id as string,
    event_id,
    event_type: envelope.event_type as string,
    lamport_clock: envelope.lamport_clock as number,
    node_id: envelope.node_id as string,
    team_slug: envelope.team_slug as string,
    timestamp: envelope.timestamp as string,
    document: envelope,
  };
}

/** A row as a stored event. */
function storedRow(
  contract: ContractOf,
  team: string,
  row: JsonObject,
  event_id: string,
): StoredEvent {
  return {
    contract,
    id: row.id as string,
    event_id,
    event_type: row.type as string,
    lamport_clock: row.lamportclock as number,
    node_id: row.nodeid as string,
    team_slug: team,
    timestamp: row.time as string,
    document: row,
  };
}

/** What an event is about, in a few words. */
export function briefOf({ contract, document }: StoredEvent): string {
  return contract.name === WORK_PACKAGES.name
    ? briefOfEnvelope(document as unknown as Typed)
    : briefOfRow(document);
}

/** What a row is about: its subject or mission, and where it moved, if it did. */
export function briefOfRow({ subject, missionslug, data }: JsonObject): string {
  const { from_lane, to_lane, wp_title, friendly_name } = (data ??
    {}) as JsonObject;
  const move = typeof to_lane === "string"
    ? `${from_lane ?? "-"} -> ${to_lane}`
    : undefined;
  return [subject ?? missionslug, move ?? wp_title ?? friendly_name]
    .filter((part) => typeof part === "string").join(" ");
}
