/**
 * What the drain knows of a way to the server: events go in, and what the
 * server made of them comes out, as a value.
 *
 * @module
 */

import type { Deadline } from "../../base/deadline.ts";
import type { EventResult } from "../../base/wire.ts";

/** An event in its wire form. */
export interface WireEvent {
  /** What it is known by in the queue. */
  readonly event_id: string;
  /** Its own id, by which the server names it. */
  readonly wire_id: string;
  /** The envelope, with the team that it is sent for; or the row. */
  readonly json: string;
  /** Size of the envelope in UTF-8, give or take the name of its team. */
  readonly bytes: number;
  /** Whether it was recorded before its team was known. */
  readonly isLocal: boolean;
}

/** Size of events together. */
export function bytesOf(events: readonly WireEvent[]): number {
  return events.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Why nothing more is to be sent for now, although the server answers. */
export type StopReason = "not_authenticated" | "forbidden" | "outdated";

/** What became of one sending. */
export type Sent =
  | Answered
  /** The server names events that it refuses; the others are to be sent again. */
  | { readonly kind: "refused_some"; readonly details: readonly EventResult[] }
  /** The server refuses all of it, and does not say why. */
  | { readonly kind: "refused_all"; readonly words: string }
  /** More bytes at once than the server takes. */
  | { readonly kind: "too_large"; readonly words: string }
  | {
    readonly kind: "stop";
    readonly reason: StopReason;
    readonly words: string;
  }
  | Trouble;

/** The server said something of single events. */
export interface Answered {
  readonly kind: "answered";
  readonly results: readonly EventResult[];
  /** The server's clock, as it came. */
  readonly clock?: unknown;
  /** How far apart the server allows batches to be, where it says so. */
  readonly intervalMs?: number;
  /**
   * What it means for a sent event not to be named: with a batch a failed
   * attempt; with a connection that was cut nothing at all.
   */
  readonly unnamed: "failed" | "open";
  /** The server listens to what it was told beside the events. */
  readonly isHeard?: true;
}

/** The server or the network is not fit to take events now. Uses up nothing. */
export interface Trouble {
  readonly kind: "trouble";
  readonly words: string;
  /** How long the server asks to be left alone. */
  readonly retryAfterMs?: number;
  /** The time ran out before there was an answer: fewer bytes may have one. */
  readonly isLate?: true;
}

/** A way to the server. */
export interface Transport {
  /** Most events, and most bytes, that one sending may have. */
  readonly eventsMax: number;
  readonly bytesMax: number;
  /**
   * Sends, and waits for the answer, at most until the deadline. Never rejects.
   *
   * @param word what the server is told of this home, in JSON and ASCII
   */
  send(
    events: readonly WireEvent[],
    deadline: Deadline,
    word?: string,
  ): Promise<Sent>;
  /**
   * Tells without events. Never rejects.
   *
   * @param isListening whether the server is known to listen
   * @returns whether it was told
   */
  tell?(
    word: string,
    deadline: Deadline,
    isListening: boolean,
  ): Promise<boolean>;
}
