/**
 * Where events go after they are in the queue. The emitter knows only this
 * interface; transports implement it.
 *
 * @module
 */

import type { Deadline } from "../deadline.ts";
import type { StampedEvent } from "../event.ts";

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

/** A way to the server. */
export interface Route {
  readonly status: ConnectionStatus;
  /**
   * Offers events that are in the queue. Removing what the server
   * acknowledges is the route's work. Never rejects, and never outlasts the
   * deadline.
   *
   * @returns ids that the server has acknowledged by then
   */
  offer(
    events: readonly StampedEvent[],
    deadline: Deadline,
  ): Promise<ReadonlySet<string>>;
}

/** The way of a process without a connection: everything stays queued. */
export const offlineRoute: Route = {
  status: "Offline",
  offer: () => Promise.resolve(new Set()),
};
