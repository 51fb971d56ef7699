/**
 * A row on its way: written out but for its clock value, then stamped.
 *
 * @module
 */

import { digestOfJson, digestOfText } from "../base/digest.ts";
import type { JsonObject } from "../base/json.ts";
import { ROW_CLOCK_MAX } from "../base/limits.ts";
import { MISSION_SOURCE, PROJECT_SOURCE } from "../contract/sources.ts";
import type { RenderedDraft, RowIdentity, StampedEvent } from "./event.ts";
import { type ContractOf, frame, frameHead } from "./stored.ts";

/** What a row says of its identity. */
export function identityOf(row: JsonObject): RowIdentity {
  const { lamportclock: _, nodeid: __, time, ...rest } = row;
  return {
    source: row.source as string,
    id: row.id as string,
    time: time as string,
    digest: digestOfJson(rest),
  };
}

/** How a row is to be stamped. */
export interface RowPlace {
  readonly contract: ContractOf;
  readonly team: string;
  readonly nodeId: string;
  /** Whether the time was filled in: then one that is told again has another. */
  readonly isTimeOpen?: boolean;
}

/** A row that is complete but for its place in the order. */
export class RenderedRow implements RenderedDraft {
  readonly event_id: string;
  readonly queue_id: string;
  readonly event_type: string;
  readonly identity: RowIdentity;
  readonly clockMax = ROW_CLOCK_MAX;
  readonly #place: RowPlace;
  /** The row's JSON, with its node, without the brace that begins it. Many may wait. */
  readonly #tail: string;

  /** @param row without clock and node */
  constructor(row: JsonObject, place: RowPlace) {
    this.event_id = row.id as string;
    this.event_type = row.type as string;
    this.identity = identityOf(row);
    this.queue_id = queueIdOf(this.identity);
    this.#place = place;
    this.#tail = JSON.stringify({ nodeid: place.nodeId, ...row }).slice(1);
  }

  get digest(): string {
    return this.identity.digest;
  }

  get team_slug(): string {
    return this.#place.team;
  }

  get node_id(): string {
    return this.#place.nodeId;
  }

  /** The row in the form that keeps its team beside it. */
  get draft(): JsonObject {
    const { contract: { name, version }, team } = this.#place;
    return { contract: name, version, team, event: this.told };
  }

  get told(): JsonObject {
    const { nodeid: _, ...row } = JSON.parse(`{${this.#tail}`);
    return row;
  }

  isToldBy(document: JsonObject): boolean {
    return this.isKnownAs(identityOf(rowIn(document)));
  }

  /** Whether a row that is known tells the same. */
  isKnownAs({ source, digest, time }: RowIdentity): boolean {
    const own = this.identity;
    return own.source === source && own.digest === digest &&
      (own.time === time || this.#place.isTimeOpen === true);
  }

  stamp(lamport_clock: number): StampedEvent {
    const { contract, team, nodeId } = this.#place;
    const head = `${frameHead(contract, team)}{"lamportclock":`;
    return {
      event_id: this.queue_id,
      event_type: this.event_type,
      lamport_clock,
      node_id: nodeId,
      team_slug: team,
      bytes: encoder.encode(`${head}${lamport_clock},${this.#tail}]`),
      identity: this.identity,
    };
  }
}

/** Sources that most rows have, in short: a queue names each row's source several times. */
const SHORT_SOURCES = [
  [MISSION_SOURCE, "m:"],
  [PROJECT_SOURCE, "p:"],
] as const;

/** Longest source that stands in a key as it is. */
const SOURCE_CHARS_MAX = 200;

/** What a row is known by in a queue: ids are unique within a source only. */
export function queueIdOf(
  { source, id }: Pick<RowIdentity, "source" | "id">,
): string {
  for (const [prefix, short] of SHORT_SOURCES) {
    const rest = source.slice(prefix.length);
    if (source.startsWith(prefix) && rest.length <= SOURCE_CHARS_MAX) {
      return `${id}@${short}${rest}`;
    }
  }
  return source.length <= SOURCE_CHARS_MAX
    ? `${id}@s:${source}`
    : `${id}@d:${digestOfText(source)}`;
}

/** The stored form of a row that has its clock value and node already. */
export function stampedRow(
  row: JsonObject,
  contract: ContractOf,
  team: string,
): StampedEvent {
  const identity = identityOf(row);
  return {
    event_id: queueIdOf(identity),
    event_type: row.type as string,
    lamport_clock: row.lamportclock as number,
    node_id: row.nodeid as string,
    team_slug: team,
    bytes: frame(contract, team, row),
    identity,
  };
}

/** The row in a document that may have its contract and team beside it. */
function rowIn(document: JsonObject): JsonObject {
  return (document.event ?? document) as JsonObject;
}

const encoder = new TextEncoder();
