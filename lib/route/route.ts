/**
 * Where events go after they are in the queue. The emitter knows only this
 * interface; transports implement it.
 *
 * @module
 */

import type { Deadline } from "../base/deadline.ts";
import type { StampedEvent } from "../event/event.ts";
import type { QueueReader } from "../home/queue.ts";

/** How this process stands to the server. */
export type ConnectionStatus =
  | "Connected"
  | "Reconnecting"
  | "Offline"
  | "OfflineBatchMode";

/** The status as people read it. */
export const CONNECTION_LABELS: Readonly<Record<ConnectionStatus, string>> = {
  Connected: "Connected",
  Reconnecting: "Reconnecting",
  Offline: "Offline",
  OfflineBatchMode: "Offline - Batch Mode",
};

/** Events that are in the queue, offered to a route. */
export interface Offer {
  readonly events: readonly StampedEvent[];
  /** Whether the caller waits for the server's word; at most until the deadline. */
  readonly wait: boolean;
  readonly deadline: Deadline;
  /** The queue that the events are in. */
  readonly queue: QueueReader;
}

/** What an emitter knows of the way to the server. */
export interface Route {
  readonly status: ConnectionStatus;
  /** Who delivers, where it is not this process itself. */
  readonly carrier?: "agent" | "nobody";
  /**
   * Offers events that are in the queue. Removing what the server
   * acknowledges is the route's work. Never rejects, and never outlasts the
   * deadline.
   *
   * @returns ids that the server has acknowledged by then
   */
  offer(offer: Offer): Promise<ReadonlySet<string>>;
}

/** The way of a process that has a connection of its own. */
export interface ConnectedRoute extends Route {
  /** Ends the connection, with one last drain that is bounded in time. */
  close(): Promise<void>;
}

/** The way of a process without a connection: everything stays queued. */
export const offlineRoute: Route = {
  status: "Offline",
  carrier: "nobody",
  offer: () => Promise.resolve(new Set()),
};
