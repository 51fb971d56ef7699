/**
 * One WebSocket and its other end.
 *
 * @module
 */

import { pause } from "../../base/deadline.ts";
import { type JsonObject, parseDocument } from "../../base/json.ts";
import { BATCH_EVENTS_MAX, CLOSE, NO_ROOM } from "../../base/wire.ts";
import { type Arrival, NO_JSON, readArrival } from "../events/arrival.ts";
import { QuotaError } from "../events/event_log.ts";
import { noRoomWords } from "../keeping/quotas.ts";
import type { Budget } from "../gate.ts";
import type { Taken } from "../events/intake.ts";
import {
  FRAME_BYTES_MAX,
  GROUP_BYTES_MAX,
  UNREAD_BYTES_MAX,
  UNSTORED_BYTES_MAX,
} from "../limits.ts";

/** What a peer needs of those around it. */
export interface PeerParts {
  /**
   * Stores events.
   *
   * @param word what the peer says of its nodes, of any form
   */
  take(arrivals: readonly Arrival[], word: unknown): Promise<Taken>;
  /** Sends the snapshot, and from then on the broadcasts. */
  join(): Promise<void>;
  /** Nothing is sent to the peer any more. Called once. */
  leave(): void;
  /** The socket is closed, and what it held is free. Called once. */
  closed(): void;
  /** Bytes that wait to be stored, of all peers together. */
  readonly unstored: Budget;
  /** The peer did not keep up. */
  dropped(reason: string): void;
  /** Something that should work does not. */
  failed(error: unknown): void;
}

/** Close codes that only the collector's side uses. */
const GOING_AWAY = 1001, TRY_AGAIN_LATER = 1013;

/**
 * Before a farewell, a peer has been silent for so long, or was waited for so
 * many times: the runtime cuts a socket off, and the farewell with it, at the
 * first message that comes behind a `close`.
 */
const QUIET_MS = 40, QUIET_TIMES_MAX = 10;

/** A socket that is served. */
export class Peer {
  readonly #socket: WebSocket;
  readonly #parts: PeerParts;
  /** Frames that are not stored yet, in order. */
  readonly #frames: Uint8Array[] = [];
  #unstoredBytes = 0;
  #framesReceived = 0;
  #pingsUnanswered = 0;
  #hasJoined = false;
  #hasLeft = false;
  #isOver = false;
  /** At the last ping. */
  #wasConnecting = false;
  #isStopping = false;
  readonly #closed = Promise.withResolvers<void>();
  #working: Promise<void> | undefined;

  constructor(socket: WebSocket, parts: PeerParts) {
    this.#socket = socket;
    this.#parts = parts;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => this.#work());
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", () => this.#end());
    // A close follows.
    socket.addEventListener("error", () => {});
  }

  /** Whether nothing is sent to it any more. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** Bytes that were sent and are still here. */
  get unreadBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Sends one message, unless the peer is gone or leaves too much unread. */
  send(text: string, unreadBytesMax = UNREAD_BYTES_MAX): void {
    if (this.#hasLeft || this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.unreadBytes > unreadBytesMax) {
      this.#drop(TRY_AGAIN_LATER, "reads too slowly");
    } else {
      this.#socket.send(text);
    }
  }

  /** Pings, unless the peer has been silent for so many pings, or has gone before it was answered. */
  ping(text: string, unansweredMax: number): void {
    const isConnecting = this.#socket.readyState === WebSocket.CONNECTING;
    if (isConnecting && this.#wasConnecting) {
      return this.#close(GOING_AWAY, "is gone before it is answered");
    }
    this.#wasConnecting = isConnecting;
    if (this.#pingsUnanswered >= unansweredMax) {
      this.#drop(GOING_AWAY, "answers no ping");
    } else {
      this.#pingsUnanswered++;
      this.send(text);
    }
  }

  /** Takes nothing more: whoever opened the socket may not use it any more. */
  dismiss(): void {
    if (this.#hasLeft) return;
    this.#close(CLOSE.tokenExpired, "the login or token is not good any more");
  }

  /** Closes the socket once what was received is stored. */
  async stop(): Promise<void> {
    for (let times = 0, before = -1; times < QUIET_TIMES_MAX; times++) {
      if (this.#framesReceived === before) break;
      before = this.#framesReceived;
      await this.#working;
      await pause(QUIET_MS);
    }
    this.#isStopping = true;
    await this.#working;
    this.#close(GOING_AWAY, "the collector ends");
    await this.#closed.promise;
  }

  #receive(data: unknown): void {
    this.#pingsUnanswered = 0;
    this.#framesReceived++;
    if (this.#hasLeft || this.#isStopping) return;
    const bytes = typeof data === "string"
      ? encoder.encode(data)
      : new Uint8Array(data as ArrayBuffer);
    if (bytes.length > FRAME_BYTES_MAX) {
      return this.#close(CLOSE.tooBig, "a frame is too large");
    }
    if (typeof data !== "string") return;
    const total = this.#unstoredBytes + bytes.length;
    if (
      total > UNSTORED_BYTES_MAX || !this.#parts.unstored.take(bytes.length)
    ) {
      return this.#drop(TRY_AGAIN_LATER, "sends faster than can be stored");
    }
    this.#unstoredBytes = total;
    this.#frames.push(bytes);
    this.#work();
  }

  /** The frames are stored, or given up. */
  #release(frames: readonly Uint8Array[]): void {
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    this.#unstoredBytes -= bytes;
    this.#parts.unstored.give(bytes);
  }

  /** Joins first, then stores what there is; what comes meanwhile makes the next group. */
  #work(): void {
    this.#working ??= this.#storeAll()
      .catch((error) => {
        this.#parts.failed(error);
        this.#release(this.#frames.splice(0));
        this.#close(TRY_AGAIN_LATER, "cannot store now");
      })
      .finally(() => {
        this.#working = undefined;
        // One may have come after the last look.
        if (this.#frames.length > 0) this.#work();
      });
  }

  async #storeAll(): Promise<void> {
    if (!this.#hasJoined) {
      this.#hasJoined = true;
      await this.#parts.join();
    }
    while (this.#frames.length > 0) {
      const group = this.#nextGroup();
      try {
        await this.#store(group);
      } finally {
        this.#release(group);
      }
    }
  }

  #nextGroup(): Uint8Array[] {
    let count = 0, bytes = 0;
    do bytes += this.#frames[count++]!.length; while (
      count < this.#frames.length && count < BATCH_EVENTS_MAX &&
      bytes < GROUP_BYTES_MAX
    );
    return this.#frames.splice(0, count);
  }

  async #store(frames: readonly Uint8Array[]): Promise<void> {
    const arrivals: Arrival[] = [];
    let word: unknown;
    for (const frame of frames) {
      const { value } = parseDocument(frame);
      if (value && isEvent(value)) {
        const arrival = readArrival(frame);
        if (arrival !== NO_JSON) arrivals.push(arrival);
      } else if (value?.type === "watermark") {
        // The last one tells most; it was told ahead of what follows it.
        word = value;
      }
    }
    if (arrivals.length === 0 && word === undefined) return;
    let taken: Taken;
    try {
      taken = await this.#parts.take(arrivals, word);
    } catch (error) {
      if (!(error instanceof QuotaError)) throw error;
      // It may go on listening, and has to keep what it sent.
      return this.send(
        JSON.stringify({ type: NO_ROOM, error: noRoomWords(error) }),
      );
    }
    const { results } = taken;
    for (const result of results) {
      this.send(JSON.stringify({ type: "ack", ...result }));
    }
  }

  #drop(code: number, reason: string): void {
    if (this.#hasLeft) return;
    this.#parts.dropped(reason);
    this.#close(code, reason);
  }

  #close(code: number, reason: string): void {
    this.#leave();
    // One that is gone before it is answered never says that it is closed.
    const isSilent = this.#socket.readyState === WebSocket.CONNECTING;
    try {
      this.#socket.close(code, reason);
    } catch {
      // It is closed already.
    }
    if (isSilent || this.#socket.readyState === WebSocket.CLOSED) this.#end();
  }

  /** Nothing more will come of it. */
  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leave();
    this.#parts.closed();
    this.#closed.resolve();
  }

  #leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#parts.leave();
  }
}

const encoder = new TextEncoder();

/** A message with an event type is an event, whatever else it holds; so is a row. */
function isEvent(value: JsonObject): boolean {
  return Object.hasOwn(value, "event_type") ||
    Object.hasOwn(value, "specversion");
}
