/**
 * The ways to a session's server: the one place where transports are made.
 *
 * @module
 */

import type { World } from "../../base/world.ts";
import type { Session } from "../../login/session.ts";
import { CloudEvents } from "./cloud_events.ts";
import { Connection, type ConnectionEvents } from "./connection.ts";
import { HttpBatch } from "./http_batch.ts";
import { type Pace, paced } from "./pace.ts";
import type { SocketParts } from "./socket.ts";
import type { Transport } from "./transport.ts";

/** The ways of one session. */
export class Ways {
  readonly #batch: Transport;
  readonly #connection: Connection | undefined;

  private constructor(
    readonly session: Session,
    world: World,
    connection: Connection | undefined,
  ) {
    const { sink } = session;
    this.#batch = sink
      ? new CloudEvents(session, sink, world)
      : new HttpBatch(session, world);
    this.#connection = connection;
  }

  /** Those of a single drain: batches. */
  static open(session: Session, world: World): Ways {
    return new Ways(session, world, undefined);
  }

  /**
   * Those of a process that goes on delivering: a WebSocket while one is open,
   * which is opened again for as long as it is wanted; batches otherwise.
   *
   * @param onBroken takes the error that ends the connection for good
   */
  static openLive(
    parts: SocketParts,
    events: ConnectionEvents,
    onBroken: (error: unknown) => void,
  ): Ways {
    if (parts.session.sink) {
      const ways = new Ways(parts.session, parts.world, undefined);
      queueMicrotask(() =>
        events.onStatus("OfflineBatchMode", "a sink takes batches only")
      );
      return ways;
    }
    const connection = new Connection(parts, events);
    const ways = new Ways(parts.session, parts.world, connection);
    // Only after its caller knows these ways: what the connection tells is about them.
    queueMicrotask(() => connection.run().catch(onBroken));
    return ways;
  }

  /**
   * The transports for a drain, the best first.
   *
   * @param pace keeps batches apart; without it, they go out at once
   */
  transports(pace?: Pace): Transport[] {
    const batch = pace ? paced(this.#batch, pace) : this.#batch;
    const socket = this.#connection?.socket;
    return socket ? [socket, batch] : [batch];
  }

  /** Whether a WebSocket is open. */
  get isLive(): boolean {
    return this.#connection?.socket !== undefined;
  }

  /** Whether the server has told us to open no WebSocket any more. */
  get isUnwanted(): boolean {
    return this.#connection?.isUnwanted === true;
  }

  /** The server takes batches: try to connect again at once. */
  revive(): void {
    this.#connection?.revive();
  }

  async stop(): Promise<void> {
    await this.#connection?.stop();
  }
}
