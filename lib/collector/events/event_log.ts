/**
 * The collector's events, whatever stores them. No route and no socket knows
 * which engine runs: they see this only.
 *
 * @module
 */

import { type JsonObject, sameJson } from "../../base/json.ts";
import type { StampedEvent } from "../../event/event.ts";
import {
  isStampedAnew,
  type NodeAnswer,
  type SharedRow,
  type Watermark,
} from "./nodes.ts";
import type { SnapshotPackage } from "./packages.ts";

/** An event that keeps its contract, as it is stored: its bytes are the envelope or the row. */
export interface IncomingEvent extends StampedEvent {
  /** The envelope or the row. */
  readonly document: JsonObject;
}

/** What comes with events that are offered. */
export interface Offering {
  /** Who offers them, and need not hear of them. */
  readonly sender?: object | undefined;
  /** What the sender says of its nodes; stored with the events. */
  readonly word?: Watermark | undefined;
  /** How much of the team may be stored with them. */
  readonly quota?: Quota | undefined;
}

/** What of a team is stored now: events, and bytes of their documents. */
export interface Usage {
  readonly events: number;
  readonly bytes: number;
}

/** How much of a team may be stored; where one is missing, any number. */
export type Quota = Partial<Usage>;

/** The new ones would go beyond what the team may have; nothing was stored. */
export class QuotaError extends Error {
  override name = "QuotaError";

  constructor(readonly usage: Usage, readonly quota: Quota) {
    super("the team may have no more stored");
  }
}

/** @throws {QuotaError} where the fresh ones would go beyond the quota */
export function expectRoom(
  usage: Usage,
  fresh: readonly IncomingEvent[],
  quota: Quota,
): void {
  if (fresh.length === 0) return;
  const { events = Infinity, bytes = Infinity } = quota;
  const isTooMuch = usage.events + fresh.length > events ||
    usage.bytes + bytesOf(fresh) > bytes;
  if (isTooMuch) throw new QuotaError(usage, quota);
}

/** Bytes of the documents of events. */
export function bytesOf(events: readonly IncomingEvent[]): number {
  return events.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** What became of an event that was offered. */
export type Admitted =
  | { readonly kind: "stored" }
  /** It was here before. */
  | { readonly kind: "duplicate" }
  /** Another event has its id; `field` is the first in which they differ. */
  | { readonly kind: "conflict"; readonly field: string };

/** What became of all events that were offered together. */
export interface Admission {
  /** In the order in which they were offered. */
  readonly events: readonly Admitted[];
  /** The team's highest clock value that a clock can receive. */
  readonly highest: number;
}

/**
 * Called with new events once they are stored, in the order of their positions.
 *
 * @param sender who offered them, and need not hear of them
 */
export type OnStored = (
  team: string,
  events: readonly IncomingEvent[],
  sender: object | undefined,
  /** Position of the first of them. */
  first: number,
) => void;

/** Events in order of arrival, and where to go on; null at the end. */
export interface Page {
  /** In JSON and UTF-8. */
  readonly events: readonly Uint8Array[];
  /** Position of the first of them: above what was asked for where events were removed. */
  readonly first: number;
  readonly next: number | null;
}

/**
 * The events of all teams. Positions of a team begin at 0, have no gap, and
 * appear in order: a reader that goes on from a cursor never misses one.
 */
export interface EventLog {
  /**
   * Stores those events that are new, in their order, and is exact about the
   * rest. Resolves when they are on disk. Where it fails, some from the
   * beginning may be stored: offered again they are duplicates.
   *
   * @param offering who offers them, and how
   * @throws {QuotaError} where the new ones go beyond the quota; nothing is stored then
   */
  admit(
    team: string,
    events: readonly IncomingEvent[],
    offering?: Offering,
  ): Promise<Admission>;
  /** All teams that have sent anything. */
  teams(): Promise<readonly string[]>;
  /** What of a team is stored now. */
  usage(team: string): Promise<Usage>;
  /**
   * Position of the first event that is still there; of the next one where none is.
   *
   * @param ageMs so long ago it may have been true, where other processes prune, too
   */
  first(team: string, ageMs?: number): Promise<number>;
  /**
   * Removes the documents before a position, from the first on. Their ids stay
   * known for ever, and all that is counted stays as it is. Where it fails,
   * some from the beginning may be gone: it can be done again.
   */
  prune(team: string, upTo: number): Promise<void>;
  /** How complete the nodes of a team are. The same array as before, where nothing has changed. */
  nodes(team: string): Promise<readonly NodeAnswer[]>;
  /** The same of all teams. */
  allNodes(): Promise<readonly NodeAnswer[]>;
  /** Some events of a team, from the position `from` on, or the first that is there. */
  page(team: string, from: number, limit: number): Promise<Page>;
  /** The events at these positions, in the same order; undefined where there is none. */
  at(
    team: string,
    positions: readonly number[],
  ): Promise<(Uint8Array | undefined)[]>;
  /** All events of a team that are there by now, in groups of NDJSON lines; read as fast as they are taken. */
  export(team: string): AsyncIterable<Uint8Array<ArrayBuffer>>;
  /**
   * Gives the work packages of a team at a moment at which nothing of it is
   * being stored: whatever comes later reaches `onStored` after it. The
   * same array as before, where nothing has changed.
   */
  snapshot(
    team: string,
    take: (packages: readonly SnapshotPackage[]) => void,
  ): Promise<void>;
  /**
   * From now on `onStored` is called for all events of a team, in order and
   * each once, also for those that other collectors on the same store take in.
   */
  follow(team: string): Promise<void>;
  /** @throws where the events cannot be read any more */
  check(): Promise<void>;
}

/** Fields that make an envelope what it is. */
const CONTENT = [
  "event_type",
  "aggregate_id",
  "aggregate_type",
  "node_id",
  "lamport_clock",
  "timestamp",
  "payload",
] as const;

/** What is left of an event whose document was removed: the stamp of a row. */
export class Gone {
  /** @param stamp undefined for an envelope, which nobody stamps anew */
  constructor(
    readonly stamp: Pick<StampedEvent, "node_id" | "lamport_clock"> | undefined,
  ) {}
}

/** A row that is here already, where its node has stamped it anew. */
export function sharedRow(
  known: JsonObject | Gone,
  { node_id, event_id, lamport_clock, document }: IncomingEvent,
): SharedRow | undefined {
  const row = { node_id, event_id, lamport_clock };
  const isRow = !Object.hasOwn(document, "event_type");
  if (known instanceof Gone) {
    const { stamp } = known;
    const isSame = !stamp ||
      stamp.node_id === node_id && stamp.lamport_clock === lamport_clock;
    return isRow && !isSame ? row : undefined;
  }
  return isRow && isStampedAnew(known, row) ? row : undefined;
}

/** Attributes in which two rows of one event may differ: each clone of a project stamps them anew. */
const STAMPS: ReadonlySet<string> = new Set(["lamportclock", "nodeid"]);

/** What an event is that has the id of a known one, and of rows the source. */
export function compared(
  known: JsonObject | Gone,
  event: JsonObject,
): Admitted {
  // Whether it says the same cannot be told any more.
  if (known instanceof Gone) return { kind: "duplicate" };
  const names = Object.hasOwn(known, "event_type")
    ? CONTENT
    : [...new Set([...Object.keys(known), ...Object.keys(event)])]
      .filter((name) => !STAMPS.has(name));
  const field = names.find((name) => !sameJson(known[name], event[name]));
  return field === undefined
    ? { kind: "duplicate" }
    : { kind: "conflict", field };
}
