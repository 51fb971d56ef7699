/**
 * Keeps a WebSocket to the server open: connects, and connects again.
 *
 * @module
 */

import { pause } from "../../base/deadline.ts";
import { reasonOf } from "../../base/errors.ts";
import { RECONNECTS_MAX, STABLE_MS } from "../../base/limits.ts";
import { CLOSE } from "../../base/wire.ts";
import { dice, leastBackoffMs } from "../../base/backoff.ts";
import type { ConnectionStatus } from "../../route/route.ts";
import {
  NotAuthenticatedError,
  ServerTroubleError,
} from "../../login/session.ts";
import { EventSocket, type SocketEnd, type SocketParts } from "./socket.ts";

/** What a connection tells. */
export interface ConnectionEvents {
  readonly onStatus: (status: ConnectionStatus, why: string) => void;
}

/** The connection of one session, for as long as it is wanted. */
export class Connection {
  readonly #parts: SocketParts;
  readonly #events: ConnectionEvents;
  readonly #over = new AbortController();
  #status: ConnectionStatus = "Offline";
  #socket: EventSocket | undefined;
  #failures = 0;
  #isUnwanted = false;
  #revived: PromiseWithResolvers<void> | undefined;

  constructor(parts: SocketParts, events: ConnectionEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** The socket while it is open. */
  get socket(): EventSocket | undefined {
    return this.#socket?.isOpen ? this.#socket : undefined;
  }

  /** Whether the server has told us to stay away. */
  get isUnwanted(): boolean {
    return this.#isUnwanted;
  }

  /** Keeps the connection open until `stop`; ends early where the server does not want us. */
  async run(): Promise<void> {
    while (!this.#over.signal.aborted) {
      let waitMs: number | undefined;
      try {
        this.#tell("Reconnecting", "connecting");
        waitMs = await this.#connect();
      } catch (error) {
        if (this.#over.signal.aborted) break;
        if (error instanceof NotAuthenticatedError) {
          return this.#tell("Offline", reasonOf(error));
        }
        this.#failures += 1;
        const retryAfterMs = error instanceof ServerTroubleError
          ? error.retryAfterMs
          : undefined;
        waitMs = this.#backoff(retryAfterMs);
        this.#tell("Reconnecting", reasonOf(error));
      }
      if (waitMs === undefined) return;
      if (this.#failures > RECONNECTS_MAX) await this.#rest();
      else await pause(waitMs, this.#over.signal);
    }
    this.#tell("Offline", "stopped");
  }

  /** A batch got through: the server is there again, so the socket is worth a try. */
  revive(): void {
    this.#revived?.resolve();
  }

  /** Ends the connection; waits a moment for the closing handshake. */
  async stop(): Promise<void> {
    this.#over.abort();
    this.#revived?.resolve();
    await this.#socket?.leave();
  }

  /**
   * One connection, from its opening to its end.
   *
   * @returns how long to wait before the next one; undefined: there is to be none
   */
  async #connect(): Promise<number | undefined> {
    const { world } = this.#parts;
    const socket = await EventSocket.connect(this.#parts, this.#over.signal);
    this.#socket = socket;
    const openedMs = world.elapsedMs();
    this.#tell("Connected", "the WebSocket is open");
    const end = await socket.ended;
    this.#socket = undefined;
    if (this.#over.signal.aborted) return 0;
    // One that is closed again at once must not lead to a storm of new ones.
    const wasStable = world.elapsedMs() - openedMs >= STABLE_MS;
    this.#failures = wasStable ? 0 : this.#failures + 1;
    if (end.code === CLOSE.forbidden) {
      this.#isUnwanted = true;
      this.#tell("Offline", `the server does not want us: ${end.words}`);
      return undefined;
    }
    this.#tell("Reconnecting", end.words);
    return wantsNewToken(end) && this.#failures <= 1 ? 0 : this.#backoff();
  }

  #backoff(retryAfterMs?: number): number {
    return leastBackoffMs(
      Math.max(1, this.#failures),
      dice(this.#parts.world),
      retryAfterMs,
    );
  }

  /** Waits until a batch gets through. */
  async #rest(): Promise<void> {
    this.#tell("OfflineBatchMode", `no connection in ${RECONNECTS_MAX} tries`);
    this.#revived = Promise.withResolvers<void>();
    await this.#revived.promise;
    this.#revived = undefined;
    this.#failures = 0;
  }

  #tell(status: ConnectionStatus, why: string): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#events.onStatus(status, why);
  }
}

function wantsNewToken({ code }: SocketEnd): boolean {
  return code === CLOSE.policy || code === CLOSE.tokenExpired;
}
