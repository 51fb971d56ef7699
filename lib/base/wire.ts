/**
 * The wire protocol's fixed words, which client and collector share. Other
 * servers speak them too.
 *
 * @module
 */

/** Paths at a server. */
export const PATHS = {
  token: "/api/v1/token/",
  refresh: "/api/v1/token/refresh/",
  socketToken: "/api/v1/ws-token/",
  batch: "/api/v1/events/batch/",
  events: "/api/v1/events/",
  export: "/api/v1/events/export",
  nodes: "/api/v1/nodes/",
  socket: "/ws/v1/events/",
  contracts: "/api/v1/contracts/",
  cloudEvents: "/api/v1/cloudevents/",
  session: "/api/v1/session/",
  me: "/api/v1/me/",
  audit: "/api/v1/audit/",
  keys: "/api/v1/keys/",
  key: "/api/v1/keys/{key}/",
  missions: "/api/v1/missions/",
  mission: "/api/v1/missions/{mission}/",
  workPackage: "/api/v1/missions/{mission}/work-packages/{package}/",
  eventLines: "/api/v1/board/events/",
  eventLine: "/api/v1/board/events/{position}/",
  insights: "/api/v1/insights/",
  health: "/api/v1/health/",
  board: "/ws/v1/board/",
} as const;

/** Header of a request by a page: whom it shows the answer to, `TEAM/USER`, each as in an address. The cookie may be another one's by then. */
export const LOOKER = "kitty-looker";

/** Header of a batch with what its sender has recorded, and of the answer of a server that listens to it. */
export const WATERMARK = "kitty-watermark";

/** Longest value of that header: those who pass requests on bound all headers together, mostly to 8 or 16 KiB. */
export const WATERMARK_BYTES_MAX = 6 * 1024;

/** Most events in one batch. */
export const BATCH_EVENTS_MAX = 1_000;

/** Words of a server for an event that needs no more sending. */
export const DONE_WORDS: ReadonlySet<string> = new Set([
  "success",
  "accepted",
  "warning",
  "skipped",
  "duplicate",
]);

/** A server's word for an event that it will never take. */
export const REJECTED = "rejected";

/** Status of a server that has no room for the team's events, and its message over a WebSocket that says the same. */
export const NO_ROOM_STATUS = 507;
export const NO_ROOM = "no_room";

/** Header of what a collector sends on: which one it was, so that it does not take it back. */
export const HOP = "kitty-collector";

/** What a server says of one event: in a batch's `results`, and in an ack. */
export interface EventResult {
  readonly event_id: string;
  readonly status: string;
  readonly error_message?: string;
}

/** Answer of the two token paths; lifetimes in seconds. */
export interface TokenAnswer {
  readonly access: string;
  readonly refresh: string;
  readonly access_lifetime?: number;
  readonly refresh_lifetime?: number;
  readonly team_slug?: string;
}

/** `GET /api/v1/me/`: whose a token is. */
export interface CallerAnswer {
  readonly kind: "user" | "key";
  readonly name: string;
  readonly team_slug: string;
  readonly role: "writer" | "viewer" | "admin";
}

/** Codes with which a server closes a WebSocket, and what they ask of the client. */
export const CLOSE = {
  /** The token is not good any more: come back with a new one. */
  policy: 1008,
  tokenExpired: 4001,
  /** Not allowed: stay away. */
  forbidden: 4003,
  tooBig: 1009,
} as const;
